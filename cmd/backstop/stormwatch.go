package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

// stormMessage is one that a notifier took.
type stormMessage struct {
	notifier string
	after    time.Duration
	about    string
	named    []int64
	digest   bool
}

// overheard is a notifier that is listened to.
type overheard struct {
	notify.Notifier
	by *rehearsing
}

// Send is the notifier's, and what it took is noted.
func (o overheard) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	receipt, err := o.Notifier.Send(ctx, m)
	if err == nil && !m.Alert.Kind.InPlace() {
		o.by.note(o.Name(), m)
	}
	return receipt, err
}

func (r *rehearsing) note(notifier string, m incident.Message) {
	one := stormMessage{notifier: notifier, after: time.Since(r.began), about: aboutOf(m), digest: m.Digest != nil}
	if m.Incident != nil {
		one.named = append(one.named, m.Incident.ID)
	}
	for _, in := range namedOf(slices.Concat(m.Digest, m.Explained)) {
		one.named = append(one.named, in.ID)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, one)
}

// namedMost is how many incidents a message names one by one wherever it goes.
const namedMost = 40

// namedOf are those of them that a message names: the ones that hit most people.
func namedOf(all []incident.Incident) []incident.Incident {
	slices.SortStableFunc(all, func(a, b incident.Incident) int { return cmp.Compare(b.Callers, a.Callers) })
	return all[:min(len(all), namedMost)]
}

// aboutOf is a message in a few words.
func aboutOf(m incident.Message) string {
	var about string
	switch {
	case m.Digest != nil:
		about = "digest that names " + number(len(m.Digest), "incident")
	case m.Incident != nil:
		about = fmt.Sprintf("%s: incident %d, %s", m.Alert.Kind, m.Incident.ID, number(int(m.Incident.Callers), "caller"))
		if len(m.Explained) > 0 {
			about += fmt.Sprintf(", explains %d others", len(m.Explained))
		}
	default:
		about = m.Alert.Kind.String() + ": " + m.Alert.Title
	}
	about += " (" + m.Alert.Reason + ")"
	if m.NotSent > 0 {
		about += fmt.Sprintf(" +%d not sent", m.NotSent)
	}
	return about
}

// watch waits until nothing is left that goes out soon, and says what each
// notifier got.
func (r *rehearsing) watch(ctx context.Context, w *world) error {
	until := time.Now().Add(stormAfter)
	var status []history.NotifierStatus
	for {
		var err error
		if status, err = r.app.slot.Notifiers(ctx); err == nil && r.settled(ctx) && !slices.ContainsFunc(status, func(s history.NotifierStatus) bool { return s.Waiting > 0 && s.NextAt.Before(until) }) {
			break
		}
		if time.Now().After(until) {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drillPoll):
		}
	}
	return r.report(ctx, w, status)
}

// settled says whether every failure is in the history.
func (r *rehearsing) settled(context.Context) bool {
	_, ok := r.app.fedUntil(time.Now())
	return ok
}

func (r *rehearsing) report(ctx context.Context, w *world, status []history.NotifierStatus) error {
	page, err := r.app.slot.Incidents(ctx, history.IncidentQuery{Limit: history.MaxLimit})
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range status {
		if err := w.say("%s", r.told(s, page.Incidents)); err != nil {
			return err
		}
		if s.Dead > 0 || !s.LastFailure.IsZero() && s.LastFailure.After(s.LastSuccess) {
			errs = append(errs, fmt.Errorf("%s does not work: %s", s.Name, s.LastError))
		} else if len(r.of(s.Name)) == 0 {
			errs = append(errs, fmt.Errorf("%s: %w", s.Name, errNobodyTold))
		}
	}
	return errors.Join(errs...)
}

func (r *rehearsing) of(notifier string) []stormMessage {
	var all []stormMessage
	for _, m := range r.got {
		if m.notifier == notifier {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b stormMessage) int { return cmp.Compare(a.after, b.after) })
	return all
}

// told is what one notifier got, for people.
func (r *rehearsing) told(s history.NotifierStatus, incidents []incident.Incident) string {
	all := r.of(s.Name)
	named := map[int64]bool{}
	var b strings.Builder
	for _, m := range all {
		for _, id := range m.named {
			named[id] = true
		}
	}
	fmt.Fprintf(&b, "%s got %s", s.Name, number(len(all), "message"))
	if len(all) > 0 {
		fmt.Fprintf(&b, ", the first after %.1f s", all[0].after.Seconds())
	}
	missing := 0
	for _, in := range incidents {
		if !named[in.ID] {
			missing++
		}
	}
	if missing == 0 {
		fmt.Fprintf(&b, "; every one of %s is named", number(len(incidents), "incident"))
	} else {
		fmt.Fprintf(&b, "; of %s it has named all but %d", number(len(incidents), "incident"), missing)
	}
	if s.Waiting > 0 {
		fmt.Fprintf(&b, "; %d wait until %s", s.Waiting, s.NextAt.Local().Format("15:04"))
	}
	b.WriteString("\n")
	for _, m := range all {
		fmt.Fprintf(&b, "  +%6.1f s  %s\n", m.after.Seconds(), m.about)
	}
	b.WriteString("\n")
	return b.String()
}
