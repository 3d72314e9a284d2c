package config

import (
	"regexp"
	"strings"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
)

// Notifier is a place where alerts go: exactly one of its pointers is set, Own
// aside. Texts, clock and the like are for whoever makes it.
type Notifier struct {
	Name      string
	Own       *templates.OwnText // the customer's own template, nil for none
	Email     *notify.EmailOptions
	Slack     *notify.SlackOptions
	Buttons   *Buttons // below Slack's messages; nil for none
	Webhook   *notify.WebhookOptions
	PagerDuty *notify.PagerDutyOptions
	SMS, Call *Phone
	Shoutrrr  *notify.ShoutrrrOptions
}

// Pages says whether the notifier is made for waking people: alerts that can
// wait do not go there unless somebody says so.
func (n Notifier) Pages() bool { return n.PagerDuty != nil || n.SMS != nil || n.Call != nil }

// Mentions says whether it calls people together for what may wake them.
func (n Notifier) Mentions() bool { return n.Slack != nil && n.Slack.Mention != "" }

// UpdatesInPlace says whether the notifier wants to know of what is no new
// message: that somebody has taken an incident.
func (n Notifier) UpdatesInPlace() bool {
	return n.Slack != nil && n.Slack.BotToken != "" || n.Webhook != nil || n.PagerDuty != nil
}

var notifierName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// notifiers are the places where alerts go.
func (r *review) notifiers(f file) []Notifier {
	var notifiers []Notifier
	names := make(map[string]value)
	for _, n := range f.Notifiers {
		if n.At.invalid {
			continue
		}
		r.notifierName(n)
		r.once(names, n.Name, "give each notifier a name of its own")
		one := Notifier{Name: n.Name.text}
		r.notifierKind(f, n, &one)
		one.Own = r.ownText(n)
		if len(r.mistakes) == 0 { // lest its maker refuse later what was taken here
			r.refused(n.At, one.validate(), moreAbout)
		}
		notifiers = append(notifiers, one)
	}
	return notifiers
}

// notifierKind reads what kind of place it is into one.
func (r *review) notifierKind(f file, n notifier, one *Notifier) {
	kinds := n.kinds()
	switch {
	case len(kinds) == 0:
		r.missing(n.At, n.At.key, "says nowhere to send to", nowhere)
	case len(kinds) > 1:
		r.missing(n.At, n.At.key, "is "+strings.Join(kinds, " and ")+" at once", "make one notifier for each, with its own name")
	case n.Email != nil:
		one.Email = r.email(one.Name, *n.Email)
	case n.Slack != nil:
		one.Slack = r.slack(one.Name, *n.Slack)
		one.Buttons = r.buttons(*n.Slack)
	case n.Webhook != nil:
		one.Webhook = r.webhook(one.Name, *n.Webhook)
	case n.SMS != nil:
		one.SMS = r.phone(f, one.Name, *n.SMS, true)
	case n.Call != nil:
		one.Call = r.phone(f, one.Name, *n.Call, false)
	case n.Shoutrrr != nil:
		one.Shoutrrr = r.shoutrrr(one.Name, *n.Shoutrrr)
	case n.PagerDuty != nil:
		one.PagerDuty = r.pagerDuty(one.Name, *n.PagerDuty)
	}
}

const nowhere = "add email: {smtp, from, to} or slack: {webhook_url} or slack: {bot_token, channel} or webhook: {url, secret} or pagerduty: {routing_key} or twilio_sms: {from, to} or twilio_call: {from, to} or shoutrrr: {url}"

// kinds are the kinds of place that n is written as.
func (n notifier) kinds() []string {
	var kinds []string
	for _, kind := range []struct {
		name    string
		written bool
	}{
		{"e-mail", n.Email != nil},
		{"Slack", n.Slack != nil},
		{"a webhook", n.Webhook != nil},
		{"PagerDuty", n.PagerDuty != nil},
		{"a text", n.SMS != nil},
		{"a call", n.Call != nil},
		{"a service of shoutrrr", n.Shoutrrr != nil},
	} {
		if kind.written {
			kinds = append(kinds, kind.name)
		}
	}
	return kinds
}

func (n Notifier) validate() error {
	switch {
	case n.Email != nil:
		return n.Email.Validate()
	case n.Slack != nil:
		return n.Slack.Validate()
	case n.Webhook != nil:
		return n.Webhook.Validate()
	case n.PagerDuty != nil:
		return n.PagerDuty.Validate()
	case n.Shoutrrr != nil:
		return n.Shoutrrr.Validate()
	case n.SMS != nil:
		return n.SMS.validate(true)
	case n.Call != nil:
		return n.Call.validate(false)
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
