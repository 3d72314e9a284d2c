package intake

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// A group is what one commit of the journal holds:
//
//	version            1 byte
//	begun              uvarint, Unix milliseconds
//	strings            uvarint count, each uvarint length + bytes
//	entries            uvarint count, each uvarint length + bytes + CRC-32C
//
// Texts that many entries share (the answer's document and words) stand once,
// in strings; an entry names them by index.
//
// A group with a follow-up in it has another version, so that an older program
// sets it aside rather than taking follow-ups for failures; and so has one with
// an entry that says more behind its parameters: a second byte of flags, and
// the token.
const (
	groupVersion     = 1
	followUpsVersion = 2
	moreVersion      = 3
)

const (
	flagDrill = 1 << iota
	flagLate
	flagItself
	flagTokenless
	flagSlim
	flagPost
	flagFollowUp
	flagMore
)

// The second byte of flags.
const (
	moreDropped = 1 << iota
	moreOptOut
	morePlanned
	morePulse
	moreErased
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// encoder writes groups; it keeps its buffers from one to the next.
type encoder struct {
	index   map[string]int
	strings []string
	texts   map[string]string // documents that were seen lately
	entries []byte
	count   uint64
	version byte
	one     []byte
	params  []byte
	out     []byte
}

// encodeAll returns the bytes of a group, valid until the next call.
func (enc *encoder) encodeAll(entries []waiting, begun time.Time) []byte {
	enc.begin()
	for i := range entries {
		enc.add(&entries[i].Entry, *entries[i].params)
	}
	return enc.end(begun)
}

// encode is encodeAll for entries that did not wait.
func (enc *encoder) encode(entries []incident.Entry, begun time.Time) []byte {
	enc.begin()
	for i := range entries {
		enc.params = appendParams(enc.params[:0], entries[i].Failure.Params)
		enc.add(&entries[i], enc.params)
	}
	return enc.end(begun)
}

func (enc *encoder) begin() {
	if enc.index == nil {
		enc.index = make(map[string]int)
	}
	clear(enc.index)
	enc.strings, enc.entries, enc.count, enc.version = enc.strings[:0], enc.entries[:0], 0, groupVersion
}

// add adds an entry, whose parameters are encoded.
func (enc *encoder) add(e *incident.Entry, params []byte) {
	enc.one = enc.appendEntry(enc.one[:0], e, params)
	enc.entries = binary.AppendUvarint(enc.entries, uint64(len(enc.one)))
	enc.entries = append(enc.entries, enc.one...)
	enc.entries = binary.BigEndian.AppendUint32(enc.entries, crc32.Checksum(enc.one, castagnoli))
	enc.count++
	enc.version = max(enc.version, versionOf(e))
}

func (enc *encoder) end(begun time.Time) []byte {
	out := append(enc.out[:0], enc.version)
	out = binary.AppendUvarint(out, uint64(begun.UnixMilli()))
	out = binary.AppendUvarint(out, uint64(len(enc.strings)))
	for _, s := range enc.strings {
		out = appendString(out, s)
	}
	out = binary.AppendUvarint(out, enc.count)
	enc.out = append(out, enc.entries...)
	return enc.out
}

func versionOf(e *incident.Entry) byte {
	switch {
	case hasMore(&e.Failure):
		return moreVersion
	case !e.FollowUp.IsZero():
		return followUpsVersion
	}
	return groupVersion
}

func hasMore(f *incident.Failure) bool {
	return f.Token != "" || f.Dropped || f.OptOut || f.DrillKind != incident.Asked || f.Erased
}

func (enc *encoder) appendEntry(b []byte, e *incident.Entry, params []byte) []byte {
	f, a := &e.Failure, &e.Answer
	b = append(b, f.ID[:]...)
	b = binary.AppendVarint(b, f.ReceivedAt.UnixMicro())
	flags := flagsOf(f)
	if !e.FollowUp.IsZero() {
		flags |= flagFollowUp
	}
	b = append(b, flags)
	b = append(b, f.RequestKey[:]...)
	if !e.FollowUp.IsZero() {
		b = append(b, byte(e.FollowUp.What))
		b = append(b, e.FollowUp.About[:]...)
	}
	b = append(b, byte(a.Situation), byte(a.Outcome))
	b = binary.AppendVarint(b, a.Took.Microseconds())
	for _, s := range []string{a.Step, a.Name, a.Heard, a.Why} {
		b = enc.appendShared(b, s)
	}
	b = enc.appendSharedBytes(b, a.Document)
	b = binary.AppendUvarint(b, uint64(len(a.Languages)))
	for _, s := range a.Languages {
		b = enc.appendShared(b, s)
	}
	b = append(b, params...)
	if hasMore(f) {
		b = append(b, bits(
			flag{f.Dropped, moreDropped}, flag{f.OptOut, moreOptOut},
			flag{f.DrillKind == incident.Planned, morePlanned}, flag{f.DrillKind == incident.Pulse, morePulse},
			flag{f.Erased, moreErased},
		))
		b = appendString(b, f.Token)
	}
	return b
}

// lengthOf is how long parameters are at most when they are encoded.
func lengthOf(params []incident.Param) int {
	length := binary.MaxVarintLen16
	for i := range params {
		length += len(params[i].Name) + len(params[i].Value) + 2*binary.MaxVarintLen32
	}
	return length
}

// appendParams encodes parameters.
func appendParams(b []byte, params []incident.Param) []byte {
	b = binary.AppendUvarint(b, uint64(len(params)))
	for i := range params {
		b = appendString(b, params[i].Name)
		b = appendString(b, params[i].Value)
	}
	return b
}

func flagsOf(f *incident.Failure) byte {
	return bits(
		flag{f.Drill, flagDrill},
		flag{f.Late, flagLate},
		flag{f.Itself, flagItself},
		flag{f.Tokenless, flagTokenless},
		flag{f.Slim, flagSlim},
		flag{f.Method == "POST", flagPost},
		flag{hasMore(f), flagMore},
	)
}

type flag struct {
	on  bool
	bit byte
}

func bits(flags ...flag) (all byte) {
	for _, f := range flags {
		if f.on {
			all |= f.bit
		}
	}
	return all
}

// appendShared names s by its place in the group's strings.
func (enc *encoder) appendShared(b []byte, s string) []byte {
	i, known := enc.index[s]
	if !known {
		i = len(enc.strings)
		enc.index[s] = i
		enc.strings = append(enc.strings, s)
	}
	return binary.AppendUvarint(b, uint64(i))
}

// appendSharedBytes is appendShared without a copy of what stands there
// already: most answers are one document.
func (enc *encoder) appendSharedBytes(b, s []byte) []byte {
	if i, known := enc.index[string(s)]; known {
		return binary.AppendUvarint(b, uint64(i)) //nolint:gosec // an index
	}
	text, known := enc.texts[string(s)]
	if !known {
		text = string(s)
		if len(enc.texts) >= interned || enc.texts == nil {
			enc.texts = map[string]string{}
		}
		enc.texts[text] = text
	}
	return enc.appendShared(b, text)
}

// interned is how many documents are remembered, of at most 64 KiB each.
const interned = 16

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}
