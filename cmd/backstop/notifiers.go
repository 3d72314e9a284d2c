package main

import (
	"log/slog"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/rest"
)

// newNotifier makes one of the places where alerts go. The rules and Twilio's
// API are there by then.
func (p *parts) newNotifier(n config.Notifier, texts *templates.Alerts, dial notify.Dial, log *slog.Logger) (notify.Notifier, error) {
	switch {
	case n.Email != nil:
		o := *n.Email
		o.Deeds, o.Dial = p.making.links, dial
		o.Texts, o.Own, o.Log = texts, n.Own, log
		return notify.NewEmail(o)
	case n.Webhook != nil:
		o := *n.Webhook
		o.Texts, o.Own, o.Log = texts, n.Own, log
		return notify.NewWebhook(o)
	case n.PagerDuty != nil:
		o := *n.PagerDuty
		o.Texts = texts
		return notify.NewPagerDuty(o)
	case n.Shoutrrr != nil:
		o := *n.Shoutrrr
		o.Texts, o.Own, o.Log = texts, n.Own, log
		return notify.NewShoutrrr(o)
	case n.SMS != nil:
		o := p.phoneOptions(*n.SMS, twilio.IsE164)
		if n.SMS.Replies {
			o.Code = p.making.code
		}
		o.Texts, o.Own, o.Log = texts, n.Own, log
		return notify.NewSMS(o)
	case n.Call != nil:
		o := p.phoneOptions(*n.Call, func(string) bool { return true })
		o.Texts, o.Keys = texts, p.making.keys
		return notify.NewCall(o)
	}
	o := *n.Slack
	if n.Buttons != nil {
		o.Buttons = p.making.buttons(n.Name)
	}
	o.Texts, o.Own, o.Log, o.Dial = texts, n.Own, log, dial
	return notify.NewSlack(o)
}

// perHour bounds the new messages of a notifier beside the policy's own bound; 0
// is no other bound. Who is rung more often than that switches the telephone off.
func perHour(n config.Notifier) int {
	const texts = 30
	switch {
	case n.Email != nil:
		return incident.MailsPerHour
	case n.SMS != nil || n.Call != nil:
		return texts
	}
	return 0
}

// phoneOptions are those of the configuration with what they lack. Of an on-call
// list the first one who is on duty and can be reached in that way is: the
// others follow by escalation, not all at once.
func (p *parts) phoneOptions(phone config.Phone, reaches func(address string) bool) notify.PhoneOptions {
	o := phone.Options
	o.API = p.twilio
	if token := phone.AuthToken.Reveal(); token != "" {
		o.API = rest.New(rest.Options{URL: p.config.TwilioAPI, Token: func(string) string { return token }})
	}
	if phone.OnCall == "" {
		return o
	}
	o.To = func(now time.Time) []string {
		for _, address := range p.rules.OnCall(phone.OnCall, now) {
			if reaches(address) {
				return []string{address}
			}
		}
		return nil
	}
	return o
}
