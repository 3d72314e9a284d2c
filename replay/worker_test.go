package replay_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/store"
)

func TestAllOfAnIncidentIsSentOnceStopsFirstThenTheOldestOneASecond(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		feed(t, l, message(1, "hello"), message(2, "how are you"), message(3, "STOP"), message(4, "bye"),
			message(5, "kept in part", func(f *incident.Failure) { *f = f.Slimmed() }))
		if in := theIncident(t, l); in.Unseen != 5 || in.OptOuts != 1 || len(in.Replays.OptOuts) != 1 {
			t.Errorf("%d unseen, %d opt-outs, named %+v", in.Unseen, in.OptOuts, in.Replays.OptOuts)
		}
		askAll(t, l)
		to := &server{}
		r := work(t, l, settings(t), to)
		time.Sleep(time.Minute)
		askAll(t, l) // a second time there is nothing left
		r.worker.Wake()
		time.Sleep(time.Minute)
		r.halt()
		if got, want := to.got(), []string{"STOP", "hello", "how are you", "bye"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
		for i := 1; i < len(to.at); i++ {
			if gap := to.at[i].Sub(to.at[i-1]); gap != time.Second {
				t.Errorf("message %d came %s after the one before", i, gap)
			}
		}
		if got := r.worker.Stats.Sent.Load(); got != 4 {
			t.Errorf("%d count as sent, want 4", got)
		}
		in := theIncident(t, l)
		if in.Replays.Sent != 4 || in.Replays.Waiting != 0 || in.Replays.Ordered || in.Unseen != 1 || in.OptOuts != 0 || len(in.Replays.OptOuts) != 0 {
			t.Errorf("%+v, %d unseen, %d opt-outs", in.Replays, in.Unseen, in.OptOuts)
		}
		var said []string
		for _, e := range in.Events {
			said = append(said, e.By+": "+e.What)
		}
		if got := strings.Join(said, "\n"); !strings.Contains(got, "anna: the messages that your server has not had") || !strings.Contains(got, "wait to be sent to your server: 4; that cannot be sent: 1") {
			t.Errorf("events:\n%s", got)
		}
		if got := failure(t, l, message(1, "hello")); got.Replay.State != history.ReplaySent || got.Replay.Status != 200 || got.Replay.Answer != "<Response/>" || got.Replay.AskedBy != "anna" {
			t.Errorf("got %+v", got.Replay)
		}
		if got, want := to.tokens[1], message(1, "hello").Failure.Token; got != want {
			t.Errorf("sent with the token %s, want the original, %s", got, want)
		}
	})
}

func TestAServerThatFailsIsGivenTimeAndThenLeftAloneUntilSomebodySaysItIsBack(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		down := answer{err: errors.New("it refuses connections")}
		to := &server{answers: []answer{down, down, down}}
		feed(t, l, message(1, "hello"), message(2, "bye"))
		askAll(t, l)
		start := time.Now()
		r := work(t, l, settings(t), to)
		defer r.halt()
		time.Sleep(time.Hour)
		if got := to.got(); !slices.Equal(got, []string{"hello", "hello", "hello"}) {
			t.Fatalf("got %q", got)
		}
		for i, want := range []time.Duration{0, 5 * time.Second, 15 * time.Second} {
			if got := to.at[i].Sub(start); got < want || got > want+time.Second {
				t.Errorf("try %d came after %s, want %s", i+1, got, want)
			}
		}
		in := theIncident(t, l)
		if len(in.Replays.Stopped) != 1 || in.Replays.Stopped[0].Server != primary || in.Replays.Stopped[0].Why != "it failed 3 times in a row, the last time: it refuses connections" || in.Replays.Waiting != 2 {
			t.Fatalf("got %+v", in.Replays)
		}
		if d := failure(t, l, message(1, "hello")); d.Replay.State != history.ReplayWaiting || d.Replay.Stopped.Server != primary || d.Replay.Error != "it refuses connections" {
			t.Errorf("got %+v", d.Replay)
		}
		if err := l.ResumeReplays(context.Background(), 1, primary, "anna", time.Now()); err != nil {
			t.Fatal(err)
		}
		r.worker.Wake()
		time.Sleep(time.Minute)
		if got := to.got(); !slices.Equal(got[3:], []string{"hello", "bye"}) {
			t.Errorf("then it got %q", got[3:])
		}
	})
}

