package replay_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/replay"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio"
)

const (
	account = "AC0123456789abcdef0123456789abcdef"
	token   = "fedcba9876543210fedcba9876543210"
	primary = "https://www.example.com"
)

// begin is when everything in these tests begins: as in a synctest bubble.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// message is the n-th message that failed, one a second, with that body.
func message(n int, body string, change ...func(*incident.Failure)) incident.Fed {
	sum := sha256.Sum256(fmt.Append(nil, "message", n))
	sid := fmt.Sprintf("SM%x", sum[:16])
	at := begin.Add(time.Duration(n) * time.Second)
	f := incident.NewFailure(at, "POST", []incident.Param{
		{Name: "ToCountry", Value: "CA"},
		{Name: "MessageSid", Value: sid},
		{Name: "SmsSid", Value: sid},
		{Name: "AccountSid", Value: account},
		{Name: "Body", Value: body},
		{Name: "NumMedia", Value: "0"},
		{Name: "From", Value: fmt.Sprintf("+1343555%04d", n)},
		{Name: "To", Value: "+12365550100"},
		{Name: "ErrorCode", Value: "11210"},
		{Name: "ErrorUrl", Value: primary + "/sms"},
	})
	f = f.Requested([16]byte(sum[16:]), false)
	f.Token, f.OptOut = fmt.Sprintf("7a5e61d0-0000-4000-8000-%012d", n), twilio.OptsOut(f.Params)
	for _, c := range change {
		c(&f)
	}
	return incident.Fed{Entry: incident.Entry{Failure: f, Answer: incident.Answer{Step: "message", Situation: incident.Text, Outcome: incident.Told, Document: []byte("<Response/>")}}, JournalAt: at}
}

func openLedger(t *testing.T, path string) *store.Ledger {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), path, store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func feed(t *testing.T, l *store.Ledger, entries ...incident.Fed) {
	t.Helper()
	if _, err := l.Feed(context.Background(), incident.Batch{Cursor: incident.Cursor{Journal: "test", Row: 1}, Entries: entries}); err != nil {
		t.Fatal(err)
	}
}

// settings are those of a customer with one server.
func settings(t *testing.T) replay.Settings {
	t.Helper()
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{Name: "main", SID: account, Tokens: []string{token, "the-next-token"}}}, Drill: "drill"})
	if err != nil {
		t.Fatal(err)
	}
	primaries, err := standby.Primaries{}.With(primary)
	if err != nil {
		t.Fatal(err)
	}
	return replay.Settings{Primaries: primaries, Keys: keys}
}

// server stands for the customer's: it notes what it is sent, and when.
type server struct {
	mu      sync.Mutex
	bodies  []string
	tokens  []string
	at      []time.Time
	answers []answer // the first ones; then it takes everything
	hang    chan struct{}
}

type answer struct {
	taken standby.Taken
	err   error
}

func (s *server) Send(ctx context.Context, q *standby.Question, _ bool) (standby.Taken, error) {
	s.mu.Lock()
	s.bodies = append(s.bodies, twilio.First(q.Params, "Body"))
	s.tokens = append(s.tokens, q.Token)
	s.at = append(s.at, time.Now())
	next := answer{taken: standby.Taken{Reached: true, Status: 200, Begins: "<Response/>"}}
	if len(s.answers) > 0 {
		next, s.answers = s.answers[0], s.answers[1:]
	}
	s.mu.Unlock()
	if s.hang != nil {
		select {
		case <-s.hang:
		case <-ctx.Done():
			return standby.Taken{Reached: true}, errors.New("no answer in time")
		}
	}
	return next.taken, next.err
}

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.bodies)
}

// rig is a worker at work, until halt.
type rig struct {
	worker *replay.Worker
	halt   func()
}

func work(t *testing.T, l replay.Ledger, s replay.Settings, to replay.Sender) rig {
	t.Helper()
	w := replay.NewWorker(replay.WorkerOptions{
		Ledger: func() (replay.Ledger, error) { return l, nil }, Settings: func() replay.Settings { return s }, Sender: to,
		Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := w.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	return rig{worker: w, halt: func() { cancel(); <-done }}
}

func askAll(t *testing.T, l *store.Ledger) {
	t.Helper()
	if err := l.AskReplays(context.Background(), 1, "anna", time.Now()); err != nil {
		t.Fatal(err)
	}
}

func wish(e incident.Fed) history.ReplayWish {
	return history.ReplayWish{Failure: e.Failure.ID, Server: primary, OptOut: e.Failure.OptOut, By: "anna", At: time.Now()}
}

func ask(t *testing.T, l *store.Ledger, e incident.Fed) bool {
	t.Helper()
	w := wish(e)
	w.After = failure(t, l, e).Replay.State
	asked, err := l.AskReplay(context.Background(), w)
	if err != nil {
		t.Fatal(err)
	}
	return asked
}

func failure(t *testing.T, l *store.Ledger, e incident.Fed) history.Detail {
	t.Helper()
	d, err := l.Failure(context.Background(), e.Failure.ID)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func theIncident(t *testing.T, l *store.Ledger) history.IncidentDetail {
	t.Helper()
	d, err := l.Incident(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func ledgerPath(t *testing.T) string { t.Helper(); return filepath.Join(t.TempDir(), "backstop.db") }
