#!/usr/bin/env bash
# The long form of every test that has one, which are those that ask whether they
# are tortured or for how long, and all that they counted at the end: torture.sh
# [REGEXP of names]
set -euo pipefail
cd "$(dirname "$0")/.."

# named prints folder and name of each such test. A long form that stands in what a
# test calls would not be found, and is a mistake.
named() {
	find . -name '*_test.go' -not -path '*/node_modules/*' -print0 | sort -z | xargs -0 awk '
		/^func / { name = in_test = match($0, /^func Test[A-Za-z0-9_]*/) ? substr($0, 6, RLENGTH - 5) : "" }
		!in_test && /(^|[^A-Za-z0-9_.])long\(t,/ {
			print FILENAME ":" FNR ": ask for the long form in the test itself, not in what it calls" > "/dev/stderr"
			wrong = 1
		}
		name != "" && /(^|[^A-Za-z0-9_.])(long|count)\(t,|(^|[^A-Za-z0-9_.])torture\(\)/ {
			folder = FILENAME
			sub(/\/[^\/]*$/, "", folder)
			print folder, name
			name = ""
		}
		END { exit wrong }'
}

all=$(named)
tests=$(grep -E "${1:-.}" <<<"$all") || {
	echo "no test with a long form is named like '$1': $(cut -d' ' -f2 <<<"$all" | sort | paste -sd' ')" >&2
	exit 1
}
mapfile -t folders < <(cut -d' ' -f1 <<<"$tests" | sort -u)
names=$(cut -d' ' -f2 <<<"$tests" | paste -sd'|')
BACKSTOP_TORTURE=1 scripts/counted.sh go test -v -timeout=6h -run "^($names)\$" "${folders[@]}" |
	awk '/^What they counted:/ { whole = 1 } whole || /^--- |FAIL|^ok|^panic/ { print; fflush() }'
