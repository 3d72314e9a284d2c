package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

// server is one of the measured programs, running.
type server struct {
	name    string
	address string
	dir     string
	cmd     *exec.Cmd
}

// start starts a server in an empty folder and waits until it takes connections.
func start(ctx context.Context, p plan, name string) (*server, error) {
	dir, err := os.MkdirTemp(p.dir, name+"-")
	if err != nil {
		return nil, err
	}
	return startIn(ctx, p, name, dir)
}

// startIn starts a server in a folder and waits until it takes connections.
func startIn(ctx context.Context, p plan, name, dir string) (*server, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	s := &server{name: name, address: address, dir: dir}
	if s.cmd, err = p.command(ctx, s); err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // a folder of ours
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s.cmd.Stderr = log
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	s.cmd.WaitDelay = 20 * time.Second
	if err := p.begin(s.cmd); err != nil {
		return nil, err
	}
	return s, s.listens(ctx)
}

// begin starts a server, on the processors that it may have: a thread's child has
// what the thread has.
func (p plan) begin(cmd *exec.Cmd) error {
	if p.processors == nil {
		return cmd.Start()
	}
	before, err := affinity()
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, p.processors); err != nil {
		return err
	}
	return errors.Join(cmd.Start(), unix.SchedSetaffinity(0, &before))
}

// command is how the server is started.
func (p plan) command(ctx context.Context, s *server) (*exec.Cmd, error) {
	switch s.name {
	case "backstop":
		var args []string
		if p.profile != "" {
			args = []string{"serve", "--cpu-profile", p.profile}
		}
		cmd := exec.CommandContext(ctx, p.binary, args...) //nolint:gosec // the operator names it
		cmd.Env = append(p.sinks.environment(),
			"LISTEN="+s.address, "DATA_DIR="+s.dir, "PUBLIC_URL="+publicURL,
			"TWILIO_ACCOUNT_SID="+accountSID, "TWILIO_AUTH_TOKEN="+authToken, "ADMIN_PASSWORD="+adminPassword,
			"HOME="+s.dir)
		cmd.Dir = s.dir // where its configuration is, if it has one
		return cmd, nil
	case "express":
		answer := filepath.Join(s.dir, "answer.xml")
		if err := os.WriteFile(answer, recovery.Apology(incident.Voice), 0o600); err != nil {
			return nil, err
		}
		cmd := exec.CommandContext(ctx, "node", "bench/express/server.mjs", s.address, s.dir, authToken, publicURL, answer) //nolint:gosec // ours
		cmd.Env = []string{"NODE_ENV=production"}
		return cmd, nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.CommandContext(ctx, self, "serve", s.name, s.address, s.dir), nil //nolint:gosec // ourselves
}

// stop ends the server and waits for it.
func (s *server) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait() // its exit code says nothing here
}

func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *server) listens(ctx context.Context) error {
	for range 5000 {
		if c, err := dial(ctx, s.address); err == nil {
			return c.conn.Close()
		}
		time.Sleep(time.Millisecond)
	}
	return fmt.Errorf("%s does not listen", s.name)
}

// cpu is the time that the server's threads have run, user and system.
func (s *server) cpu() (time.Duration, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(raw[strings.LastIndexByte(string(raw), ')')+1:]))
	const utime, stime, ticks = 11, 12, 100
	var sum int64
	for _, at := range []int{utime, stime} {
		n, err := strconv.ParseInt(fields[at], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += n
	}
	return time.Duration(sum) * time.Second / ticks, nil
}

// rssAnon is the memory that is the server's own.
func (s *server) rssAnon() (int64, error) {
	file, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var kb int64
		if n, _ := fmt.Sscanf(lines.Text(), "RssAnon: %d kB", &kb); n == 1 {
			return kb << 10, nil
		}
	}
	return 0, errors.New("no RssAnon in /proc")
}

// memory watches rssAnon until stop, which says the most.
func (s *server) memory() (stop func() (most int64, err error)) {
	ended, result := make(chan struct{}), make(chan error, 1)
	var most int64
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			rss, err := s.rssAnon()
			most = max(most, rss)
			if err != nil {
				result <- err
				return
			}
			select {
			case <-ended:
				result <- nil
				return
			case <-tick.C:
			}
		}
	}()
	return func() (int64, error) {
		close(ended)
		err := <-result
		return most, err
	}
}

// metric reads one number of Backstop's /metrics.
func (s *server) metric(ctx context.Context, name string) (float64, error) {
	token, err := os.ReadFile(filepath.Join(s.dir, "api.token"))
	if err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.address+"/metrics", http.NoBody)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strconv.ParseFloat(strings.TrimSpace(value), 64)
		}
	}
	return 0, fmt.Errorf("no %s in /metrics (%s)", name, response.Status)
}

// caughtUp waits until the ledger has as many failures as were written.
func (s *server) caughtUp(ctx context.Context, failures int) error {
	for {
		stored, err := s.metric(ctx, "backstop_ledger_failures_stored_total")
		if err != nil {
			return err
		}
		if int(stored) >= failures {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond): // more often would be measured as well
		}
	}
}
