package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"testing"

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
			t.Skipf("NOT TESTED HERE: chattr %s: %v: %s", how, err, said)
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
				env, sids := lived(t, file)
				heal := c.do(t, env["DATA_DIR"]+"/"+file)
				p := spawn(t, env)
				goOnIn(t, p, sids, heal, c.scars)
			})
			t.Run(file+" is "+c.claim+" while it runs", func(t *testing.T) {
				t.Parallel()
				env, sids := lived(t, file)
				p := spawn(t, env)
				sids = append(sids, p.awaitWritten().SID)
				p.settle()
				goOnIn(t, p, sids, c.do(t, p.path(file)), c.scars)
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
// all of them are in the history, at the next start at the latest: a process that
// ends in the second after a file was taken away has fed what was taken away.
func goOnIn(t *testing.T, p *program, sids []string, heal func(), scars bool) {
	t.Helper()
	for range 5 {
		sids = append(sids, p.call(sim.Call{}).SID)
	}
	heal()
	sids = append(sids, p.awaitWritten().SID)
	p.settle()
	p.end()
	p = spawn(t, p.env)
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
	if !scars {
		judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
	}
}
