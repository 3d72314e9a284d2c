package config

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/templates"
)

// value is one leaf of the configuration: what it says and where that came
// from, so that a mistake can name it.
type value struct {
	text    string // after ${X} was replaced; "" is unset
	written string // as it stands in the file; the same as text otherwise
	key     string // "accounts[0].sid", "PUBLIC_URL"
	secret  bool
	invalid bool // a mistake was noted already: text means nothing

	file         string // "" for the environment
	line, column int
}

// set says whether there is something to work with.
func (v value) set() bool { return v.text != "" && !v.invalid }

// absent says that nothing was written: not even a mistake.
func (v value) absent() bool { return v.text == "" && !v.invalid }

// where names the place for people.
func (v value) where() string {
	switch {
	case v.file == "":
		return "environment"
	case v.line == 0:
		return v.file
	}
	return fmt.Sprintf("%s:%d:%d", v.file, v.line, v.column)
}

// shown is what may be seen of v. What came through ${X} is shown as it is
// written, for X may be a secret whatever the key.
func (v value) shown() string {
	switch {
	case v.written == "":
		return ""
	case reference.MatchString(v.written):
		return v.written
	case v.secret, looksSecret(v.written):
		return masked
	}
	return strconv.Quote(templates.Shorten(v.written, longestShown))
}

// longestShown keeps a pasted novel out of the list of mistakes.
const longestShown = 100

// reference is a value that is nothing but one ${X}.
var reference = regexp.MustCompile(`^\$\{[A-Za-z_][A-Za-z0-9_]*\}$`)

// secretShapes are the looks of secrets that people paste into wrong keys:
// Twilio's tokens, Slack's tokens and webhooks, URLs with a password.
var secretShapes = regexp.MustCompile(`(?i)(^|[^0-9a-z])[0-9a-f]{32}([^0-9a-z]|$)|xox[a-z]-|xapp-|/services/[a-z0-9]+/|://[^/]*@`)

func looksSecret(s string) bool { return secretShapes.MatchString(s) }

// commaSplit takes values that may hold several, separated by commas, apart:
// that is how one variable carries a list, also through ${X}.
func commaSplit(values []value) []value {
	var parts []value
	for _, v := range values {
		for part := range strings.SplitSeq(v.text, ",") {
			one := v
			one.text = strings.TrimSpace(part)
			if one.written == v.text {
				one.written = one.text
			}
			if one.set() {
				parts = append(parts, one)
			}
		}
	}
	return parts
}
