package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

const ledgerFile, journalFile = "backstop.db", "journal.db"

func TestALockedLedgerIsToldAtOnceAndFedWhenItIsFree(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := spawn(t, configured(t).with(mails.settings()))
	p.settle()
	mails.await(t, 2*soon, "1 ", "not helped", "primary.example.com")
	release := locked(t, p.path(ledgerFile))
	var sids []string
	for range 3 {
		sids = append(sids, p.call(sim.Call{From: "+14158675398", ErrorURL: "https://other.example.com/voice"}).SID)
	}
	mail := mails.await(t, soon, "1 caller not helped", unavailable, "other.example.com")
	if !strings.Contains(mail.text, "Calls and messages are answered") {
		t.Errorf("the mail does not say that callers are answered:\n%s", mail.text)
	}
	who := p.visitor()
	if health := who.get("/healthz"); health.status != 200 || !strings.Contains(health.source, "history") {
		t.Errorf("health says %d %s", health.status, health.source)
	}
	sids = append(sids, p.awaitWritten().SID)
	release()
	p.settle()
	mails.await(t, 8*soon, "not helped", "other.example.com")
	eventually(t, 2*soon, "health is good again", func() bool {
		return strings.Contains(who.get("/healthz").source, `"degraded":[]`)
	})
	p.end()
	judgeStored(t, p.dir, sids)
}

// damage is something that happens to the ledger's files.
type damage struct {
	claim string
	do    func(t *testing.T, path string)
	aside bool // the old file is kept beside
	late  bool // it may take a start until it is noticed
	told  string
}

func damages() []damage {
	return []damage{
		{"deleted", deleteDatabase, false, false, "The error history was removed"},
		{"overwritten with garbage", overwriteWithGarbage, true, false, "The error history was damaged"},
		{"garbage but for its header", overwriteBehindHeader, true, true, "The error history was damaged"},
		{"empty", func(t *testing.T, path string) {
			t.Helper()
			deleteDatabase(t, path)
			write(t, path, "")
		}, false, false, "The error history was removed"},
	}
}

func deleteDatabase(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		_ = os.Remove(path + suffix) // where there is one
	}
}

func garbage(n int) []byte { return bytes.Repeat([]byte("no database\x00\xff\n"), n/14+1)[:n] }

func overwriteWithGarbage(t *testing.T, path string) {
	t.Helper()
	overwrite(t, path, 0)
}

func overwriteBehindHeader(t *testing.T, path string) {
	t.Helper()
	overwrite(t, path, 4096)
}

// overwrite puts garbage over a file from an offset on, and over its WAL.
func overwrite(t *testing.T, path string, from int64) {
	t.Helper()
	for _, name := range []string{path, path + "-wal"} {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue // no WAL
		}
		info, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(garbage(int(info.Size())), from); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestALedgerThatIsLostWhileRunningIsFedAnew(t *testing.T) {
	t.Parallel()
	for _, d := range damages() {
		t.Run(d.claim, func(t *testing.T) {
			t.Parallel()
			mails := newMailServer(t)
			env := configured(t).with(mails.settings())
			p := spawn(t, env)
			var sids []string
			for range 5 {
				sids = append(sids, p.call(sim.Call{}).SID)
			}
			p.settle()
			l := p.callers(2)
			l.reached(t, 20)
			d.do(t, p.path(ledgerFile))
			l.reached(t, 100)
			l.stop(t)
			if d.late && !patiently(2*soon, func() bool { return mails.about(d.told) }) {
				p.end() // what is in memory may hide it until the next start
				p = spawn(t, env)
			}
			mails.await(t, 4*soon, d.told)
			sids = append(sids, p.call(sim.Call{}).SID)
			p.settle()
			p.end()
			judgeStored(t, p.dir, append(sids, l.written...))
			judgeAside(t, p.dir, d.aside)
		})
	}
}

// Connections that are open go on failing then, although nothing is wrong with
// the file: it is opened again, which is enough.
func TestALedgerWhoseWALWasCutIsOpenedAgain(t *testing.T) {
	t.Parallel()
	p := spawn(t, configured(t))
	l := p.callers(2)
	l.reached(t, 50)
	if err := os.Truncate(p.path(ledgerFile)+"-wal", 0); err != nil {
		t.Fatal(err)
	}
	l.reached(t, 200)
	l.stop(t)
	p.settle()
	eventually(t, soon, "health is good again", func() bool {
		return strings.Contains(p.visitor().get("/healthz").source, `"degraded":[]`)
	})
	p.end()
	judgeStored(t, p.dir, l.written)
}

func TestALedgerThatWasLostBeforeTheStartIsFedAnew(t *testing.T) {
	t.Parallel()
	for _, d := range damages() {
		t.Run(d.claim, func(t *testing.T) {
			t.Parallel()
			mails := newMailServer(t)
			env := configured(t).with(mails.settings())
			p := spawn(t, env)
			sids := []string{p.call(sim.Call{}).SID, p.call(sim.Call{}).SID}
			p.settle()
			p.end()
			d.do(t, p.path(ledgerFile))
			again := spawn(t, env)
			sids = append(sids, again.call(sim.Call{}).SID)
			again.settle()
			if d.aside {
				mails.await(t, 2*soon, d.told)
			}
			again.end()
			judgeStored(t, p.dir, sids)
			judgeAside(t, p.dir, d.aside)
		})
	}
}

// judgeAside says whether a damaged ledger is kept, as it should be.
func judgeAside(t *testing.T, dir string, want bool) {
	t.Helper()
	kept, err := filepath.Glob(filepath.Join(dir, ledgerFile+".*.aside"))
	if err != nil {
		t.Fatal(err)
	}
	if (len(kept) == 1) != want || len(kept) > 1 {
		t.Errorf("kept aside: %q, want one: %v", kept, want)
	}
}

func TestALedgerOfANewerVersionIsNeitherWrittenNorMoved(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	p := spawn(t, env)
	p.settle()
	p.end()
	version := ledgerVersion(t, p.path(ledgerFile))
	pragma(t, p.path(ledgerFile), "user_version", 99)
	before := read(t, p.path(ledgerFile))

	p = spawn(t, env)
	eventually(t, 2*soon, "it is found that the ledger is newer", func() bool { return len(p.logLines("ledger not available")) > 0 })
	sids := []string{p.call(sim.Call{}).SID, p.awaitWritten().SID}
	mail := mails.await(t, 2*soon, "not helped", unavailable)
	if !strings.Contains(mail.text, "newer version") {
		t.Errorf("the mail does not say why:\n%s", mail.text)
	}
	p.person().await(soon, "/history", "unavailable")
	if after := read(t, p.path(ledgerFile)); after != before {
		t.Error("the newer ledger was changed")
	}
	judgeAside(t, p.dir, false)
	pragma(t, p.path(ledgerFile), "user_version", version)
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
}

func TestALedgerThatBecomesNewerWhileRunningIsLeftAlone(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	p := spawn(t, configured(t).with(mails.settings()))
	p.person().await(4*soon, "/incidents", "No incident") // the ledger is open
	version := ledgerVersion(t, p.path(ledgerFile))
	pragma(t, p.path(ledgerFile), "user_version", 99)
	sids := []string{p.call(sim.Call{}).SID, p.call(sim.Call{}).SID}
	mail := mails.await(t, 2*soon, "not helped", unavailable)
	if !strings.Contains(mail.text, "newer version") {
		t.Errorf("the mail does not say why:\n%s", mail.text)
	}
	pragma(t, p.path(ledgerFile), "user_version", version)
	p.settle()
	p.end()
	judgeStored(t, p.dir, sids)
}
