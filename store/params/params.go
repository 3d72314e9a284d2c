// Package params packs the parameters of a request into few bytes, and gives
// them back byte for byte. It knows neither what they mean nor where they are
// kept.
package params

import (
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Param is one name and value, decoded.
type Param = struct{ Name, Value string }

// Words that one byte stands for, first names and then values, and the
// dictionary trained on lean forms that hold them: all belong to version 1,
// and are never edited. A better dictionary is another version beside it. See
// ../dictionary.
var (
	//go:embed names-1.txt
	names1 string
	//go:embed values-1.txt
	values1 string
	//go:embed dictionary-1.zstd
	dictionary1 []byte
)

// The first byte of what Pack returns.
const (
	plain1  = 1 // the lean form as it is
	packed1 = 2 // the lean form as a zstd frame without its magic number
)

// magic starts every zstd frame, so that it need not be kept.
const magic = "\x28\xb5\x2f\xfd"

// Limits of what Unpack takes: far more than a request can have.
const (
	maxParams = 1 << 16
	maxSize   = 16 << 20
)

// ErrMalformed means that the bytes are none that Pack returned.
var ErrMalformed = errors.New("malformed parameters")

// Packer packs and unpacks. Any number of goroutines may use it.
type Packer struct {
	names   words
	values  words
	encoder *zstd.Encoder
	decoder *zstd.Decoder
}

// New makes a Packer. It costs half a megabyte: one a process is enough.
func New() (*Packer, error) {
	p := Untrained()
	var err error
	p.encoder, err = zstd.NewWriter(nil,
		zstd.WithEncoderDict(dictionary1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false), zstd.WithSingleSegment(true),
		zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, fmt.Errorf("parameter dictionary: %w", err)
	}
	p.decoder, err = zstd.NewReader(nil,
		zstd.WithDecoderDicts(dictionary1), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxSize))
	if err != nil {
		return nil, fmt.Errorf("parameter dictionary: %w", err)
	}
	return p, nil
}

// Untrained makes a Packer without dictionary that can do no more than Lean:
// the dictionary is trained on what it returns.
func Untrained() *Packer {
	return &Packer{names: newWords(names1), values: newWords(values1)}
}

// words are numbered from 1 on.
type words struct {
	list    []string
	numbers map[string]byte
}

func newWords(lines string) words {
	w := words{list: strings.Split(strings.TrimSpace(lines), "\n"), numbers: map[string]byte{}}
	for i, word := range w.list {
		w.numbers[word] = byte(i + 1) // fewer than 256: a test says so
	}
	return w
}

// packFrom is the size of a lean form from which compressing it is worth the
// time: below, it saves next to nothing and takes ten times as long as all the
// rest. See docs/adr/0014.
const packFrom = 256

// Pack appends the packed parameters to dst. known are values that are kept
// elsewhere and will be handed to Unpack again, in the same order: a parameter
// that equals one of them takes one byte.
func (p *Packer) Pack(dst []byte, params []Param, known []string) []byte {
	at := len(dst)
	dst = p.Lean(append(dst, plain1), params, known)
	lean := dst[at+1:]
	if len(lean) < packFrom {
		return dst
	}
	frame := p.encoder.EncodeAll(lean, make([]byte, 0, len(lean)+len(magic)))
	if len(frame)-len(magic) >= len(lean) {
		return dst
	}
	return append(append(dst[:at], packed1), frame[len(magic):]...)
}

// Unpack is the reverse of Pack. Bytes that Pack did not return give
// ErrMalformed, never a panic.
func (p *Packer) Unpack(packed []byte, known []string) ([]Param, error) {
	if len(packed) == 0 {
		return nil, ErrMalformed
	}
	switch packed[0] {
	case plain1:
		return p.unlean(packed[1:], known)
	case packed1:
		lean, err := p.decoder.DecodeAll(append([]byte(magic), packed[1:]...), nil)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
		}
		return p.unlean(lean, known)
	}
	return nil, fmt.Errorf("%w: version %d", ErrMalformed, packed[0])
}

// The token of a value: below knownTokens the number of a known value; then
// sameToken and the place of an earlier parameter, or wordToken and the number
// of a word; else literalToken plus the length of a literal.
const (
	knownTokens  = 8
	sameToken    = 8
	wordToken    = 9
	literalToken = 10
)

// Lean appends the form that is compressed: the number of parameters, their
// names, a token for each value, then all literals. What is the same in most
// requests stands together, so that the dictionary holds it in one piece.
func (p *Packer) Lean(dst []byte, params []Param, known []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(params)))
	unknown := false // mostly none is
	for _, q := range params {
		n := p.names.numbers[q.Name]
		dst, unknown = appendName(dst, n, q.Name), unknown || n == 0
	}
	var buffer [1024]byte
	literals := buffer[:0]
	for i, q := range params {
		if unknown && p.names.numbers[q.Name] == 0 {
			literals = append(literals, q.Name...)
		}
		dst, literals = p.appendValue(dst, literals, params[:i], q.Value, known)
	}
	return append(dst, literals...)
}

// appendName writes the number of a name in the list, or 0 and its length.
func appendName(dst []byte, n byte, name string) []byte {
	if n > 0 {
		return binary.AppendUvarint(dst, uint64(n))
	}
	return binary.AppendUvarint(append(dst, 0), uint64(len(name)))
}

func (p *Packer) appendValue(dst, literals []byte, before []Param, value string, known []string) (tokens, rest []byte) {
	if value == "" {
		return append(dst, literalToken), literals
	}
	if i := indexOf(known, value); i >= 0 {
		return append(dst, byte(i)), literals //nolint:gosec // below knownTokens
	}
	if n := p.values.numbers[value]; n > 0 {
		return binary.AppendUvarint(append(dst, wordToken), uint64(n)), literals
	}
	if i := indexOfValue(before, value); i >= 0 {
		return binary.AppendUvarint(append(dst, sameToken), uint64(i)), literals
	}
	return binary.AppendUvarint(dst, literalToken+uint64(len(value))), append(literals, value...)
}

func indexOf(known []string, value string) int {
	for i, k := range known[:min(len(known), knownTokens)] {
		if k == value {
			return i
		}
	}
	return -1
}

// indexOfValue looks for an equal value among the nearest parameters before:
// all of them in a usual request, and no square of the number in a huge one.
func indexOfValue(before []Param, value string) int {
	if len(value) < 3 {
		return -1
	}
	for i := max(0, len(before)-32); i < len(before); i++ {
		if before[i].Value == value {
			return i
		}
	}
	return -1
}
