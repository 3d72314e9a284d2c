package config

import (
	"regexp"
	"strings"

	"github.com/backstop-project/backstop/notify"
)

// Notifier is a place where alerts go: exactly one of its pointers is set.
// Texts, clock and the like are for whoever makes it.
type Notifier struct {
	Name  string
	Email *notify.EmailOptions
	Slack *notify.SlackOptions
}

var notifierName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// notifiers are the places where alerts go.
func (r *review) notifiers(written []notifier) []Notifier {
	var notifiers []Notifier
	names := make(map[string]value)
	for _, n := range written {
		if n.At.invalid {
			continue
		}
		r.notifierName(n)
		r.once(names, n.Name, "give each notifier a name of its own")
		one := Notifier{Name: n.Name.text}
		switch {
		case n.Email != nil && n.Slack != nil:
			r.missing(n.At, n.At.key, "is e-mail and Slack at once", "make two notifiers of it, each with its own name")
		case n.Email != nil:
			one.Email = r.email(one.Name, *n.Email)
		case n.Slack != nil:
			one.Slack = r.slack(one.Name, *n.Slack)
		default:
			r.missing(n.At, n.At.key, "says nowhere to send to", "add email: {smtp, from, to} or slack: {webhook_url} or slack: {bot_token, channel}")
		}
		if len(r.mistakes) == 0 { // lest its maker refuse later what was taken here
			r.refused(n.At, one.validate(), moreAbout)
		}
		notifiers = append(notifiers, one)
	}
	return notifiers
}

func (n Notifier) validate() error {
	switch {
	case n.Email != nil:
		return n.Email.Validate()
	case n.Slack != nil:
		return n.Slack.Validate()
	}
	return nil
}

func (r *review) notifierName(n notifier) {
	const remedy = "write a short name of letters, digits, dots and hyphens, such as ops-mail: pages, metrics and alerts use it"
	switch {
	case n.Name.absent():
		r.missing(n.At, n.At.key+".name", "is missing", remedy)
	case n.Name.set() && !notifierName.MatchString(n.Name.text):
		r.mistake(n.Name, "is no name for a notifier", remedy)
	}
}

// required notes that v is missing, under the name by which it is known where
// the notifier comes from.
func (r *review) required(at, v value, key, variable, remedy string) {
	if !v.absent() {
		return
	}
	name := variable
	if at.file != "" {
		name = at.key + "." + key
	}
	r.missing(at, name, "is missing", remedy)
}

// refused notes what another package says against v, which reads
// `problem: remedy`, or is several such sentences joined.
func (r *review) refused(v value, err error, otherwise string) {
	for _, complaint := range unjoin(err) {
		problem, remedy, found := strings.Cut(complaint.Error(), ": ")
		if !found {
			remedy = otherwise
		}
		r.mistake(v, problem, remedy)
	}
}
