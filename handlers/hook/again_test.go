package hook_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
)

// toldOf is the one alert of n unverified requests.
func toldOf(t *testing.T, n int, change func(*hook.Settings)) incident.Alert {
	t.Helper()
	q := newQuietRig(t)
	if change != nil {
		settings := q.settings(token)
		settings.Public = public(t, "http://fallback.example.com")
		change(&settings)
		q.hook.Replace(settings)
	}
	for range n {
		q.serveForged()
	}
	time.Sleep(20 * time.Second)
	synctest.Wait()
	told := q.alerts()
	if len(told) != 1 {
		t.Fatalf("told %+v, want one alert", told)
	}
	return told[0]
}

func TestTheAlertOfUnverifiedRequestsSaysThatTheyMayBeRealCallers(t *testing.T) {
	t.Parallel()
	for n, want := range map[int][2]string{
		1:    {"A real caller? 1 request for your account failed the signature check", "1 request for your account failed the signature check: this may be a real caller."},
		12:   {"Real callers? 12 requests for your account failed the signature check", "12 requests for your account failed the signature check: these may be real callers."},
		1200: {"Real callers? 1,200 requests failed the signature check", "1,200 requests for your account failed the signature check: these may be real callers."},
	} {
		t.Run(fmt.Sprintf("%d of them", n), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				alert := toldOf(t, n, nil)
				if alert.Title != want[0] || len(alert.Title) > 70 {
					t.Errorf("title: got %q, want %q", alert.Title, want[0])
				}
				if !strings.HasPrefix(alert.Detail, want[1]) {
					t.Errorf("detail: got %q, want it to begin with %q", alert.Detail, want[1])
				}
			})
		})
	}
}

func TestTheAlertOfUnverifiedRequestsSaysWhatCallersGot(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		reject    bool
		has, lack string
	}{
		"answered": {false, "got the apology", "403"},
		"rejected": {true, "were answered 403", "apology"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				detail := toldOf(t, 2, func(s *hook.Settings) { s.Reject = test.reject }).Detail
				if !strings.Contains(detail, test.has) || strings.Contains(detail, test.lack) {
					t.Errorf("got %q, want %q in it and no %q", detail, test.has, test.lack)
				}
			})
		})
	}
}

func TestTheAlertOfUnverifiedRequestsSaysWhatAReloadReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		detail := toldOf(t, 1, nil).Detail
		for _, want := range []string{"configuration file", "TWILIO_AUTH_TOKEN_FILE", "SIGHUP", "environment", "restart"} {
			if !strings.Contains(detail, want) {
				t.Errorf("got %q, want %s in it", detail, want)
			}
		}
	})
}

// TestWhatAReloadMakesOursIsToldOf begins as people do: no token is set, and
// the one that they set then is the wrong one.
func TestWhatAReloadMakesOursIsToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := newQuietRig(t)
		with := func(ours bool, tokens ...string) hook.Settings {
			s := q.settings(tokens...)
			s.Public = public(t, "http://fallback.example.com")
			if !ours {
				s.Accounts = nil
			}
			return s
		}
		q.hook.Replace(with(false))
		for range 3 {
			q.serveForged()
		}
		time.Sleep(20 * time.Second)
		if told := q.alerts(); len(told) != 0 {
			t.Fatalf("told %+v while no account is configured", told)
		}
		q.hook.Replace(with(true, token))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if told := q.alerts(); len(told) != 1 || !strings.Contains(told[0].Title, "3 requests") {
			t.Fatalf("told %+v, want one word of 3 requests", told)
		}
		q.hook.Replace(with(true, token)) // nothing new
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		if got := len(q.alerts()); got != 1 {
			t.Errorf("told %d times, want once", got)
		}
	})
}
