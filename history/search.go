package history

import (
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/incident"
)

// Found is what a pasted text was taken for.
type Found struct {
	Query   Query
	Failure incident.ID // where it names one failure: Query is empty then
	Note    string      // what was assumed, where it could have been meant otherwise
}

// SearchHint is said where nothing was understood: what can be pasted into the box.
const SearchHint = "Paste a call or message SID, a phone number with its country code, an error code, a URL or host, an incident number such as #12, a failure's id, or the name of a line."

// maxSearch is more than any log line that is worth pasting.
const maxSearch = 16 << 10

var (
	sidAnywhere  = regexp.MustCompile(`(?i)(?:^|[^0-9a-z])([a-z]{2}[0-9a-f]{32})(?:[^0-9a-z]|$)`)
	uuidAnywhere = regexp.MustCompile(`(?i)(?:^|[^0-9a-z])([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[^0-9a-z]|$)`)
	urlAnywhere  = regexp.MustCompile(`(?i)\bhttps?://[^\s"'<>]+`)
	wholeCode    = regexp.MustCompile(`(?i)^(?:(?:twilio|error|errorcode|error code|code)[\s:#=–-]*)*([1-9]\d{4})$`)
	codeRange    = regexp.MustCompile(`^([1-9]\d{4})\s*(?:-|–|—|\.\.+)\s*([1-9]\d{4})$`)
	likeDay      = regexp.MustCompile(`^\d{4}-\d{1,2}-\d{1,2}$`)
	wholeID      = regexp.MustCompile(`(?i)^(?:(?:incident|#)[\s:#=]*)+([1-9]\d{0,17})$|^([1-9]\d{0,3})$`)
	errorPage    = regexp.MustCompile(`(?i)^/(?:[a-z-]+/)?docs/(?:api/errors|errors)/(\d{5})\b`)
	incidentPage = regexp.MustCompile(`^/incidents/([1-9]\d{0,17})(?:/|$)`)
	hostAlone    = regexp.MustCompile(`(?i)^(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?\.)+[a-z0-9-]*[a-z][a-z0-9-]*\.?(?::\d{1,5})?(?:[/?#].*)?$|^localhost(?::\d{1,5})?(?:[/?#].*)?$`)
)

// ParseSearch understands what people paste into the one search box: a SID, a
// number in any writing, an error code, a URL or a host, an incident's number,
// a failure's id, a link to any of these, a day of the zone, words such as
// "voice", and filters written out: "code:11200 host:www.example.com". An empty
// text asks for everything.
func ParseSearch(text string, zone *time.Location) (Found, []Problem) {
	text = strings.TrimSpace(strings.ToValidUTF8(text, " "))
	if text == "" {
		return Found{}, nil
	}
	if len(text) > maxSearch {
		return Found{}, []Problem{{Field: SearchField, Value: text[:100] + "…", Hint: "This is too long. " + SearchHint}}
	}
	if found, problems, ok := writtenOut(text); ok {
		return found, problems
	}
	if isCodeRange(text) {
		return Found{}, []Problem{{
			Field: SearchField, Value: text,
			Hint: "A range of codes cannot be looked for: write one of them, such as 11200, or the host that failed.",
		}}
	}
	searchDay := func(text string) (Found, bool) { return searchDay(text, zone) }
	for _, read := range []func(string) (Found, bool){
		searchNumberWithPlus, searchSID, searchURL, searchFailure, searchDay, searchCode, searchIncident,
		searchAddress, searchWord, searchNumber, searchHost,
	} {
		if found, ok := read(text); ok {
			return found, nil
		}
	}
	return Found{}, []Problem{{Field: SearchField, Value: text, Hint: notUnderstood(text)}}
}

// notUnderstood says why, where the reason can be guessed.
func notUnderstood(text string) string {
	if m := sidAnywhere.FindStringSubmatch(text); m != nil {
		return "This is the SID of something else: the history knows calls (CA…) and messages (SM…, MM…)."
	}
	if likeDay.MatchString(text) {
		return "There is no such day: write it as 2026-11-28."
	}
	if digits, ok := digitsOf(text); ok && len(digits) >= 7 {
		return "Write the number with its country code: +49 30 123456."
	}
	return SearchHint
}

// writtenOut reads "code:11200 host:www.example.com"; ok is false where any
// word is no filter.
func writtenOut(text string) (Found, []Problem, bool) {
	v := url.Values{}
	for word := range strings.FieldsSeq(text) {
		field, value, cut := strings.Cut(word, ":")
		field = strings.ToLower(field)
		switch field {
		case channelField, codeField, numberField, sidField, hostField, incidentField, drillsField:
		default:
			return Found{}, nil, false
		}
		if !cut || value == "" {
			return Found{}, nil, false
		}
		v.Add(field, value)
	}
	q, problems := ParseQuery(v, time.Time{}, time.UTC)
	return Found{Query: q}, problems, true
}

