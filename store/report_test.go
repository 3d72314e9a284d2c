package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// from is a call's number.
func from(number string) func(*incident.Fed) {
	return func(e *incident.Fed) { e.Failure.From = number }
}

func ended(o incident.Outcome) func(*incident.Fed) {
	return func(e *incident.Fed) { e.Answer.Outcome = o }
}

// at is a host that failed.
func at(host string) func(*incident.Fed) {
	return func(e *incident.Fed) { e.Failure.ErrorURL = "https://" + host + "/voice?secret=1" }
}

func TestAReportCountsWhatAPeriodCameTo(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	hour := int(time.Hour / time.Second)
	if _, err := l.Silence(ctx, incident.Silence{
		Match: incident.Match{Hosts: []string{"quiet.example.com"}}, From: start, Until: start.Add(48 * time.Hour), By: "kim", Reason: "moving house",
	}); err != nil {
		t.Fatal(err)
	}
	feed(t, l, // the day before
		call(hour, at("old.example.com")), call(hour+1, at("old.example.com")))
	feed(t, l, // the day itself
		call(25*hour),
		call(25*hour+1, from("+4930111"), ended(incident.Lost)),
		call(26*hour, from("+4930111"), ended(incident.Saved)), // the same person: helped at last
		call(26*hour+1, from("anonymous"), ended(incident.Voicemail)),
		call(26*hour+2, from("Anonymous"), ended(incident.Voicemail)),
		call(26*hour+3, from("+266696687")),
		call(27*hour, at("quiet.example.com")),
		drillOf(call(27*hour+1), incident.Asked))
	feed(t, l, call(49*hour, at("new.example.com"))) // the day after
	if _, err := l.Acknowledge(ctx, 2, "anna", start.Add(25*time.Hour+4*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Resolve(ctx, 1, "anna", start.Add(30*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if due, err := l.BeginDrills(ctx, start, start); due || err != nil {
		t.Fatal(due, err)
	}
	slot := start.Add(26 * time.Hour)
	if due, err := l.BeginDrills(ctx, slot, slot); !due || err != nil {
		t.Fatal(due, err)
	}
	if err := l.EndDrills(ctx, history.DrillRun{Slot: slot, Ended: slot, Drills: 4, Failed: []history.DrillFailure{{Line: "+4930*"}}}); err != nil {
		t.Fatal(err)
	}
	r, err := l.Report(ctx, start.Add(24*time.Hour), start.Add(48*time.Hour), 12)
	if err != nil {
		t.Fatal(err)
	}
	want := incident.Figures{
		Opened: 2, Resolved: 1, Open: 2, Failures: 7, Callers: 6, Acknowledged: 1, AcknowledgedIn: 4 * time.Minute, Drills: 4, DrillsFailed: 1,
	}
	want.Ended = want.Ended.Add(incident.Saved).Add(incident.Voicemail).Add(incident.Voicemail).Add(incident.Told).Add(incident.Told).Add(incident.Told)
	if diff := cmp.Diff(want, r.Figures); diff != "" {
		t.Errorf("the day: -want +got\n%s", diff)
	}
	before := incident.Figures{Opened: 1, Open: 1, Failures: 2, Callers: 2}
	before.Ended = before.Ended.Add(incident.Told).Add(incident.Told)
	if diff := cmp.Diff(before, r.Before); diff != "" {
		t.Errorf("the day before: -want +got\n%s", diff)
	}
	var bars []int64
	for _, b := range r.Bars {
		bars = append(bars, b.Failures)
	}
	if !slices.Equal(bars, []int64{2, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}) || !r.Bars[1].At.Equal(start.Add(26*time.Hour)) {
		t.Errorf("bars: %v from %s", bars, r.Bars[0].At)
	}
	if len(r.Worst) != 2 || r.Worst[0].ID != 2 || r.Worst[0].Last.From != "" || r.Worst[1].Last.ErrorURL != "https://quiet.example.com/" {
		t.Errorf("got %+v", r.Worst)
	}
	if len(r.Untold) != 1 || r.Untold[0].ID != 3 || r.Untold[0].Watch.WithheldWhy != "silenced by kim (moving house)" {
		t.Errorf("got %+v", r.Untold)
	}
	if r, err := l.Report(ctx, start.Add(-48*time.Hour), start.Add(-24*time.Hour), 12); err != nil || !r.Nothing() {
		t.Errorf("before all: %+v, %v", r, err)
	}
}

func TestAReportNamesTheWorstAndItsChartHasTheLastHour(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 28 { // seven servers, and the incident that explains them
		l.failed(n, fmt.Sprintf("h%d.example.com", n%7))
	}
	r, err := l.Report(context.Background(), start.Add(-23*time.Hour-55*time.Minute), start.Add(5*time.Minute), 12)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Worst) != 5 || r.More != 2 {
		t.Errorf("%d are named, and %d more", len(r.Worst), r.More)
	}
	for _, in := range r.Worst {
		if in.Cause.Wide() {
			t.Error("what gathers others is named beside them")
		}
	}
	if last := r.Bars[11].Failures; last != 28 {
		t.Errorf("the last bar is %d, want the failures of the hour that has begun: %+v", last, r.Bars)
	}
}

func TestTheWordsForWithheldNumbersAreThoseOfTheLedger(t *testing.T) {
	for _, word := range []string{"anonymous", "+Unknown", "RESTRICTED", "unavailable", "private", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"} {
		if !incident.Withheld(word) {
			t.Errorf("%q is a number", word)
		}
	}
}

func TestASummaryIsSentOnceForEachPeriodAlsoAfterARestart(t *testing.T) {
	ctx := context.Background()
	l := openLedger(t)
	slot := start.Add(24 * time.Hour)
	due := func(slot time.Time) bool {
		t.Helper()
		is, err := l.SummaryDue(ctx, "daily", slot, start.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return is
	}
	for range 2 {
		if due(start) {
			t.Fatal("what was before the first start is summed up")
		}
	}
	if !due(slot) {
		t.Fatal("it is not due")
	}
	r := incident.Report{From: start, To: slot, Figures: incident.Figures{Opened: 3, Callers: 12}}
	r.Worst = []incident.Incident{{ID: 7, Callers: 12}}
	for range 2 {
		if err := l.Summarize(ctx, "daily", slot, r.Alert([]string{"mail"}, time.UTC, slot), r); err != nil {
			t.Fatal(err)
		}
	}
	if due(slot) {
		t.Error("it is due again")
	}
	m := mustClaim(t, l, "mail", slot)
	if m.Alert.Kind != incident.Summary || m.Report == nil {
		t.Fatalf("got %+v", m)
	}
	if diff := cmp.Diff(r, *m.Report); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	settle(t, l, "mail", m.DeliveryID, incident.Result{At: slot})
	for _, name := range []string{"mail", "chat"} {
		if m, _, ok := claim(t, l, name, slot); ok {
			t.Errorf("%s gets %+v", name, m.Alert)
		}
	}
	next := slot.Add(24 * time.Hour)
	if err := l.Summarize(ctx, "daily", next, incident.Alert{}, incident.Report{}); err != nil {
		t.Fatal(err)
	}
	if _, _, ok := claim(t, l, "mail", next); ok || due(next) {
		t.Error("a day with nothing to say is told")
	}
}
