package standby

import (
	"container/list"
	"log/slog"
	"sync"
	"time"

	"github.com/backstop-project/backstop/twilio/twiml"
)

// LastGood remembers the last TwiML that was good, by channel and by the address
// that it was for, without its query. It serves any number of goroutines, and
// nobody waits for the disk: Run writes it down. A nil LastGood keeps nothing.
type LastGood struct {
	o LastGoodOptions

	mu      sync.Mutex
	byKey   map[goodKey]*list.Element
	recent  *list.List // of *good, the most recently used one first
	bytes   int
	changed bool // since it was written

	read bool   // the file was; only Run looks at it
	said string // of what it complained last, likewise
}

// LastGoodOptions are a LastGood's surroundings.
type LastGoodOptions struct {
	Path  string       // of its file
	Ready func() error // whether the folder may be written to; nil for always
	Log   *slog.Logger
}

// Bounds of what is kept, and of how long it is good for.
const (
	mostGood      = 1000
	mostGoodBytes = 16 << 20
	mostGoodKey   = 2 << 10
	GoodFor       = 7 * 24 * time.Hour
)

// goodKey is what a document is kept for.
type goodKey struct {
	voice bool
	url   string // scheme, host and path
}

// good is one document.
type good struct {
	goodKey
	at  time.Time
	doc []byte
}

func (g *good) size() int { return len(g.url) + len(g.doc) }

// NewLastGood makes an empty one.
func NewLastGood(o LastGoodOptions) *LastGood {
	return &LastGood{o: o, byKey: map[goodKey]*list.Element{}, recent: list.New()}
}

// keyOf is what is kept for errorURL; ok is false where nothing can be.
func keyOf(voice bool, errorURL string) (key goodKey, ok bool) {
	u, at := read(errorURL)
	if at == (origin{}) {
		return goodKey{}, false
	}
	key = goodKey{voice, at.url() + pathOf(u)}
	return key, len(key.url) <= mostGoodKey
}

// Keep remembers doc, which was checked, as the last good one for calls or
// messages that fail at errorURL. One that does nothing is not worth it. doc
// must not be changed afterwards.
func (l *LastGood) Keep(voice bool, errorURL string, doc []byte) {
	if l == nil || twiml.Empty(doc) {
		return
	}
	key, ok := keyOf(voice, errorURL)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drop(l.byKey[key])
	l.add(&good{key, time.Now(), doc}, l.recent.PushFront)
	l.changed = true
	for l.recent.Len() > mostGood || l.bytes > mostGoodBytes {
		l.drop(l.recent.Back())
	}
}

// Find is the last good document for errorURL, and when it was good. It must not
// be changed.
func (l *LastGood) Find(voice bool, errorURL string) (doc []byte, at time.Time, ok bool) {
	if l == nil {
		return nil, time.Time{}, false
	}
	key, ok := keyOf(voice, errorURL)
	if !ok {
		return nil, time.Time{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.byKey[key]
	if e == nil {
		return nil, time.Time{}, false
	}
	l.recent.MoveToFront(e)
	found := of(e)
	return found.doc, found.at, true
}

func of(e *list.Element) *good { return e.Value.(*good) }

func (l *LastGood) add(g *good, where func(any) *list.Element) {
	l.byKey[g.goodKey] = where(g)
	l.bytes += g.size()
}

// drop forgets one; nil is none.
func (l *LastGood) drop(e *list.Element) {
	if e == nil {
		return
	}
	l.recent.Remove(e)
	delete(l.byKey, of(e).goodKey)
	l.bytes -= of(e).size()
}
