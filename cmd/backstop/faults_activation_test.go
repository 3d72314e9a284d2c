package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// asService is a service manager as far as a shell can be one: it starts the program
// again whenever that has ended, with the sockets that it has from
// systemd-socket-activate. SIGUSR1 is a restart, SIGTERM the end.
const asService = `
trap 'kill -TERM $child' USR1
trap 'over=1; kill -TERM $child' TERM
until [ "$over" ]; do
	sh -c 'LISTEN_PID=$$ exec "$0"' "$0" &
	child=$!
	while kill -0 $child 2>/dev/null; do wait $child; done
done`

// activated is a service behind a socket that systemd-socket-activate opened. The first
// caller starts it.
func activated(t *testing.T, env settings) service {
	t.Helper()
	const tool = "systemd-socket-activate"
	needs(t, tool)
	address := freeAddress(t)
	args := []string{"--listen", address, "--setenv", endsAtOnce}
	for name, value := range env.with(settings{asProgram: "1", "HOME": t.TempDir()}) {
		args = append(args, "--setenv", name+"="+value)
	}
	p := newProgram(t, env)
	p.started(exec.Command(tool, append(args, "sh", "-c", asService, os.Args[0])...))
	p.base = "http://" + address
	serves := func(n int) {
		t.Helper()
		eventually(t, 15*time.Second, "it says where it listens", func() bool {
			return strings.Count(p.logged.String(), fmt.Sprintf("%q:%q", "listen", address)) == n
		})
	}
	eventually(t, 15*time.Second, "the first caller is answered", func() bool {
		return written(p.twilio().Do(t.Context(), p.request("/fallback/voice", sim.Call{})))
	})
	started := 1
	serves(started)
	return service{p.base, func() {
		t.Helper()
		if err := p.process.Signal(syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		started++
		serves(started)
	}, func() *program { return p }}
}
