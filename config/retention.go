package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/store"
)

// Privacy is what is hidden and what is never stored.
type Privacy struct {
	MaskNumbers bool
	Drop        []string // parameters that are dropped before the journal; Body among them unless bodies are kept
}

func (r *review) retention(written retention) store.Retention {
	const (
		days, personal = 400, 90
		maxBytes       = 10e9
		leastBytes     = 10e6
	)
	kept := store.Retention{
		Days:     r.days(written.Days, days),
		MaxBytes: r.size(written.MaxSize, maxBytes, leastBytes),
	}
	kept.PersonalDays = r.days(written.PersonalDays, min(personal, kept.Days))
	if kept.PersonalDays > kept.Days {
		r.mistake(written.PersonalDays, fmt.Sprintf("is longer than the %d days that failures are kept", kept.Days),
			"write a smaller number, or raise retention.days")
	}
	return kept
}

var parameterName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,99}$`)

// indispensable parameters say what a failure is.
var indispensable = []string{"AccountSid", "CallSid", "MessageSid", "SmsSid", "From", "To", "ErrorCode", "ErrorUrl"}

func (r *review) privacy(written privacy) Privacy {
	p := Privacy{MaskNumbers: r.boolean(written.MaskNumbers, true)}
	for _, v := range commaSplit(written.Drop) {
		switch {
		case !parameterName.MatchString(v.text):
			r.mistake(v, "is no name of a parameter", "write it as Twilio does, such as CallerName")
		case slices.Contains(indispensable, v.text):
			r.mistake(v, "cannot be dropped: without "+strings.Join(indispensable, ", ")+" a failure says nothing",
				"leave it out; retention.personal_days says how long personal data is kept")
		case !slices.Contains(p.Drop, v.text):
			p.Drop = append(p.Drop, v.text)
		}
	}
	if !r.boolean(written.KeepBody, true) && !slices.Contains(p.Drop, "Body") {
		p.Drop = append(p.Drop, "Body")
	}
	return p
}
