#!/usr/bin/env bash
# Fails if a function is of no use, asking twice:
#  1. from the programs: what only a test reaches is dead, except in the
#     packages that are there for tests (…test, and twilio/sim, whose other
#     user is the drill);
#  2. from the programs and the tests: what nothing reaches is dead everywhere,
#     helpers in _test.go files included.
set -euo pipefail
cd "$(dirname "$0")/.."

deadcode() { go run golang.org/x/tools/cmd/deadcode@v0.52.0 "$@" ./...; }

for_tests='^(twilio/sim|([^:]*/)?[a-z]+test)/'

from_programs=$(deadcode)
from_tests=$(deadcode -test)

dead=$(
	{
		grep -Ev "$for_tests" <<<"$from_programs" || true
		printf '%s\n' "$from_tests"
	} | sed '/^$/d' | sort -u
)
if [[ -n $dead ]]; then
	printf '%s\n' "$dead" >&2
	exit 1
fi
