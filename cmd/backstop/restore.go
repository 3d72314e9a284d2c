package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
)

type restoreCommand struct {
	Backup string `arg:"" help:"The folder that backstop backup has made." placeholder:"BACKUP"`
}

// Run puts a backup in the place of what is in DATA_DIR, which is kept aside. No
// Backstop may run there. Whatever stops it, it can be run again.
func (r restoreCommand) Run(ctx context.Context, w *world, c *cli) (err error) {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	d, err := r.read()
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	data := folder{path: cfg.DataDir}
	if err := data.check(); err != nil {
		return err
	}
	var lock folderLock
	if err := lock.try(cfg.DataDir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if !lock.alone() {
		return fmt.Errorf("restore: a Backstop runs on %s: stop it first, callers are answered by it until then", cfg.DataDir)
	}
	left, _ := filepath.Glob(filepath.Join(cfg.DataDir, stagedPrefix+"*")) // of one that was killed; the pattern is a good one
	for _, path := range left {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("restore: %w", err)
		}
	}
	staged, err := os.MkdirTemp(cfg.DataDir, stagedPrefix) // on the same disk, to be renamed
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(staged)) }()
	who, err := r.erasures(cfg.DataDir)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	made, err := r.prepare(ctx, staged, cfg, who)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	now := time.Now()
	for _, one := range []struct{ from, to string }{
		{filepath.Join(staged, backedUpLedger), cfg.Ledger},
		{filepath.Join(staged, backedUpJournal), filepath.Join(cfg.DataDir, journalName)},
	} {
		aside, err := replace(one.from, one.to, now)
		if err != nil {
			return fmt.Errorf("restore: %w: run it again", err)
		}
		if aside != "" {
			if err := w.say("What was there is kept as %s, with what callers said of themselves: remove it when all is well. backstop erase reaches it, too.\n", aside); err != nil {
				return err
			}
		}
	}
	brought, err := r.secrets(cfg.DataDir)
	if err != nil {
		return fmt.Errorf("restore: %w: run it again", err)
	}
	if err := w.say("Restored from %s: %d failures in %d incidents.\nOf its alerts %d had not been sent: they are shown as given up, and nobody is told. Links and buttons of messages sent before do nothing any more.\n",
		d.MadeAt.Format(time.RFC3339), d.Contents.Failures, d.Contents.Incidents, made.undelivered); err != nil {
		return err
	}
	return w.say("%sKeys and password: %s\nNow start Backstop.\n", made.sayErased(who), brought)
}

const stagedPrefix = ".restore-"

// read verifies the backup, byte for byte.
func (r restoreCommand) read() (d description, err error) {
	raw, err := os.ReadFile(filepath.Join(r.Backup, backupDescribed))
	if err != nil {
		return d, fmt.Errorf("%w: name a folder that backstop backup has made", err)
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		return d, fmt.Errorf("%s: %w: the backup is damaged, take another", backupDescribed, err)
	}
	if d.Form != backupForm {
		return d, fmt.Errorf("the backup has form %d and this program knows %d: use the version that made it, %s, or a newer one", d.Form, backupForm, d.Version)
	}
	for name, want := range d.SHA256 {
		got, err := digest(filepath.Join(r.Backup, filepath.Base(name)))
		if err != nil {
			return d, err
		}
		if got != want {
			return d, fmt.Errorf("%s is not what was backed up: the backup is damaged, take another", name)
		}
	}
	return d, nil
}

// erasures are who was erased, as the data folder knows it or the backup, which
// both know from now on.
func (r restoreCommand) erasures(dir string) (history.People, error) {
	theirs, err := readErasures(r.Backup)
	if err != nil {
		return history.People{}, err
	}
	here, err := readErasures(dir)
	if err != nil || len(theirs.until) == 0 {
		return here.people(), err
	}
	if err := changeErasures(dir, func(e erasures) erasures { return e.and(theirs) }); err != nil {
		return history.People{}, err
	}
	return here.and(theirs).people(), nil
}

// prepared says what prepare has made.
type prepared struct {
	undelivered int64
	erased      store.PeopleErased
	aged        int   // failures without personal data, because of their age
	clock       error // it is not trusted, so that nothing was erased because of its age
}

func (p *prepared) sayErased(who history.People) string {
	var said string
	if !who.Nobody() {
		said = fmt.Sprintf("Erased again, of whoever was erased since: %s. Recordings at Twilio were deleted then.\n", templates.Plural(p.erased.Failures, "failure", "failures"))
	}
	if p.aged > 0 {
		said += fmt.Sprintf("Older than retention.personal_days, and without personal data now: %s.\n", templates.Plural(int64(p.aged), "failure", "failures"))
	}
	if p.clock != nil {
		said += fmt.Sprintf("Nothing was erased because of its age: %v. Set this machine's clock; Backstop does it then.\n", p.clock)
	}
	return said
}

