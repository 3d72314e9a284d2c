package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/backstop-project/backstop/twilio/sim"
)

// asProgram makes the test binary be the program, so that tests can kill it.
const asProgram = "BACKSTOP_TESTS_AS_PROGRAM"

// endsAtOnce has a program that the race detector watches end as it does without it:
// else it sleeps for a second before it exits.
// https://go.dev/doc/articles/race_detector#Options
const endsAtOnce = "GORACE=atexit_sleep_ms=0"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		signal.Ignore(syscall.SIGXFSZ) // beyond RLIMIT_FSIZE a write fails, as on a full disk
		if folder := os.Getenv(smallDisk); folder != "" {
			mountSmallDisk(folder)
		}
		if image := os.Getenv(loopDisk); image != "" {
			mountLoopDisk(image, os.Getenv("DATA_DIR"))
		}
		if address := os.Getenv(nameServerAt); address != "" {
			askForNamesAt(address)
		}
		main()
	}
	_ = flag.Set("test.parallel", "8") // most of them wait for something
	goleak.VerifyTestMain(m)
}

// What every test's Backstop is configured with, unless it says otherwise.
const (
	publicURL  = "https://fallback.example.com"
	accountSID = "AC0123456789abcdef0123456789abcdef"
	authToken  = "fedcba9876543210fedcba9876543210"
)

func customer() sim.Account { return sim.Account{SID: accountSID, AuthToken: authToken} }

// settings is an environment. An empty value is an unset one.
type settings map[string]string

// with returns a copy that says more.
func (s settings) with(more settings) settings {
	all := maps.Clone(s)
	maps.Copy(all, more)
	return all
}

// configured is an environment in which everything is recorded, in a folder
// of its own, and nobody is told.
func configured(t *testing.T) settings {
	t.Helper()
	return settings{
		"LISTEN": "127.0.0.1:0", "DATA_DIR": filepath.Join(t.TempDir(), "data"),
		"PUBLIC_URL": publicURL, "TWILIO_ACCOUNT_SID": accountSID, "TWILIO_AUTH_TOKEN": authToken,
	}
}