func TestWhatMayHaveArrivedIsSentAgainOnlyByAPerson(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		to := &server{answers: []answer{
			{taken: standby.Taken{Reached: true}, err: errors.New("no answer in time (15s at most)")},
			{taken: standby.Taken{Reached: true, Status: 403, Begins: "forbidden"}},
		}}
		lost, refused := message(1, "hello"), message(2, "bye")
		feed(t, l, lost, refused)
		askAll(t, l)
		r := work(t, l, settings(t), to)
		defer r.halt()
		time.Sleep(time.Hour)
		if got := failure(t, l, lost).Replay; got.State != history.ReplayUnknown || got.Error != "no answer in time (15s at most)" {
			t.Errorf("got %+v", got)
		}
		if got := failure(t, l, refused).Replay; got.State != history.ReplayRefused || got.Status != 403 || got.Answer != "forbidden" {
			t.Errorf("got %+v", got)
		}
		if s := &r.worker.Stats; s.Sent.Load() != 0 || s.Refused.Load() != 1 || s.Impossible.Load() != 0 {
			t.Errorf("%d count as sent, %d as refused, %d as impossible; want 1 refused", s.Sent.Load(), s.Refused.Load(), s.Impossible.Load())
		}
		askAll(t, l) // all means: all that nobody has asked for
		r.worker.Wake()
		time.Sleep(time.Hour)
		if got := to.got(); len(got) != 2 {
			t.Fatalf("got %q", got)
		}
		if in := theIncident(t, l); in.Replays.Unknown != 1 || in.Replays.Refused != 1 || len(in.Replays.Look) != 2 || in.Unseen != 2 {
			t.Errorf("got %+v", in)
		}
		if !ask(t, l, lost) || ask(t, l, lost) {
			t.Error("asked for twice, or not at all")
		}
		r.worker.Wake()
		time.Sleep(time.Minute)
		if got := failure(t, l, lost).Replay; got.State != history.ReplaySent || got.Tries != 2 {
			t.Errorf("got %+v", got)
		}
		if ask(t, l, lost) {
			t.Error("what was taken is sent again")
		}
		events := theIncident(t, l).Events
		if last := events[len(events)-1]; last.By != "anna" || !strings.Contains(last.What, "again, after unknown") {
			t.Errorf("got %+v", last)
		}
	})
}

// buggy is a ledger with a bug in noting the first result.
type buggy struct {
	*store.Ledger
	noted atomic.Int64
}

func (b *buggy) SettleReplay(ctx context.Context, id incident.ID, try int, r history.ReplayResult) error {
	if b.noted.Add(1) == 1 {
		panic("a bug")
	}
	return b.Ledger.SettleReplay(ctx, id, try, r)
}

func TestABugInNotingWhatBecameOfAMessageHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l, to := openLedger(t, path), &server{}
		feed(t, l, message(1, "hello"), message(2, "bye"))
		askAll(t, l)
		r := work(t, &buggy{Ledger: l}, settings(t), to)
		time.Sleep(time.Minute)
		r.halt()
		if got := to.got(); len(got) != 2 || failure(t, l, message(2, "bye")).Replay.State != history.ReplaySent {
			t.Errorf("sent %q, the second is %+v", got, failure(t, l, message(2, "bye")).Replay)
		}
		r = work(t, l, settings(t), to)
		time.Sleep(time.Minute)
		r.halt()
		if got := failure(t, l, message(1, "hello")).Replay; got.State != history.ReplayUnknown || len(to.got()) != 2 {
			t.Errorf("after a restart the first is %+v, sent %q", got, to.got())
		}
	})
}

func TestTwoWorkersSendNothingTwice(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l, other := openLedger(t, path), openLedger(t, path)
		var all []incident.Fed
		for n := range 40 {
			all = append(all, message(n, "hello"))
		}
		feed(t, l, all...)
		askAll(t, l)
		s, to := settings(t), &server{}
		s.PerSecond = 20
		one, two := work(t, l, s, to), work(t, other, s, to)
		time.Sleep(time.Hour)
		one.halt()
		two.halt()
		slices.Sort(to.tokens)
		if n := len(slices.Compact(slices.Clone(to.tokens))); n != 40 || len(to.tokens) != 40 {
			t.Errorf("%d were sent, %d of them different, want 40", len(to.tokens), n)
		}
		if in := theIncident(t, l); in.Replays.Sent != 40 || in.Unseen != 0 {
			t.Errorf("%+v, %d unseen", in.Replays, in.Unseen)
		}
	})
}

