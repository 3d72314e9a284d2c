package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/recovery"
)

type serveCommand struct {
	CPUProfile string `help:"Write a CPU profile of the whole run to this file: see bench/README.md." placeholder:"FILE" hidden:""`
}

// Run serves until a signal ends it: SIGTERM and SIGINT drain, a second one
// kills, SIGHUP reloads.
func (s serveCommand) Run(ctx context.Context, w *world, c *cli) error {
	stopProfile, err := profile(s.CPUProfile)
	if err != nil {
		return err
	}
	defer stopProfile()
	load := func() (config.Config, error) { return config.Load(w.getenv, c.Config) }
	first, err := load()
	if err != nil {
		return err
	}
	open, err := inherited(w.getenv, first.AdminListen != "")
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // whoever read our log may be gone: callers are answered all the same
	reloads := make(chan os.Signal, 1)
	signal.Notify(reloads, syscall.SIGHUP)
	defer signal.Stop(reloads)

	lines := newLogWriter(w.stderr)
	defer lines.Close()
	level := new(slog.LevelVar)
	level.Set(first.LogLevel)
	log := slog.New(slog.NewJSONHandler(lines, &slog.HandlerOptions{Level: level}))

	a, err := newApp(first, w, log)
	if err != nil {
		return err
	}
	a.level, a.load, a.configFile, a.open = level, load, c.Config, open
	go func() {
		<-ctx.Done()
		stop() // a second signal kills
	}()
	return a.run(ctx, reloads)
}

// profile writes a CPU profile to a file until it is stopped; without a file
// it does nothing.
func profile(path string) (stop func(), err error) {
	if path == "" {
		return func() {}, nil
	}
	file, err := os.Create(path) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(file); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return func() {
		pprof.StopCPUProfile()
		_ = file.Close() // a profile is worth no error
	}, nil
}

// run listens, answers, and does everything else behind the answer.
func (a *app) run(ctx context.Context, reloads <-chan os.Signal) error {
	listeners, err := a.listen(ctx)
	if err != nil {
		return err
	}
	a.heart.here.Store(new(reachable(listeners[0].listener.Addr().String())))
	_ = a.enter() // whoever opens a file of the folder says why not
	if a.heard != nil {
		a.heard(listeners[0].listener.Addr())
	}
	back, stopBack := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBack()
	var behind sync.WaitGroup
	for name, work := range a.workers() {
		behind.Go(func() {
			if err := a.guarded(back, name, work); err != nil {
				a.log.Error("worker ended", "worker", name, "err", err)
			}
		})
	}
	recording, stopRecording := context.WithCancel(context.WithoutCancel(ctx))
	defer stopRecording()
	recorded := make(chan error, 1)
	go func() { recorded <- a.guarded(recording, "recorder", a.recorder.Run) }()

	failed := make(chan error, len(listeners))
	for _, l := range listeners {
		go func() { failed <- l.server.Serve(l.listener) }()
	}
	go func() { // a terminal that does not take it must not keep signals from being heard
		defer intake.Survive(a.log, "greeting", nil)
		a.greet(listeners)
	}()
	for {
		select {
		case <-reloads:
			go a.reload() // a file of the configuration may hang
			continue
		case err := <-failed:
			a.log.Error("a listener failed", "err", err)
			return errors.Join(err, a.drain(listeners, stopRecording, recorded, stopBack, &behind))
		case <-ctx.Done():
			a.log.Info("stopping: what came in is answered and written first")
			return a.drain(listeners, stopRecording, recorded, stopBack, &behind)
		}
	}
}

// listening is one port and its server.
type listening struct {
	listener net.Listener
	server   *handlers.Server
	limit    *handlers.ConnectionCap
	admin    bool
}

