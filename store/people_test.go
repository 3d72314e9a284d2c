package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

func TestPeopleAreNoted(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	feed(t, l, call(0))
	for range 2 {
		in, err := l.Acknowledge(ctx, 1, "anna", queued)
		if err != nil || in.AcknowledgedBy != "anna" || !in.AcknowledgedAt.Equal(queued) {
			t.Errorf("got %+v, %v", in, err)
		}
		if in, err = l.Resolve(ctx, 1, "bob", queued.Add(time.Hour)); err != nil || in.ResolvedBy != "bob" {
			t.Errorf("got %+v, %v", in, err)
		}
	}
	d, err := l.Incident(ctx, 1)
	if err != nil || len(d.Events) != 3 || d.Events[1] != (history.Event{At: queued, By: "anna", What: "acknowledged"}) ||
		d.Events[2] != (history.Event{At: queued.Add(time.Hour), By: "bob", What: "resolved"}) {
		t.Errorf("events: %+v, %v", d.Events, err)
	}
}

func TestThatSomebodyHasTakenItGoesToNotifiersThatChangeTheirMessages(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "mail"}, {Name: "chat", InPlace: true}}
	})
	feed(t, l, call(0))
	for _, name := range []string{"mail", "chat"} {
		m := mustClaim(t, l, name, queued)
		settle(t, l, name, m.DeliveryID, incident.Result{At: queued, Receipt: incident.Receipt{Thread: name + "/1"}})
	}
	if _, err := l.Acknowledge(ctx, 1, "anna", queued); err != nil {
		t.Fatal(err)
	}
	if m, wait, ok := claim(t, l, "mail", queued); ok || !wait.IsZero() {
		t.Errorf("mail: got %+v", m)
	}
	m := mustClaim(t, l, "chat", queued)
	if m.Alert.Kind != incident.Taken || m.Thread != "chat/1" || m.Incident.AcknowledgedBy != "anna" || m.NotSent != 0 {
		t.Errorf("chat: got %+v", m)
	}
}

func TestThatSomebodyHasTakenItIsNothingThatWasNotSent(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Notifiers = []incident.Notifier{{Name: "chat", InPlace: true}}
	})
	feed(t, l, call(0))
	if _, err := l.Acknowledge(ctx, 1, "anna", queued); err != nil {
		t.Fatal(err)
	}
	m := mustClaim(t, l, "chat", queued)
	if m.Alert.Kind != incident.Opened || len(m.Folded) != 1 || m.Folded[0].Kind != incident.Taken || m.NotSent != 0 {
		t.Errorf("got %+v", m)
	}
	settle(t, l, "chat", m.DeliveryID, incident.Result{At: queued})
	resolve(t, l, 1)
	if m := mustClaim(t, l, "chat", queued); m.NotSent != 0 {
		t.Errorf("later: %d not sent, want 0", m.NotSent)
	}
	if d, err := l.Incident(ctx, 1); err != nil || d.NotSent != 0 {
		t.Errorf("the incident: %d not sent, %v", d.NotSent, err)
	}
}

func TestWhoLookedIsNotedWithEachFailureOrNone(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	entries := calls(0, 3)
	feed(t, l, entries...)
	seen := history.Reveal{At: queued, By: "anna", What: "numbers"}
	first, second, third := entries[0].Failure.ID, entries[1].Failure.ID, entries[2].Failure.ID
	if err := l.Reveal(ctx, seen, first, second); err != nil {
		t.Fatal(err)
	}
	if err := l.Reveal(ctx, seen, second, third, incident.NewID(start)); !errors.Is(err, history.ErrNotFound) {
		t.Errorf("one that is not there: got %v, want ErrNotFound", err)
	}
	for i, want := range [][]history.Reveal{{seen}, {seen}, nil} {
		if diff := cmp.Diff(want, failure(t, l, entries[i].Failure.ID).Reveals); diff != "" {
			t.Errorf("failure %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	id := incident.NewID(start)
	_, failure := l.Failure(ctx, id)
	_, one := l.Incident(ctx, 7)
	_, acknowledged := l.Acknowledge(ctx, 7, "anna", start)
	_, resolved := l.Resolve(ctx, 7, "anna", start)
	for name, err := range map[string]error{
		"failure": failure, "incident": one, "acknowledge": acknowledged, "resolve": resolved,
		"reveal": l.Reveal(ctx, history.Reveal{At: start, By: "anna"}, id),
	} {
		if !errors.Is(err, history.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	report, err := l.Drill(ctx, sid("CA", 1))
	if err != nil || report.Found {
		t.Errorf("drill: %+v, %v", report, err)
	}
}
