package intake

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// errDamaged marks bytes that are no group, or no entry, of ours.
var errDamaged = errors.New("damaged journal entry")

// decoder reads groups. It keeps its room from one batch to the next, so that what
// it has read is good until it is emptied.
type decoder struct {
	params    []incident.Param
	used      time.Time         // when their room was last of use
	shared    []string          // of the group that is read
	languages []string          // of the answer before, which most have
	documents map[string][]byte // a few, as most answers are one of them
	sums      summer
}

// empty ends a batch: the room is used again.
func (d *decoder) empty() {
	d.params = emptied(d.params, &d.used)
	clear(d.shared[:cap(d.shared)]) // also what groups before the last one had
	if cap(d.shared) > roomAnyway {
		d.shared = nil
	}
	d.shared, d.languages = d.shared[:0], nil
}

// document is a text's bytes, which many entries share.
func (d *decoder) document(text string) []byte {
	if text == "" {
		return nil
	}
	document, known := d.documents[text]
	if !known {
		document = []byte(text)
		if len(d.documents) >= interned || d.documents == nil {
			d.documents = map[string][]byte{}
		}
		d.documents[strings.Clone(text)] = document // not all of its row
	}
	return document
}

// group appends to entries what an encoder wrote. A damaged entry costs itself, and is
// returned byte for byte; where the group's frame is damaged the whole of it is
// returned so.
func (d *decoder) group(entries []incident.Fed, blob string) (all []incident.Fed, damaged [][]byte) {
	r := &reader{rest: blob}
	version := r.byte()
	begun := time.UnixMilli(int64(r.uvarint())).UTC() //nolint:gosec // what an encoder wrote
	if version < groupVersion || version > moreVersion || r.failed {
		return entries, [][]byte{[]byte(blob)}
	}
	d.shared = d.shared[:0]
	for n := r.count(1); n > 0 && !r.failed; n-- {
		d.shared = append(d.shared, r.string())
	}
	r.shared = d.shared
	for range r.count(1) {
		body := r.string()
		sum := r.take(4)
		if r.failed {
			break
		}
		f := incident.Fed{JournalAt: begun}
		var err error
		if binary.BigEndian.Uint32([]byte(sum)) != d.sums.of(body) {
			err = errDamaged
		} else {
			f.Entry, err = d.entry(body, r.shared)
		}
		if err != nil {
			damaged = append(damaged, []byte(body))
			continue
		}
		entries = append(entries, f)
	}
	if r.failed {
		damaged = append(damaged, []byte(blob))
	}
	return entries, damaged
}

// summer makes checksums of texts piece by piece, without a copy of the whole.
type summer struct{ piece [512]byte }

func (s *summer) of(text string) (sum uint32) {
	for len(text) > 0 {
		n := copy(s.piece[:], text)
		sum = crc32.Update(sum, castagnoli, s.piece[:n])
		text = text[n:]
	}
	return sum
}

func (d *decoder) entry(body string, shared []string) (incident.Entry, error) {
	r := &reader{rest: body, shared: shared}
	var id incident.ID
	copy(id[:], r.take(16))
	at := time.UnixMicro(r.varint()).UTC()
	flags := r.byte()
	var key [16]byte
	copy(key[:], r.take(16))
	var up incident.FollowUp
	if flags&flagFollowUp != 0 {
		up.What = incident.What(r.byte())
		copy(up.About[:], r.take(16))
	}
	a := incident.Answer{
		Situation: incident.Situation(r.byte()),
		Outcome:   incident.Outcome(r.byte()),
		Took:      time.Duration(r.varint()) * time.Microsecond,
		Step:      r.sharedString(),
		Name:      r.sharedString(),
		Heard:     r.sharedString(),
		Why:       r.sharedString(),
	}
	a.Document = d.document(r.sharedString())
	a.Languages = d.spoken(r)
	first := len(d.params)
	for range r.count(2) {
		d.params = append(d.params, incident.Param{Name: r.string(), Value: r.string()})
	}
	params := d.params[first:len(d.params):len(d.params)]
	var more byte
	var token string
	if flags&flagMore != 0 {
		more, token = r.byte(), r.string()
	}
	if r.failed || r.rest != "" {
		return incident.Entry{}, fmt.Errorf("failure %s: %w", id, errDamaged)
	}
	method := "GET"
	if flags&flagPost != 0 {
		method = "POST"
	}
	f := incident.RestoreFailure(id, at, method, params)
	f.RequestKey = key
	f.Drill = flags&flagDrill != 0
	f.Late = flags&flagLate != 0
	f.Itself = flags&flagItself != 0
	f.Tokenless = flags&flagTokenless != 0
	f.Slim = flags&flagSlim != 0
	f.Token, f.Dropped, f.OptOut = token, more&moreDropped != 0, more&moreOptOut != 0
	f.DrillKind, f.Erased = drillKind(more), more&moreErased != 0
	return incident.Entry{Failure: f, Answer: a, FollowUp: up}, nil
}

// spoken reads the languages of an answer, which shares them with the one before it
// where they are the same.
func (d *decoder) spoken(r *reader) []string {
	n := r.count(1)
	same := n == len(d.languages)
	var languages []string
	for i := range n {
		language := r.sharedString()
		if same && language == d.languages[i] {
			continue
		}
		if same {
			languages, same = slices.Clone(d.languages[:i]), false
		}
		languages = append(languages, language)
	}
	if same {
		return d.languages
	}
	d.languages = languages
	return languages
}

func drillKind(more byte) incident.DrillKind {
	switch {
	case more&morePulse != 0:
		return incident.Pulse
	case more&morePlanned != 0:
		return incident.Planned
	}
	return incident.Asked
}

// reader takes pieces off the front of rest. After a piece that is not there
// it has failed, and everything further is zero.
type reader struct {
	rest   string
	shared []string // texts that many entries of a group name
	failed bool
}

func (r *reader) take(n int) string {
	if n < 0 || n > len(r.rest) {
		r.failed = true
		r.rest = ""
	}
	if r.failed {
		return ""
	}
	piece := r.rest[:n]
	r.rest = r.rest[n:]
	return piece
}

func (r *reader) byte() byte {
	piece := r.take(1)
	if piece == "" {
		return 0
	}
	return piece[0]
}

func (r *reader) uvarint() uint64 {
	n, size := binary.Uvarint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if size <= 0 {
		r.failed = true
		return 0
	}
	r.take(size)
	return n
}

func (r *reader) varint() int64 {
	n, size := binary.Varint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if size <= 0 {
		r.failed = true
		return 0
	}
	r.take(size)
	return n
}

// count reads how many pieces of at least size bytes follow, and fails where
// there is no room for them: a damaged number must not make us allocate.
func (r *reader) count(size int) int {
	n := r.uvarint()
	if n > uint64(len(r.rest)/size) { //nolint:gosec // a length
		r.failed = true
		return 0
	}
	return int(n) //nolint:gosec // bounded just above
}

func (r *reader) string() string {
	return r.take(r.count(1))
}

func (r *reader) sharedString() string {
	i := r.uvarint()
	if i >= uint64(len(r.shared)) {
		r.failed = true
		return ""
	}
	return r.shared[i]
}