// withFile is s with a configuration file of that content.
func (s settings) withFile(t *testing.T, yaml string) settings {
	t.Helper()
	path := filepath.Join(t.TempDir(), "backstop.yaml")
	write(t, path, yaml)
	return s.with(settings{"BACKSTOP_CONFIG": path})
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// program is a Backstop that serves.
type program struct {
	t       *testing.T
	env     settings
	dir     string // DATA_DIR
	base    string // where it listens
	printed *output
	logged  *output

	process *os.Process // nil where it runs inside this test's process
	stop    func()      // asks it to end
	ended   chan struct{}
	code    int // once ended
}

func newProgram(t *testing.T, env settings) *program {
	t.Helper()
	p := &program{t: t, env: env, dir: env["DATA_DIR"], printed: &output{}, logged: &output{}, ended: make(chan struct{})}
	t.Cleanup(func() {
		p.stop()
		<-p.ended
		if t.Failed() {
			t.Logf("printed:\n%s\nlogged:\n%s", p.printed, p.story())
		}
	})
	return p
}

// start runs Backstop inside this process until the test ends.
func start(t *testing.T, env settings) *program {
	t.Helper()
	return startAt(t, env, false)
}

// startAt is start, at a terminal or not.
func startAt(t *testing.T, env settings, terminal bool) *program {
	t.Helper()
	p := launch(t, env, terminal)
	p.awaitAnswering()
	return p
}

// launch is startAt without waiting until it answers.
func launch(t *testing.T, env settings, terminal bool) *program {
	t.Helper()
	p := newProgram(t, env)
	var ctx context.Context
	ctx, p.stop = context.WithCancel(context.WithoutCancel(t.Context()))
	go func() {
		defer close(p.ended)
		p.code = run(ctx, world{
			getenv: func(name string) string { return env[name] },
			stdin:  strings.NewReader(""), stdout: p.printed, stderr: p.logged, terminal: terminal,
		})
	}()
	return p
}

// spawn runs Backstop as a process of its own, which can be killed.
func spawn(t *testing.T, env settings) *program {
	t.Helper()
	return spawnAs(t, env, func(*program, *exec.Cmd) {})
}

// spawnAs is spawn in other circumstances: namespaces, other files.
func spawnAs(t *testing.T, env settings, change func(*program, *exec.Cmd)) *program {
	t.Helper()
	p := newProgram(t, env)
	command := exec.Command(os.Args[0])
	command.Env = append(command.Env, asProgram+"=1", endsAtOnce, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	for name, value := range env {
		command.Env = append(command.Env, name+"="+value)
	}
	change(p, command)
	p.started(command)
	p.awaitAnswering()
	return p
}

// started starts the process that p is.
func (p *program) started(command *exec.Cmd) {
	p.t.Helper()
	command.Stdout, command.Stderr = p.printed, p.logged
	if err := command.Start(); err != nil {
		p.stop = func() {}
		close(p.ended)
		p.t.Fatal(err)
	}
	p.process = command.Process
	p.stop = func() { _ = command.Process.Signal(syscall.SIGTERM) }
	go func() {
		defer close(p.ended)
		_ = command.Wait() // its code says more
		p.code = command.ProcessState.ExitCode()
	}()
}

// awaitAnswering waits until it says where it listens.
func (p *program) awaitAnswering() {
	p.t.Helper()
	eventually(p.t, 15*time.Second, "Backstop answers", func() bool {
		for _, line := range p.logLines("backstop answers") {
			p.base = "http://" + line.Listen
			return true
		}
		select {
		case <-p.ended:
			p.t.Fatalf("it ended with %d:\n%s%s", p.code, p.printed, p.logged)
		default:
		}
		return false
	})
}

// end asks it to end, and returns its exit code.
func (p *program) end() int {
	p.t.Helper()
	p.stop()
	select {
	case <-p.ended:
	case <-time.After(20 * time.Second):
		p.t.Fatal("it does not end")
	}
	return p.code
}

// kill ends it as a power cut does, as far as a process can notice.
func (p *program) kill() {
	p.t.Helper()
	if err := p.process.Kill(); err != nil {
		p.t.Fatal(err)
	}
	<-p.ended
}

// reload sends SIGHUP and waits until it has taken effect, or was refused.
func (p *program) reload() {
	p.t.Helper()
	done := func() int {
		return len(p.logLines("configuration reloaded")) + len(p.logLines("changed configuration refused, the old one goes on"))
	}
	before := done()
	if err := p.process.Signal(syscall.SIGHUP); err != nil {
		p.t.Fatal(err)
	}
	eventually(p.t, 10*time.Second, "the configuration is reloaded", func() bool { return done() > before })
}

// greeting is what it prints at its start, to the end: that is done beside
// answering.
func (p *program) greeting() string {
	p.t.Helper()
	eventually(p.t, soon, "all is printed", func() bool { return strings.Contains(p.printed.String(), "Try it: ") })
	return p.printed.String()
}

// story is the log without the line of each failure.
func (p *program) story() string {
	lines := slices.DeleteFunc(p.logged.lines(), func(line string) bool { return strings.Contains(line, `"failure answered"`) })
	return strings.Join(lines[max(0, len(lines)-40):], "\n")
}

// path is a file in its data folder.
func (p *program) path(name string) string { return filepath.Join(p.dir, name) }

// logLine is a line of the log, as far as tests read it.
type logLine struct {
	Msg     string `json:"msg"`
	Listen  string `json:"listen"`
	Failure string `json:"failure"`
	Err     string `json:"err"`
	Set     string `json:"set"`
}

// logLines are the log's lines with that message. A line that is no JSON is a
// failure by itself.
func (p *program) logLines(message string) []logLine {
	p.t.Helper()
	var found []logLine
	for _, raw := range p.logged.lines() {
		var line logLine
		if err := json.Unmarshal([]byte(raw), &line); err != nil {
			p.t.Fatalf("a line of the log is no JSON: %v: %q", err, raw)
		}
		if line.Msg == message {
			found = append(found, line)
		}
	}
	return found
}

// command runs one of the other commands, as in a shell without a terminal.
func command(t *testing.T, env settings, stdin io.Reader, args ...string) (code int, printed, complained string) {
	t.Helper()
	var out, errs output
	code = run(t.Context(), world{
		args: args, getenv: func(name string) string { return env[name] },
		stdin: stdin, stdout: &out, stderr: &errs,
	})
	return code, out.String(), errs.String()
}
