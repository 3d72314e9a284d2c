package twilio

import (
	"errors"
	"fmt"
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
// as they are. The values share memory with raw, or with one decoded copy.
func ParseForm(raw string, maxParams int) ([]Param, error) {
	if raw == "" {
		return nil, nil
	}
	params := make([]Param, 0, min(strings.Count(raw, "&")+1, max(maxParams, 0)))
	d := decoder{room: len(raw)}
	for offset := 0; offset <= len(raw); {
		end := len(raw)
		if i := strings.IndexByte(raw[offset:], '&'); i >= 0 {
			end = offset + i
		}
		pair := raw[offset:end]
		if pair != "" {
			if len(params) == maxParams {
				return nil, fmt.Errorf("%w: more than %d", ErrTooManyParams, maxParams)
			}
			name, value, _ := strings.Cut(pair, "=")
			p := Param{Name: d.decode(name), Value: d.decode(value)}
			if d.malformed {
				return nil, fmt.Errorf("%w: incomplete %% escape in the parameter at byte %d", ErrMalformed, offset)
			}
			params = append(params, p)
		}
		offset = end + 1
	}
	return params, nil
}

// decoder undoes form encoding. All decoded texts lie in one builder, which
// holds room bytes from the first on and so never moves them.
type decoder struct {
	text      strings.Builder
	room      int
	malformed bool
}

func (d *decoder) decode(s string) string {
	plain := strings.IndexByte(s, '%')
	if plus := strings.IndexByte(s, '+'); plus >= 0 && (plain < 0 || plus < plain) {
		plain = plus
	}
	if plain < 0 {
		return s
	}
	if d.text.Cap() == 0 {
		d.text.Grow(d.room)
	}
	start := d.text.Len()
	d.text.WriteString(s[:plain])
	for i := plain; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			d.text.WriteByte(' ')
		case '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				d.malformed = true
				return ""
			}
			d.text.WriteByte(unhex(s[i+1])<<4 | unhex(s[i+2]))
			i += 2
		default:
			d.text.WriteByte(c)
		}
	}
	return d.text.String()[start:]
}

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
