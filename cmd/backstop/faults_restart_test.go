package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// socket is one that stays open while programs come and go, as a service
// manager has it.
type socket struct {
	t    *testing.T
	file *os.File
	base string
}

func newSocket(t *testing.T) *socket {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	return &socket{t: t, file: file, base: "http://" + l.Addr().String()}
}

// spawn starts a Backstop that is given the socket.
func (s *socket) spawn(env settings) *program {
	s.t.Helper()
	return spawnAs(s.t, env.with(settings{"LISTEN_FDS": "1"}), func(_ *program, c *exec.Cmd) {
		c.ExtraFiles = []*os.File{s.file}
		c.Path, c.Args = "/bin/sh", []string{"sh", "-c", `LISTEN_PID=$$ exec "$0"`, c.Path}
	})
}

// The number of restarts is that of the long form.
func TestRestartsBehindOneSocketFailNobody(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]func(s *socket, env settings, before *program) *program{
		"the one before is ended first, as systemd does": func(s *socket, env settings, before *program) *program {
			before.end()
			return s.spawn(env)
		},
		"the next one is there already": func(s *socket, env settings, before *program) *program {
			p := s.spawn(env)
			before.end()
			return p
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env, door := configured(t), newSocket(t)
			p := door.spawn(env)
			l := (&program{t: t, base: door.base}).callers(6)
			restarts := long(t, 4, 20)
			for range restarts {
				l.reached(t, l.placed.Load()+100)
				p = next(door, env, p)
			}
			l.reached(t, l.placed.Load()+100)
			l.stop(t)
			if len(l.silent) > 0 {
				t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
			}
			p.settle()
			p.end()
			var answered []string
			for _, r := range l.asked {
				answered = append(answered, r.Params.Value("CallSid"))
			}
			judgeStored(t, env["DATA_DIR"], answered)
			count(t, "%d restarts, %d calls, %d without an answer", restarts, len(l.asked), len(l.silent))
		})
	}
}

func TestASocketOfTheServiceManagerIsServed(t *testing.T) {
	t.Parallel()
	const tool = "systemd-socket-activate"
	needs(t, tool)
	address := freeAddress(t)
	env := configured(t)
	args := []string{"--listen", address}
	for name, value := range env.with(settings{asProgram: "1", "HOME": t.TempDir()}) {
		args = append(args, "--setenv", name+"="+value)
	}
	p := newProgram(t, env)
	command := exec.Command(tool, append(args, os.Args[0])...)
	p.started(command)
	p.base = "http://" + address
	eventually(t, 15*time.Second, "the first caller is answered", func() bool {
		return written(p.twilio().Do(t.Context(), p.request("/fallback/voice", sim.Call{})))
	})
	eventually(t, soon, "it says where it listens", func() bool {
		return strings.Contains(p.logged.String(), fmt.Sprintf("%q:%q", "listen", address))
	})
}

func TestSocketsThatAreNoneAreAMistake(t *testing.T) {
	t.Parallel()
	pid := strconv.Itoa(os.Getpid())
	for name, c := range map[string]struct {
		env  settings
		want string
	}{
		"more than there are ports": {settings{"LISTEN_PID": pid, "LISTEN_FDS": "2"}, "2 sockets for 1 ports"},
		"no number":                 {settings{"LISTEN_PID": pid, "LISTEN_FDS": "many"}, `"many" is no number of sockets`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			errors := &output{}
			env := configured(t).with(c.env)
			code := run(context.Background(), world{getenv: func(key string) string { return env[key] }, stdin: strings.NewReader(""), stdout: errors, stderr: errors})
			if code != exitFailed || !strings.Contains(errors.String(), c.want) {
				t.Errorf("ended with %d and said %q, want %q", code, errors, c.want)
			}
		})
	}
}
