package hook_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/sim"
)

// quietRig is a hook without a network, for tests in which time is played.
type quietRig struct {
	*rig
	engine *gin.Engine
}

func newQuietRig(t *testing.T) *quietRig {
	t.Helper()
	q := &quietRig{rig: &rig{t: t, recorder: &memory{}}, engine: gin.New()}
	settings := q.settings(token)
	settings.Public = public(t, "http://fallback.example.com")
	q.hook = hook.New(hook.Options{
		Settings: settings, Recorder: q.recorder, Noted: func(incident.Entry) {},
		Tell: func(a incident.Alert) {
			q.mu.Lock()
			defer q.mu.Unlock()
			q.told = append(q.told, a)
		},
		RecordFor: 50 * time.Millisecond, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	q.hook.Register(q.engine)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = q.hook.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return q
}

// serveForged sends what was signed for https while PUBLIC_URL says http.
func (q *quietRig) serveForged() {
	q.t.Helper()
	request, err := sim.Call{}.Request(sim.Account{SID: accountSID, AuthToken: token}, "https://fallback.example.com/fallback/voice")
	if err != nil {
		q.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(q.t.Context(), "POST", "/fallback/voice", strings.NewReader(string(request.Body)))
	r.Header = request.Header
	q.engine.ServeHTTP(httptest.NewRecorder(), r)
}

func (q *quietRig) alerts() []incident.Alert {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]incident.Alert(nil), q.told...)
}

// replay sends one captured call n times, each with a token of its own.
func (q *quietRig) replay(captured sim.Request, n int) {
	q.t.Helper()
	for range n {
		r := httptest.NewRequestWithContext(q.t.Context(), "POST", "/fallback/voice", strings.NewReader(string(captured.Body)))
		r.Header = captured.Header.Clone()
		r.Header.Set("I-Twilio-Idempotency-Token", sim.NewSID("xx"))
		q.engine.ServeHTTP(httptest.NewRecorder(), r)
	}
}

// another is a call that nobody has sent yet.
func (q *quietRig) another() sim.Request {
	q.t.Helper()
	request, err := sim.Call{}.Request(sim.Account{SID: accountSID, AuthToken: token}, "http://fallback.example.com/fallback/voice")
	if err != nil {
		q.t.Fatal(err)
	}
	return request
}
