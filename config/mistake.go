package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// InvalidError is returned by Load: every mistake of a configuration at once,
// those of the environment first, then those of the file from top to bottom.
type InvalidError struct {
	Mistakes []Mistake
}

// Error lists all mistakes, two lines each. It holds no secret.
func (e *InvalidError) Error() string {
	var b strings.Builder
	if len(e.Mistakes) == 1 {
		b.WriteString("the configuration has a mistake:")
	} else {
		fmt.Fprintf(&b, "the configuration has %d mistakes:", len(e.Mistakes))
	}
	for _, m := range e.Mistakes {
		fmt.Fprintf(&b, "\n  %s\n    %s: %s", m.subject(), m.Problem, m.Remedy)
	}
	return b.String()
}

// Mistake is one thing that keeps Backstop from starting.
type Mistake struct {
	Key     string // as it is written: "PUBLIC_URL", "accounts[0].sid"
	Where   string // "environment", or file, line and column: "backstop.yaml:4:9"
	Value   string // as it is written, "•••" for a secret; "" where there is none
	Problem string // what is wrong: "is no AccountSid"
	Remedy  string // what to do about it

	line, column int
}

// String is the mistake in one line.
func (m Mistake) String() string {
	return m.subject() + " " + m.Problem + ": " + m.Remedy
}

func (m Mistake) subject() string {
	s := m.Key
	if m.Value != "" {
		s += " = " + m.Value
	}
	return s + " (" + m.Where + ")"
}

// review collects what a configuration gives reason to say.
type review struct {
	mistakes []Mistake
	warnings []string
	secrets  []*regexp.Regexp // never to be seen in the above, in capitals neither
}

// mistake notes that v is wrong.
func (r *review) mistake(v value, problem, remedy string) {
	r.mistakes = append(r.mistakes, Mistake{
		Key: v.key, Where: v.where(), Value: v.shown(),
		Problem: problem, Remedy: remedy,
		line: v.line, column: v.column,
	})
}

// missing notes that key should have been said beside or below v.
func (r *review) missing(v value, key, problem, remedy string) {
	v.key, v.text, v.written = key, "", ""
	r.mistake(v, problem, remedy)
}

// warn notes something odd about v that is no reason to refuse.
func (r *review) warn(v value, text string) {
	subject := v.key
	if shown := v.shown(); shown != "" {
		subject += " = " + shown
	}
	r.warnings = append(r.warnings, subject+" "+text)
}

// err is nil where there are no mistakes.
func (r *review) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	found := slices.Clone(r.mistakes)
	slices.SortStableFunc(found, func(a, b Mistake) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return a.column - b.column
	})
	for i, m := range found {
		found[i].Value = r.scrub(m.Value)
		found[i].Problem = r.scrub(m.Problem)
		found[i].Remedy = r.scrub(m.Remedy)
	}
	return &InvalidError{Mistakes: found}
}

// scrub is the last line of defence: a secret that slipped into a key where
// none belongs, and from there into a sentence.
func (r *review) scrub(s string) string {
	for _, secret := range r.secrets {
		s = secret.ReplaceAllString(s, masked)
	}
	return s
}

// hide makes sure that secret is never shown. Too short a string would be
// found in innocent words.
func (r *review) hide(secret string) {
	const tooShort = 6
	if len(secret) >= tooShort {
		r.secrets = append(r.secrets, regexp.MustCompile("(?i)"+regexp.QuoteMeta(secret)))
	}
}
