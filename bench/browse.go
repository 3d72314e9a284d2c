package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
)

// browser is somebody who is logged in.
type browser struct {
	base   string
	cookie *http.Cookie
}

// login logs in as people do.
func (s *server) login(ctx context.Context) (*browser, error) {
	form := url.Values{"username": {"admin"}, "password": {adminPassword}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.address+"/login", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if err := response.Body.Close(); err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusSeeOther || len(response.Cookies()) == 0 {
		return nil, fmt.Errorf("the login is answered %s", response.Status)
	}
	return &browser{base: "http://" + s.address, cookie: response.Cookies()[0]}, nil
}

// startAndLogIn starts Backstop in a folder, and logs in.
func startAndLogIn(ctx context.Context, p plan, dir string) (*server, *browser, error) {
	s, err := startIn(ctx, p, "backstop", dir)
	if err != nil {
		return nil, nil, err
	}
	b, err := s.login(ctx)
	if err != nil {
		s.stop()
	}
	return s, b, err
}

// open reads a page to its end, and returns how long the server says it took to make.
func (b *browser) open(ctx context.Context, path string) (server time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.base+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	r.AddCookie(b.cookie)
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return 0, err
	}
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s is answered %s", path, response.Status)
	}
	return serverTime(response)
}

// serverTime reads what a page says of itself: "ledger;dur=1.23, total;dur=2.34", in
// milliseconds.
func serverTime(response *http.Response) (time.Duration, error) {
	said := response.Header.Get("Server-Timing")
	_, total, _ := strings.Cut(said, "total;dur=")
	took, err := strconv.ParseFloat(total, 64)
	if err != nil {
		return 0, fmt.Errorf("the page says it took %q", said)
	}
	return time.Duration(took * float64(time.Millisecond)), nil
}

// pagesEach is how many pages of each kind are opened.
const pagesEach = 200

const callers = "callers to call back"

// browsing measures pages of the history, each with other values and with nothing else
// to do: how long the server takes to make them, and how long a client waits.
func browsing(ctx context.Context, p plan, _ corpus, h past, dir, at string) error {
	s, b, err := startAndLogIn(ctx, p, dir)
	if err != nil {
		return err
	}
	defer s.stop()
	kinds := h.pages()
	say("")
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
		before, err := s.cpu()
		if err != nil {
			return err
		}
		served := make([]time.Duration, pagesEach)
		took, err := timed(pagesEach, func(i int) (err error) {
			served[i], err = b.open(ctx, kinds[name](rng))
			return err
		})
		if err != nil {
			return err
		}
		after, err := s.cpu()
		if err != nil {
			return err
		}
		slices.Sort(served)
		p99 := quantile(served, 0.99)
		say("  server p50 %6.2f ms   p99 %6.2f ms   client p50 %6.2f ms   p99 %6.2f ms   CPU %6.2f ms   %s",
			ms(quantile(served, 0.5)), ms(p99), ms(quantile(took, 0.5)), ms(quantile(took, 0.99)), ms(after-before)/pagesEach, name)
		if name != callers { // a list of people, made of 20,000 failures
			p.report.atMost("p99 of a page, "+name+at, ms(p99), 5, " ms")
		}
	}
	return nil
}

// pages are what people open.
func (h past) pages() map[string]func(*rand.Rand) string {
	of := func(q history.Query) string { return "/history?" + q.Values().Encode() }
	within := func(rng *rand.Rand, q history.Query) string {
		span := []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour}[rng.IntN(4)]
		q.To = h.until.Add(-time.Duration(rng.Float64() * float64(pastDays*24*time.Hour-span)))
		q.From = q.To.Add(-span)
		return of(q)
	}
	any := func(rng *rand.Rand) int { return rng.IntN(h.total) }
	return map[string]func(*rand.Rand) string{
		"newest":            func(*rand.Rand) string { return "/history" },
		"any page":          func(rng *rand.Rand) string { return of(history.Query{Before: history.Cursor(any(rng) + 2)}) },
		"a time":            func(rng *rand.Rand) string { return within(rng, history.Query{}) },
		"a time and a code": func(rng *rand.Rand) string { return within(rng, history.Query{Code: 11205}) },
		"a time and a host": func(rng *rand.Rand) string { return within(rng, history.Query{Host: h.host(rng.IntN(pastHosts))}) },
		"a time and a channel": func(rng *rand.Rand) string {
			return within(rng, history.Query{Channel: history.Channel{Is: 2, Set: true}})
		},
		"a time and a line": func(rng *rand.Rand) string { return within(rng, history.Query{Number: h.line(rng.IntN(pastLines))}) },
		"a time and a caller": func(rng *rand.Rand) string {
			return within(rng, history.Query{Number: h.caller(rng.IntN(pastCallers))})
		},
		"a time and an incident":   func(rng *rand.Rand) string { return within(rng, history.Query{Incident: int64(rng.IntN(200) + 1)}) },
		"a line of all time":       func(rng *rand.Rand) string { return of(history.Query{Number: h.line(rng.IntN(pastLines))}) },
		"a caller of all time":     func(rng *rand.Rand) string { return of(history.Query{Number: h.caller(rng.IntN(pastCallers))}) },
		"a host of all time":       func(rng *rand.Rand) string { return of(history.Query{Host: h.host(rng.IntN(pastHosts))}) },
		"a code of all time":       func(*rand.Rand) string { return of(history.Query{Code: 12100}) },
		"an incident of all time":  func(rng *rand.Rand) string { return of(history.Query{Incident: int64(rng.IntN(200) + 1)}) },
		"a search for a SID":       func(rng *rand.Rand) string { return of(history.Query{SID: h.failure(any(rng)).Failure.SID}) },
		"a search for no such SID": func(rng *rand.Rand) string { return of(history.Query{SID: fmt.Sprintf("CA%032x", rng.Uint64())}) },
		"a number that is nowhere": func(rng *rand.Rand) string { return of(history.Query{Number: fmt.Sprintf("+49%09d", rng.IntN(1e9))}) },
		"the overview":             func(*rand.Rand) string { return "/" },
		"incidents":                func(*rand.Rand) string { return "/incidents" },
		"an incident":              func(rng *rand.Rand) string { return fmt.Sprintf("/incidents/%d", rng.IntN(200)+1) },
		callers:                    func(*rand.Rand) string { return "/callers" },
	}
}
