package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// TestWhateverHappensPeopleAreToldAndNotTooOften plays random histories against
// the real ledger and holds the promises of alerting: no incident without a
// message that names it, never more than the caps, nobody is reminded of what
// somebody has acknowledged, and who was told of the beginning hears the end.
func TestWhateverHappensPeopleAreToldAndNotTooOften(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := &telling{
			r: r,
			ticking: newTicking(t, func(p *incident.Policy) {
				p.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"chat"}}}
			}),
			named: map[string]map[int64]bool{"mail": {}, "chat": {}}, over: map[string]map[int64]bool{"mail": {}, "chat": {}},
			taken: map[int64]time.Time{}, muted: map[int64]bool{}, at: map[string][]time.Time{},
		}
		hosts := rapid.IntRange(1, 30).Draw(r, "hosts")
		for range rapid.IntRange(1, 60).Draw(r, "deeds") {
			h.deed(r, hosts)
		}
		h.broken = false
		for range 30 { // three days in which everything works
			h.pass(144 * time.Minute)
			h.send()
		}
		h.check()
	})
}

// telling is a ledger, and what its notifiers said.
type telling struct {
	*ticking
	r      *rapid.T
	broken bool // no notifier takes anything
	named  map[string]map[int64]bool
	over   map[string]map[int64]bool
	taken  map[int64]time.Time
	muted  map[int64]bool
	at     map[string][]time.Time
}

func (h *telling) deed(r *rapid.T, hosts int) {
	ctx := context.Background()
	id := int64(rapid.IntRange(1, hosts).Draw(r, "incident"))
	switch rapid.SampledFrom([]string{"fail", "fail", "burst", "storm", "pass", "pass", "send", "break", "mend", "acknowledge", "resolve", "mute", "good", "bad"}).Draw(r, "deed") {
	case "fail":
		h.failed(rapid.IntRange(1, 5).Draw(r, "caller"), fmt.Sprintf("h%d.example.com", rapid.IntRange(1, hosts).Draw(r, "host")))
	case "burst":
		host := fmt.Sprintf("h%d.example.com", rapid.IntRange(1, hosts).Draw(r, "host"))
		for n := range rapid.IntRange(2, 30).Draw(r, "callers") {
			h.failed(n, host)
		}
	case "storm": // of several servers, taken in together
		var batch []incident.Fed
		for n := range rapid.IntRange(2, 40).Draw(r, "failures") {
			batch = append(batch, h.failure(n, fmt.Sprintf("h%d.example.com", 1+n%hosts)))
		}
		feed(h.t, h.Ledger, batch...)
	case "pass":
		h.pass(time.Duration(rapid.IntRange(1, 6*60*60).Draw(r, "seconds")) * time.Second)
		h.send()
	case "send":
		h.send()
	case "break":
		h.broken = true
	case "mend":
		h.broken = false
	case "acknowledge":
		if in, err := h.Acknowledge(ctx, id, "anna", h.now); err == nil && in.Acknowledged() {
			h.taken[id] = in.AcknowledgedAt
		}
	case "resolve":
		_, _ = h.Resolve(ctx, id, "anna", h.now) // there may be none
	case "mute":
		if _, err := h.Mute(ctx, id, "anna", h.now.Add(time.Hour), 0, h.now); err == nil {
			h.muted[id] = true // what it explains then is for the page alone
		}
	case "good", "bad":
		ok := rapid.Bool().Draw(r, "ok")
		_, _ = h.Probed(ctx, id, incident.Finding{At: h.now, OK: ok, Said: "asked"})
	}
}

// send lets every notifier say what it may.
func (h *telling) send() {
	h.t.Helper()
	for _, notifier := range []string{"mail", "chat"} {
		for {
			m, _, ok := claim(h.t, h.Ledger, notifier, h.now)
			if !ok {
				break
			}
			if h.broken {
				settle(h.t, h.Ledger, notifier, m.DeliveryID, incident.Result{At: h.now, Error: "refused", RetryAt: h.now.Add(30 * time.Second)})
				break
			}
			settle(h.t, h.Ledger, notifier, m.DeliveryID, incident.Result{At: h.now})
			h.note(notifier, m)
		}
	}
}

func (h *telling) note(notifier string, m incident.Message) {
	h.at[notifier] = append(h.at[notifier], h.now)
	h.named[notifier][m.Alert.IncidentID] = true
	for _, in := range m.Digest {
		h.named[notifier][in.ID] = true
		h.over[notifier][in.ID] = in.State == incident.Resolved
	}
	for _, in := range m.Explained {
		h.named[notifier][in.ID] = true
	}
	if m.Incident != nil {
		h.over[notifier][m.Incident.ID] = m.Incident.State == incident.Resolved
	}
	if m.Incident != nil && m.Incident.Watch.BackAt.After(h.taken[m.Incident.ID]) {
		delete(h.taken, m.Incident.ID) // that was for what is over
	}
	kind := m.Alert.Kind
	if at, taken := h.taken[m.Alert.IncidentID]; taken && (kind == incident.Reminder || kind == incident.Escalated) && m.Alert.At.After(at) {
		h.r.Errorf("%s: %s of incident %d, which was acknowledged at %s: %s\n%s", notifier, kind, m.Alert.IncidentID, at, m.Alert.Reason, h.story(m.Alert.IncidentID))
	}
}

func (h *telling) check() {
	h.t.Helper()
	page, err := h.Incidents(context.Background(), history.IncidentQuery{Limit: history.MaxLimit})
	if err != nil {
		h.t.Fatal(err)
	}
	for notifier, named := range h.named {
		for _, in := range page.Incidents {
			if !named[in.ID] && !h.muted[in.Parent] && !h.hushedByPeople(in) {
				h.r.Errorf("%s has named incident %d in no message: %+v\n%s", notifier, in.ID, in, h.story(in.ID, in.Parent))
			}
			if over, singly := h.over[notifier][in.ID]; in.State == incident.Resolved && in.ResolvedBy != "" && singly && !over && in.Parent == 0 {
				h.r.Errorf("%s has not said that incident %d is over, which %s resolved\n%s", notifier, in.ID, in.ResolvedBy, h.story(in.ID))
			}
		}
		most(h.r, notifier, h.at[notifier], 10*time.Minute, 30)
		if notifier == "mail" {
			most(h.r, notifier, h.at[notifier], time.Hour, incident.MailsPerHour)
		}
	}
}

// hushedByPeople says that somebody muted what another incident explained then:
// what comes of it later is for the page alone.
func (h *telling) hushedByPeople(in incident.Incident) bool {
	d, err := h.Incident(context.Background(), in.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.muted[in.ID] && slices.ContainsFunc(d.Events, func(e history.Event) bool { return strings.Contains(e.What, "explained by incident") })
}

// story is what the ledger noted about these incidents.
func (h *telling) story(ids ...int64) string {
	var b strings.Builder
	for _, id := range ids {
		d, err := h.Incident(context.Background(), id)
		if err != nil {
			continue // there is none
		}
		fmt.Fprintf(&b, "incident %d:\n", id)
		for _, e := range d.Events {
			fmt.Fprintf(&b, "  %s %s %s\n", e.At, e.By, e.What)
		}
	}
	return b.String()
}

// most holds that no more than so many of the times lie within the window.
func most(r *rapid.T, who string, at []time.Time, window time.Duration, limit int) {
	for i := range at {
		if j := i + limit; j < len(at) && at[j].Sub(at[i]) < window {
			r.Errorf("%s: %d messages within %s", who, limit+1, at[j].Sub(at[i]))
			return
		}
	}
}
