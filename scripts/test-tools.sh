#!/usr/bin/env bash
# Makes sure that what the tests need beside Go is there: a C compiler for
# SQLite, Chromium for the pages, node for the tests' own npm modules. As root
# on Debian it installs what is missing, otherwise it says what to install.
set -euo pipefail
cd "$(dirname "$0")/.."

# missing_packages prints the Debian packages of the commands not found.
missing_packages() {
	local need command packages
	for need in \
		'go:golang' \
		'gcc:gcc libc6-dev' \
		'make:make' \
		'git:git ca-certificates' \
		'chromium:chromium fonts-liberation' \
		'node:nodejs' \
		'npm:npm' \
		'systemd-socket-activate:systemd'; do
		command=${need%%:*}
		packages=${need#*:}
		command -v "$command" >/dev/null || printf '%s ' "$packages"
	done
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get -o Acquire::Retries=3 update -qq
	apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
		install -y -qq --no-install-recommends "$@"
}

read -ra missing <<<"$(missing_packages)"
if [[ ${missing[0]:-} == golang ]]; then
	echo "Go is not in the PATH: install $(sed -n 's/^go /Go /p' go.mod) or newer from https://go.dev/dl and try again." >&2
	exit 1
fi
if ((${#missing[@]} > 0)); then
	if [[ $(id -u) != 0 ]] || ! command -v apt-get >/dev/null; then
		echo "The tests need ${missing[*]}: install with \"sudo apt-get install -y --no-install-recommends ${missing[*]}\" (or your system's like) and try again." >&2
		exit 1
	fi
	echo "==> apt-get install ${missing[*]}"
	install_packages "${missing[@]}"
fi

scripts/npm-ci.sh testtools
