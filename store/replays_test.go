package store_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// text is the n-th message that failed.
func text(n int, change ...func(*incident.Fed)) incident.Fed {
	return call(n, append([]func(*incident.Fed){func(e *incident.Fed) {
		key := e.Failure.RequestKey
		e.Failure = incident.RestoreFailure(e.Failure.ID, e.Failure.ReceivedAt, "POST", []incident.Param{
			{Name: "AccountSid", Value: account},
			{Name: "MessageSid", Value: sid("SM", n)},
			{Name: "From", Value: "+14155550100"},
			{Name: "To", Value: "+493012345678"},
			{Name: "Body", Value: "STOP"},
			{Name: "ErrorCode", Value: "11200"},
			{Name: "ErrorUrl", Value: "https://www.example.com/sms"},
		})
		e.Failure.RequestKey, e.Failure.OptOut = key, true
	}}, change...)...)
}

func TestAMessageKeepsItsTokenByteForByte(t *testing.T) {
	l := openLedger(t)
	for n, token := range []string{"", "7a5e61d0-8a3f-4c1b-9d2e-3f4a5b6c7d8e", "7A5E61D0-8A3F-4C1B-9D2E-3F4A5B6C7D8E", "no uuid", "7a5e61d08a3f4c1b9d2e3f4a5b6c7d8e"} {
		e := text(n, func(e *incident.Fed) { e.Failure.Token, e.Failure.Dropped = token, n == 1 })
		feed(t, l, e)
		if got := failure(t, l, e.Failure.ID); got.Token != token || got.Dropped != (n == 1) || !got.OptOut {
			t.Errorf("got %q, %v, %v; want %q", got.Token, got.Dropped, got.OptOut, token)
		}
	}
}

func TestMessagesThatNoServerHasHadAreCounted(t *testing.T) {
	l := openLedger(t)
	feed(t, l, text(1), text(2, saved), call(3), text(4, func(e *incident.Fed) { e.Failure.OptOut = false }))
	if got := incidents(t, l)[0]; got.Unseen != 2 || got.OptOuts != 1 {
		t.Errorf("%d unseen, %d of them opt-outs", got.Unseen, got.OptOuts)
	}
}

