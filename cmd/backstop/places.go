package main

import (
	"context"
	"errors"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/notify"
)

// places are the notifiers, as pages show them.
func (a *app) places() []pages.Place {
	configured := a.current.Load().config.Notifiers
	list := make([]pages.Place, len(configured))
	status := a.dispatcher.Status()
	for i, n := range configured {
		list[i] = pages.Place{Name: n.Name, Kind: placeKind(n)}
		for _, s := range status {
			if s.Name == n.Name {
				list[i].PausedUntil = s.PausedUntil
			}
		}
	}
	return list
}

// placeKind says in words which kind of notifier it is.
func placeKind(n config.Notifier) string {
	switch {
	case n.Email != nil:
		return "e-mail"
	case n.Slack != nil && n.Slack.BotToken != "":
		return "Slack, by a bot"
	case n.Slack != nil:
		return "Slack, by a webhook"
	case n.Webhook != nil:
		return "webhook"
	case n.PagerDuty != nil:
		return "PagerDuty"
	case n.SMS != nil:
		return "text messages"
	case n.Call != nil:
		return "telephone calls"
	case n.Shoutrrr != nil:
		return "shoutrrr"
	}
	return ""
}

// tester tries the notifiers as they are configured now.
type tester struct{ app *app }

var errNoNotifier = errors.New("it is not configured any more: load the page again")

// Test sends a test through one of them.
func (t tester) Test(ctx context.Context, name string) error {
	for _, n := range t.app.current.Load().notifiers {
		if n.Name() == name {
			return notify.Check(ctx, []notify.Notifier{n}, t.app.log)[name]
		}
	}
	return errNoNotifier
}
