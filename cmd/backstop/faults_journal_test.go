package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

func TestAJournalDeletedUnderLoadLosesNothing(t *testing.T) {
	t.Parallel()
	for _, claim := range []string{"while the ledger is fed", "while the ledger is locked"} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			mails := newMailServer(t)
			p := spawn(t, configured(t).with(mails.settings()))
			p.settle()
			release := func() {}
			if strings.Contains(claim, "locked") {
				release = locked(t, p.path(ledgerFile))
			}
			l := p.callers(3)
			l.reached(t, 60)
			deleteDatabase(t, p.path(journalFile))
			eventually(t, 2*soon, "a new journal is there", func() bool { _, err := os.Stat(p.path(journalFile)); return err == nil })
			l.reached(t, l.placed.Load()+30)
			l.stop(t)
			release()
			mails.await(t, 8*soon, "Failures cannot be written down")
			p.settle()
			eventually(t, soon, "health is good again", func() bool {
				return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
			})
			p.end()
			judgeStored(t, p.dir, l.written)
		})
	}
}

func TestADamagedJournalIsKeptAsideAtTheStart(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	p := spawn(t, env)
	sids := []string{p.call(sim.Call{}).SID}
	p.settle()
	p.end()
	overwriteWithGarbage(t, p.path(journalFile))
	p = spawn(t, env)
	sids = append(sids, p.awaitWritten().SID)
	mails.await(t, 2*soon, "The journal was damaged")
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
	if kept, err := filepath.Glob(p.path(journalFile + ".*.aside")); err != nil || len(kept) != 1 {
		t.Errorf("kept aside: %q (%v), want one", kept, err)
	}
}

func TestAJournalDamagedWhileRunningIsReplaced(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := spawn(t, configured(t).with(mails.settings()))
	sids := []string{p.call(sim.Call{}).SID}
	p.settle()
	overwriteWithGarbage(t, p.path(journalFile))
	sids = append(sids, p.call(sim.Call{}).SID)
	mails.await(t, 2*soon, "ailures cannot be written down")
	p.awaitAside(journalFile)
	sids = append(sids, p.awaitWritten().SID)
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
}

func TestWithoutADataFolderCallersAreAnsweredAndPeopleAreTold(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	inTheWay := env["DATA_DIR"]
	env["DATA_DIR"] = filepath.Join(inTheWay, "data")
	write(t, inTheWay, "a file where a folder should be")
	p := spawn(t, env)
	result := p.call(sim.Call{})
	if !strings.HasSuffix(result.First().Failure(), "; written=no") {
		t.Errorf("X-Backstop-Failure: got %q, want written=no", result.First().Failure())
	}
	mails.await(t, 2*soon, "1 caller not helped, not written down")
	mails.await(t, 2*soon, "Failures cannot be written down")
	eventually(t, 2*soon, "health names all that is degraded", func() bool {
		health := p.visitor().get("/healthz")
		return health.status == 200 && hasAll(health.source, []string{"data folder", "journal", "history"})
	})

	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	eventually(t, 4*soon, "it heals by itself", func() bool {
		return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
	})
	again := p.awaitWritten()
	mails.await(t, 4*soon, "not helped", "primary.example.com")
	p.settle() // a drill, with the key that the folder has now
	p.person() // with the password that was generated now
	p.end()
	judgeStored(t, p.dir, []string{result.SID, again.SID})
}

func TestOfTwoWithoutADataFolderOneFeedsWhenItIsThere(t *testing.T) {
	t.Parallel()
	env := configured(t)
	inTheWay := env["DATA_DIR"]
	env["DATA_DIR"] = filepath.Join(inTheWay, "data")
	write(t, inTheWay, "a file where a folder should be")
	both := []*program{spawn(t, env), spawn(t, env)}
	var sids []string
	for _, p := range both {
		sids = append(sids, p.call(sim.Call{}).SID)
	}
	if err := os.Remove(inTheWay); err != nil {
		t.Fatal(err)
	}
	for _, p := range both {
		eventually(t, 4*soon, "it heals by itself", func() bool {
			return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
		})
		sids = append(sids, p.awaitWritten().SID)
	}
	eventually(t, soon, "one of them stands back", func() bool { return both[0].stoodBack() || both[1].stoodBack() })
	if both[0].stoodBack() == both[1].stoodBack() {
		t.Error("both stand back: nobody feeds")
	}
	p := spawn(t, env) // with the folder's keys, which one of them lacks
	p.settle()
	for _, p := range append(both, p) {
		p.end()
	}
	judgeStored(t, p.dir, sids)
}

// stoodBack says whether it has found that its folder is another process's.
func (p *program) stoodBack() bool {
	return len(p.logLines("another process has this data folder: it feeds the history and sends the alerts until it ends")) > 0
}

func TestAFolderWhoseDiskIsGoneIsLeftAsItIs(t *testing.T) {
	t.Parallel()
	for claim, copied := range map[string][]string{"empty": nil, "a copy from before the disk was there": {drillKeyFile}} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			p := spawn(t, configured(t))
			sids := []string{p.call(sim.Call{}).SID}
			p.settle()
			away := p.dir + ".mounted elsewhere"
			if err := errors.Join(os.Rename(p.dir, away), os.Mkdir(p.dir, 0o700)); err != nil {
				t.Fatal(err)
			}
			for _, file := range copied {
				write(t, p.path(file), read(t, filepath.Join(away, file)))
			}
			eventually(t, 2*soon, "it notices", func() bool {
				return strings.Contains(p.visitor().get("/healthz").source, "journal")
			})
			sids = append(sids, p.call(sim.Call{}).SID)
			if left, err := os.ReadDir(p.dir); err != nil || len(left) != len(copied) {
				t.Errorf("it made %v in the folder (%v)", left, err)
			}
			if err := errors.Join(os.RemoveAll(p.dir), os.Rename(away, p.dir)); err != nil {
				t.Fatal(err)
			}
			eventually(t, 4*soon, "it goes on when the disk is back", func() bool {
				return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
			})
			second := spawn(t, p.env)
			eventually(t, 2*soon, "the folder is the first one's again", func() bool { return second.stoodBack() })
			p.settle()
			p.end()
			judgeStored(t, p.dir, sids)
		})
	}
}

// New rows have the numbers then that those had which are no longer there, and the
// ledger, which is away, cannot say up to which it was fed.
func TestAnOlderJournalThatGoesBeyondWhatWasFedLosesNothing(t *testing.T) {
	t.Parallel()
	env, sids := lived(t, journalFile)
	path := env["DATA_DIR"] + "/" + journalFile
	putBack(t, path)
	release := locked(t, env["DATA_DIR"]+"/"+ledgerFile)
	p := spawn(t, env)
	for range 20 {
		sids = append(sids, p.awaitWritten().SID)
	}
	release()
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
}
