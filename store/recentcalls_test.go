package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestAStartKnowsTheCallsThatFailedLately(t *testing.T) {
	l := openLedger(t)
	after := func(step, url string) func(*incident.Fed) {
		return func(e *incident.Fed) { e.Answer.Step, e.Failure.ErrorURL = step, url }
	}
	of := func(n int) func(*incident.Fed) {
		return func(e *incident.Fed) { e.Failure.SID = sid("CA", n) }
	}
	nobody := func(e *incident.Fed) { e.Failure.SID = "" }
	entries := []incident.Fed{
		call(0, of(1), after("message", "https://www.example.com/old")),
		call(1, of(2), after("retry", "https://www.example.com/voice?step=1")),
		call(2, of(3), after("dial", "https://www.example.com/voice?step=2")),
		call(3, nobody),
		call(4, of(2), after("retry", "https://www.example.com/voice?step=3")),
		call(5, of(2), after("message", "")),
	}
	feed(t, l, entries...)
	again := about(entries[5], 6, incident.KeyPressed, incident.OutcomeUnknown)
	again.Answer.Step = "retry"
	feed(t, l, again)
	at := func(n int) time.Time { return entries[n].Failure.ReceivedAt.Truncate(time.Millisecond) }
	got, err := l.RecentCalls(t.Context(), at(1))
	want := []history.RecentCall{
		{AccountSID: entries[1].Failure.AccountSID, SID: sid("CA", 2), Newest: entries[5].Failure.ID, At: at(5), Failed: []time.Time{at(1), at(4), at(5)}, Retries: 3},
		{AccountSID: entries[2].Failure.AccountSID, SID: sid("CA", 3), Newest: entries[2].Failure.ID, At: at(2), ErrorURL: "https://www.example.com/voice?step=2", Failed: []time.Time{at(2)}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}
