package main

import (
	"context"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
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

// service is a Backstop that is started again behind a socket that stays open.
type service struct {
	base    string
	restart func()
	now     func() *program // the one that serves
}

// behindSocket has its own socket handed to one program after another, by next.
func behindSocket(t *testing.T, env settings, next func(s *socket, before *program) *program) service {
	t.Helper()
	door := newSocket(t)
	p := door.spawn(env)
	return service{door.base, func() { p = next(door, p) }, func() *program { return p }}
}

func TestRestartsBehindOneSocketFailNobody(t *testing.T) {
	t.Parallel()
	const restarts = 20
	for name, open := range map[string]func(t *testing.T, env settings) service{
		"the one before is ended first, as systemd does": func(t *testing.T, env settings) service {
			t.Helper()
			return behindSocket(t, env, func(s *socket, before *program) *program {
				before.end()
				return s.spawn(env)
			})
		},
		"the next one is there already": func(t *testing.T, env settings) service {
			t.Helper()
			return behindSocket(t, env, func(s *socket, before *program) *program {
				p := s.spawn(env)
				before.end()
				return p
			})
		},
		"the socket is systemd's own": activated,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := configured(t)
			s := open(t, env)
			l := (&program{t: t, base: s.base}).callers(6)
			for range restarts {
				l.reached(t, l.placed.Load()+100)
				s.restart()
			}
			l.reached(t, l.placed.Load()+100)
			l.stop(t)
			if len(l.silent) > 0 {
				t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
			}
			s.now().settle()
			s.now().end()
			var answered []string
			for _, r := range l.asked {
				answered = append(answered, r.Params.Value("CallSid"))
			}
			judgeStored(t, env["DATA_DIR"], answered)
			if said := strings.Count(s.now().logged.String(), "ledger not available"); said > 0 {
				t.Errorf("a stop looks like a fault of the ledger, %d times", said)
			}
			count(t, "%d restarts, %d calls, %d without an answer", restarts, len(l.asked), len(l.silent))
		})
	}
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
