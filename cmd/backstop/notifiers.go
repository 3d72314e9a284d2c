package main

import (
	"log/slog"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
)

// newNotifier makes one of the places where alerts go.
func newNotifier(n config.Notifier, texts *templates.Alerts, log *slog.Logger) (notify.Notifier, error) {
	switch {
	case n.Email != nil:
		o := *n.Email
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
	}
	o := *n.Slack
	o.Texts, o.Own, o.Log = texts, n.Own, log
	return notify.NewSlack(o)
}
