package main

import (
	"context"
	"log/slog"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/deeds"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// deedMaker writes into alerts what people may do from where they read them.
// With a nil seal there is nothing.
type deedMaker struct {
	seal   *act.Seal
	public string // PUBLIC_URL without a password; "" where it is not set: then no address of ours is known
}

func newDeedMaker(seal *act.Seal, c config.Config) deedMaker {
	if c.Drill {
		return deedMaker{}
	}
	d := deedMaker{seal: seal}
	if u, err := url.Parse(c.PublicURL.String()); err == nil && !c.PublicURL.IsZero() {
		u.User = nil
		d.public = u.String()
	}
	return d
}

// possible are the actions that make sense about what m tells.
func (d deedMaker) possible(m incident.Message) (actions []act.Action) {
	if d.seal == nil || m.Incident == nil || m.Incident.ID == 0 || m.Incident.State == incident.Resolved || len(m.Digest) > 0 {
		return nil
	}
	if !m.Incident.Acknowledged() {
		actions = append(actions, act.Acknowledge)
	}
	if w := m.Incident.Watch; w.MutedBy == "" || !w.MutedUntil.IsZero() && !m.Now.Before(w.MutedUntil) {
		actions = append(actions, act.Mute)
	}
	return append(actions, act.Resolve)
}

// links are what a recipient of a mail may click.
func (d deedMaker) links(m incident.Message, to string) (links []templates.DeedLink) {
	if d.public == "" {
		return nil
	}
	for _, a := range d.possible(m) {
		token := d.seal.Token(act.Deed{
			Way: act.ByMail, Ledger: m.Ledger, Incident: m.Incident.ID, Action: a, Recipient: to, Until: m.Now.Add(act.LinkFor),
		})
		if token != "" {
			links = append(links, templates.DeedLink{Label: a.Label(), Address: d.public + deeds.LinkPath(token)})
		}
	}
	return links
}

// buttons are what may be pressed below a message of that notifier.
func (d deedMaker) buttons(notifier string) func(incident.Message) []templates.Button {
	return func(m incident.Message) (buttons []templates.Button) {
		for _, a := range d.possible(m) {
			b := templates.Button{
				Label: a.Label(), Action: deeds.SlackAction + a.String(), First: a == act.Acknowledge,
				Value: d.seal.Token(act.Deed{Way: act.BySlack, Ledger: m.Ledger, Incident: m.Incident.ID, Action: a, Recipient: notifier}),
			}
			if a == act.Resolve {
				b.Sure = "Is it over? Everybody who knows of it is told so."
			}
			buttons = append(buttons, b)
		}
		return buttons
	}
}

// code is what a reply by SMS repeats.
func (d deedMaker) code(m incident.Message, to string) string {
	if len(d.possible(m)) == 0 {
		return ""
	}
	return d.seal.Code(m.Ledger, m.Incident.ID, to)
}

// keys is whom Twilio tells of a key that was pressed on a call.
func (d deedMaker) keys(m incident.Message, to string) string {
	if len(d.possible(m)) == 0 || d.public == "" {
		return ""
	}
	return d.public + deeds.KeyPath(d.seal.Token(act.Deed{
		Way: act.ByCall, Ledger: m.Ledger, Incident: m.Incident.ID, Recipient: to, Until: m.Now.Add(time.Hour),
	}))
}

// deedSettings are the part that those who act go by.
func (p *parts) deedSettings(texts *templates.Alerts) (deeds.Settings, error) {
	c := p.config
	accounts := slices.Clone(c.Accounts)
	for _, n := range c.Notifiers {
		for _, phone := range []*config.Phone{n.SMS, n.Call} {
			if phone != nil && phone.AuthToken != "" {
				accounts = withToken(accounts, phone.Options.Account, phone.AuthToken.Reveal())
			}
		}
	}
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: accounts})
	if err != nil {
		return deeds.Settings{}, err
	}
	s := deeds.Settings{
		Zone: zone(c), Pages: pageURL(c), Verifier: twilio.NewVerifier(keys, c.PublicURL), Replies: p.readsReplies, Calls: p.calls,
		Mask: history.Mask{Numbers: true},
		Line: func(in incident.Incident) string {
			return texts.Event(incident.Message{Now: time.Now(), Incident: &in, Alert: incident.Alert{Kind: incident.Taken, IncidentID: in.ID}}).Line
		},
	}
	for _, n := range c.Notifiers {
		if b := n.Buttons; b != nil {
			s.Slack = append(s.Slack, deeds.SlackApp{Notifier: n.Name, Secret: b.SigningSecret.Reveal(), Team: b.Team, App: b.AppID, Users: b.Users})
		}
	}
	return s, nil
}

// withToken is accounts with a token more.
func withToken(accounts []twilio.Account, sid, token string) []twilio.Account {
	for i, a := range accounts {
		if a.SID == sid {
			accounts[i].Tokens = append(slices.Clone(a.Tokens), token)
			return accounts
		}
	}
	return append(accounts, twilio.Account{SID: sid, Tokens: []string{token}})
}

// readsReplies says whether that account texts alerts to that number and has
// replies come here: also to whoever is not on call any more.
func (p *parts) readsReplies(account, number string) bool {
	for _, n := range p.config.Notifiers {
		if n.SMS == nil || !n.SMS.Replies || n.SMS.Options.Account != account {
			continue
		}
		if n.SMS.OnCall == "" && slices.Contains(n.SMS.Options.To(time.Now()), number) {
			return true
		}
		for _, person := range p.config.Recovery.OnCall[n.SMS.OnCall].People {
			if person.To == number {
				return true
			}
		}
	}
	return false
}

// calls says whether alerts are called by that account.
func (p *parts) calls(account string) bool {
	return slices.ContainsFunc(p.config.Notifiers, func(n config.Notifier) bool {
		return n.Call != nil && n.Call.Options.Account == account
	})
}

// runSockets keeps the connections to Slack that the configuration of now asks
// for.
func (a *app) runSockets(ctx context.Context) error {
	for ctx.Err() == nil {
		a.socketsUntilSwapped(ctx)
	}
	return nil
}

func (a *app) socketsUntilSwapped(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for _, socket := range a.current.Load().sockets(a.deeds.SlackSocket, a.log) {
		all.Go(func() { _ = a.guarded(ctx, "socket", socket.Run) }) // it ends without an error
	}
	select {
	case <-ctx.Done():
	case <-a.swapped:
	}
}

// sockets are the connections to Slack by which it tells of what was pressed,
// one for each app.
func (p *parts) sockets(deed func(ctx context.Context, notifier string, payload []byte) error, log *slog.Logger) (all []*notify.SlackSocket) {
	seen := map[string]bool{}
	for _, n := range p.config.Notifiers {
		if n.Buttons == nil || n.Buttons.AppToken == "" || seen[n.Buttons.AppToken.Reveal()] {
			continue
		}
		token := n.Buttons.AppToken.Reveal()
		seen[token] = true
		all = append(all, notify.NewSlackSocket(notify.SlackSocketOptions{
			Notifier: n.Name, AppToken: token, APIURL: n.Slack.APIURL, Log: log,
			Deed: func(ctx context.Context, payload []byte) error { return deed(ctx, n.Name, payload) },
		}))
	}
	return all
}
