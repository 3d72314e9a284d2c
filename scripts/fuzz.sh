#!/usr/bin/env bash
# Fuzzes whatever reads strangers' bytes, each for a while, and keeps what was
# found of interest beside its test: fuzz.sh [TIME [NAMES]], 30s each of them all
# where it is not said.
# A find that fails is kept by go test itself, and ends this.
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-30s} names=${2:-.}
kept_each=40 largest=4096 # files, bytes: the smallest say the most

cache=$(go env GOCACHE)/fuzz
module=$(go list -m)
total=0
while IFS=: read -r file name; do
	package=$(dirname "$file")
	echo "==> $package $name"
	go test -run='^$' -fuzz="^$name\$" -fuzztime="$time" "./$package" | tail -1
	corpus=$package/testdata/fuzz/$name
	mkdir -p "$corpus"
	found=$cache/$module/$package/$name
	if [[ -d $found ]]; then
		find "$found" -type f -size "-$((largest + 1))c" -printf '%s %p\n' | sort -n | sed -n "1,${kept_each}p" |
			cut -d' ' -f2- | xargs -r cp -n -t "$corpus"
	fi
	rmdir --ignore-fail-on-non-empty "$corpus"
	if ! go test -run="^$name\$" "./$package" >/dev/null; then
		echo "$corpus has inputs that this test does not take: remove them, and what an older form has left: go clean -fuzzcache" >&2
		exit 1
	fi
	total=$((total + 1))
done < <(grep -rHoE '^func Fuzz\w+' --include='*_test.go' . | sed -E 's|^\./||; s|func ||' | grep -E "$names" | sort)
echo "fuzzed: $total, $time each; kept: $(find . -path '*/testdata/fuzz/*' -type f -not -path '*/node_modules/*' | wc -l) inputs"
