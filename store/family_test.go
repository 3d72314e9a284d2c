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
