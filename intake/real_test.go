package intake_test

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	_ "github.com/mattn/go-sqlite3" // to look into the ledger

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
)

// realRig is the pipeline over real files.
type realRig struct {
	*rig
	path   string
	ledger *store.Ledger
}

// newRealRig opens a ledger in dir; the journal there is opened by the
// recorder.
func newRealRig(t *testing.T, dir string) *realRig {
	t.Helper()
	r := &realRig{rig: newRig(), path: filepath.Join(dir, "backstop.db")}
	var err error
	r.ledger, err = store.OpenLedger(context.Background(), r.path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	r.recorder = intake.NewRecorder(intake.RecorderOptions{
		Open: func(context.Context) (intake.Journal, error) {
			return store.OpenJournal(filepath.Join(dir, "journal.db"), store.JournalOptions{})
		},
		Room:     func(int64) error { return nil },
		MaxBytes: 1 << 30, Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Written: func() { r.feeder.Wake() }, Overflow: func(bool) {}, Trouble: func(error) {}, Lost: func(error) {},
	})
	r.feeder = intake.NewFeeder(intake.FeederOptions{
		Journal: r.recorder.Journal, Ledger: func() (intake.Ledger, error) { return r.ledger, nil },
		Fed: r.recorder.Fed, Written: r.recorder.Stats.Written.Load, Alerts: func() {}, Tell: func(incident.Alert) {},
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	}, r.sentinel)
	return r
}

func (r *realRig) halt() {
	r.rig.halt()
	_ = r.ledger.Close()
}

func (r *realRig) count(t *testing.T, table string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+r.path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(context.Background(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// fillJournal writes a journal of so many rows, without feeding them.
func fillJournal(t *testing.T, dir string, rows int) {
	t.Helper()
	r := newRealRig(t, dir)
	ctx, stop := context.WithCancel(context.Background())
	r.done.Go(func() { _ = r.recorder.Run(ctx) })
	for i := range rows {
		noise := make([]byte, 15_000)
		_, _ = rand.Read(noise)
		e := entry(i, 0)
		e.Failure.Params = append(e.Failure.Params, incident.Param{Name: "Noise", Value: hex.EncodeToString(noise)})
		if done, _ := r.recorder.Record(e); done != nil {
			<-done
		}
	}
	stop()
	r.done.Wait()
	if err := r.ledger.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestADamagedPageOfTheJournalDoesNotStopFeeding(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		fillJournal(t, dir, 40)
		f, err := os.OpenFile(filepath.Join(dir, "journal.db"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		at, err := f.Stat()
		if err != nil {
			t.Fatal(err)
		}
		damage := make([]byte, 48<<10)
		for i := range damage {
			damage[i] = 0xa5
		}
		if _, err := f.WriteAt(damage, at.Size()/2/(16<<10)*(16<<10)); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r := newRealRig(t, dir)
		r.start()
		defer r.halt()
		pass(20 * time.Second)
		if got := r.feeder.Stats.SetAside.Load(); got == 0 || got != int64(r.count(t, "set_aside")) {
			t.Errorf("%d set aside, %d kept in the table: want what could not be read, once", got, r.count(t, "set_aside"))
		}
		if got := r.count(t, "failures"); got < 30 || got >= 40 {
			t.Errorf("the ledger has %d failures, want nearly all of 40", got)
		}
		if since, why := r.sentinel.Away(); !since.IsZero() {
			t.Errorf("still away: %s", why)
		}
	})
}
