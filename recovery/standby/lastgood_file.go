package standby

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// goodFile is how a LastGood is written down.
type goodFile struct {
	Version   int         `json:"version"`
	Documents []writtenOf `json:"documents"` // the most recently used one first
}

type writtenOf struct {
	Channel  string    `json:"channel"`
	URL      string    `json:"url"`
	At       time.Time `json:"at"`
	Document []byte    `json:"document"` // any encoding that TwiML may have, so base64
}

const (
	goodVersion  = 1
	mostGoodFile = 64 << 20 // what is kept, in base64 and with room to spare
	saveEvery    = 30 * time.Second
)

// Run reads what an earlier process has kept, and writes what changes, at most
// every 30 s, until ctx ends. What goes wrong is logged, once for each kind of
// trouble, and tried again.
func (l *LastGood) Run(ctx context.Context) error {
	ticker := time.NewTicker(saveEvery)
	defer ticker.Stop()
	for {
		l.say(l.sync())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			l.say(l.sync())
			return nil
		}
	}
}

// sync reads the file once, before anything is written over it.
func (l *LastGood) sync() error {
	if l.o.Ready != nil {
		if err := l.o.Ready(); err != nil {
			return err
		}
	}
	if !l.read {
		if err := l.load(); err != nil {
			return err
		}
		l.read = true
	}
	return l.save()
}

func (l *LastGood) say(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != l.said {
		l.o.Log.Error("last good answers not kept on the disk", "err", err)
	}
	l.said = text
}

// load takes what the file has behind what was kept since the start. A broken
// file is set aside.
func (l *LastGood) load() error {
	written, err := readGood(l.o.Path)
	var broken *brokenError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.As(err, &broken):
		aside := l.o.Path + "." + time.Now().UTC().Format("20060102T150405Z") + ".aside"
		if moved := os.Rename(l.o.Path, aside); moved != nil {
			return errors.Join(err, moved)
		}
		l.o.Log.Error("broken file of last good answers set aside", "to", aside, "err", err)
		return nil
	case err != nil:
		return err
	}
	l.restore(checked(written.Documents), len(written.Documents))
	return nil
}

// brokenError is a file that is not ours, or not whole.
type brokenError struct{ why error }

func (e *brokenError) Error() string { return "read last good answers: " + e.why.Error() }

func readGood(path string) (written goodFile, err error) {
	file, err := os.Open(path) //nolint:gosec // of the data folder
	if err != nil {
		return goodFile{}, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, mostGoodFile+1))
	if err != nil {
		return goodFile{}, err
	}
	if len(content) > mostGoodFile {
		return goodFile{}, &brokenError{errors.New("the file is larger than what is kept")}
	}
	if err := json.Unmarshal(content, &written); err != nil {
		return goodFile{}, &brokenError{err}
	}
	if written.Version != goodVersion {
		return goodFile{}, &brokenError{fmt.Errorf("version %d is none that is known", written.Version)}
	}
	return written, nil
}

// checked are the documents that are still good: nobody has to wait until all
// were looked at.
func checked(written []writtenOf) (all []*good) {
	for _, one := range written {
		kind, voice := twiml.Messaging, one.Channel == incident.Voice.String()
		if voice {
			kind = twiml.Voice
		}
		key, ok := keyOf(voice, one.URL)
		if ok && time.Since(one.At) <= GoodFor && !twiml.Empty(one.Document) && twiml.Check(one.Document, kind).Err() == nil {
			all = append(all, &good{key, one.At, one.Document})
		}
	}
	return all
}

// restore takes those for which there is nothing newer, as far as there is room.
// inFile is how many are on the disk, of which some may have to go.
func (l *LastGood) restore(all []*good, inFile int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, g := range all {
		if l.byKey[g.goodKey] == nil && l.recent.Len() < mostGood && l.bytes+g.size() <= mostGoodBytes {
			l.add(g, l.recent.PushBack)
		}
	}
	l.changed = l.changed || len(all) < inFile
}

// save writes what changed.
func (l *LastGood) save() error {
	written, changed := l.snapshot()
	if !changed {
		return nil
	}
	content, err := json.Marshal(written)
	if err == nil {
		err = replaceFile(l.o.Path, content)
	}
	if err != nil {
		l.mu.Lock()
		l.changed = true
		l.mu.Unlock()
		return fmt.Errorf("write last good answers: %w", err)
	}
	return nil
}

// snapshot is all that is to be written, where anything changed. What is too old
// is forgotten, and so are its traces on the disk.
func (l *LastGood) snapshot() (written goodFile, changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgetOld()
	if !l.changed {
		return goodFile{}, false
	}
	l.changed = false
	written.Version = goodVersion
	for e := l.recent.Front(); e != nil; e = e.Next() {
		written.Documents = append(written.Documents, of(e).written())
	}
	return written, true
}

func (l *LastGood) forgetOld() {
	for e := l.recent.Front(); e != nil; {
		old := e
		e = e.Next()
		if time.Since(of(old).at) > GoodFor {
			l.drop(old)
			l.changed = true
		}
	}
}

func (g *good) written() writtenOf {
	channel := incident.Messaging
	if g.voice {
		channel = incident.Voice
	}
	return writtenOf{Channel: channel.String(), URL: g.url, At: g.at, Document: g.doc}
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, content []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // 0600 by its own promise
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
