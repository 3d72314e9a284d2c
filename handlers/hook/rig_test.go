package hook_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

const (
	accountSID = "AC00000000000000000000000000000001"
	token      = "0123456789abcdef0123456789abcdef"
	drillKey   = "drill-key-of-this-test"
)

// memory is a recorder that writes at once, hangs, or is late.
type memory struct {
	mu      sync.Mutex
	entries []incident.Entry
	hang    bool
	late    bool
	lates   int
	stuck   chan struct{} // Record says through it that it is stuck, until it is answered
}

func (m *memory) Record(e incident.Entry) (<-chan struct{}, bool) {
	if m.stuck != nil {
		m.stuck <- struct{}{} // it is known to be stuck
		<-m.stuck
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	e.Failure.Params = slices.Clone(e.Failure.Params) // their room is used again
	m.entries = append(m.entries, e)
	done := make(chan struct{})
	if !m.hang {
		close(done)
	}
	return done, m.late
}

func (m *memory) Late() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lates++
	m.late = true
}

func (m *memory) all() []incident.Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]incident.Entry(nil), m.entries...)
}

// rig is a server with the hook on it.
type rig struct {
	t        *testing.T
	hook     *hook.Hook
	recorder *memory
	server   *httptest.Server
	serving  sync.WaitGroup // what a handler does behind its answer included
	logging  sync.Mutex
	logged   *bytes.Buffer
	client   sim.Client

	mu     sync.Mutex
	told   []incident.Alert
	found  []string
	panics map[string]bool // the parts that panic when they are used
}

// use panics where that part is to.
func (r *rig) use(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.panics[part] {
		panic("a bug")
	}
}

// newRig starts one; change may alter its settings first.
func newRig(t *testing.T, change func(*hook.Settings)) *rig {
	t.Helper()
	r := &rig{t: t, recorder: &memory{}, logged: &bytes.Buffer{}}
	settings := r.settings(token)
	if change != nil {
		change(&settings)
	}
	r.hook = hook.New(hook.Options{
		Settings: settings, Recorder: usedRecorder{r}, Noted: func(incident.Entry) { r.use("tally") },
		Healths: func() standby.Healths { r.use("healths"); return nil },
		Tell: func(a incident.Alert) {
			r.use("teller")
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, a)
		},
		FoundPublic: func(b twilio.BaseURL) {
			r.use("public")
			r.mu.Lock()
			defer r.mu.Unlock()
			r.found = append(r.found, b.String())
		},
		RecordFor: 50 * time.Millisecond, Now: time.Now,
		Log: slog.New(slog.NewJSONHandler(lockedWriter{&r.logging, r.logged}, nil)),
	})
	all := handlers.All(handlers.Options{
		Hook: r.hook, Astray: r.hook.Astray, NoWay: func(c *gin.Context) { c.String(http.StatusNotFound, "no") },
		Log: slog.New(slog.DiscardHandler), Apology: func(path string) []byte {
			if path == "/fallback/messaging" {
				return recovery.Apology(incident.Messaging)
			}
			return recovery.Apology(incident.Voice)
		},
	})
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.serving.Add(1)
		defer r.serving.Done()
		all.ServeHTTP(w, request)
	}))
	t.Cleanup(r.server.Close)
	r.client = sim.Client{Account: sim.Account{SID: accountSID, AuthToken: token}, HTTP: r.server.Client(), KeepAlive: true}
	return r
}

// log is what was logged of those that were answered.
func (r *rig) log() string {
	r.serving.Wait()
	return r.logged.String()
}

// usedRecorder is the rig's recorder, which may panic.
type usedRecorder struct{ r *rig }

func (u usedRecorder) Record(e incident.Entry) (<-chan struct{}, bool) {
	u.r.use("recorder")
	return u.r.recorder.Record(e)
}

func (u usedRecorder) Late() { u.r.recorder.Late() }

type lockedWriter struct {
	mu *sync.Mutex
	w  io.Writer
}

func (l lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func (r *rig) settings(tokens ...string) hook.Settings {
	r.t.Helper()
	return newSettings(r.t, tokens...)
}

func newSettings(tb testing.TB, tokens ...string) hook.Settings {
	tb.Helper()
	keys, err := twilio.NewKeys(twilio.KeyOptions{
		Accounts: []twilio.Account{{Name: "main", SID: accountSID, Tokens: tokens}}, Drill: drillKey,
	})
	if err != nil {
		tb.Fatal(err)
	}
	answers, err := templates.NewAnswers(templates.AnswerOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return hook.Settings{
		Keys: keys, Accounts: map[string]bool{accountSID: true},
		Recovery: recovery.New(recovery.Parts{Texts: answers, Recent: recovery.NewRecent()}),
	}
}

// ask sends one request and returns what came back.
func (r *rig) ask(request sim.Request) sim.Exchange {
	r.t.Helper()
	e := r.client.Do(r.t.Context(), request)
	if e.Err != nil {
		r.t.Fatalf("no answer: %v", e.Err)
	}
	return e
}

func (r *rig) call(path string, c sim.Call) sim.Request {
	r.t.Helper()
	request, err := c.Request(r.client.Account, r.server.URL+path)
	if err != nil {
		r.t.Fatal(err)
	}
	return request
}

func (r *rig) message(path string, m sim.Message) sim.Request {
	r.t.Helper()
	request, err := m.Request(r.client.Account, r.server.URL+path)
	if err != nil {
		r.t.Fatal(err)
	}
	return request
}

// as sends a call that was signed for base, with another Host header.
func (r *rig) as(host, base string) {
	r.t.Helper()
	call, err := sim.Call{}.Request(r.client.Account, base+"/fallback/voice")
	if err != nil {
		r.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.server.URL+"/fallback/voice", bytes.NewReader(call.Body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Host, request.Header = host, call.Header.Clone()
	response, err := r.server.Client().Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		r.t.Errorf("Host %s: got %d", host, response.StatusCode)
	}
}

// form posts any body, signed or not.
func (r *rig) form(path, body string, header map[string]string) (status int, answer string) {
	r.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodPost, r.server.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range header {
		request.Header.Set(k, v)
	}
	response, err := r.server.Client().Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func public(tb testing.TB, text string) twilio.BaseURL {
	tb.Helper()
	b, err := twilio.ParseBaseURL(text)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

func values(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return v.Encode()
}