func TestWhatWasSentAgainGoesWithItsFailure(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	e := text(0, func(e *incident.Fed) { e.Failure.Token = "the-token-of-anna" })
	feed(t, l, e)
	if _, err := l.AskReplay(t.Context(), history.ReplayWish{Failure: e.Failure.ID, Server: "https://www.example.com", By: "anna", At: start}); err != nil {
		t.Fatal(err)
	}
	try, ok, err := l.MarkReplay(t.Context(), e.Failure.ID, start)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if err := l.SettleReplay(t.Context(), e.Failure.ID, try, history.ReplayResult{State: history.ReplaySent, Status: 200, Answer: "hello anna-who-wrote"}); err != nil {
		t.Fatal(err)
	}
	resolve(t, l, 1)
	live(t, l, start, start.Add(31*day), store.Retention{PersonalDays: 30})
	if got := failure(t, l, e.Failure.ID); got.Replay.State != history.ReplaySent || got.Replay.Answer != "" || got.Token != "" {
		t.Errorf("after erasing: %+v", got.Replay)
	}
	live(t, l, start.Add(31*day), start.Add(45*day), store.Retention{Days: 40})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if mentions(t, path, "anna-who-wrote") || mentions(t, path, "the-token-of-anna") {
		t.Error("what the server said, or the token, is still in the file")
	}
	var left int
	if err := raw(t, path).QueryRow(`SELECT (SELECT COUNT(*) FROM replays) + (SELECT COUNT(*) FROM opt_outs)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left (%v)", left, err)
	}
}

// Many messages are looked through in parts, and what comes in meanwhile is not
// among them.
func TestAllOfAnIncidentMeansAllThatItHasWhenSomebodyAsks(t *testing.T) {
	l := openLedger(t)
	for n := range 25 {
		feed(t, l, text(2*n), call(2*n+1))
	}
	if err := l.AskReplays(t.Context(), 1, "anna", start); err != nil {
		t.Fatal(err)
	}
	feed(t, l, text(100))
	taken := 0
	for {
		o, ok, err := l.ReplayOrder(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			break
		}
		if !theIncident(t, l).Replays.Ordered {
			t.Error("the incident does not say that it is looked through")
		}
		var wishes []history.ReplayWish
		for _, d := range o.Messages {
			wishes = append(wishes, history.ReplayWish{Failure: d.ID, Incident: o.Incident, Server: "https://www.example.com", By: o.By, At: o.At})
		}
		if err := l.TakeReplays(t.Context(), o, wishes, 0); err != nil {
			t.Fatal(err)
		}
		taken += len(wishes)
	}
	if got := theIncident(t, l).Replays; taken != 25 || got.Waiting != 25 || got.Ordered {
		t.Errorf("%d were taken: %+v", taken, got)
	}
}

// TestAMessageThatFailedAgainIsNotSentTwice holds that of a message which failed,
// was sent, and failed once more, "send all" sends nothing.
func TestAMessageThatFailedAgainIsNotSentTwice(t *testing.T) {
	l := openLedger(t)
	first := text(0)
	again := text(1, func(e *incident.Fed) { e.Failure.SID = first.Failure.SID })
	feed(t, l, first)
	if _, err := l.AskReplay(t.Context(), history.ReplayWish{Failure: first.Failure.ID, Server: "https://www.example.com", By: "anna", At: start}); err != nil {
		t.Fatal(err)
	}
	try, _, err := l.MarkReplay(t.Context(), first.Failure.ID, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.SettleReplay(t.Context(), first.Failure.ID, try, history.ReplayResult{State: history.ReplaySent, Status: 200}); err != nil {
		t.Fatal(err)
	}
	feed(t, l, again)
	if err := l.AskReplays(t.Context(), 1, "anna", start); err != nil {
		t.Fatal(err)
	}
	o, ok, err := l.ReplayOrder(t.Context(), 10)
	if err != nil || !ok || len(o.Messages) != 1 || o.Messages[0].ID != again.Failure.ID {
		t.Fatalf("%+v, %v, %v", o, ok, err)
	}
	wish := history.ReplayWish{Failure: again.Failure.ID, Incident: 1, Server: "https://www.example.com", By: "anna", At: start}
	if err := l.TakeReplays(t.Context(), o, []history.ReplayWish{wish}, 0); err != nil {
		t.Fatal(err)
	}
	d := theIncident(t, l)
	if said := func(e history.Event) bool { return strings.Contains(e.What, "not sent once more") }; d.Replays.Waiting != 0 || !slices.ContainsFunc(d.Events, said) {
		t.Errorf("%+v, %+v", d.Replays, d.Events)
	}
	if _, ok, err := l.NextReplay(t.Context(), nil); ok || err != nil {
		t.Errorf("it is to be sent: %v", err)
	}
}

func theIncident(t *testing.T, l *store.Ledger) history.IncidentDetail {
	t.Helper()
	d, err := l.Incident(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAReplayOfNothingIsNotFound(t *testing.T) {
	l := openLedger(t)
	if _, err := l.AskReplay(t.Context(), history.ReplayWish{Failure: incident.NewID(time.Now()), At: start}); err == nil {
		t.Error("no error")
	}
	if err := l.AskReplays(t.Context(), 7, "anna", start); err == nil {
		t.Error("no error")
	}
}

// replaying sends messages as the worker would.
type replaying struct {
	*testing.T
	ledger *store.Ledger
}

func (r replaying) ask(e incident.Fed, server string) {
	r.Helper()
	w := history.ReplayWish{Failure: e.Failure.ID, Server: server, By: "anna", At: start, After: failure(r, r.ledger, e.Failure.ID).Replay.State}
	if asked, err := r.ledger.AskReplay(r.Context(), w); err != nil || !asked {
		r.Fatal(asked, err)
	}
}

func (r replaying) mark(e incident.Fed) (try int) {
	r.Helper()
	try, ok, err := r.ledger.MarkReplay(r.Context(), e.Failure.ID, start)
	if err != nil || !ok {
		r.Fatal(ok, err)
	}
	return try
}

func (r replaying) settle(e incident.Fed, state history.ReplayState, stop string) {
	r.Helper()
	if err := r.ledger.SettleReplay(r.Context(), e.Failure.ID, r.mark(e), history.ReplayResult{State: state, Stop: stop}); err != nil {
		r.Fatal(err)
	}
}

func (r replaying) lose() {
	r.Helper()
	if _, err := r.ledger.LoseReplays(r.Context()); err != nil {
		r.Fatal(err)
	}
}

func (r replaying) resume(server string) {
	r.Helper()
	if err := r.ledger.ResumeReplays(r.Context(), 1, server, "anna", start); err != nil {
		r.Fatal(err)
	}
}

// Each step goes on from the one before.
func TestTheStatusOfReplaysIsThatOfAllIncidents(t *testing.T) {
	const here, there = "https://www.example.com", "https://other.example.com"
	l := openLedger(t)
	one, two, three := text(1), text(2), text(3)
	other := text(4, withParams("POST", incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "MessageSid", Value: sid("SM", 4)},
		incident.Param{Name: "ErrorCode", Value: "11200"}, incident.Param{Name: "ErrorUrl", Value: there + "/sms"}))
	feed(t, l, one, two, three, other)
	if got := len(incidents(t, l)); got != 2 {
		t.Fatalf("%d incidents, want 2", got)
	}
	r := replaying{t, l}
	for _, step := range []struct {
		claim string
		do    func()
		want  history.ReplayStatus
	}{
		{"nobody has asked for any", func() {}, history.ReplayStatus{}},
		{"one waits", func() { r.ask(one, here) }, history.ReplayStatus{Waiting: 1}},
		{"and one of another incident", func() { r.ask(other, there) }, history.ReplayStatus{Waiting: 2}},
		{"one that is being sent is not done", func() { r.mark(one) }, history.ReplayStatus{Waiting: 2}},
		{"of what was being sent in a crash nobody knows", r.lose, history.ReplayStatus{Waiting: 1, Unknown: 1}},
		{"until somebody has it sent again", func() { r.ask(one, here) }, history.ReplayStatus{Waiting: 2}},
		{"what was taken is done", func() { r.settle(one, history.ReplaySent, "") }, history.ReplayStatus{Waiting: 1}},
		{"a server that was stopped and that nothing waits for, nobody misses", func() {
			r.ask(two, here)
			r.settle(two, history.ReplayRefused, "it failed")
		}, history.ReplayStatus{Waiting: 1}},
		{"until something does", func() { r.ask(three, here) }, history.ReplayStatus{Waiting: 2, Stopped: []string{here}}},
		{"servers are named in order", func() { r.settle(other, history.ReplayWaiting, "it failed") }, history.ReplayStatus{Waiting: 2, Stopped: []string{there, here}}},
		{"one that is back is not named", func() { r.resume(here) }, history.ReplayStatus{Waiting: 2, Stopped: []string{there}}},
	} {
		step.do()
		got, err := l.ReplayStatus(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got.Waiting != step.want.Waiting || got.Unknown != step.want.Unknown || !slices.Equal(got.Stopped, step.want.Stopped) {
			t.Errorf("%s: got %+v, want %+v", step.claim, got, step.want)
		}
	}
}
