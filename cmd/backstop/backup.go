package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/store"
)

type backupCommand struct {
	Folder string `arg:"" help:"A folder that is there already, best on another disk: the backup is a new folder in it." placeholder:"FOLDER"`
	Keep   int    `help:"Remove all backups there but the newest N, once this one is verified; 0 keeps all." placeholder:"N"`
}

// The files of a backup. What is kept beside the databases are secrets, so that
// another machine goes on with the same ones.
const (
	backedUpJournal  = journalName
	backedUpLedger   = "backstop.db"
	backupDescribed  = "backup.json"
	backupForm       = 1
	backupNameLayout = "20060102T150405Z"
)

func backedUpSecrets() []string {
	return []string{drillKeyFile, actKeyFile, followUpFile, apiTokenFile, adminHashFile, passwordFile, lastGoodFile, erasuresKeyFile, erasuresFile}
}

// description is what a backup says of itself. It is written last.
type description struct {
	Form     int               `json:"form"`
	MadeAt   time.Time         `json:"made_at"`
	Version  string            `json:"version"` // of the program
	Contents store.Contents    `json:"contents"`
	SHA256   map[string]string `json:"sha256"` // of each file
}

// Run makes a backup while Backstop runs, or while it does not. A folder of its
// name is a whole, verified one: before that it has another name.
func (b backupCommand) Run(ctx context.Context, w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	return behind(ctx, w, func(ctx context.Context) error { return b.make(ctx, w, cfg) })
}

// behind runs work where answers of another process have the processor first.
func behind(ctx context.Context, w *world, work func(context.Context) error) error {
	done := make(chan error, 1)
	lower := yielding(slog.New(slog.NewTextHandler(w.stderr, nil)), work)
	go func() { done <- lower(context.WithoutCancel(ctx)) }()
	return <-done
}

func (b backupCommand) make(ctx context.Context, w *world, cfg config.Config) (err error) {
	began := time.Now()
	if err := roomFor(b.Folder, cfg); err != nil {
		return err
	}
	removeLeftovers(b.Folder, began)
	to, partial, err := b.begin(began)
	if err != nil {
		return fmt.Errorf("backup: %w: name a folder that this user may write to", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	d := description{Form: backupForm, MadeAt: began.UTC(), Version: versionName(), SHA256: map[string]string{}}
	if err := d.fill(ctx, cfg, partial); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := os.Rename(partial, to); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := syncFolder(b.Folder); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := w.say("Backed up and verified: %s\n%d failures in %d incidents, %d rows of the journal, %d MB, in %s.\nThere are keys in it, and what callers said of themselves: keep it as you keep those. The configuration is not in it.\n",
		to, d.Contents.Failures, d.Contents.Incidents, d.Contents.JournalRows, folderSize(to)>>20, time.Since(began).Round(time.Millisecond)); err != nil {
		return err
	}
	if err := noteBackup(cfg.DataDir, began); err != nil { // it is a good one all the same
		if err := w.say("Metrics and the doctor do not know of it: %v.\n", err); err != nil {
			return err
		}
	}
	return b.removeOlder(w)
}

const backupPrefix = "backstop-"

// begin makes the folder that is filled, and says what its name will be: that of
// the moment, or of the next second that no other backup is called by.
func (b backupCommand) begin(at time.Time) (to, partial string, err error) {
	for ; ; at = at.Add(time.Second) {
		name := backupPrefix + at.UTC().Format(backupNameLayout)
		to, partial = filepath.Join(b.Folder, name), filepath.Join(b.Folder, "."+name+".partial")
		err := os.Mkdir(partial, 0o700)
		if errors.Is(err, fs.ErrExist) {
			continue // another one is being made
		}
		if err != nil {
			return "", "", err
		}
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return to, partial, nil
		}
		if err := os.Remove(partial); err != nil {
			return "", "", err
		}
	}
}

// fill puts everything into the folder, and the description of it last. The
// journal comes first: what was answered written=yes before is in it, or in the
// ledger, for only what the ledger has is ever removed from it.
func (d *description) fill(ctx context.Context, cfg config.Config, folder string) error {
	if _, err := store.CopyJournal(ctx, filepath.Join(cfg.DataDir, journalName), filepath.Join(folder, backedUpJournal)); err != nil {
		return missing(err, cfg.DataDir)
	}
	if err := store.CopyLedger(ctx, cfg.Ledger, filepath.Join(folder, backedUpLedger)); err != nil {
		return missing(err, cfg.DataDir)
	}
	for _, name := range backedUpSecrets() {
		if err := copyFile(filepath.Join(cfg.DataDir, name), filepath.Join(folder, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	var err error
	if d.Contents, err = store.Verify(ctx, filepath.Join(folder, backedUpJournal), filepath.Join(folder, backedUpLedger)); err != nil {
		return err
	}
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(folder, f.Name())
		if d.SHA256[f.Name()], err = digest(path); err != nil {
			return err
		}
		if err := syncFile(path); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(folder, backupDescribed)
	if err := os.WriteFile(path, append(text, '\n'), 0o600); err != nil {
		return err
	}
	return errors.Join(syncFile(path), syncFolder(folder))
}

// removeLeftovers removes what backups have left that were killed long ago.
func removeLeftovers(folder string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(folder, "."+backupPrefix+"*.partial")) // the pattern is a good one
	for _, path := range left {
		if info, err := os.Stat(path); err == nil && now.Sub(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(path) // the next one tries again
		}
	}
}

// missing says what it means that a database is not there.
func missing(err error, dir string) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: no Backstop has lived in %s yet; DATA_DIR names another folder", err, dir)
	}
	return err
}

// roomFor says whether the folder's disk has room for a copy of everything.
func roomFor(folder string, cfg config.Config) error {
	var need int64
	for _, path := range []string{cfg.Ledger, filepath.Join(cfg.DataDir, journalName)} {
		for _, suffix := range []string{"", "-wal"} {
			if info, err := os.Stat(path + suffix); err == nil {
				need += info.Size()
			}
		}
	}
	var stat syscall.Statfs_t
	if err := syscall.Statfs(folder, &stat); err != nil {
		return fmt.Errorf("backup: %s: %w: make the folder first", folder, err)
	}
	if free := int64(stat.Bavail) * stat.Bsize; free < need { //nolint:gosec // below 8 EiB
		return fmt.Errorf("backup: %s has %d MB free and the backup may take %d: make room there, or name another folder", folder, free>>20, need>>20)
	}
	return nil
}

// removeOlder removes all but the newest backups.
func (b backupCommand) removeOlder(w *world) error {
	if b.Keep <= 0 {
		return nil
	}
	all, err := backupsIn(b.Folder)
	if err != nil {
		return err
	}
	for _, name := range all[:max(0, len(all)-b.Keep)] {
		if err := os.RemoveAll(filepath.Join(b.Folder, name)); err != nil {
			return fmt.Errorf("remove an older backup: %w", err)
		}
		if err := w.say("Removed %s.\n", filepath.Join(b.Folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// backupsIn are the names of whole backups, oldest first.
func backupsIn(folder string) (names []string, err error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	ours := regexp.MustCompile(`^` + backupPrefix + `\d{8}T\d{6}Z$`)
	for _, e := range entries {
		if e.IsDir() && ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, cmp.Compare)
	return names, nil
}