// listen opens the ports, or takes those that are open already: see inherited.
// Nothing is answered yet, but the kernel takes connections from here on.
func (a *app) listen(ctx context.Context) ([]listening, error) {
	c := a.current.Load().config
	if c.AdminListen == "" {
		one, err := a.door(ctx, a.open.public, c.Listen, "LISTEN", handlers.All(a.rooms()), a.connections)
		return []listening{one}, err
	}
	forPeople := min(a.connections/8, mostPeople)
	public, err := a.door(ctx, a.open.public, c.Listen, "LISTEN",
		handlers.Public(a.rooms(), a.api.Health(), a.media, a.deeds), a.connections-forPeople)
	if err != nil {
		return nil, err
	}
	admin, err := a.door(ctx, a.open.admin, c.AdminListen, "ADMIN_LISTEN", handlers.Admin(a.rooms()), forPeople)
	if err != nil {
		return nil, errors.Join(err, public.listener.Close())
	}
	admin.admin = true
	return []listening{public, admin}, nil
}

// door is one port, opened where it is not open yet, with the server that is to
// serve it.
func (a *app) door(ctx context.Context, l net.Listener, address, key string, h http.Handler, connections int) (listening, error) {
	if l == nil {
		var err error
		if l, err = a.w.listenOn(ctx, address); err != nil {
			return listening{}, fmt.Errorf("%s %s: %w: another program may be there; choose another address", key, address, err)
		}
	}
	server, limit := handlers.NewServer(h, connections, a.log)
	a.limits = append(a.limits, limit)
	return listening{listener: l, server: server, limit: limit}, nil
}

// drain stops in reverse order of start: listeners, requests, recorder,
// everything behind, databases. None of it may take for ever.
func (a *app) drain(listeners []listening, stopRecording context.CancelFunc, recorded <-chan error, stopBack context.CancelFunc, behind *sync.WaitGroup) error {
	ctx, cancel := context.WithTimeout(context.Background(), drainAtMost)
	defer cancel()
	var errs []error
	errs = append(errs, closeListeners(ctx, listeners))
	stopRecording()
	select {
	case err := <-recorded:
		errs = append(errs, err)
	case <-ctx.Done():
		errs = append(errs, errors.New("the journal did not finish in time"))
	}
	stopBack()
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer intake.Survive(a.log, "closing the ledger", func() { errs = append(errs, incident.ErrBug) })
		behind.Wait()
		errs = append(errs, a.keeper.Close(), a.lock.release())
	}()
	select {
	case <-done:
		return errors.Join(errs...)
	case <-ctx.Done():
		return errors.New("not everything stopped in time: what was written is safe, and is fed at the next start")
	}
}

// closeListeners has those leave who come again and again, and lets those finish
// who are being answered, which takes less than a second, or as long as a standby
// server may. Whoever has sent half a
// request by then is cut off: what is queued must reach the disk before
// somebody kills us.
func closeListeners(ctx context.Context, listeners []listening) error {
	ctx, cancel := context.WithTimeout(ctx, answerAtMost)
	defer cancel()
	var leaving sync.WaitGroup
	var errs []error
	for _, l := range listeners {
		errs = append(errs, l.listener.Close())
		leaving.Go(func() { l.limit.Leave(ctx) })
	}
	leaving.Wait()
	for _, l := range listeners {
		err := l.server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = l.server.Close()
		}
		if !errors.Is(err, net.ErrClosed) { // that of its listener, which it may not have noticed yet
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Bounds of a stop. Container engines kill after 10 s unless told otherwise.
const (
	drainAtMost  = 9 * time.Second
	answerAtMost = recovery.Budget + 500*time.Millisecond // who waits for a standby is still answered
)

// mostPeople is how many connections of the cap a port for pages gets: callers
// need the others.
const mostPeople = 256

// connectionCap is how many connections may be open: below the limit of file
// descriptors, for at that limit we are dead for everyone.
func connectionCap() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 512
	}
	const ownFiles, most = 128, 10_000 // each takes 16 kB even if nothing comes on it
	if limit.Cur < 2*ownFiles {
		return int(limit.Cur / 2)
	}
	return int(min(limit.Cur-ownFiles, most))
}
