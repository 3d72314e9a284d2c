package store_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// callers is what the ledger says an hour after start.
func callers(tb testing.TB, l *store.Ledger, q history.CallerQuery) history.CallerPage {
	tb.Helper()
	page, err := l.Callers(context.Background(), q, start.Add(time.Hour))
	if err != nil {
		tb.Fatal(err)
	}
	return page
}

// attempt is the n-th failure, of these addresses.
func attempt(n int, from, to string, outcome incident.Outcome, more ...incident.Param) incident.Fed {
	return call(n, withParams("POST", append([]incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "CallSid", Value: sid("CA", n)},
		{Name: "From", Value: from},
		{Name: "To", Value: to},
		{Name: "ErrorCode", Value: "11200"},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
	}, more...)...), func(e *incident.Fed) { e.Answer.Outcome = outcome })
}

func message(n int, from, to, body string) incident.Fed {
	return call(n, withParams("POST",
		incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "MessageSid", Value: sid("SM", n)}, incident.Param{Name: "From", Value: from},
		incident.Param{Name: "To", Value: to}, incident.Param{Name: "Body", Value: body}, incident.Param{Name: "ErrorCode", Value: "12300"},
		incident.Param{Name: "ErrorUrl", Value: "https://www.example.com/sms"}), onlyTold)
}

const (
	anna, bert = "+4915112345678", "client:bert"
	praxis     = "+493012345678"
)

func names(page history.CallerPage) (all []string) {
	for _, r := range page.Rows {
		all = append(all, fmt.Sprintf("%s to %s", r.Person, r.Line))
	}
	return all
}

func TestAPersonIsOneRowForEachLineTheyTried(t *testing.T) {
	l := openLedger(t)
	feed(t, l,
		attempt(1, anna, praxis, incident.Lost), attempt(2, anna, praxis, incident.Told), message(3, anna, praxis, "first"),
		message(4, anna, praxis, "Please call me."), attempt(5, anna, "+493099999999", incident.Told), attempt(6, bert, praxis, incident.Told))
	page := callers(t, l, history.CallerQuery{})
	want := []string{bert + " to " + praxis, anna + " to +493099999999", anna + " to " + praxis}
	if diff := cmp.Diff(want, names(page)); diff != "" || page.Total != 3 {
		t.Fatalf("of %d (-want +got):\n%s", page.Total, diff)
	}
	got := page.Rows[2]
	if got.Calls != 2 || got.Messages != 2 || got.Outcome != incident.Told || got.Wrote != "Please call me." || got.Name != "Praxis Berlin" || got.Incident == 0 ||
		!got.FirstAt.Equal(start.Add(time.Second)) || !got.LastAt.Equal(start.Add(4*time.Second)) || got.State() != history.CallbackNew {
		t.Errorf("got %+v", got)
	}
}

func TestACallThatFailedAgainIsOneAttempt(t *testing.T) {
	l := openLedger(t)
	first := attempt(1, anna, praxis, incident.Told)
	again := call(2, sameCall(first), onlyTold)
	again.FollowUp = incident.FollowUp{About: first.Failure.ID, What: incident.FailedAgain}
	feed(t, l, first, again)
	if got := callers(t, l, history.CallerQuery{}).Rows; len(got) != 1 || got[0].Calls != 1 {
		t.Errorf("got %+v, want one call", got)
	}
}

func TestThePersonOfACallThatWeMadeIsWhomWeCalled(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	outbound := incident.Param{Name: "Direction", Value: "outbound-api"}
	waiting := incident.Param{Name: "QueuePosition", Value: "1"}
	first := attempt(1, praxis, anna, incident.Told, outbound)
	first.Answer.Situation = incident.Outbound
	feed(t, l, first, attempt(2, praxis, bert, incident.Told, outbound, waiting))
	want := []string{bert + " to " + praxis, anna + " to " + praxis}
	if diff := cmp.Diff(want, names(callers(t, l, history.CallerQuery{}))); diff != "" {
		t.Error(diff)
	}
	if _, err := raw(t, path).Exec(`UPDATE failures SET outbound = NULL WHERE serial = 1`); err != nil { // as before there was the column
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, names(callers(t, l, history.CallerQuery{}))); diff != "" {
		t.Errorf("by the situation: %s", diff)
	}
}

func TestWhoeverWithheldTheirNumberIsOnlyCounted(t *testing.T) {
	l := openLedger(t)
	drill := attempt(9, "+15005550006", praxis, incident.Told)
	drill.Failure.Drill = true
	feed(t, l, attempt(1, "anonymous", praxis, incident.Told), attempt(2, "anonymous", praxis, incident.Told), attempt(3, "+266696687", praxis, incident.Told),
		attempt(4, "", praxis, incident.Told), attempt(5, "Anonymous", praxis, incident.Saved), drill)
	page := callers(t, l, history.CallerQuery{})
	if len(page.Rows) != 0 || page.Withheld != 4 {
		t.Errorf("%v, %d withheld, want nobody and 4", names(page), page.Withheld)
	}
	if page := callers(t, l, history.CallerQuery{All: true}); page.Withheld != 5 {
		t.Errorf("with the one who was saved %d, want 5", page.Withheld)
	}
	if _, _, err := l.ClaimCallback(context.Background(), attempt(1, "anonymous", praxis, incident.Told).Failure.ID, "anna", start); err == nil {
		t.Error("somebody without a number can be claimed")
	}
}

