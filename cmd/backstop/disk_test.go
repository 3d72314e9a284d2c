package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/twilio/sim"
)

// smallDisk names the folder in which the program, as a test's own process in
// a mount namespace of its own, mounts a disk of diskSize.
const (
	smallDisk = "BACKSTOP_TESTS_SMALL_DISK"
	diskSize  = 288 << 20 // some more than Backstop leaves free
)

func mountSmallDisk(folder string) {
	if err := syscall.Mount("backstop-tests", folder, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", diskSize)); err != nil {
		panic(err)
	}
	_ = os.Unsetenv(smallDisk)
}

// mayMount says whether this machine lets us have a disk of our own.
func mayMount() bool {
	if os.Getuid() != 0 {
		return false
	}
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this goroutine
		done <- unix.Unshare(unix.CLONE_NEWNS) == nil
	}()
	return <-done
}

// full is a disk that can be full.
type full struct {
	p           *program
	fill, clear func()
}

// onSmallDisk runs Backstop where the disk is really small, or else where files
// may not grow: either way the system refuses what is written.
func onSmallDisk(t *testing.T, env settings) full {
	t.Helper()
	if !mayMount() {
		return withLimitedFiles(t, env)
	}
	if err := os.MkdirAll(env["DATA_DIR"], 0o700); err != nil {
		t.Fatal(err)
	}
	p := spawnAs(t, env.with(settings{smallDisk: env["DATA_DIR"]}), func(_ *program, c *exec.Cmd) {
		c.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	})
	p.dir = fmt.Sprintf("/proc/%d/root%s", p.process.Pid, p.dir) // as p sees it
	filler := filepath.Join(p.dir, "filler")
	return full{
		p: p,
		fill: func() {
			file, err := os.Create(filler)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			// Backstop may write between the question and the answer.
			eventually(t, soon, "the disk is full", func() bool {
				var stat syscall.Statfs_t
				if err := syscall.Statfs(p.dir, &stat); err != nil {
					t.Fatal(err)
				}
				err := syscall.Fallocate(int(file.Fd()), 0, 0, int64(stat.Bavail)*stat.Bsize)
				if err != nil && !errors.Is(err, syscall.ENOSPC) {
					t.Fatal(err)
				}
				return err == nil
			})
		},
		clear: func() {
			if err := os.Remove(filler); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// withLimitedFiles needs no rights: no file of the process may grow any more.
func withLimitedFiles(t *testing.T, env settings) full {
	t.Helper()
	p := spawn(t, env)
	return full{p: p, fill: func() { p.limitFiles(0) }, clear: func() { p.limitFiles(unix.RLIM_INFINITY) }}
}

// limitFiles has the system refuse what would make a file larger than that.
func (p *program) limitFiles(bytes uint64) {
	p.t.Helper()
	if err := unix.Prlimit(p.process.Pid, unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: bytes, Max: unix.RLIM_INFINITY}, nil); err != nil {
		p.t.Fatal(err)
	}
}

func TestAFullDiskStopsNoAnswerAndHealsByItself(t *testing.T) {
	t.Parallel()
	for claim, onDisk := range map[string]func(*testing.T, settings) full{
		"no space left":           onSmallDisk,
		"files that may not grow": withLimitedFiles,
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			mails := newMailServer(t)
			disk := onDisk(t, configured(t).with(mails.settings()))
			p := disk.p
			sids := []string{p.call(sim.Call{}).SID}
			p.settle()
			mails.await(t, 2*soon, "not helped", "primary.example.com")

			disk.fill()
			eventually(t, 2*soon, "answers say that nothing is written", func() bool {
				result := p.call(sim.Call{})
				sids = append(sids, result.SID)
				return strings.HasSuffix(result.First().Failure(), "; written=no")
			})
			for range 5 {
				sids = append(sids, p.call(sim.Call{}).SID)
			}
			mails.await(t, 2*soon, "Failures cannot be written down")
			sids = append(sids, p.call(sim.Call{From: "+14158675377", ErrorURL: "https://other.example.com/voice"}).SID)
			mails.await(t, 2*soon, "not helped, not written down")
			health := p.visitor().get("/healthz")
			if health.status != 200 || !strings.Contains(health.source, "journal") {
				t.Errorf("health says %d %s", health.status, health.source)
			}

			disk.clear()
			sids = append(sids, p.awaitWritten().SID)
			who := p.person()
			for _, sid := range sids {
				who.await(4*soon, "/history?sid="+sid, "1 failure")
			}
		})
	}
}

func TestALedgerThatCannotGrowIsFedWhenItCanAgain(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := spawn(t, configured(t).with(mails.settings()))
	sids := []string{p.call(sim.Call{}).SID}
	p.settle()
	ledger, journal := size(t, p.path(ledgerFile+"-wal")), size(t, p.path(journalFile+"-wal"))
	limit := ledger / 3 // less than the ledger needs, also when it is opened again
	if journal > limit/3 {
		t.Fatalf("the journal has %d bytes and the ledger %d: no limit is between them", journal, ledger)
	}
	p.limitFiles(uint64(limit))
	sids = append(sids, p.call(sim.Call{}).SID)
	p.awaitMetric("backstop_ledger_away 1")
	mails.await(t, 2*soon, "1 caller not helped", unavailable)
	// One call, however late it is written: on a slow disk a caller after another
	// would fill the journal up to the limit as well.
	sids = append(sids, p.call(sim.Call{}).SID)
	p.awaitMetric("backstop_journal_entries_written_total 4")
	p.limitFiles(unix.RLIM_INFINITY)
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
}

func size(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
