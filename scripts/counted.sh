#!/usr/bin/env bash
# Runs a command that tests, and says afterwards what the tests counted, and what
# could not be tested on this machine: counted.sh COMMAND ...
set -euo pipefail
counts=$(mktemp)
trap 'rm -f "$counts"' EXIT

outcome=0
BACKSTOP_COUNTS=$counts "$@" || outcome=$?
printf '\n%s\n' 'What they counted:'
sort "$counts" | sed 's/^/  /'
exit "$outcome"
