package standby

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Options is what the configuration says about a server that can stand
// in for one that failed.
type Options struct {
	// URL is where its TwiML is: https://standby.example.com{path}. {path} and
	// {query} are those of the ErrorUrl, so that a call goes on where it was.
	URL      string
	Timeout  time.Duration // for all of an answer; 3 s where zero
	Accounts []string      // the AccountSids that it serves; empty: all
	// AllowPrivate lets its name lead to an address of a private network.
	AllowPrivate bool
	// WithError sends it ErrorCode and ErrorUrl, too.
	WithError bool
	// RepeatOK says that a message may be handled there that was handled before.
	RepeatOK bool
	// Probe is what to ask, and how often, to see whether it works: a path of
	// its server, or an absolute URL on it. "": it is not probed.
	Probe      string
	ProbeEvery time.Duration // DefaultProbeEvery where zero
}

// DefaultTimeout is how long a target may take for all of its answer.
const DefaultTimeout = 3 * time.Second

// Target is a server that can stand in, ready to be asked. It never changes.
type Target struct {
	Name string
	Options
	origin origin
	path   string // with {path}
	query  string // with {query}
}

// Placeholders of a target's URL.
const (
	pathPlace  = "{path}"
	queryPlace = "{query}"
)

// NewTarget checks o. The error is a remedy to put behind the key's name.
func NewTarget(name string, o Options) (Target, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	t := Target{Name: name, Options: o}
	scheme, rest, _ := strings.Cut(o.URL, "://")
	end := strings.IndexAny(rest, "/?#{")
	if end < 0 {
		end = len(rest)
	}
	u, err := url.Parse(scheme + "://" + rest[:end])
	if err != nil || !isPlain(o.URL) {
		return Target{}, errors.New("is no URL: write https://standby.example.com{path}")
	}
	t.origin = originOf(u)
	t.path, t.query, _ = strings.Cut(rest[end:], "?")
	switch {
	case t.origin == origin{}:
		return Target{}, errors.New("names no server: write https://standby.example.com{path}")
	case u.User != nil:
		return Target{}, errors.New("has a user name in it, which would be in every document: the server is to check the signature instead")
	case strings.Contains(o.URL, "#"):
		return Target{}, errors.New("has a # in it, and what is behind that is not sent: remove it")
	}
	if t.path == "" {
		t.path = "/"
	}
	return t, t.checkPlaces()
}

// checkPlaces finds placeholders that nothing would be put into.
func (t *Target) checkPlaces() error {
	path := strings.Replace(t.path, pathPlace, "/x", 1)
	query := strings.Replace(t.query, queryPlace, "x", 1)
	switch {
	case strings.ContainsAny(path+query, "{}"):
		return errors.New("may have {path} once, in its path, and {query} once, behind a question mark, and no other braces")
	case !cleanPath(path):
		return errors.New("has a path that leads upwards, or that programs read in different ways")
	}
	return nil
}

// Usable says whether it is a server at all: NewTarget has made it without an
// error.
func (t *Target) Usable() bool { return t.path != "" }

// needs says whether the URL takes something of the ErrorUrl.
func (t *Target) needs() bool {
	return strings.Contains(t.path, pathPlace) || strings.Contains(t.query, queryPlace)
}

// failedAt is the path of the ErrorUrls that t is asked about at path; "" for
// none.
func (t *Target) failedAt(path string) string {
	before, behind, placed := strings.Cut(t.path, pathPlace)
	if !placed {
		return path
	}
	path, ok := strings.CutPrefix(path, before)
	if path, ok2 := strings.CutSuffix(path, behind); ok && ok2 && strings.HasPrefix(path, "/") {
		return path
	}
	return ""
}

// After is why a message is not handled by t once another standby, acted, may have
// done so; "" where it may be.
func (t *Target) After(acted string) string {
	if acted == "" || t.RepeatOK {
		return ""
	}
	return acted + " may have handled the message already: say repeat_ok if this one can take it twice"
}

// Serves says whether it may be asked about an account.
func (t *Target) Serves(account string) bool {
	return len(t.Accounts) == 0 || slices.Contains(t.Accounts, account)
}

// Address is where to ask about errorURL; "" and why where it cannot be asked
// about it. What a stranger may have written fills path and query, never the
// server's name, and only from an address on a primary.
func (t *Target) Address(errorURL string, primaries Primaries) (address, why string) {
	failed, at := read(errorURL)
	if at != (origin{}) && at.same(t.origin) {
		return "", "is the server that failed"
	}
	path, query := t.path, t.query
	if t.needs() {
		switch {
		case !slices.Contains(primaries, at):
			return "", "takes the path of the ErrorUrl, which is on none of the primaries"
		case !isPlain(errorURL) || !cleanPath(pathOf(failed)):
			return "", "takes the path of the ErrorUrl, which is not a plain one"
		}
		path = strings.Replace(path, pathPlace, pathOf(failed), 1)
		query = strings.Replace(query, queryPlace, failed.RawQuery, 1)
	}
	query = strings.Trim(query, "&")
	address = t.origin.url() + path
	if query != "" {
		address += "?" + query
	}
	return address, ""
}