// A process that dies between the mark and the answer leaves a message that may
// have arrived.
func TestACrashWhileAMessageIsSentLeavesItToAPerson(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		feed(t, l, message(1, "hello"))
		ask(t, l, message(1, "hello"))
		d, ok, err := l.NextReplay(t.Context(), nil)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		try, ok, err := l.MarkReplay(t.Context(), d.ID, time.Now())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		after := openLedger(t, path) // as another process would, for this one is gone
		to := &server{}
		r := work(t, after, settings(t), to)
		time.Sleep(time.Minute)
		r.halt()
		got := failure(t, after, message(1, "hello")).Replay
		if got.State != history.ReplayUnknown || got.Error != "Backstop ended while it was being sent" || len(to.got()) != 0 {
			t.Errorf("got %+v, sent %q", got, to.got())
		}
		// It was not gone: what it knows counts.
		if err := l.SettleReplay(t.Context(), d.ID, try, history.ReplayResult{State: history.ReplaySent, Status: 200}); err != nil {
			t.Fatal(err)
		}
		if got := failure(t, after, message(1, "hello")).Replay; got.State != history.ReplaySent {
			t.Errorf("got %+v", got)
		}
	})
}

func TestStoppingWaitsForAnAnswerAndThenSaysThatNobodyKnows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answers bool
		want    history.ReplayState
	}{"in time": {true, history.ReplaySent}, "never": {false, history.ReplayUnknown}} {
		path := ledgerPath(t)
		synctest.Test(t, func(t *testing.T) {
			l := openLedger(t, path)
			to := &server{hang: make(chan struct{})}
			feed(t, l, message(1, "hello"))
			askAll(t, l)
			r := work(t, l, settings(t), to)
			time.Sleep(time.Second)
			if c.answers {
				time.AfterFunc(2*time.Second, func() { close(to.hang) })
			}
			began := time.Now()
			r.halt()
			if took := time.Since(began); took > 4*time.Second {
				t.Errorf("%s: it took %s to stop", name, took)
			}
			if got := failure(t, l, message(1, "hello")).Replay; got.State != c.want {
				t.Errorf("%s: got %+v", name, got)
			}
		})
	}
}

// What the configuration says when a message's turn comes counts.
func TestNothingIsSentToAServerThatIsNoPrimaryAnyMore(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		feed(t, l, message(1, "hello"))
		ask(t, l, message(1, "hello"))
		s, to := settings(t), &server{}
		s.Primaries = nil
		r := work(t, l, s, to)
		time.Sleep(time.Minute)
		r.halt()
		if got := r.worker.Stats.Impossible.Load(); got != 1 {
			t.Errorf("%d count as impossible, want 1", got)
		}
		if got := failure(t, l, message(1, "hello")).Replay; got.State != history.ReplayImpossible || !strings.Contains(got.Error, "none of the servers") || len(to.got()) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

// A standby server has had it, so that it was never counted as unseen; one by
// one it may be sent all the same.
func TestWhatAStandbyServedIsSentByItselfOnly(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		served := message(2, "STOP")
		served.Answer.Outcome = incident.Saved
		feed(t, l, message(1, "hello"), served)
		to := &server{}
		r := work(t, l, settings(t), to)
		defer r.halt()
		askAll(t, l)
		r.worker.Wake()
		time.Sleep(time.Minute)
		if got := to.got(); !slices.Equal(got, []string{"hello"}) {
			t.Errorf("got %q", got)
		}
		feed(t, l, message(3, "again"))
		if !ask(t, l, served) {
			t.Error("not asked for")
		}
		r.worker.Wake()
		time.Sleep(time.Minute)
		if in := theIncident(t, l); len(to.got()) != 2 || in.Unseen != 1 {
			t.Errorf("got %q, %d unseen", to.got(), in.Unseen)
		}
	})
}
