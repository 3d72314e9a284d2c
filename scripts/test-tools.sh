#!/usr/bin/env bash
# Makes sure that what the tests need beside Go is there: a C compiler for
# SQLite, Chromium for the pages, node for the tests' own npm modules. As root
# on Debian it installs what is missing, otherwise it says what to install. What
# only the tests of sick disks and service managers need is installed as root;
# otherwise they say that they were not run.
set -euo pipefail
cd "$(dirname "$0")/.."

needed=(
	'go:golang'
	'gcc:gcc libc6-dev'
	'make:make'
	'git:git ca-certificates'
	'chromium:chromium fonts-liberation'
	'node:nodejs'
	'npm:npm'
)
as_root=(
	'systemd-socket-activate:systemd'
	'nginx:nginx-light'
	'strace:strace'
	'mkfs.ext4:e2fsprogs'
	'mkfs.xfs:xfsprogs'
	'losetup:mount util-linux'
	'setpriv:util-linux'
	'nsenter:util-linux'
)

# missing_packages prints the Debian packages of the commands not found.
missing_packages() {
	local need
	for need in "$@"; do
		command -v "${need%%:*}" >/dev/null || printf '%s ' "${need#*:}"
	done
}

install_packages() {
	export DEBIAN_FRONTEND=noninteractive
	apt-get -o Acquire::Retries=3 update -qq
	apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 \
		install -y -qq --no-install-recommends "$@"
}

if [[ $(id -u) == 0 ]]; then
	needed+=("${as_root[@]}")
fi
read -ra missing <<<"$(missing_packages "${needed[@]}")"
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