// prepare makes the databases that go on from the backup: who was erased is erased
// again, what its journal has and its ledger had not yet is fed, time passes for
// its incidents, and of all that nobody is told.
func (r restoreCommand) prepare(ctx context.Context, staged string, cfg config.Config, who history.People) (p prepared, err error) {
	journalPath, ledgerPath := filepath.Join(staged, backedUpJournal), filepath.Join(staged, backedUpLedger)
	for name, path := range map[string]string{backedUpJournal: journalPath, backedUpLedger: ledgerPath} {
		if err := copyFile(filepath.Join(r.Backup, name), path); err != nil {
			return p, err
		}
	}
	if _, err := store.Verify(ctx, journalPath, ledgerPath); err != nil {
		return p, err
	}
	journal := journalErased{who: who, failures: map[incident.ID]bool{}}
	if !who.Nobody() {
		if err := journal.erase(ctx, journalPath); err != nil {
			return p, err
		}
	}
	if err := p.ledger(ctx, journalPath, ledgerPath, cfg, who); err != nil || who.Nobody() {
		return p, err
	}
	for _, id := range p.erased.IDs {
		journal.failures[id] = true
	}
	return p, journal.erase(ctx, journalPath)
}

// ledger makes the ledger that goes on.
func (p *prepared) ledger(ctx context.Context, journalPath, ledgerPath string, cfg config.Config, who history.People) (err error) {
	journal, err := store.OpenJournal(journalPath, store.JournalOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, journal.Close()) }()
	ledger, err := store.OpenLedger(ctx, ledgerPath, store.LedgerOptions{Policy: incident.DefaultPolicy(), Built: builtAt()})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	if err := feedWhole(ctx, journal, ledger); err != nil {
		return err
	}
	now := time.Now()
	for next := time.Unix(1, 0); !next.IsZero() && !next.After(now); {
		if next, _, err = ledger.Tick(ctx, now); err != nil {
			return err
		}
	}
	if err := p.erase(ctx, ledger, cfg, who, now); err != nil {
		return err
	}
	p.undelivered, err = ledger.Restored(ctx)
	return err
}

// erase erases from a restored ledger whoever was erased, and what is too old to
// tell who it was.
func (p *prepared) erase(ctx context.Context, ledger *store.Ledger, cfg config.Config, who history.People, now time.Time) (err error) {
	if !who.Nobody() {
		if p.erased, err = ledger.ErasePeople(ctx, who); err != nil {
			return err
		}
		gone := make([]string, 0, len(p.erased.Recordings))
		for _, r := range p.erased.Recordings {
			gone = append(gone, r.SID)
		}
		if err := ledger.ForgetRecordings(ctx, gone...); err != nil {
			return err
		}
	}
	if p.clock = ledger.TrustClock(ctx, now); p.clock != nil {
		return nil
	}
	personal := store.Retention{PersonalDays: cfg.Retention.PersonalDays}
	for more := true; more; {
		done, err := ledger.Retain(ctx, now, personal)
		if err != nil {
			return err
		}
		p.aged += done.Erased
		more = done.More
	}
	return nil
}

// feedWhole feeds a ledger with all that a journal has. A policy without
// notifiers has nobody told.
func feedWhole(ctx context.Context, journal *store.Journal, ledger *store.Ledger) (err error) {
	nobody := func(incident.Alert) {}
	quiet := slog.New(slog.DiscardHandler)
	f := intake.NewFeeder(intake.FeederOptions{
		Journal: func() intake.Journal { return journal }, Ledger: func() (intake.Ledger, error) { return ledger, nil },
		Fed: func(incident.Cursor) {}, Written: func() int64 { return 0 }, Alerts: func() {}, Tell: nobody, Now: time.Now, Log: quiet,
	}, intake.NewSentinel(nobody, nobody, time.Now, quiet))
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	defer func() { stop(); err = errors.Join(err, <-ended) }()
	f.Wake()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now := <-look.C:
			if until, ok := f.Until(now); ok && until.Equal(now) {
				return nil
			}
			if n := f.Stats.Errors.Load(); n > feedTries {
				return fmt.Errorf("the journal of the backup could not be fed in %d tries: is the disk of DATA_DIR full?", n)
			}
		}
	}
}

const feedTries = 20

// replace moves a database aside, where there is one, and another into its place.
func replace(from, to string, now time.Time) (aside string, err error) {
	if _, err := os.Stat(to); err == nil {
		if aside, err = store.MoveAside(to, now); err != nil {
			return "", err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := errors.Join(syncFile(from), os.Rename(from, to)); err != nil {
		return aside, err
	}
	return aside, syncFolder(filepath.Dir(to))
}

// secrets brings those that are not there: what is there is newer.
func (r restoreCommand) secrets(dir string) (said string, err error) {
	brought := 0
	for _, name := range backedUpSecrets() {
		err := copyFile(filepath.Join(r.Backup, name), filepath.Join(dir, name))
		switch {
		case err == nil:
			brought++
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist):
			return "", err
		}
	}
	if brought == 0 {
		return "those that are in DATA_DIR.", syncFolder(dir)
	}
	return fmt.Sprintf("%d from the backup, the others that were in DATA_DIR.", brought), syncFolder(dir)
}
