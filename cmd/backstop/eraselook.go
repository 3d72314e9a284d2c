package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/rest"
)

// eraseAsides does the same to databases that were moved aside, as far as they can
// be read.
func (e *erasure) eraseAsides(ctx context.Context) error {
	for _, database := range []string{filepath.Join(e.cfg.DataDir, journalName), e.cfg.Ledger} {
		asides, err := store.Asides(database)
		if err != nil {
			return err
		}
		for _, path := range asides {
			if err := e.eraseAside(ctx, path, database == e.cfg.Ledger); err != nil {
				e.keep(path+" ("+err.Error()+")", "remove it, and "+filepath.Base(path)+"-wal, if you do not need it any more")
			}
		}
	}
	return nil
}

func (e *erasure) eraseAside(ctx context.Context, path string, ledger bool) error {
	if !ledger {
		return e.journal.erase(ctx, path)
	}
	l, err := e.open(ctx, path)
	if err != nil {
		return err
	}
	done, err := l.ErasePeople(ctx, e.who)
	e.ledger.Recordings = append(e.ledger.Recordings, done.Recordings...)
	e.ledger.Failures += done.Failures
	e.ledger.Mentions += done.Mentions
	e.ledger.Incidents += done.Incidents
	e.ledger.Callbacks += done.Callbacks
	e.ledger.Texts += done.Texts
	e.ledger.Answers += done.Answers
	return errors.Join(err, l.Close())
}

// isGone says whether Twilio has no such recording any more.
func isGone(err error) bool { return errors.Is(err, rest.ErrNotFound) }

// lookAgain reads every file of the data folder, and names those in which the
// number still stands.
func (e *erasure) lookAgain(context.Context) error {
	if e.ledger.OnLine > 0 {
		return nil // it stands there as a line
	}
	folders := []string{e.cfg.DataDir}
	if beside := filepath.Dir(e.cfg.Ledger); filepath.Clean(beside) != filepath.Clean(e.cfg.DataDir) {
		folders = append(folders, e.cfg.Ledger, e.cfg.Ledger+"-wal")
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // it was there a moment ago
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			e.lookAt(path)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *erasure) lookAt(path string) {
	found, err := stands(path, e.digits)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		e.keep(path+" ("+err.Error()+")", "it could not be looked through")
	case !found:
	case filepath.Base(path) == lastGoodFile:
		e.keep(path, "an answer that is kept names the number, for 7 days: stop Backstop, remove the file, start it again")
	case slices.ContainsFunc([]string{journalName, filepath.Base(e.cfg.Ledger)}, func(name string) bool { return strings.HasPrefix(filepath.Base(path), name) }):
		e.keep(path, "the number still stands in it, perhaps of a call that came in just now: run this again")
	default:
		e.keep(path, "the number stands in it: remove it, if you do not need it any more")
	}
}

// stands says whether a number stands in a file, with no other digit beside it.
func stands(path, digits string) (bool, error) {
	file, err := os.Open(path) //nolint:gosec // in DATA_DIR
	if err != nil {
		return false, err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 256<<10)
	run := make([]byte, 0, len(digits)+1) // of digits
	for {
		c, err := in.ReadByte()
		if err == nil && c >= '0' && c <= '9' {
			if len(run) <= len(digits) {
				run = append(run, c)
			}
			continue
		}
		if string(run) == digits {
			return true, nil
		}
		run = run[:0]
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}
