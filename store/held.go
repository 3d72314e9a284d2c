package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// hold says of what waits until when the policy holds it, as Claim will find
// it, and why. All deliveries are about one incident or one drill.
func (l *Ledger) hold(ctx context.Context, v *sql.Tx, all []history.Delivery) error {
	waiting := map[string][]incident.Delivery{}
	for _, d := range all {
		if d.State == history.Waiting {
			waiting[d.Notifier] = append(waiting[d.Notifier], incident.Delivery{
				ID: d.ID, DueAt: d.DueAt, Alert: incident.Alert{Kind: d.Kind, IncidentID: d.IncidentID, Crowded: d.Crowded},
			})
		}
	}
	for notifier, deliveries := range waiting {
		t := l.turnOf(v, notifier, l.now())
		sent, err := t.sent(ctx)
		if err != nil {
			return err
		}
		until, why := t.held(deliveries, sent)
		for i := range all {
			if all[i].State == history.Waiting && all[i].Notifier == notifier {
				all[i].HeldUntil, all[i].HeldBy = until, why
			}
		}
	}
	return nil
}

// held is until when deliveries about one subject wait, zero where they may go
// out, and which cap is why: "" where they are merely not due.
func (t turns) held(waiting []incident.Delivery, sent []incident.Sent) (until time.Time, why string) {
	_, until, ok := t.policy.Next(waiting, sent, t.now)
	if ok {
		return time.Time{}, ""
	}
	_, due, free := t.policy.Next(waiting, nil, t.now) // as if nothing had been said
	switch {
	case !free && until.Equal(due):
		if slices.ContainsFunc(waiting, func(d incident.Delivery) bool { return d.Alert.Crowded }) {
			return until, "many incidents opened at once, they are told together"
		}
		return until, ""
	case slices.ContainsFunc(sent, func(m incident.Sent) bool {
		return m.TellsGrowthOf(waiting[0].Alert.IncidentID) && m.At.Add(t.policy.GrowthEvery).Equal(until)
	}):
		return until, fmt.Sprintf("at most one about growth in %.0f min", t.policy.GrowthEvery.Minutes())
	case t.policy.PerHour > 0:
		return until, fmt.Sprintf("at most %d messages in 10 min and %d in an hour", t.policy.PerTenMinutes, t.policy.PerHour)
	}
	return until, fmt.Sprintf("at most %d messages in 10 min", t.policy.PerTenMinutes)
}
