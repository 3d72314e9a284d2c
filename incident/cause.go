package incident

import (
	"strconv"
	"strings"
)

// CauseKind says which rule grouped a failure.
type CauseKind uint8

// The kinds. The numbers are stored: never renumber.
const (
	FetchLevel    CauseKind = 1 // Twilio could not get a document from a host
	DocumentLevel CauseKind = 2 // it got one and could not use it, or anything else
	AskedFirst    CauseKind = 3 // no ErrorCode: we are set as the primary URL
	Itself        CauseKind = 4 // ErrorUrl is one of Backstop's own addresses
	DrillCause    CauseKind = 5 // a drill: joins no incident
	AccountWide   CauseKind = 6 // many servers of one account fail at once
	TwilioWide    CauseKind = 7 // and of several accounts
)

// Wide says whether it is the cause of an incident that explains others, and has
// no failures of its own.
func (c Cause) Wide() bool { return c.Kind == AccountWide || c.Kind == TwilioWide }

// MayExplain says whether an incident with that cause may explain others.
func (c Cause) MayExplain() bool {
	return c.Wide() || c.Kind == DocumentLevel && IsAccountCode(c.Code)
}

// CauseVersion is the version of the rules below. Raise it when they change
// what they group, so that old incidents are not continued by accident.
const CauseVersion = 1

// Cause is what failures are grouped by.
type Cause struct {
	Kind    CauseKind
	Version int
	Account string // AccountSid
	Code    int    // document-level only: fetch-level codes of one host are one cause
	Host    string // lower case, with a port that is not the scheme's own; "" where ErrorUrl names none
	Path    string // document-level only, ids normalised
}

// CauseOf groups f. It depends on nothing but f.
func CauseOf(f Failure) Cause {
	c := Cause{Version: CauseVersion, Account: f.AccountSID}
	switch {
	case f.Drill:
		c.Kind = DrillCause
	case f.Itself:
		c.Kind = Itself
	case f.AskedFirst:
		c.Kind = AskedFirst
	case f.Code >= 11000 && f.Code <= 11299:
		c.Kind = FetchLevel
		c.Host = Host(f.ErrorURL)
	default:
		c.Kind = DocumentLevel
		c.Code = f.Code
		c.Host, c.Path = hostAndPath(f.ErrorURL)
	}
	return c
}

// Key is equal for equal causes and different for all others.
func (c Cause) Key() string {
	return strings.Join([]string{
		strconv.Itoa(c.Version), strconv.Itoa(int(c.Kind)), c.Account,
		strconv.Itoa(c.Code), c.Host, c.Path,
	}, "|")
}

// normalisePath puts ":id" for segments that name one thing among many, so
// that /orders/17 and /orders/18 are one cause.
func normalisePath(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if isID(s) {
			segments[i] = ":id"
		}
	}
	return strings.Join(segments, "/")
}

// isID takes a segment for an id when it is a number, or long and mostly
// hexadecimal digits: SIDs, UUIDs, hashes.
func isID(s string) bool {
	digits, hex := 0, 0
	for i := range len(s) {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c >= 'a' && c <= 'f', c >= 'A' && c <= 'F', c == '-':
			hex++
		}
	}
	if digits > 0 && digits == len(strings.TrimPrefix(s, "+")) {
		return true
	}
	return len(s) >= 16 && digits > 0 && digits+hex >= len(s)-2
}

// printable cuts s and drops what must not stand in a name people read.
func printable(s string, limit int) string {
	if len(s) <= limit && strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) < 0 {
		return s
	}
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' {
			return -1
		}
		return r
	}, s)
	if len(clean) <= limit {
		return clean
	}
	return strings.ToValidUTF8(clean[:limit], "")
}

// withoutUserinfo drops user and password from a URL, also from one that
// url.Parse refuses: secrets are not stored.
func withoutUserinfo(raw string) string {
	_, rest, found := strings.Cut(raw, "//")
	if !found {
		return raw
	}
	authority := rest
	if end := strings.IndexAny(rest, "/?#\\"); end >= 0 {
		authority = rest[:end]
	}
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return raw
	}
	return raw[:len(raw)-len(rest)] + rest[at+1:]
}
