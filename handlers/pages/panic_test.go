package pages_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

// broken is a part of the house with a bug wherever it is asked: nobody is in it.
type broken struct {
	pages.History
	pages.Replays
	pages.Recordings
	pages.Testing
}

func buggy(is bool) {
	if is {
		panic("a bug in a banner")
	}
}

// brokenHouse has a bug in all that a page asks but for who may log in, and in what
// stands on top of every page where banners says so.
func brokenHouse(t *testing.T, banners bool) (server *httptest.Server, routes []gin.RouteInfo) {
	t.Helper()
	p, err := pages.New(pages.Options{
		History: broken{}, Replays: broken{}, Recordings: broken{}, Testing: broken{}, Passwords: users{"admin": hash},
		Settings:   func() pages.Settings { return newHouse(nil).settings },
		Setup:      func() pages.Setup { buggy(banners); return pages.Setup{} },
		Unverified: func() pages.Unverified { buggy(banners); return pages.Unverified{} },
		Notices:    func() []pages.Notice { buggy(banners); return nil },
		Rules:      func() []recovery.Outline { panic("a bug in rules") },
		Explain:    func(incident.Failure, int) recovery.Explanation { panic("a bug in explain") },
		Standing:   func(time.Time) recovery.Standing { panic("a bug in standing") },
		Shown:      func() {},
		Lines:      func() []history.NamedLine { panic("a bug in lines") },
		Probed:     func() []string { panic("a bug in probed") },
		Policy:     func() incident.Policy { panic("a bug in policy") },
		Places:     func() []pages.Place { panic("a bug in places") },
		Regular:    func(time.Time) []pages.Regular { panic("a bug in regular") },
		Backtest:   func(context.Context) (string, bool) { panic("a bug in backtest") },
		Now:        time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server = httptest.NewServer(handlers.Admin(handlers.Options{
		Rooms: []handlers.Room{p}, NoWay: p.NotFound, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(server.Close)
	engine := gin.New()
	p.Register(engine)
	return server, engine.Routes()
}

func TestWhateverPanicsBehindAPageIsASentence(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		banners bool
		status  int
		says    string
	}{
		"the page itself":                  {false, http.StatusServiceUnavailable, "Callers are answered as always"},
		"even what a page says of a fault": {true, http.StatusInternalServerError, "calls and messages are answered all the same"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			server, routes := brokenHouse(t, c.banners)
			v := newVisitor(t, server.URL)
			if got := v.logIn("admin", password); got.status != http.StatusSeeOther {
				t.Fatalf("log in: status %d", got.status)
			}
			sentences := 0
			for _, at := range routes {
				got, path := v.try(at)
				if strings.Contains(got.body, "a bug in") || strings.Contains(got.body, "nil pointer") {
					t.Errorf("%s %s says what only the log may: %s", at.Method, path, got.body)
				}
				switch {
				case got.status < http.StatusInternalServerError, at.Method == http.MethodHead && got.status == c.status:
				case got.status == c.status && strings.Contains(got.body, c.says):
					sentences++
				default:
					t.Errorf("%s %s: %d, and no sentence: %.300s", at.Method, path, got.status, got.body)
				}
			}
			if sentences < 20 {
				t.Errorf("only %d addresses of %d have come to a part that panics", sentences, len(routes))
			}
		})
	}
}

// try asks at one of the addresses, with something in the places of it.
func (v *visitor) try(at gin.RouteInfo) (got reply, path string) {
	id := incident.ID{15: 1}.String()
	if strings.HasPrefix(at.Path, "/incidents") || strings.HasPrefix(at.Path, "/silences") {
		id = "1"
	}
	path = strings.NewReplacer(":id", id, ":sid", "RE0123456789abcdef0123456789abcdef", ":name", "mail").Replace(at.Path)
	switch {
	case at.Path == "/logout": // the others are behind the door
		return reply{}, path
	case at.Method != http.MethodPost:
		return v.do(at.Method, path, nil, nil), path
	}
	return v.post(path, url.Values{"state": {"done"}, "back": {"yes"}, "why": {"moving"}, "for": {"2h"}, "host": {"www.example.com"}}), path
}