func TestWhoeverWasSavedComesAfterTheOthersWhereAllAreAskedFor(t *testing.T) {
	l := openLedger(t)
	feed(t, l, attempt(1, anna, praxis, incident.Told), attempt(2, "+4915100000002", praxis, incident.Told),
		attempt(3, "+4915100000003", praxis, incident.Saved), attempt(4, anna, praxis, incident.Lost), attempt(5, "+4915100000005", praxis, incident.Saved),
		attempt(6, "+4915100000005", praxis, incident.Lost))
	want := []string{anna + " to " + praxis, "+4915100000002 to " + praxis}
	if diff := cmp.Diff(want, names(callers(t, l, history.CallerQuery{}))); diff != "" {
		t.Errorf("not saved (-want +got):\n%s", diff)
	}
	want = append(want, "+4915100000005 to "+praxis, "+4915100000003 to "+praxis)
	var got []string
	for q := (history.CallerQuery{All: true, Limit: 1}); ; {
		page := callers(t, l, q)
		got = append(got, names(page)...)
		if q.Before = page.Older; q.Before == 0 || page.Total != 4 {
			break
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("all, row by row (-want +got):\n%s", diff)
	}
}

func TestAListOfCallersIsOfOneWeekOrOneIncident(t *testing.T) {
	l := openLedger(t)
	old := attempt(-8*86400, bert, praxis, incident.Told)
	other := call(1, onlyTold, func(e *incident.Fed) { e.Failure.ErrorURL = "https://other.example.com/" })
	feed(t, l, old, attempt(2, anna, praxis, incident.Told), other)
	for name, tt := range map[string]struct {
		q    history.CallerQuery
		want int
	}{
		"a week":             {history.CallerQuery{}, 2},
		"a longer time":      {history.CallerQuery{From: start.Add(-9 * day)}, 3},
		"the week before":    {history.CallerQuery{To: start.Add(-7 * day)}, 1},
		"an incident":        {history.CallerQuery{Incident: incidentOf(t, l, other)}, 1},
		"a longer incident":  {history.CallerQuery{Incident: incidentOf(t, l, old)}, 2},
		"no such incident":   {history.CallerQuery{Incident: 99}, 0},
		"a time without any": {history.CallerQuery{From: start.Add(50 * time.Minute)}, 0},
	} {
		if got := callers(t, l, tt.q); len(got.Rows) != tt.want {
			t.Errorf("%s: %v, want %d", name, names(got), tt.want)
		}
	}
}

func incidentOf(t *testing.T, l *store.Ledger, e incident.Fed) int64 {
	t.Helper()
	return failure(t, l, e.Failure.ID).Incident
}

func TestWhatACallerLeftIsInTheirRow(t *testing.T) {
	l := openLedger(t)
	first := attempt(1, anna, praxis, incident.Told)
	feed(t, l, first, attempt(2, anna, praxis, incident.Told), about(first, 3, incident.MessageLeft, incident.Voicemail,
		incident.Param{Name: "RecordingSid", Value: sid("RE", 1)}, incident.Param{Name: "RecordingDuration", Value: "12"},
		incident.Param{Name: "TranscriptionText", Value: "My tooth hurts."}))
	got := callers(t, l, history.CallerQuery{}).Rows
	if len(got) != 1 || got[0].Outcome != incident.Voicemail || len(got[0].Recordings) != 1 || got[0].Recordings[0].Seconds != 12 || got[0].Recordings[0].Transcript != "My tooth hurts." ||
		got[0].Recordings[0].Failure != first.Failure.ID {
		t.Errorf("got %+v", got)
	}
}

func TestAListOfVeryManyCallersSaysThatItIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("feeds 20,001 failures")
	}
	l := openLedger(t)
	s := newStorm()
	for range 20 {
		feed(t, l, s.batch(1000)...)
	}
	if page := callers(t, l, history.CallerQuery{}); !page.Cut.IsZero() || page.Total+int(page.Withheld) < 19_000 {
		t.Errorf("of 20,000: %d, cut at %v", page.Total, page.Cut)
	}
	feed(t, l, s.batch(1)...)
	page := callers(t, l, history.CallerQuery{Limit: history.MaxCallers})
	if !page.Cut.Equal(start) || page.Older != 0 || len(page.Rows) != page.Total {
		t.Errorf("of 20,001: %d of %d, cut at %v", len(page.Rows), page.Total, page.Cut)
	}
}
