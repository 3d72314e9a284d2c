#!/usr/bin/env bash
# Builds the released program, one static file: build.sh FILE VERSION
set -euo pipefail
cd "$(dirname "$0")/.."
file=$1 version=$2
# When the sources were committed: before it no clock is right. Without git it
# is left to SOURCE_DATE_EPOCH, or to what the program knows by itself.
committed=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || true)}

# build.pgo is a profile of answering and feeding in a storm: docs/adr/0099.
#
# fdatasync leaves out the file's times, which nobody reads: with fsync a commit
# waits for whatever else the file system has to write. docs/adr/0010
CGO_ENABLED=1 CGO_CFLAGS="-O2 -g -DHAVE_FDATASYNC=1 -DSQLITE_DEFAULT_MEMSTATUS=0" go build -trimpath -buildvcs=false \
	-pgo=scripts/build.pgo -tags sqlite_omit_load_extension,netgo,osusergo,nomsgpack \
	-ldflags "-s -w -X main.version=$version -X main.committed=$committed -linkmode external -extldflags '-static'" \
	-o "$file" ./cmd/backstop

if readelf --program-headers "$file" | grep -q INTERP; then
	echo "$file is not static: it asks for a dynamic loader" >&2
	exit 1
fi
