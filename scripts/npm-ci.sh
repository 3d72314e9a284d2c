#!/usr/bin/env bash
# Installs a folder's npm modules as its lock file has them: npm-ci.sh FOLDER
set -euo pipefail
cd "$(dirname "$0")/../$1"

# npm ci is slow even when there is nothing to do: a copy of the lock file
# beside the modules says which ones they are.
installed=node_modules/.installed-lock.json
if ! cmp -s package-lock.json "$installed"; then
	echo "==> npm ci ($1)"
	npm ci --no-audit --no-fund
	cp package-lock.json "$installed"
fi
