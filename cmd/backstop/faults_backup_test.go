package main

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// backup makes one, and returns its folder.
func backup(t *testing.T, env settings, args ...string) (folder string) {
	t.Helper()
	parent := t.TempDir()
	code, printed, complained := command(t, env, nil, append([]string{"backup", parent}, args...)...)
	if code != 0 || !strings.Contains(printed, "Backed up and verified") {
		t.Fatalf("ended with %d: %s%s", code, printed, complained)
	}
	all, err := backupsIn(parent)
	if err != nil || len(all) != 1 {
		t.Fatalf("%q, %v", all, err)
	}
	return filepath.Join(parent, all[0])
}

// restored puts a backup into a folder, and returns what was said.
func restored(t *testing.T, env settings, folder string) string {
	t.Helper()
	code, printed, complained := command(t, env, nil, "restore", folder)
	if code != 0 {
		t.Fatalf("ended with %d: %s%s", code, printed, complained)
	}
	return printed
}

func TestABackupUnderLoadHasWhateverWasWrittenBefore(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	l := p.callers(4)
	l.reached(t, 300)
	var before []string
	l.note(func() { before = append(before, l.written...) })
	folder := backup(t, env)
	l.reached(t, l.placed.Load()+50)
	l.stop(t)
	elsewhere := configured(t)
	restored(t, elsewhere, folder)
	again := spawn(t, elsewhere)
	before = append(before, again.awaitWritten().SID)
	again.settle()
	again.end()
	judgeStored(t, again.dir, before)
	judgeIntact(t, again.path(journalFile), again.path(ledgerFile))
}

func TestARestoreTakesThePlaceOfWhatIsThereAndTellsNobody(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	p := spawn(t, env)
	mails.hang()
	before := p.call(sim.Call{ErrorURL: "https://before.example.com/voice"}).SID
	p.settle()
	folder := backup(t, env)
	after := p.call(sim.Call{}).SID
	p.settle()

	code, _, complained := command(t, env, nil, "restore", folder)
	if code != exitFailed || !strings.Contains(complained, "stop it first") {
		t.Errorf("beside a Backstop that runs it ended with %d: %s", code, complained)
	}
	p.kill()
	mails.heal()
	said := restored(t, env, folder)
	if !strings.Contains(said, "is kept as") || strings.Contains(said, "Of its alerts 0 ") {
		t.Errorf("it says\n%s", said)
	}
	p = spawn(t, env)
	p.call(sim.Call{ErrorURL: "https://now.example.com/voice"})
	mails.await(t, 4*soon, "not helped", "now.example.com")
	p.settle()
	p.end()
	if mails.about("before.example.com") {
		t.Errorf("people were told of what was long ago: %q", mails.subjects())
	}
	counts := stored(t, p.dir)
	if counts[before] != 1 || counts[after] != 0 {
		t.Errorf("what was before the backup is there %d times, what came after it %d times", counts[before], counts[after])
	}
}

// Whatever was there may hold what no backup has.
func TestHoweverOftenOneRestoresWhatWasThereIsKept(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.awaitWritten()
	p.settle()
	folder := backup(t, env)
	p.end()
	const times = 4
	for range times {
		restored(t, env, folder)
	}
	for _, name := range []string{journalFile, ledgerFile} {
		if asides, err := store.Asides(filepath.Join(p.dir, name)); err != nil || len(asides) != times {
			t.Errorf("of %s %d are kept, %v", name, len(asides), err)
		}
	}
}

func TestABackupThatIsNotWholeIsRefused(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.awaitWritten()
	p.settle()
	p.end()
	for claim, c := range map[string]struct {
		harm func(t *testing.T, folder string)
		want string
	}{
		"without its description": {func(t *testing.T, folder string) {
			t.Helper()
			if err := os.Remove(filepath.Join(folder, backupDescribed)); err != nil {
				t.Fatal(err)
			}
		}, "name a folder that backstop backup has made"},
		"with a page that changed": {func(t *testing.T, folder string) {
			t.Helper()
			damageMiddle(t, filepath.Join(folder, backedUpLedger))
		}, "backstop.db is not what was backed up"},
		"of a newer form": {func(t *testing.T, folder string) {
			t.Helper()
			path := filepath.Join(folder, backupDescribed)
			write(t, path, strings.Replace(read(t, path), `"form": 1`, `"form": 2`, 1))
		}, "use the version that made it"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			folder := backup(t, env)
			c.harm(t, folder)
			elsewhere := configured(t)
			code, printed, complained := command(t, elsewhere, nil, "restore", folder)
			if code != exitFailed || !strings.Contains(complained, c.want) {
				t.Errorf("ended with %d: %s%s, want %q", code, printed, complained, c.want)
			}
			if _, err := os.Stat(filepath.Join(elsewhere["DATA_DIR"], ledgerFile)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("something is in its place: %v", err)
			}
		})
	}
}

