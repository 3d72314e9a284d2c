package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// sick has the kernel give a running program the results of a sick disk, until
// it is well again: strace injects them into its system calls, of which SQLite
// alone makes these: https://man7.org/linux/man-pages/man1/strace.1.html
func (p *program) sick(injections ...string) (well func()) {
	p.t.Helper()
	args := []string{"--quiet=all", "-f", "-p", strconv.Itoa(p.process.Pid), "-o", "/dev/null"}
	for _, one := range injections {
		args = append(args, "-e", "inject="+one)
	}
	command := exec.Command("strace", args...)
	complaints, err := command.StderrPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(complaints) // it ends with strace
		said <- string(text)
	}()
	well = sync.OnceFunc(func() {
		_ = command.Process.Signal(syscall.SIGINT) // it lets go of the program
		if text := <-said; strings.Contains(text, "attach") {
			p.t.Errorf("strace: %s", text)
		}
		_ = command.Wait() // by the signal
	})
	p.t.Cleanup(well)
	eventually(p.t, soon, "strace has the program", p.traced)
	return well
}

// traced says whether every thread of it is.
func (p *program) traced() bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", p.process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	return !slices.ContainsFunc(threads, func(path string) bool {
		status, err := os.ReadFile(path)
		return err == nil && strings.Contains(string(status), "TracerPid:\t0\n")
	})
}

func TestASickDiskHoldsNobodyUpAndLosesNothing(t *testing.T) {
	t.Parallel()
	needs(t, "strace")
	const sync, write = "fsync,fdatasync", "pwrite64"
	for claim, c := range map[string]struct {
		inject   string
		lasts    time.Duration
		unharmed bool // answers may go on to say written=yes
		untold   bool // it is over before people have to know
	}{
		"nothing can be written":            {inject: write + ":error=EIO", lasts: 3 * time.Second},
		"it is read-only":                   {inject: write + ":error=EROFS", lasts: 3 * time.Second},
		"the quota is used up":              {inject: write + ":error=EDQUOT", lasts: 3 * time.Second},
		"no space is left":                  {inject: write + ":error=ENOSPC", lasts: 3 * time.Second},
		"nothing can be read":               {inject: "pread64:error=EIO", lasts: 3 * time.Second, unharmed: true, untold: true},
		"fsync fails":                       {inject: sync + ":error=EIO", lasts: 3 * time.Second},
		"every third fsync fails":           {inject: sync + ":error=EIO:when=3+3", lasts: 3 * time.Second, unharmed: true, untold: true},
		"every fifth write fails":           {inject: write + ":error=EIO:when=5+5", lasts: 3 * time.Second, unharmed: true, untold: true},
		"fsync takes three seconds":         {inject: sync + ":delay_enter=3s", lasts: 7 * time.Second, untold: true},
		"fsync hangs for twenty seconds":    {inject: sync + ":delay_enter=20s", lasts: 22 * time.Second},
		"a write takes a tenth of a second": {inject: write + ":delay_enter=100ms", lasts: 3 * time.Second, unharmed: true, untold: true},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			mails := newMailServer(t)
			p := spawn(t, configured(t).with(mails.settings()))
			p.awaitWritten()
			p.settle()
			well := p.sick(c.inject)
			l := p.callersEvery(10*time.Millisecond, 2)
			time.AfterFunc(c.lasts, well)
			if !c.untold {
				mails.await(t, c.lasts+4*soon, "Failures cannot be written down")
			}
			eventually(t, c.lasts+4*soon, "the disk is well again", func() bool { return !p.traced() })
			well()
			l.stop(t)
			if !c.unharmed && len(l.written) == len(l.asked) {
				t.Error("every answer says that it is written: the disk was not sick")
			}
			answered := []string{p.awaitWritten().SID}
			for _, r := range l.asked {
				answered = append(answered, r.Params.Value("CallSid"))
			}
			if len(l.silent) > 0 {
				t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
			}
			p.settle()
			if code := p.end(); code != 0 {
				t.Errorf("it ended with %d", code)
			}
			judgeStored(t, p.dir, answered)
			judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
			count(t, "%d calls, %d of them written=no, each stored once; the slowest answer took %s", len(answered), len(answered)-len(l.written), l.took[len(l.took)-1].Round(time.Millisecond))
		})
	}
}
