#!/usr/bin/env bash
# Builds the root folder of the container image, and nothing else is in the
# image: image-root.sh FOLDER VERSION. Needs root, for /data belongs to the
# image's user. The Dockerfile and `make image-root` both call it.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$1 version=$2
user=65532 # no user of the host; the Dockerfile names the same number

if [[ $(id -u) != 0 ]]; then
	echo 'The image needs files of another user: run this as root.' >&2
	exit 1
fi

rm -rf "$root"
mkdir -p "$root"/etc/ssl/certs
scripts/build.sh "$root/backstop" "$version"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
echo "backstop:x:$user:$user:Backstop:/data:/sbin/nologin" >"$root/etc/passwd"
echo "backstop:x:$user:" >"$root/etc/group"
chown -R 0:0 "$root"
chmod -R u=rwX,go=rX "$root"
install -d -o "$user" -g "$user" -m 0700 "$root/data"
