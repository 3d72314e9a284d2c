package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backstop-project/backstop/templates"
)

// backupNoted is the file of DATA_DIR in which it stands when the last backup was
// made: metrics and the doctor say it.
const backupNoted = "backup.last"

// noteBackup notes that a verified backup was begun at that time.
func noteBackup(dir string, at time.Time) error {
	return replaceSecret(filepath.Join(dir, backupNoted), at.UTC().Format(time.RFC3339))
}

// lastBackup is when the last backup was begun; zero where none is known.
func lastBackup(dir string) (time.Time, error) {
	raw, err := os.ReadFile(filepath.Join(dir, backupNoted)) //nolint:gosec // DATA_DIR
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(time.RFC3339, strings.TrimSpace(string(raw)))
}

// A backup is made each night; one that is older than this was missed twice.
const backupOld = 3 * 24 * time.Hour

// lookAtBackups is about whether there is a backup of late.
func lookAtBackups(dir string, now time.Time) diagnosis {
	const about, remedy = "backups", "have backstop backup run each night: deploy/backstop-backup.timer"
	at, err := lastBackup(dir)
	switch {
	case err != nil:
		return isPoorly(about, "when the last one was made cannot be read: "+err.Error(), "make one now: backstop backup FOLDER")
	case at.IsZero():
		return isPoorly(about, "none was ever made", remedy)
	case now.Sub(at) > backupOld:
		return isPoorly(about, "the last one is "+templates.Plural(int64(now.Sub(at)/(24*time.Hour)), "day", "days")+" old", remedy+", and see why it does not: journalctl -u backstop-backup")
	}
	return isWell(about, "the last one was made at "+at.UTC().Format(time.RFC3339))
}
