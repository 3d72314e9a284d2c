#!/usr/bin/env bash
# Measures the image's root folder, then runs it as an engine would with a
# read-only root: by chroot, as its own user, with only /data writable, and
# asks it what Twilio would ask, without a signature and with one.
# image-try.sh FOLDER. Needs root.
set -euo pipefail
cd "$(dirname "$0")/.."

limit=25000000 # bytes, compressed
user=65532
deadline=15 # seconds for each wait

fail() {
	echo "image-root: $*" >&2
	if [[ -s ${log:-} ]]; then
		sed 's/^/  | /' "$log" >&2
	fi
	exit 1
}

# measure packs the folder, reproducibly, to FOLDER.tar.gz.
measure() {
	local root=$1 size
	tar --create --directory="$root" --sort=name --numeric-owner --mtime=@0 . | gzip -9n >"$root.tar.gz"
	size=$(stat --format=%s "$root.tar.gz")
	((size < limit)) || fail "$size bytes compressed, more than $limit"
	echo "image-root: $size bytes compressed, of $limit allowed"
}

# free_port prints a port of the loopback that nobody listens on.
free_port() {
	local port
	while port=$((20000 + RANDOM % 10000)); (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
	echo "$port"
}

# within … repeats a command until it succeeds or the deadline has passed.
within() {
	local end=$((SECONDS + deadline))
	until "$@"; do
		((SECONDS < end)) || return 1
		sleep 0.1
	done
}

healthy() {
	kill -0 "$server" 2>/dev/null || fail 'the program ended by itself:'
	timeout 5 "${as_image[@]}" /backstop health >/dev/null 2>&1
}

ended() { ! kill -0 "$server" 2>/dev/null; }

# ask posts a failed call and prints the whole answer.
ask() {
	local body='CallSid=CA00000000000000000000000000000001&From=%2B15005550006&To=%2B15005550001&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fwww.example.com%2Fvoice'
	exec 3<>"/dev/tcp/127.0.0.1/$port"
	printf 'POST /fallback/voice HTTP/1.1\r\nHost: 127.0.0.1:%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %s\r\nConnection: close\r\n\r\n%s' \
		"$port" "${#body}" "$body" >&3
	timeout "$deadline" cat <&3
	exec 3>&-
}

# try_inside runs in a mount namespace of its own, so that its mounts end with it.
try_inside() {
	root=$1 scratch=$2
	log=$scratch/log mounted=$scratch/root port=$(free_port)
	mkdir "$mounted"
	install -d -o "$user" -g "$user" -m 0700 "$scratch/data"
	mount --bind "$root" "$mounted"
	mount -o remount,bind,ro,nosuid,nodev "$mounted"
	mount --bind "$scratch/data" "$mounted/data"
	if touch "$mounted/written" 2>/dev/null; then
		fail 'the root is not read-only'
	fi

	# With the Dockerfile's environment. An array, not a function: started in the
	# background it is the program itself that gets the number and the signal.
	as_image=(
		env -i DATA_DIR=/data TMPDIR=/data LISTEN="127.0.0.1:$port"
		"$(command -v chroot)" --userspec="$user:$user" --groups= "$mounted"
	)
	"${as_image[@]}" /backstop >"$log" 2>&1 </dev/null &
	server=$!
	trap 'kill -KILL "$server" 2>/dev/null || true' EXIT
	within healthy || fail "not healthy within $deadline s:"
	answer=$(ask) || fail 'no answer:'
	[[ $answer == 'HTTP/1.1 200'* && $answer == *'<Response>'*'</Response>'* ]] ||
		fail "this is no TwiML: $answer"
	drill=$(timeout "$deadline" "${as_image[@]}" /backstop drill 2>&1) || fail "the drill failed: $drill"
	[[ $drill == *'written=yes'* ]] || fail "the drill's failure was not written down: $drill"

	kill -TERM "$server"
	within ended || fail "still running $deadline s after SIGTERM:"
	wait "$server" || fail "ended with status $? after SIGTERM:"
	echo 'image-root: healthy as another user on a read-only root, answered with TwiML, wrote a drill down, stopped'
}

if [[ ${1:-} == --inside ]]; then
	try_inside "$2" "$3"
	exit
fi
measure "$1"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
unshare --mount --propagation private "$0" --inside "$1" "$scratch"