// searchNumberWithPlus comes first: nothing else begins with a plus.
func searchNumberWithPlus(text string) (Found, bool) {
	if !strings.HasPrefix(strings.TrimLeft(text, "(\u202a\u202d\u2068 "), "+") {
		return Found{}, false
	}
	return searchNumber(text)
}

func searchSID(text string) (Found, bool) {
	for _, m := range sidAnywhere.FindAllStringSubmatch(text, -1) {
		sid, _ := readSID(m[1])
		switch sid[:2] {
		case "CA", "SM", "MM":
			return Found{Query: Query{SID: sid}}, true
		}
	}
	return Found{}, false
}

// readSID writes a SID the way Twilio does.
func readSID(s string) (string, bool) {
	m := sidAnywhere.FindStringSubmatch(s)
	if m == nil || m[1] != s {
		return "", false
	}
	return strings.ToUpper(s[:2]) + strings.ToLower(s[2:]), true
}

func searchFailure(text string) (Found, bool) {
	m := uuidAnywhere.FindStringSubmatch(text)
	if m == nil {
		return Found{}, false
	}
	id, err := uuid.Parse(m[1])
	if err != nil {
		return Found{}, false
	}
	if id.Version() != 7 { // other providers name calls by UUIDs
		return Found{Query: Query{SID: m[1]}}, true
	}
	return Found{Failure: id}, true
}

func searchURL(text string) (Found, bool) {
	u, err := url.Parse(strings.TrimRight(urlAnywhere.FindString(text), ".,;)]}"))
	if err != nil || u.Host == "" {
		return Found{}, false
	}
	if m := errorPage.FindStringSubmatch(u.Path); m != nil && strings.HasSuffix(u.Hostname(), "twilio.com") {
		code, _ := strconv.Atoi(m[1])
		return Found{Query: Query{Code: code}}, true
	}
	if m := incidentPage.FindStringSubmatch(u.Path); m != nil {
		n, _ := strconv.ParseInt(m[1], 10, 64)
		return Found{Query: Query{Incident: n}}, true
	}
	if strings.HasPrefix(u.Path, "/history/") {
		if found, ok := searchFailure(u.Path); ok {
			return found, true
		}
	}
	host := readHost(u.String())
	return Found{Query: Query{Host: host}}, host != ""
}

// isCodeRange tells "11200-11299" from a number that somebody wrote in two
// halves: those of codes begin alike, or as no number of North America does.
func isCodeRange(text string) bool {
	m := codeRange.FindStringSubmatch(text)
	return m != nil && m[1] < m[2] && (m[1][:2] == m[2][:2] || m[1][0] == '1')
}

func searchCode(text string) (Found, bool) {
	m := wholeCode.FindStringSubmatch(text)
	if m == nil {
		return Found{}, false
	}
	code, _ := strconv.Atoi(m[1])
	return Found{Query: Query{Code: code}, Note: "Taken for an error code; for a short number write number:" + m[1] + "."}, true
}

func searchIncident(text string) (Found, bool) {
	m := wholeID.FindStringSubmatch(text)
	if m == nil {
		return Found{}, false
	}
	n, err := strconv.ParseInt(m[1]+m[2], 10, 64)
	return Found{Query: Query{Incident: n}}, err == nil
}

// searchAddress takes IP addresses before a number can: 192.168.10.20 has
// enough digits for one.
func searchAddress(text string) (Found, bool) {
	authority, _, _ := strings.Cut(text, "/")
	if _, err := netip.ParseAddrPort(authority); err != nil {
		addr, err := netip.ParseAddr(strings.Trim(authority, "[]"))
		if err != nil {
			return Found{}, false
		}
		if addr.Is6() {
			authority = "[" + addr.String() + "]"
		}
	}
	host := readHost(authority)
	return Found{Query: Query{Host: host}}, host != ""
}

func searchWord(text string) (Found, bool) {
	word := strings.ToLower(text)
	switch word {
	case "voice", "call", "calls":
		return Found{Query: Query{Channel: Channel{incident.Voice, true}}}, true
	case "messaging", "message", "messages", "sms", "whatsapp":
		return Found{Query: Query{Channel: Channel{incident.Messaging, true}}}, true
	case "drill", "drills":
		return Found{Query: Query{Drills: true}}, true
	case "anonymous", "unknown", "restricted", "unavailable", "private":
		return Found{Query: Query{Number: word}}, true
	}
	return Found{}, false
}

func searchNumber(text string) (Found, bool) {
	number, assumed, ok := ReadNumber(text)
	found := Found{Query: Query{Number: number}}
	if assumed {
		found.Note = "Taken for " + number + "; write the country code where another is meant."
	}
	return found, ok
}

func searchHost(text string) (Found, bool) {
	text = strings.Trim(text, `"'<>()[],;`)
	if !hostAlone.MatchString(text) {
		return Found{}, false
	}
	host := strings.TrimSuffix(readHost(text), ".")
	return Found{Query: Query{Host: host}}, host != ""
}
