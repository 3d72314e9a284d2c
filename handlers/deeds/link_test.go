package deeds_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/handlers/deeds"
)

func TestLookingAtALinkChangesNothing(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		status, page, header := g.do(method, g.link(act.Resolve, 42), "")
		if status != http.StatusOK {
			t.Errorf("%s: got %d", method, status)
		}
		if method == http.MethodGet && (!strings.Contains(page, "<button") || !strings.Contains(page, "anna@example.com") || strings.Contains(page, "<b>") || strings.Contains(page, "555123")) {
			t.Errorf("the page reads\n%s", page)
		}
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY",
		} {
			if header.Get(name) != want {
				t.Errorf("%s: %s is %q", method, name, header.Get(name))
			}
		}
		if policy := header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
			t.Errorf("policy %q", policy)
		}
	}
	if g.ledger.done() != "" {
		t.Errorf("done: %s", g.ledger.done())
	}
}

func TestADeedByLinkIsDoneOnceInSomebodysName(t *testing.T) {
	t.Parallel()
	for action, c := range map[act.Action]struct{ want, first, second string }{
		act.Acknowledge: {"acknowledged by anna@example.com by e-mail", "the incident is yours", "You took it already"},
		act.Mute:        {"muted by anna@example.com by e-mail", "until 2026-11-23 04:12", "muted already, by you"},
		act.Resolve:     {"resolved by anna@example.com by e-mail", "is resolved", "resolved by you"},
	} {
		g := newRig(t)
		link := g.link(action, 42)
		status, page, _ := g.do(http.MethodPost, link, "")
		if status != http.StatusOK || !strings.Contains(page, c.first) || strings.Contains(page, "<button") {
			t.Errorf("%s: got %d\n%s", action, status, page)
		}
		g.now = g.now.Add(30 * time.Minute)
		if _, page, _ = g.do(http.MethodPost, link, ""); !strings.Contains(page, c.second) {
			t.Errorf("%s again reads\n%s", action, page)
		}
		if _, page, _ = g.do(http.MethodGet, link, ""); strings.Contains(page, "<button") {
			t.Errorf("%s: there is still a button", action)
		}
		if g.ledger.done() != c.want || g.room.Done[act.ByMail].Load() != 1 {
			t.Errorf("%s: done %q, counted %d", action, g.ledger.done(), g.room.Done[act.ByMail].Load())
		}
	}
}

func TestManyWhoPressAtOnceDoItOnce(t *testing.T) {
	t.Parallel()
	for _, action := range act.All() {
		g := newRig(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { g.do(http.MethodPost, g.link(action, 42), "") })
		}
		all.Wait()
		if strings.Contains(g.ledger.done(), ";") || g.ledger.done() == "" {
			t.Errorf("%s: done %s", action, g.ledger.done())
		}
	}
}

func TestALinkThatCannotActSaysWhy(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	other := deeds.LinkPath(g.seal.Token(act.Deed{Way: act.ByMail, Ledger: "old", Incident: 42, Action: act.Resolve, Recipient: "a@example.com", Until: night.Add(time.Hour)}))
	button := deeds.LinkPath(g.seal.Token(act.Deed{Way: act.BySlack, Ledger: ledgerID, Incident: 42, Action: act.Resolve, Recipient: "ops"}))
	expired := deeds.LinkPath(g.seal.Token(act.Deed{Way: act.ByMail, Ledger: ledgerID, Incident: 42, Action: act.Resolve, Recipient: "a@example.com", Until: night}))
	for name, c := range map[string]struct {
		path   string
		status int
		want   string
	}{
		"an incident that is over":        {g.link(act.Acknowledge, 41), http.StatusOK, "resolved by kim"},
		"an incident that is gone":        {g.link(act.Resolve, 7), http.StatusOK, "not known here any more"},
		"an incident of an older ledger":  {other, http.StatusOK, "not known here any more"},
		"a link after its time":           {expired, http.StatusGone, "72 hours"},
		"the value of a button":           {button, http.StatusNotFound, "does nothing"},
		"half a link":                     {g.link(act.Resolve, 42)[:40], http.StatusNotFound, "does nothing"},
		"a link with something behind it": {g.link(act.Resolve, 42) + "x", http.StatusNotFound, "does nothing"},
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, page, _ := g.do(method, c.path, "")
			if status != c.status || !strings.Contains(page, c.want) || strings.Contains(page, "<button") {
				t.Errorf("%s by %s: got %d\n%s", name, method, status, page)
			}
		}
	}
	if g.ledger.done() != "" {
		t.Errorf("done: %s", g.ledger.done())
	}
}

func TestALedgerThatIsAwayIsSaid(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	g.ledger.away = true
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		status, page, _ := g.do(method, g.link(act.Resolve, 42), "")
		if status != http.StatusServiceUnavailable || !strings.Contains(page, "Try again in a minute") || strings.Contains(page, "disk") {
			t.Errorf("%s: got %d\n%s", method, status, page)
		}
	}
}

func TestTheStyleSheetIsServedBesideThePage(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	_, page, _ := g.do(http.MethodGet, g.link(act.Resolve, 42), "")
	_, rest, _ := strings.Cut(page, `rel="stylesheet" href="`)
	name, _, _ := strings.Cut(rest, `"`)
	status, sheet, header := g.do(http.MethodGet, "/act/"+name, "")
	if status != http.StatusOK || header.Get("Content-Type") != "text/css; charset=utf-8" || len(sheet) < 1000 {
		t.Errorf("%q: got %d", name, status)
	}
	if status, _, _ := g.do(http.MethodGet, "/act/assets/other.css", ""); status != http.StatusNotFound {
		t.Errorf("got %d", status)
	}
}

func TestALedgerThatHangsKeepsNobodyWaitingAndNothingIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.ledger.hang = make(chan struct{})
		for method, want := range map[string]int{http.MethodGet: http.StatusServiceUnavailable, http.MethodPost: http.StatusAccepted} {
			began := time.Now()
			status, page, _ := g.do(method, g.link(act.Resolve, 42), "")
			if took := time.Since(began); status != want || took >= 3*time.Second || !strings.Contains(page, "history is") {
				t.Errorf("%s: got %d after %s\n%s", method, status, took, page)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- g.room.Run(ctx) }()
		stop()
		synctest.Wait()
		select {
		case <-ended:
			t.Error("the room ended before the deed was done")
		default:
		}
		close(g.ledger.hang)
		if err := <-ended; err != nil || g.ledger.done() != "resolved by anna@example.com by e-mail" {
			t.Errorf("got %v, done %q", err, g.ledger.done())
		}
	})
}
