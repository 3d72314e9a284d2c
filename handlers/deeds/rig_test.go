package deeds_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/deeds"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

var night = time.Date(2026, 11, 23, 3, 12, 45, 0, time.UTC)

const (
	ledgerID   = "ledger1"
	accountSID = "AC00000000000000000000000000000001"
	authToken  = "0123456789abcdef0123456789abcdef"
	otherSID   = "AC00000000000000000000000000000002"
	otherToken = "fedcba9876543210fedcba9876543210"
	secret     = "0123456789abcdef0123456789abcdef"
	anna       = "+4930123456"
)

// memory is a ledger of two incidents: 42 is open, 41 is over.
type memory struct {
	mu        sync.Mutex
	incidents map[int64]incident.Incident
	deeds     []string
	away      bool
	panics    bool
	hang      chan struct{} // closed when it goes on; nil: it does not hang
}

func newMemory() *memory {
	return &memory{incidents: map[int64]incident.Incident{
		41: {ID: 41, State: incident.Resolved, ResolvedBy: "kim", ResolvedAt: night.Add(-time.Hour)},
		42: {ID: 42, State: incident.Open, Callers: 12},
	}}
}

var errAway = errors.New("the disk is full")

func (m *memory) enter() error {
	m.mu.Lock()
	hang := m.hang
	m.mu.Unlock()
	if hang != nil {
		<-hang // it does not heed its context
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.panics {
		panic("a bug")
	}
	if m.away {
		return errAway
	}
	return nil
}

func (m *memory) LedgerID() (string, error) { return ledgerID, nil }

func (m *memory) Incident(_ context.Context, id int64) (history.IncidentDetail, error) {
	if err := m.enter(); err != nil {
		return history.IncidentDetail{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	in, ok := m.incidents[id]
	if !ok {
		return history.IncidentDetail{}, history.ErrNotFound
	}
	return history.IncidentDetail{Incident: in}, nil
}

func (m *memory) Incidents(_ context.Context, q history.IncidentQuery) (page history.IncidentPage, err error) {
	if err := m.enter(); err != nil {
		return page, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, in := range m.incidents {
		if q.State == 0 || q.State == in.State {
			page.Incidents = append(page.Incidents, in)
		}
	}
	return page, nil
}

func (m *memory) change(id int64, what, by string, do func(incident.Incident) (incident.Incident, []incident.Alert)) (incident.Incident, error) {
	if err := m.enter(); err != nil {
		return incident.Incident{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	in, alerts := do(m.incidents[id])
	m.incidents[id] = in
	if len(alerts) > 0 {
		m.deeds = append(m.deeds, what+" by "+by)
	}
	return in, nil
}

func (m *memory) Acknowledge(_ context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return m.change(id, "acknowledged", by, func(in incident.Incident) (incident.Incident, []incident.Alert) { return in.Acknowledge(by, at) })
}

func (m *memory) Resolve(_ context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return m.change(id, "resolved", by, func(in incident.Incident) (incident.Incident, []incident.Alert) { return in.Resolve(by, at) })
}

func (m *memory) Mute(_ context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error) {
	return m.change(id, "muted", by, func(in incident.Incident) (incident.Incident, []incident.Alert) { return in.Mute(by, until, upTo, at) })
}

func (m *memory) done() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return strings.Join(m.deeds, "; ")
}

// rig is a room with its ledger.
type rig struct {
	ledger  *memory
	seal    *act.Seal
	room    *deeds.Room
	handler http.Handler
	now     time.Time
}

func newRig(tb testing.TB) *rig {
	tb.Helper()
	public, err := twilio.ParseBaseURL("https://fallback.example.com")
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{SID: accountSID, Tokens: []string{authToken}}, {SID: otherSID, Tokens: []string{otherToken}}}})
	if err != nil {
		tb.Fatal(err)
	}
	g := &rig{ledger: newMemory(), seal: act.NewSeal("secret"), now: night}
	settings := deeds.Settings{
		Pages: "https://fallback.example.com", Line: func(incident.Incident) string {
			return `12 callers: <b>"www.example.com"</b> refuses connections to +4930555123`
		},
		Slack: []deeds.SlackApp{
			{Notifier: "ops", Secret: secret, Team: "T0000001", App: "A0000001", Users: []string{"U0000001"}},
			{Notifier: "other", Secret: strings.Repeat("f", 32), Team: "T0000002", App: "A0000002"},
			{Notifier: "socket only", Team: "T0000003", App: "A0000003"},
		},
		Verifier: twilio.NewVerifier(keys, public), Mask: history.Mask{Numbers: true},
		Replies: func(account, number string) bool { return account == accountSID && number == anna },
		Calls:   func(account string) bool { return account == accountSID },
	}
	g.room, err = deeds.New(deeds.Options{
		Ledger: g.ledger, Seal: g.seal, Settings: func() deeds.Settings { return settings },
		Now: func() time.Time { return g.now }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		tb.Fatal(err)
	}
	noWay := func(c *gin.Context) { c.Status(http.StatusNotFound) }
	g.handler = handlers.Admin(handlers.Options{
		Rooms: []handlers.Room{g.room}, NoWay: noWay, Log: slog.New(slog.DiscardHandler),
	})
	return g
}

func (g *rig) serve(r *http.Request) (status int, body string, header http.Header) {
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	read, _ := io.ReadAll(w.Result().Body)
	return w.Code, string(read), w.Result().Header
}

func (g *rig) do(method, path, body string) (status int, answer string, header http.Header) {
	return g.serve(httptest.NewRequest(method, path, strings.NewReader(body)))
}

// link is the path of a link to anna.
func (g *rig) link(a act.Action, id int64) string {
	return deeds.LinkPath(g.seal.Token(act.Deed{
		Way: act.ByMail, Ledger: ledgerID, Incident: id, Action: a, Recipient: "anna@example.com", Until: night.Add(act.LinkFor),
	}))
}
