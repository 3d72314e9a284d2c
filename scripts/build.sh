#!/usr/bin/env bash
# Builds the released program, one static file: build.sh FILE VERSION
set -euo pipefail
cd "$(dirname "$0")/.."
file=$1 version=$2

CGO_ENABLED=1 go build -trimpath -buildvcs=false \
	-tags sqlite_omit_load_extension,netgo,osusergo,nomsgpack \
	-ldflags "-s -w -X main.version=$version -linkmode external -extldflags '-static'" \
	-o "$file" ./cmd/backstop

if readelf --program-headers "$file" | grep -q INTERP; then
	echo "$file is not static: it asks for a dynamic loader" >&2
	exit 1
fi
