package twilio

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Param is one name and value of a request, decoded. It is an alias of an
// unnamed type, so that incident.Param is the same type without an import.
type Param = struct{ Name, Value string }

// What ParseForm refuses. ErrTooLarge is for the caller who reads the body and
// finds more than it wants to hold; ReasonOf knows all three.
var (
	ErrTooManyParams = errors.New("too many parameters")
	ErrMalformed     = errors.New("malformed form")
	ErrTooLarge      = errors.New("body too large")
)

// ParseForm decodes an application/x-www-form-urlencoded body, or a raw query,
// into its pairs: order, repeats and empty values are kept. It gives
// ErrTooManyParams beyond maxParams pairs and ErrMalformed for a "%" that two
// hexadecimal digits do not follow.
//
// What the signing libraries agree on holds here too: only "&" separates (";"
// is a character like any other), nothing between two "&" is no pair, a name
// without "=" has the empty value, "+" is a space. Bytes that are no UTF-8 stay
// as they are.
func ParseForm(raw string, maxParams int) ([]Param, error) {
	return new(Room).parse([]byte(raw), maxParams)
}

// Room is memory for the parameters of a request, to be used for another one when
// that is over. The texts of a request lie in one string, and a name that the request
// before had in the same place is that one: all of them stay good.
type Room struct {
	params []Param
	text   []byte // what is decoded
	ends   []int  // in it: of each name, or known, and of each value
}

const known = -1 // a name that is there already

// What a room keeps for the next request: Twilio's have less.
const (
	roomText = 8 << 10 // bytes of one request
	roomName = 64      // bytes of a name
)

// Empty ends the use of the parameters that were read in the room: nobody may have
// their slice any more. Their names and values stay good.
func (room *Room) Empty() {
	for i := range room.params {
		p := &room.params[i]
		p.Value = ""
		switch {
		case len(p.Name) > roomName:
			p.Name = ""
		case 2*i >= len(room.ends) || room.ends[2*i] != known:
			p.Name = strings.Clone(p.Name) // not all that it lies in
		}
	}
	room.params, room.ends = room.params[:0], room.ends[:0]
	if cap(room.text) > roomText {
		*room = Room{}
	}
}

// parse is ParseForm in the room. What it returns is good until the next use of the
// room, or until it is emptied.
func (room *Room) parse(raw []byte, maxParams int) ([]Param, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	pairs := min(bytes.Count(raw, []byte("&"))+1, max(maxParams, 0))
	room.params, room.ends, room.text = fitting(room.params, pairs), fitting(room.ends, 2*pairs), fitting(room.text, len(raw))
	for offset := 0; offset < len(raw); offset++ { // past the "&"
		begins := offset
		if raw[offset] == '&' {
			continue
		}
		if len(room.params) >= maxParams {
			return nil, fmt.Errorf("%w: more than %d", ErrTooManyParams, maxParams)
		}
		if offset = room.pair(raw, offset); offset < 0 {
			return nil, fmt.Errorf("%w: incomplete %% escape in the parameter at byte %d", ErrMalformed, begins)
		}
	}
	text, from := string(room.text), 0
	for i := range room.params {
		p := &room.params[i]
		if end := room.ends[2*i]; end != known {
			p.Name, from = text[from:end], end
		}
		end := room.ends[2*i+1]
		p.Value, from = text[from:end], end
	}
	return slices.Clip(room.params), nil
}

// fitting is s with nothing in it and room for so many.
func fitting[T any](s []T, most int) []T {
	if cap(s) < most {
		return make([]T, 0, most)
	}
	return s[:0]
}

// pair decodes a pair from an offset on, and returns where it ends: with raw, or at
// "&". It is -1 where an escape is incomplete.
func (room *Room) pair(raw []byte, offset int) (end int) {
	n, begins := len(room.params), len(room.text)
	if end = room.decode(raw, offset, '='); end < 0 {
		return end
	}
	named := len(room.text)
	room.params = room.params[:n+1] // with the name that was here last time
	if last := &room.params[n]; last.Name != "" && last.Name == string(room.text[begins:]) {
		room.text, named = room.text[:begins], known
	}
	if end < len(raw) && raw[end] == '=' {
		end = room.decode(raw, end+1, '&')
	}
	room.ends = append(room.ends, named, len(room.text))
	return end
}

// decode undoes form encoding from an offset on, into the text, and returns where it
// ends: at a byte, at "&", or with raw. It is -1 where an escape is incomplete.
func (room *Room) decode(raw []byte, offset int, at byte) (end int) {
	text, i := room.text, offset
	defer func() { room.text = text }()
	for {
		plain := i
		for i < len(raw) && isPlain[raw[i]] {
			i++
		}
		text = append(text, raw[plain:i]...)
		if i == len(raw) || raw[i] == '&' || raw[i] == at {
			return i
		}
		switch c := raw[i]; c {
		case '+':
			text = append(text, ' ')
		case '%':
			if i+2 >= len(raw) || !isHex(raw[i+1]) || !isHex(raw[i+2]) {
				return -1
			}
			text = append(text, unhex(raw[i+1])<<4|unhex(raw[i+2]))
			i += 2
		default: // "=" in a value
			text = append(text, c)
		}
		i++
	}
}

// isPlain says of each byte whether it stands for itself wherever it is in a form.
var isPlain = func() (plain [256]bool) {
	for c := range plain {
		plain[c] = c != '&' && c != '=' && c != '+' && c != '%'
	}
	return plain
}()

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}

// First is the value of the first parameter of that name, or "".
func First(params []Param, name string) string {
	value, _ := Find(params, name)
	return value
}

// Find is First for callers to whom an empty value is not a missing one.
func Find(params []Param, name string) (value string, ok bool) {
	for i := range params {
		if params[i].Name == name {
			return params[i].Value, true
		}
	}
	return "", false
}
