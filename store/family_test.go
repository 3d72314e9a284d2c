package store_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestAnIncidentNamesWhatItExplainsAndWhatExplainsIt(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	for n := range 7 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	page, err := l.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true})
	if err != nil || len(page.Incidents) != 8 || !page.Incidents[0].Cause.Wide() {
		t.Fatalf("got %+v, %v, want the one that explains the others first", page.Incidents, err)
	}
	wide, err := l.Incident(ctx, page.Incidents[0].ID)
	if err != nil || len(wide.Explains) != 7 || wide.ExplainedBy != nil || wide.Explained() {
		t.Fatalf("it explains %d, %v", len(wide.Explains), err)
	}
	if d := wide.Deliveries[0]; d.Urgency != incident.Page {
		t.Errorf("its alert is a %s, want a page", d.Urgency)
	}
	child, err := l.Incident(ctx, wide.Explains[6].ID)
	if err != nil || child.ExplainedBy == nil || child.ExplainedBy.ID != wide.ID || !child.Explained() || len(child.Explains) != 0 {
		t.Fatalf("the last of them: explained by %+v, %v", child.ExplainedBy, err)
	}
	if _, err := l.Resolve(ctx, wide.ID, "anna", l.now); err != nil {
		t.Fatal(err)
	}
	if child, err = l.Incident(ctx, child.ID); err != nil || child.ExplainedBy == nil || child.Explained() {
		t.Errorf("when it is over: explained by %+v, %v", child.ExplainedBy, err)
	}
}

func TestOfManyIncidentsThoseAreNamedThatHaveMostCallers(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	const servers = history.MostExplained + 5
	for n := range servers {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	for n := range 3 {
		l.failed(servers+n, fmt.Sprintf("h%d.example.com", servers-1))
	}
	page, err := l.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true})
	if err != nil {
		t.Fatal(err)
	}
	wide, err := l.Incident(ctx, page.Incidents[0].ID)
	if err != nil || len(wide.Explains) != history.MostExplained || wide.ExplainsAll != servers {
		t.Fatalf("%d named of %d, %v; want %d of %d", len(wide.Explains), wide.ExplainsAll, err, history.MostExplained, servers)
	}
	if first := wide.Explains[0]; first.Callers != 4 || first.Cause.Host != fmt.Sprintf("h%d.example.com", servers-1) {
		t.Errorf("first comes %s with %d callers, want the one with four", first.Cause.Host, first.Callers)
	}
	if _, err := l.Resolve(ctx, wide.Explains[0].ID, "anna", l.now); err != nil {
		t.Fatal(err)
	}
	if wide, err = l.Incident(ctx, wide.ID); err != nil || wide.Explains[0].State != incident.Open || len(wide.Explains) != history.MostExplained {
		t.Errorf("first comes one that is over: %+v, %v", wide.Explains[0].State, err)
	}
}
