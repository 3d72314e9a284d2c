package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestWhoWasErasedStaysSoAfterARestore(t *testing.T) {
	t.Parallel()
	api := newTwilioWithRecordings(t)
	env := withPeople(t, configured(t), api.URL)
	p := spawn(t, env)
	theirs, others := livesOfTwo(t, p)
	before := backup(t, env)
	if len(traces(t, before, erasedNumber)) == 0 {
		t.Fatal("the backup has nothing of them: this test looks in the wrong place")
	}
	erase(t, env, erasedNumber)
	later := p.call(sim.Call{From: erasedNumber}).SID // what they leave anew is theirs
	p.settle()
	after := backup(t, env)
	p.end()
	if known := read(t, p.path(erasuresFile)); strings.Contains(known, erasedNumber[1:]) || strings.Count(known, "\n") != 1 {
		t.Errorf("it is remembered as %q", known)
	}

	said := restored(t, env, before)
	if !strings.Contains(said, "Erased again, of whoever was erased since: 6 failures") || !strings.Contains(said, "backstop erase reaches it, too") {
		t.Errorf("it says\n%s", said)
	}
	asides, err := store.Asides(p.path(ledgerFile))
	if err != nil || len(asides) != 1 {
		t.Fatal(asides, err)
	}
	for _, name := range append(asides, asides[0]+"-wal", p.path(journalFile)+strings.TrimPrefix(asides[0], p.path(ledgerFile))) {
		_ = os.Remove(name) // it has what they left later
	}
	judgeErased(t, p.dir, theirs, others)

	elsewhere := withPeople(t, configured(t), api.URL)
	restored(t, elsewhere, after) // which knows who was erased
	if d := detailsOf(t, elsewhere["DATA_DIR"])[later]; d.Erased || d.From != erasedNumber {
		t.Errorf("of what they left later there is %+v", d)
	}
	restored(t, elsewhere, before)
	asides, err = store.Asides(filepath.Join(elsewhere["DATA_DIR"], ledgerFile))
	if err != nil || len(asides) != 1 {
		t.Fatal(asides, err)
	}
	erase(t, elsewhere, erasedNumber)
	judgeErased(t, elsewhere["DATA_DIR"], theirs, others)
}

func TestARestoreErasesWhatIsTooOldToTellWhoItWas(t *testing.T) {
	t.Parallel()
	env := configured(t).withFile(t, "retention: {days: 400, personal_days: 30}")
	dir := env["DATA_DIR"]
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	j, err := store.OpenJournal(filepath.Join(dir, journalFile), store.JournalOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var batch incident.Batch
	for n, age := range []time.Duration{60 * 24 * time.Hour, 20 * 24 * time.Hour} {
		f := incident.NewFailure(time.Now().Add(-age), "POST", []incident.Param{
			{Name: "CallSid", Value: sim.NewSID("CA")}, {Name: "From", Value: []string{erasedNumber, stays}[n]}, {Name: "ErrorCode", Value: "11200"},
		})
		batch.Entries = append(batch.Entries, incident.Fed{Entry: incident.Entry{Failure: f}, JournalAt: f.ReceivedAt})
	}
	if _, err := l.Feed(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	for _, close := range []func() error{l.Close, j.Close} {
		if err := close(); err != nil {
			t.Fatal(err)
		}
	}
	folder, elsewhere := backup(t, env), env.with(settings{"DATA_DIR": filepath.Join(t.TempDir(), "data")})
	if said := restored(t, elsewhere, folder); !strings.Contains(said, "without personal data now: 1 failure") {
		t.Errorf("it says\n%s", said)
	}
	if left := traces(t, elsewhere["DATA_DIR"], erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
	if left := traces(t, elsewhere["DATA_DIR"], stays); len(left) == 0 {
		t.Error("what is younger is gone too")
	}
}

func TestTheBackupUnitOfSystemdMakesABackup(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.awaitWritten()
	p.settle()
	unit := read(t, "../../deploy/backstop-backup.service")
	line := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/backstop (.*)$`).FindStringSubmatch(unit)
	if line == nil {
		t.Fatal("it starts nothing")
	}
	folder, parent := "/var/backups/backstop", t.TempDir()
	if !strings.Contains(unit, "\nReadWritePaths="+folder+"\n") {
		t.Errorf("it may not write to %s", folder)
	}
	if code, printed, complained := command(t, env, nil, strings.Fields(strings.ReplaceAll(line[1], folder, parent))...); code != 0 {
		t.Errorf("it ended with %d: %s%s", code, printed, complained)
	}
	if all, err := backupsIn(parent); err != nil || len(all) != 1 {
		t.Errorf("it made %q, %v", all, err)
	}
}
