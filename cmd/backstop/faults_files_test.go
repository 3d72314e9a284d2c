package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// condition is what a database's file may be found in.
type condition struct {
	claim string
	do    func(t *testing.T, path string) (heal func())
	quick bool // no other test has it
	scars bool // damage may stay, where nothing comes by it
}

// suffixes are those of a database's files.
func suffixes() []string { return []string{"", "-wal", "-shm"} }

func conditions() []condition {
	alone := func(do func(*testing.T, string)) func(*testing.T, string) func() {
		return func(t *testing.T, path string) func() { t.Helper(); do(t, path); return func() {} }
	}
	return []condition{
		{"missing", alone(deleteDatabase), false, false},
		{"garbage", alone(overwriteWithGarbage), false, false},
		{"cut in half", alone(cutInHalf), true, true},
		{"damaged in a page of its middle", alone(damageMiddle), true, true},
		{"moved away", alone(moveAway), true, false},
		{"an older copy", alone(putBack), true, false},
		{"a directory", becomeDirectory, true, false},
		{"of a newer version", becomeNewer, false, false},
		{"locked by another process", func(t *testing.T, path string) func() { t.Helper(); return locked(t, path) }, true, false},
		{"read-only", becomeImmutable, true, false},
	}
}

func cutInHalf(t *testing.T, path string) {
	t.Helper()
	if err := os.Truncate(path, size(t, path)/2); err != nil {
		t.Fatal(err)
	}
}

func damageMiddle(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	_, err = f.WriteAt(garbage(page), size(t, path)/2/page*page)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

func moveAway(t *testing.T, path string) {
	t.Helper()
	for _, suffix := range suffixes() {
		if err := os.Rename(path+suffix, path+".moved"+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// putBack puts a copy in the place of a database that was made when it was new,
// as somebody does who takes it from a backup.
func putBack(t *testing.T, path string) {
	t.Helper()
	deleteDatabase(t, path)
	write(t, path, read(t, path+".copy"))
}

func becomeDirectory(t *testing.T, path string) (heal func()) {
	t.Helper()
	deleteDatabase(t, path)
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	}
}

func becomeNewer(t *testing.T, path string) (heal func()) {
	t.Helper()
	version := ledgerVersion(t, path)
	pragma(t, path, "user_version", 99)
	return func() { pragma(t, path, "user_version", version) }
}

func becomeImmutable(t *testing.T, path string) (heal func()) {
	t.Helper()
	needs(t, "chattr")
	change := func(how string) {
		if said, err := exec.Command("chattr", how, path).CombinedOutput(); err != nil {
			notHere(t, "chattr %s: %v: %s", how, err, said)
		}
	}
	change("+i")
	t.Cleanup(func() { change("-i") })
	return func() { change("-i") }
}

func TestWhateverConditionAFileIsInCallersAreAnsweredAndAllIsStored(t *testing.T) {
	t.Parallel()
	for _, file := range []string{journalFile, ledgerFile} {
		for _, c := range conditions() {
			if !c.quick && !torture() {
				continue
			}
			t.Run(file+" is "+c.claim+" at the start", func(t *testing.T) {
				t.Parallel()
				mails := newMailServer(t)
				env, sids := lived(t, file)
				heal := c.do(t, env["DATA_DIR"]+"/"+file)
				p := spawn(t, env.with(mails.settings()))
				goOnIn(t, p, mails, sids, heal, c.scars)
			})
			t.Run(file+" is "+c.claim+" while it runs", func(t *testing.T) {
				t.Parallel()
				mails := newMailServer(t)
				env, sids := lived(t, file)
				p := spawn(t, env.with(mails.settings()))
				sids = append(sids, p.awaitWritten().SID)
				p.settle()
				heal := c.do(t, p.path(file))
				goOnIn(t, p, mails, sids, heal, c.scars)
			})
		}
	}
}

// lived is a folder in which a Backstop has lived, with the calls it was told of,
// and a copy of that file from when it was young.
func lived(t *testing.T, file string) (env settings, sids []string) {
	t.Helper()
	env = configured(t)
	for range 2 {
		p := spawn(t, env)
		for range 3 {
			sids = append(sids, p.awaitWritten().SID)
		}
		p.settle()
		p.end()
		if path := p.path(file); len(sids) == 3 {
			write(t, path+".copy", read(t, path))
		}
	}
	return env, sids
}

// goOnIn has people call while p is in trouble, and after it, and judges that
// somebody is told during the trouble, and that all calls come to be in the history
// while p runs.
func goOnIn(t *testing.T, p *program, mails *mailServer, sids []string, heal func(), scars bool) {
	t.Helper()
	for range 5 {
		sids = append(sids, p.call(sim.Call{ErrorURL: "https://meanwhile.example.com/voice"}).SID)
	}
	eventually(t, 2*soon, "a mail tells of those who call meanwhile", func() bool {
		return mails.tells("not helped", "meanwhile.example.com")
	})
	heal()
	p.awaitOpen(journalFile)
	p.awaitOpen(ledgerFile)
	sids = append(sids, p.awaitWritten().SID)
	p.person().await(15*time.Second, "/history?limit=200", sids...)
	eventually(t, 2*soon, "nothing is degraded", func() bool {
		return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
	})
	p.end()
	judgeStored(t, p.dir, sids)
	if !scars {
		judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
	}
}

// awaitOpen waits until p has the file open that is in its data folder now: it takes
// a second to notice that another one was put there.
func (p *program) awaitOpen(file string) {
	p.t.Helper()
	descriptors := filepath.Join("/proc", strconv.Itoa(p.process.Pid), "fd")
	eventually(p.t, 15*time.Second, file+" is open", func() bool {
		all, err := os.ReadDir(descriptors)
		return err == nil && slices.ContainsFunc(all, func(one os.DirEntry) bool {
			to, err := os.Readlink(filepath.Join(descriptors, one.Name()))
			return err == nil && to == p.path(file)
		})
	})
}

// awaitAside waits until a damaged file is kept aside.
func (p *program) awaitAside(file string) {
	p.t.Helper()
	eventually(p.t, 2*soon, file+" is kept aside", func() bool {
		kept, err := filepath.Glob(p.path(file + ".*.aside"))
		return err == nil && len(kept) == 1
	})
}

// A process that ends in the second after a file was taken away has fed what was
// taken away.
func TestWhatWasTakenAwayJustBeforeTheEndIsMadeUpForAtTheNextStart(t *testing.T) {
	t.Parallel()
	for _, file := range []string{journalFile, ledgerFile} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			env, sids := lived(t, file)
			p := spawn(t, env)
			sids = append(sids, p.awaitWritten().SID)
			p.settle()
			moveAway(t, p.path(file))
			sids = append(sids, p.awaitWritten().SID)
			p.end()
			p = spawn(t, env)
			p.settle()
			p.end()
			judgeStored(t, p.dir, sids)
			judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
		})
	}
}
