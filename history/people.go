package history

import (
	"errors"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// People are those who are to be erased. They are known by their numbers, in
// whatever form these stand: "+4930123456", "whatsapp:+4930123456",
// "sip:+4930123456@example.com", "0049 30 123456". The zero value is nobody.
type People struct {
	known func(digits string) (until time.Time, ok bool)
}

// NewPeople are those whom known knows by the digits of their number, with the
// country code and without a plus. What came after until is not to be erased.
func NewPeople(known func(digits string) (until time.Time, ok bool)) People {
	return People{known}
}

// errPerson says how a number is to be written.
var errPerson = errors.New("write one phone number with its country code, such as +4930123456 or whatsapp:+4930123456")

// ReadPerson is one person, all of whose data until then is to be erased, and
// the digits of their number.
func ReadPerson(number string, until time.Time) (who People, digits string, err error) {
	address, assumed, ok := ReadNumber(number)
	if !ok || assumed {
		return People{}, "", errPerson
	}
	if digits, ok = digitsOfAddress(address); !ok || !strings.Contains(address, "+") {
		return People{}, "", errPerson
	}
	return NewPeople(func(other string) (time.Time, bool) { return until, other == digits }), digits, nil
}

// Nobody says whether there is nobody to erase.
func (p People) Nobody() bool { return p.known == nil }

// But is p without those whom not says.
func (p People) But(not func(digits string) bool) People {
	return NewPeople(func(digits string) (time.Time, bool) {
		until, ok := p.know(digits)
		return until, ok && !not(digits)
	})
}

// Know says whether the address is that of one of them, where it stands in
// something of that time; the zero time is any. digits is their number.
func (p People) Know(address string, at time.Time) (digits string, ok bool) {
	digits, ok = digitsOfAddress(address)
	if !ok {
		return "", false
	}
	until, ok := p.know(digits)
	return digits, ok && before(at, until)
}

// Named says whether a text of that time names the number of one of them.
func (p People) Named(text string, at time.Time) bool {
	found := false
	eachNumber(text, func(digits string, _, _ int) bool {
		until, ok := p.know(digits)
		found = ok && before(at, until)
		return found
	})
	return found
}

// Erased stands where a number was.
const Erased = "[erased]"

// Without is a text of that time without their numbers.
func (p People) Without(text string, at time.Time) string {
	var b strings.Builder
	done := 0
	eachNumber(text, func(digits string, from, to int) bool {
		if until, ok := p.know(digits); ok && before(at, until) && from >= done {
			b.WriteString(strings.TrimSuffix(text[done:from], "+"))
			b.WriteString(Erased)
			done = to
		}
		return false
	})
	return b.String() + text[done:]
}

// Part is what a failure, or a follow-up, has of them.
type Part uint8

// What it may have.
const (
	NoPart   Part = iota
	Theirs        // it is about one of them
	Mentions      // it is about somebody else, and names one of them
	TheLine       // somebody else tried to reach that number: it is a line
)

// PartIn says what a failure has of them, with the number where that is one's
// own. A leg that Dial made carries its caller's number as its caller ID.
func (p People) PartIn(f incident.Failure) (part Part, digits string) {
	if digits, ok := p.Know(f.Person(), f.ReceivedAt); ok {
		return Theirs, digits
	}
	if digits, ok := p.Know(f.Line(), f.ReceivedAt); ok {
		if f.Outbound && f.OwnLine() == "" {
			return Theirs, digits
		}
		return TheLine, digits
	}
	for _, param := range f.Params {
		if p.Named(param.Value, f.ReceivedAt) || p.Named(param.Name, f.ReceivedAt) {
			return Mentions, ""
		}
	}
	return NoPart, ""
}

func (p People) know(digits string) (time.Time, bool) {
	if p.known == nil || !between(len(digits), leastDigits, mostDigits) {
		return time.Time{}, false
	}
	return p.known(digits)
}

// before says whether something of that time is old enough to be erased.
func before(at, until time.Time) bool { return at.IsZero() || !at.After(until) }

// How long a phone number is, with its country code.
const (
	leastDigits = 7
	mostDigits  = 15
)

// digitsOfAddress are the digits of the number in an address; ok is false where
// there is none, or another network's.
func digitsOfAddress(address string) (digits string, ok bool) {
	scheme, rest, cut := strings.Cut(address, ":")
	if !cut {
		rest = scheme
	} else if s := strings.ToLower(scheme); s == "messenger" || s == "sim" {
		return "", false
	}
	if i := strings.IndexAny(rest, "@;"); i >= 0 {
		rest = rest[:i]
	}
	digits, ok = digitsOf(strings.Replace(rest, "%2B", "+", 1))
	digits = strings.TrimPrefix(strings.TrimPrefix(digits, "+"), "00")
	return digits, ok && between(len(digits), leastDigits, mostDigits)
}

// eachNumber hands fn every number that may stand in the text, as its digits and
// where it is, until fn has enough. A number may be written in groups, which
// may as well be several numbers: fn gets all that can be meant.
func eachNumber(text string, fn func(digits string, from, to int) (enough bool)) {
	var room [8]group
	groups := room[:0]
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		if i == from {
			i++
			continue
		}
		if n := len(groups); n > 0 && !joined(text[groups[n-1].to:from]) {
			if eachIn(text, groups, fn) {
				return
			}
			groups = groups[:0]
		}
		groups = append(groups, group{from, i})
	}
	eachIn(text, groups, fn)
}

// group is where digits stand together.
type group struct{ from, to int }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// joined says whether what stands between digits is what people put into numbers.
func joined(between string) bool {
	return len(between) <= 3 && strings.Trim(between, " -./()\t") == ""
}

// eachIn does so for groups that follow each other.
func eachIn(text string, groups []group, fn func(digits string, from, to int) (enough bool)) bool {
	var room [mostDigits + 2]byte
	for i, first := range groups {
		digits := room[:0]
		for _, g := range groups[i:] {
			if len(digits)+g.to-g.from > len(room) {
				break
			}
			if len(digits) > 0 && text[g.from-1] == '(' && text[g.from:g.to] == "0" { // +49 (0)30
				continue
			}
			digits = append(digits, text[g.from:g.to]...)
			number := strings.TrimPrefix(string(digits), "00")
			if len(number) >= leastDigits && len(number) <= mostDigits && fn(number, first.from, g.to) {
				return true
			}
		}
	}
	return false
}
