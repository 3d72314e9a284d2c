package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/backstop-project/backstop/history"
)

// erasures are who was erased and until when: by keyed hashes of their numbers, so
// that the file says of nobody that they ever called. What was erased stays so
// after a restore: docs/adr/0100.
type erasures struct {
	keys  []string // the first makes new hashes; the others came with backups
	until map[string]time.Time
}

// Files in DATA_DIR that erasures are kept in, one of each a line.
const (
	erasuresFile    = "erasures"
	erasuresKeyFile = "erasures.key"
)

// readErasures reads those of a folder. None is none.
func readErasures(dir string) (e erasures, err error) {
	e.until = map[string]time.Time{}
	keys, err := os.ReadFile(filepath.Join(dir, erasuresKeyFile)) //nolint:gosec // DATA_DIR, or a backup
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	e.keys = strings.Fields(string(keys))
	lines, err := os.ReadFile(filepath.Join(dir, erasuresFile)) //nolint:gosec // likewise
	if errors.Is(err, fs.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		return e, err
	}
	for n, line := range strings.Split(strings.TrimSpace(string(lines)), "\n") {
		until, hash, ok := strings.Cut(line, " ")
		at, err := time.Parse(time.RFC3339Nano, until)
		if line == "" {
			continue
		}
		if !ok || err != nil || len(hash) != 2*sha256.Size {
			return e, fmt.Errorf("%s: line %d is none of Backstop's: put back a copy of it from a backup", filepath.Join(dir, erasuresFile), n+1)
		}
		e.add(hash, at)
	}
	return e, nil
}

func (e erasures) add(hash string, until time.Time) {
	if until.After(e.until[hash]) {
		e.until[hash] = until
	}
}

// and joins those of another folder.
func (e erasures) and(other erasures) erasures {
	joined := erasures{keys: slices.Clone(e.keys), until: maps.Clone(e.until)}
	for _, key := range other.keys {
		if !slices.Contains(joined.keys, key) {
			joined.keys = append(joined.keys, key)
		}
	}
	for hash, until := range other.until {
		joined.add(hash, until)
	}
	return joined
}

// people are all of them.
func (e erasures) people() history.People {
	if len(e.until) == 0 {
		return history.People{}
	}
	type known struct {
		until time.Time
		ok    bool
	}
	seen := map[string]known{}
	return history.NewPeople(func(digits string) (time.Time, bool) {
		was, again := seen[digits]
		if !again {
			const most = 1 << 16
			if len(seen) >= most {
				clear(seen)
			}
			was.until, was.ok = e.find(digits)
			seen[digits] = was
		}
		return was.until, was.ok
	})
}

func (e erasures) find(digits string) (until time.Time, ok bool) {
	for _, key := range e.keys {
		if at, found := e.until[hashOfNumber(key, digits)]; found && at.After(until) {
			until, ok = at, true
		}
	}
	return until, ok
}

func hashOfNumber(key, digits string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("backstop erasures " + digits))
	return hex.EncodeToString(mac.Sum(nil))
}

// rememberErasure notes who is erased, before anything is.
func rememberErasure(dir, digits string, until time.Time) error {
	return changeErasures(dir, func(e erasures) erasures {
		e.add(hashOfNumber(e.keys[0], digits), until)
		return e
	})
}

// changeErasures changes those of a folder, whole or not at all, and one after the
// other where several do.
func changeErasures(dir string, change func(erasures) erasures) (err error) {
	if _, err := readOrCreate(dir, erasuresKeyFile, func() (string, error) { return randomHex(32), nil }); err != nil {
		return err
	}
	file, err := os.Open(dir) //nolint:gosec // DATA_DIR
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); err != nil {
		return err
	}
	e, err := readErasures(dir)
	if err != nil {
		return err
	}
	e = change(e)
	if err := replaceSecret(filepath.Join(dir, erasuresKeyFile), strings.Join(e.keys, "\n")); err != nil {
		return err
	}
	lines := make([]string, 0, len(e.until))
	for hash, until := range e.until {
		lines = append(lines, until.UTC().Format(time.RFC3339Nano)+" "+hash)
	}
	slices.Sort(lines)
	return replaceSecret(filepath.Join(dir, erasuresFile), strings.Join(lines, "\n"))
}