func TestBackupsOfOneSecondEachHaveAName(t *testing.T) {
	t.Parallel()
	env, parent := configured(t), t.TempDir()
	p := spawn(t, env)
	p.settle()
	p.end()
	const several = 4
	var all sync.WaitGroup
	for range several {
		all.Go(func() {
			if code, printed, complained := command(t, env, nil, "backup", parent); code != 0 {
				t.Errorf("ended with %d: %s%s", code, printed, complained)
			}
		})
	}
	all.Wait()
	names, err := backupsIn(parent)
	if err != nil || len(names) != several {
		t.Fatalf("there are %q, want %d (%v)", names, several, err)
	}
	if left, err := filepath.Glob(filepath.Join(parent, ".*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q (%v)", left, err)
	}
	for _, name := range names {
		restored(t, env, filepath.Join(parent, name))
	}
}

func TestOldBackupsGoWhenANewOneIsVerified(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.awaitWritten()
	p.settle()
	parent := t.TempDir()
	for _, name := range []string{"backstop-20200101T000000Z", "backstop-20200102T000000Z", "mine"} {
		if err := os.Mkdir(filepath.Join(parent, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	stale := filepath.Join(parent, ".backstop-20200101T000000Z.partial")
	long := time.Now().Add(-48 * time.Hour)
	if err := errors.Join(os.Mkdir(stale, 0o700), os.Chtimes(stale, long, long)); err != nil {
		t.Fatal(err)
	}
	code, printed, complained := command(t, env, nil, "backup", parent, "--keep", "2")
	if code != 0 || !strings.Contains(printed, "Removed "+filepath.Join(parent, "backstop-20200101T000000Z")) {
		t.Fatalf("ended with %d: %s%s", code, printed, complained)
	}
	left, err := os.ReadDir(parent)
	if err != nil || len(left) != 3 {
		t.Errorf("%v, %v are left", left, err)
	}
}

// other is another command as a process of its own, which can be killed.
func other(t *testing.T, env settings, shell string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.Command("/bin/sh", append([]string{"-c", shell + ` exec "$0" "$@"`, os.Args[0]}, args...)...)
	c.Env = append(c.Env, asProgram+"=1", endsAtOnce, "PATH="+os.Getenv("PATH"), "HOME="+t.TempDir())
	for name, value := range env {
		c.Env = append(c.Env, name+"="+value)
	}
	return c
}

// killed starts it and kills it after a while, if it has not ended by then.
func killed(t *testing.T, c *exec.Cmd, after time.Duration) {
	t.Helper()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
	defer timer.Stop()
	_ = c.Wait() // killed or not
}

func TestWhateverKillsABackupOrARestoreItIsWholeOrNone(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	var sids []string
	for range 20 {
		sids = append(sids, p.awaitWritten().SID)
	}
	p.settle()
	parent, elsewhere := t.TempDir(), configured(t)
	kills := long(t, 10, 300)
	whole := backup(t, env)
	for n := range kills {
		after := time.Duration(n) * 400 * time.Millisecond / time.Duration(kills)
		killed(t, other(t, env, "", "backup", parent), after)
		killed(t, other(t, elsewhere, "", "restore", whole), after)
		all, err := backupsIn(parent)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range all {
			if _, err := (restoreCommand{Backup: filepath.Join(parent, name)}).read(); err != nil {
				t.Fatalf("killed after %s: %v", after, err)
			}
		}
	}
	restored(t, elsewhere, whole)
	p.end()
	again := spawn(t, elsewhere)
	again.settle()
	again.end()
	judgeStored(t, again.dir, sids)
	count(t, "%d kills of each, all that is there is whole", kills)
}

func TestABackupThatFindsNoRoomSaysSoAndLeavesNothing(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.awaitWritten()
	p.settle()
	p.end()
	parent := t.TempDir()
	said, err := other(t, env, "ulimit -f 16;", "backup", parent).CombinedOutput()
	if err == nil || !strings.Contains(string(said), "backup: copy") {
		t.Errorf("it ended with %v and said %s", err, said)
	}
	if left, err := os.ReadDir(parent); err != nil || len(left) > 0 {
		t.Errorf("%v, %v are left", left, err)
	}
}
