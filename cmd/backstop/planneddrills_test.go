package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
)

const linesToDrill = `
lines: [{match: "+4930*", name: Praxis}, {match: "+41225550100"}, {match: "12345"}, {match: example.sip.twilio.com}]
drills: {schedule: weekly}
`

// nextMonday is half a minute after the drills of the week after now.
func nextMonday(now time.Time) time.Time {
	for at := now.UTC().Truncate(24 * time.Hour); ; at = at.AddDate(0, 0, 1) {
		if ten := at.Add(10*time.Hour + 30*time.Second); at.Weekday() == time.Monday && ten.After(now) {
			return ten
		}
	}
}

func TestEveryLineIsDrilledAsPlannedAndNobodyIsTold(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	mails := newMailServer(t)
	env := configured(t).with(mails.settings()).with(settings{"LISTEN": address, "PUBLIC_URL": "http://" + address}).withFile(t, linesToDrill)
	a := running(t, env)
	now := time.Now()
	a.drillIfDue(t.Context(), now, 0, 0)
	if a.planned.last.Load() != nil {
		t.Fatal("what was planned before the first start is made up for")
	}
	monday := nextMonday(now)
	a.drillIfDue(t.Context(), monday, 0, 0)
	last := a.planned.last.Load()
	if last == nil || last.Drills != 6 || len(last.Failed) != 0 { // two numbers by both ways, a short code, a SIP domain
		t.Fatalf("got %+v", last)
	}
	a.drillIfDue(t.Context(), monday.Add(time.Hour), 0, 0)
	eventually(t, soon, "the drills are in the history", func() bool {
		page, err := a.slot.Failures(t.Context(), history.Query{Drills: true})
		return err == nil && len(page.Rows) == 6
	})
	if len(a.planned.notices()) != 0 {
		t.Errorf("got %+v", a.planned.notices())
	}
	statuses, err := a.slot.Notifiers(t.Context())
	if err != nil || len(statuses) != 1 || statuses[0].Waiting != 0 || !statuses[0].LastSuccess.IsZero() {
		t.Errorf("somebody is told: %+v, %v", statuses, err)
	}
}

func TestADrillThatFailsIsTold(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/messaging") {
			w.Header().Set("X-Backstop-Failure", "00000000-0000-7000-8000-000000000000; written=yes")
			w.Header().Set("Content-Type", "text/xml")
			_, _ = io.WriteString(w, "<Response><Message>"+strings.Repeat("long ", 400)+"</Message></Response>")
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(other.Close)
	mails := newMailServer(t)
	a := running(t, configured(t).with(mails.settings()).with(settings{"PUBLIC_URL": other.URL}).withFile(t, linesToDrill))
	now := time.Now()
	a.drillIfDue(t.Context(), now, 0, 0)
	a.drillIfDue(t.Context(), nextMonday(now), 0, 0)
	last := a.planned.last.Load()
	if last == nil || last.Drills != 6 || len(last.Failed) != 6 {
		t.Fatalf("got %+v", last)
	}
	if len(a.planned.notices()) != 1 {
		t.Errorf("got %+v", a.planned.notices())
	}
	mail := mails.await(t, soon, "A planned drill failed: callers of Praxis (voice)")
	for _, want := range []string{
		"6 of 6 planned drills failed, each twice: Praxis, +4930* (voice): ", "Praxis, +4930* (messaging): ", "; and 1 more", "<Message> of 2000 characters", "backstop drill",
	} {
		if !strings.Contains(mail.text, want) {
			t.Errorf("it does not say %q:\n%s", want, mail.text)
		}
	}
}

func TestWhereNothingAnswersTheOtherLinesAreNotTried(t *testing.T) {
	t.Parallel()
	const nobody = "http://127.0.0.1:1" // a port that no other test is given
	a := running(t, configured(t).with(settings{"PUBLIC_URL": nobody}).withFile(t, linesToDrill))
	now := time.Now()
	a.drillIfDue(t.Context(), now, 0, 0)
	a.drillIfDue(t.Context(), nextMonday(now), 0, 0)
	last := a.planned.last.Load()
	if last == nil || last.Drills != 3 || len(last.Failed) != 3 || last.Untried() != 3 || !strings.Contains(last.Failed[0].Why, "nothing answers at PUBLIC_URL") {
		t.Fatalf("got %+v", last)
	}
	const want = "3 of 6 planned drills failed, each twice, and 3 others were not tried, for nothing answers: Praxis, +4930* (voice): "
	if all := a.planned.notices(); len(all) != 1 || !strings.Contains(all[0].Detail, want) {
		t.Errorf("got  %+v\nwant %q in it", all, want)
	}
}
