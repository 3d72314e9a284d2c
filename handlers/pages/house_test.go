package pages_test

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/standby"
)

var update = flag.Bool("update", false, "write the golden files anew")

const password = "correct horse battery staple"

// hash is of password, made with little memory so that tests are quick.
const hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0$tCc9fRe1ZCo/16K285DQzyaDkBqT0FS+sUtZTyzbH18"

// users is who may log in.
type users map[string]string

func (u users) PasswordHash(name string) (string, bool) {
	encoded, ok := u[name]
	return encoded, ok
}

// house is the pages with everything around them.
type house struct {
	ledger     *ledger
	users      users
	setup      pages.Setup
	unverified pages.Unverified
	notices    []pages.Notice
	settings   pages.Settings
	rules      recovery.Rules
	seal       *recovery.Seal // of follow-ups; nil: none is known
	healths    standby.Healths
	policy     incident.Policy
	lines      []history.NamedLine
	shown      atomic.Int64
	places     []pages.Place
	test       func(ctx context.Context, notifier string) error
	backtest   string
	now        time.Time
	log        *slog.Logger
}

// Test is what a test of a notifier comes to.
func (h *house) Test(ctx context.Context, notifier string) error { return h.test(ctx, notifier) }

func newHouse(l *ledger) *house {
	return &house{
		ledger: l, users: users{"admin": hash}, now: night,
		setup:    pages.Setup{Notifiers: []string{"ops-mail", "ops-slack"}, Command: "backstop"},
		settings: pages.Settings{Zone: berlin, PublicURL: "https://fallback.example.com", Mask: history.Mask{Numbers: true}},
		policy:   somePolicy("ops-mail", "ops-slack"),
		places:   []pages.Place{{Name: "ops-mail", Kind: "e-mail"}, {Name: "ops-slack", Kind: "Slack, by a bot"}},
		test:     func(context.Context, string) error { return nil },
		log:      slog.New(slog.DiscardHandler),
	}
}

// somePolicy is the default one for these notifiers.
func somePolicy(names ...string) incident.Policy {
	p := incident.DefaultPolicy()
	for _, name := range names {
		p.Notifiers = append(p.Notifiers, incident.Notifier{Name: name})
	}
	return p
}

// empty is a house in which nothing has been set up.
func emptyHouse() *house {
	h := newHouse(&ledger{now: func() time.Time { return night }})
	h.policy, h.places = somePolicy(), nil
	h.setup = pages.Setup{Missing: []string{"PUBLIC_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"}, Command: "go run ./cmd/backstop"}
	h.settings.PublicURL = ""
	return h
}

func (h *house) handler(tb testing.TB) http.Handler {
	tb.Helper()
	gin.SetMode(gin.ReleaseMode)
	p, err := pages.New(pages.Options{
		History: h.ledger, Passwords: h.users,
		Setup:      func() pages.Setup { return h.setup },
		Unverified: func() pages.Unverified { return h.unverified },
		Notices:    func() []pages.Notice { return h.notices },
		Settings:   func() pages.Settings { return h.settings },
		Rules:      func() []recovery.Outline { return h.rules.Outlines() },
		Explain: func(f incident.Failure, visit int) recovery.Explanation {
			known := recovery.New(recovery.Parts{Seal: h.seal}).Imagined(f, visit, h.healths.Of)
			return h.rules.Explain(f, nil, known, h.now)
		},
		Standing: func(at time.Time) recovery.Standing { return h.rules.Standing(at) },
		Shown:    func() { h.shown.Add(1) },
		Lines:    func() []history.NamedLine { return h.lines },
		Probed:   func() []string { return h.rules.Probed(h.knows(), h.now) },
		Policy:   func() incident.Policy { return h.policy },
		Places:   func() []pages.Place { return h.places },
		Regular:  regularly,
		Testing:  h,
		Backtest: func(context.Context) (string, bool) { return h.backtest, h.backtest != "" },
		Replays:  h.ledger,
		Now:      func() time.Time { return h.now },
		Log:      h.log, Version: "v1.0.0",
	})
	if err != nil {
		tb.Fatal(err)
	}
	e := gin.New()
	e.RedirectTrailingSlash, e.RedirectFixedPath = false, false
	p.Register(e)
	e.NoRoute(p.NotFound)
	return e
}

func (h *house) knows() recovery.State { return recovery.State{Health: h.healths.Of} }

// visitor is a browser that has come as far as net/http can.
type visitor struct {
	t      testing.TB
	client *http.Client
	base   string
}

// visit serves the house on the loopback and comes to its door.
func (h *house) visit(tb testing.TB) *visitor {
	tb.Helper()
	server := httptest.NewServer(h.handler(tb))
	tb.Cleanup(server.Close)
	return newVisitor(tb, server.URL)
}

func newVisitor(tb testing.TB, base string) *visitor {
	tb.Helper()
	jar, _ := cookiejar.New(nil)
	// Not the transport of everybody: another test's server closes its connections.
	transport := &http.Transport{}
	tb.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return &visitor{t: tb, client: client, base: base}
}

// enter is visit, logged in.
func (h *house) enter(tb testing.TB) *visitor {
	tb.Helper()
	v := h.visit(tb)
	if got := v.logIn("admin", password); got.status != http.StatusSeeOther {
		tb.Fatalf("log in: status %d, want 303: %s", got.status, got.body)
	}
	return v
}

func (v *visitor) logIn(username, password string) reply {
	return v.post("/login", url.Values{"username": {username}, "password": {password}})
}

// reply is an answer, read whole.
type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) location() string { return r.header.Get("Location") }

func (v *visitor) get(path string) reply { return v.do(http.MethodGet, path, nil, nil) }

func (v *visitor) post(path string, form url.Values) reply {
	return v.do(http.MethodPost, path, form, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}})
}

func (v *visitor) do(method, path string, form url.Values, header http.Header) reply {
	v.t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), method, v.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	maps.Copy(request.Header, header)
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	answer, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return reply{answer.StatusCode, answer.Header, string(body)}
}

var assetHash = regexp.MustCompile(`(/assets/backstop)\.[0-9a-f]+\.`)

// golden compares a page with the one that somebody has looked at.
func golden(t *testing.T, name, page string) {
	t.Helper()
	var lines []string
	for text := range strings.Lines(assetHash.ReplaceAllString(page, "$1.HASH.")) {
		if text = strings.TrimSpace(text); text != "" {
			lines = append(lines, text)
		}
	}
	got := strings.Join(lines, "\n") + "\n"
	file := filepath.Join("testdata", "golden", name+".html")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (go test -update writes it)", err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -update, then look at the difference)\ngot:\n%s", file, got)
	}
}
