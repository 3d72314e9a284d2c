package store_test

import (
	"context"
	"testing"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestAPulseIsReadBackAndIsInNoHistory(t *testing.T) {
	l := openLedger(t)
	if id, err := l.Pulse(context.Background()); err != nil || id != "" {
		t.Fatalf("got %q, %v", id, err)
	}
	var last incident.Fed
	for i := range 3 {
		last = drillOf(call(i), incident.Pulse)
		if report := feed(t, l, last); report.Stored != 0 || report.Alerts != 0 {
			t.Fatalf("got %+v", report)
		}
	}
	if id, err := l.Pulse(context.Background()); err != nil || id != last.Failure.ID.String() {
		t.Errorf("got %q, %v", id, err)
	}
	page, err := l.Failures(context.Background(), history.Query{Drills: true})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("the history has %d of them, %v", len(page.Rows), err)
	}
	if _, _, ok := claim(t, l, "mail", queued); ok {
		t.Error("somebody is told")
	}
}

func TestAPlannedDrillIsInTheHistoryAndNobodyIsTold(t *testing.T) {
	l := openLedger(t)
	if report := feed(t, l, drillOf(call(0), incident.Planned)); report.Stored != 1 || report.Alerts != 0 {
		t.Errorf("got %+v", report)
	}
	if _, _, ok := claim(t, l, "mail", queued); ok {
		t.Error("somebody is told")
	}
}

func drillOf(e incident.Fed, kind incident.DrillKind) incident.Fed {
	e.Failure.Drill, e.Failure.DrillKind = true, kind
	return e
}
