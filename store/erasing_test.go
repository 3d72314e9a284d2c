package store_test

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// mentions says whether the bytes of the database, WAL included, hold the text.
func mentions(tb testing.TB, path, text string) bool {
	tb.Helper()
	for _, p := range []string{path, path + "-wal"} {
		b, err := os.ReadFile(p)
		if err == nil && strings.Contains(string(b), text) {
			return true
		}
	}
	return false
}

func TestWhoHeardTheWordsOfAnIncidentIsErasedWithThem(t *testing.T) {
	l := openLedger(t)
	told, silent := call(0), call(1)
	told.Answer.Heard, silent.Answer.Heard = "Please call again later.", ""
	feed(t, l, told, silent)
	last := incidents(t, l)[0].Last
	if who, _ := last.Listener(); last.From == told.Failure.From || last.Heard != told.Answer.Heard || who != told.Failure.From {
		t.Fatalf("before: %+v", last)
	}
	if _, _, err := l.Tick(context.Background(), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	live(t, l, start, start.Add(31*day), store.Retention{Days: 400, PersonalDays: 30})
	last = incidents(t, l)[0].Last
	if who, _ := last.Listener(); last.Heard != "" || last.From != "" || who != "" {
		t.Errorf("after: %+v", last)
	}
}

// Where everybody since was answered with silence, the newest failure is young
// and the words are not.
func TestWordsThatSilenceReplacedNotAreErasedInTime(t *testing.T) {
	const days = 29
	for name, c := range map[string]struct {
		second, third string // what the later two heard
		after         string // what is left of it
	}{
		"silence since":            {"", "", ""},
		"younger words":            {"Please call again later.", "", "Please call again later."},
		"words of the newest call": {"", "Please stay on the line.", "Please stay on the line."},
	} {
		t.Run(name, func(t *testing.T) {
			path := t.TempDir() + "/backstop.db"
			l := openLedgerAt(t, path)
			keep := store.Retention{Days: 400, PersonalDays: 30}
			at := start
			for n, heard := range []string{"Dear anna-who-called", c.second, c.third} {
				e := call(n * days / 2 * 86400)
				e.Answer.Heard = heard
				live(t, l, at, e.Failure.ReceivedAt, keep)
				at = e.Failure.ReceivedAt
				feed(t, l, e)
			}
			newest := incidents(t, l)[0].Last.From
			live(t, l, at, start.Add(31*day), keep)
			last := incidents(t, l)[0].Last
			if last.Heard != c.after || last.From != newest {
				t.Errorf("left are %q, said to %q: want %q and the newest caller", last.Heard, last.From, c.after)
			}
			if who, _ := last.Listener(); who == call(0).Failure.From || (last.Heard == "" && who != newest) {
				t.Errorf("who heard it is %q", who)
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if mentions(t, path, "anna-who-called") {
				t.Error("the file still holds the words")
			}
		})
	}
}

// A limit of a day is shorter than an incident may be quiet before it goes on.
func TestAnIncidentThatGoesOnAfterItWasErasedIsErasedAgain(t *testing.T) {
	l := openLedger(t)
	keep := store.Retention{Days: 400, PersonalDays: 1}
	erased := func() bool {
		d, err := l.Incident(context.Background(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return d.Erased
	}
	feed(t, l, call(0))
	live(t, l, start, start.Add(25*time.Hour), keep)
	if in := incidents(t, l)[0]; in.Last.From != "" || !erased() {
		t.Fatalf("after a day: %+v", in)
	}
	again := call(26 * 3600)
	feed(t, l, again)
	if in := incidents(t, l); len(in) != 1 || in[0].Last.From != again.Failure.From || in[0].First.From != "" || in[0].MoreLines || erased() {
		t.Errorf("when it goes on: %+v", in)
	}
	live(t, l, start.Add(26*time.Hour), start.Add(3*day), keep)
	if in := incidents(t, l)[0]; in.Last.From != "" || in.Last.Heard != "" || !erased() {
		t.Errorf("after another day: %+v", in)
	}
}

func TestPersonalDataGoesEarlierThanTheFailure(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	e := call(0, withParams("POST",
		incident.Param{Name: "CallSid", Value: sid("CA", 0)}, incident.Param{Name: "From", Value: "client:anna-of-the-secret"},
		incident.Param{Name: "To", Value: "+493012345678"}, incident.Param{Name: "CallerName", Value: "ANNA SECRET"},
		incident.Param{Name: "ErrorUrl", Value: "https://www.example.com/voice?who=secret-anna"}, incident.Param{Name: "ErrorCode", Value: "11200"}))
	e.Answer.Heard, e.Answer.Document = "Dear anna-who-called", []byte("<Response>anna-of-the-document</Response>")
	feed(t, l, e)
	if _, _, err := l.Tick(context.Background(), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if r := live(t, l, start, start.Add(29*day), store.Retention{Days: 400, PersonalDays: 30}); r.Erased != 0 {
		t.Errorf("after 29 days %d were erased", r.Erased)
	}
	if r := live(t, l, start.Add(29*day), start.Add(31*day), store.Retention{Days: 400, PersonalDays: 30}); r.Erased != 1 || r.Removed != 0 {
		t.Errorf("after 31 days: %+v", r)
	}
	d := failure(t, l, e.Failure.ID)
	if !d.Erased || d.Params != nil || d.From != "" || d.To != "" || d.ErrorURL != "https://www.example.com/voice" || d.SID != sid("CA", 0) || d.Code != 11200 {
		t.Errorf("got %+v", d)
	}
	if d.Answer.Heard != "" || len(d.Answer.Document) != 0 || d.Answer.Name != "Praxis Berlin" || d.Outcome != incident.Told {
		t.Errorf("of the answer is left %+v", d.Answer)
	}
	in := incidents(t, l)[0]
	if in.First.Heard != "" || in.First.From != "" || in.Last.To != "" || strings.Contains(in.First.ErrorURL, "secret") || in.Callers != 1 || in.Failures != 1 {
		t.Errorf("got %+v", in)
	}
	if whole, err := l.Incident(context.Background(), in.ID); err != nil || !whole.Erased {
		t.Errorf("the incident is not said to be erased: %+v, %v", whole, err)
	}
	if got := rows(t, l, history.Query{Number: "client:anna-of-the-secret"}); len(got) != 0 {
		t.Errorf("still found: %+v", got)
	}
	if got := total(t, l, history.Query{}); got != 1 {
		t.Errorf("%d in the histogram, want 1", got)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"secret-anna", "ANNA SECRET", "anna-of-the-secret", "anna-who-called", "anna-of-the-document"} {
		if mentions(t, path, secret) {
			t.Errorf("the file still holds %q", secret)
		}
	}
}

// An incident may go on for months: whoever was hit first is erased all the same.
func TestTheFirstCallerOfAnIncidentThatGoesOnIsErasedInTime(t *testing.T) {
	l := openLedger(t)
	const days = 29
	first, newest := call(0), call(days*24*60*60)
	first.Answer.Heard = "Dear anna-who-called"
	keep := store.Retention{Days: 400, PersonalDays: 30}
	feed(t, l, first)
	live(t, l, start, start.Add(days*day), keep)
	feed(t, l, newest)
	live(t, l, start.Add(days*day), start.Add((days+6)*day), keep)
	in := incidents(t, l)[0]
	if in.First.From != "" || in.First.Heard != "" {
		t.Errorf("of the first failure is left %+v", in.First)
	}
	if in.First.To != first.Failure.To || in.Last.From != newest.Failure.From || in.State != incident.Open {
		t.Errorf("got %+v, want the line and the newest failure kept", in)
	}
	feed(t, l, call(days*24*60*60+60))
	if in := incidents(t, l)[0]; in.MoreLines || in.Failures != 3 {
		t.Errorf("got %+v, want it to go on, on its one line", in)
	}
}

// Where nobody is named and nothing was heard, the address may still say who it was.
func TestTheFirstAddressOfAnIncidentThatGoesOnIsErasedInTime(t *testing.T) {
	for name, end := range map[string]string{"query": "?who=anna", "fragment": "#anna"} {
		t.Run(name, func(t *testing.T) {
			nameless := func(n int) incident.Fed {
				e := call(n, withParams("POST", incident.Param{Name: "CallSid", Value: sid("CA", n)},
					incident.Param{Name: "ErrorUrl", Value: "https://www.example.com/voice" + end}, incident.Param{Name: "ErrorCode", Value: "11200"}))
				e.Answer.Heard = ""
				return e
			}
			l := openLedger(t)
			keep := store.Retention{Days: 400, PersonalDays: 30}
			feed(t, l, nameless(0))
			live(t, l, start, start.Add(29*day), keep)
			feed(t, l, nameless(29*24*60*60))
			live(t, l, start.Add(29*day), start.Add(31*day), keep)
			in := incidents(t, l)[0]
			if in.First.ErrorURL != "https://www.example.com/voice" || in.Last.ErrorURL != "https://www.example.com/voice"+end {
				t.Errorf("left of the first %q and of the newest %q, want the first without its %s", in.First.ErrorURL, in.Last.ErrorURL, name)
			}
		})
	}
}
