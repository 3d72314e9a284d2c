#!/usr/bin/env bash
# Every test, shuffled, with the race detector. Those that run whole programs and
# want answers in time have the machine to themselves.
set -euo pipefail
cd "$(dirname "$0")/.."

outcome=0
program=./cmd/backstop
mapfile -t others < <(go list ./... | grep -v "/${program#./}\$")
for packages in "$program" "${others[*]}"; do
	# shellcheck disable=SC2086 # a word for each package
	go test -race -shuffle=on -timeout=8m $packages || outcome=$?
done
exit "$outcome"
