package main

import (
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

func TestAPortOfTheirOwnKeepsPagesAndTwilioApart(t *testing.T) {
	t.Parallel()
	p := start(t, configured(t).with(settings{"ADMIN_LISTEN": "127.0.0.1:0"}))
	_, rest, _ := strings.Cut(p.greeting(), "The page: ")
	admin, _, _ := strings.Cut(rest, "\n")
	if admin == p.base || !strings.HasPrefix(admin, "http://127.0.0.1:") {
		t.Fatalf("the page is said to be at %q", admin)
	}
	tests := []struct {
		claim, base, path string
		status            int
	}{
		{"Twilio is answered in public", p.base, "/fallback/voice", http.StatusOK},
		{"health is public", p.base, "/healthz", http.StatusOK},
		{"pages are not public", p.base, "/login", http.StatusNotFound},
		{"metrics are not public", p.base, "/metrics", http.StatusNotFound},
		{"drills are not public", p.base, "/api/v1/drills/CA1", http.StatusNotFound},
		{"pages have their port", admin, "/login", http.StatusOK},
		{"metrics want a token", admin, "/metrics", http.StatusUnauthorized},
		{"Twilio is not answered among the pages", admin, "/fallback/voice", http.StatusNotFound},
	}
	for _, test := range tests {
		who := p.visitor()
		who.base = test.base
		if at := who.get(test.path); at.status != test.status {
			t.Errorf("%s: got %d, want %d", test.claim, at.status, test.status)
		}
	}
	p.base = admin
	p.person().await(soon, "/history", "No failure yet")
}

func TestMetricsCountWhatHappened(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	p.call(sim.Call{})
	p.settle() // another call
	if code, _, complained := command(t, env, nil, "drill", "--to", p.base); code != 0 {
		t.Fatalf("drill ended with %d: %s", code, complained)
	}
	for _, line := range []string{
		`backstop_failures_answered_total{channel="voice"} 2`, `backstop_drills_answered_total 1`, `backstop_journal_entries_written_total 4`,
		`backstop_ledger_failures_stored_total 3`, `backstop_ledger_away 0`,
	} {
		p.awaitMetric(line)
	}
}

func TestMetricsCountTheAlertsThatANotifierGaveUp(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	mails.knowsNobody()
	p := start(t, configured(t).with(mails.settings()).with(slack.webhookSettings()))
	p.call(sim.Call{})
	slack.await(t, 2*soon, "An alert did not get out")
	p.awaitMetric(`backstop_messages_given_up_total{notifier="email"} 1`)
	p.awaitMetric(`backstop_messages_given_up_total{notifier="slack"} 0`)
}

// awaitMetric waits until the metrics have that line.
func (p *program) awaitMetric(line string) {
	p.t.Helper()
	eventually(p.t, 2*soon, line, func() bool { return strings.Contains(p.metrics(), line+"\n") })
}

func (p *program) metrics() string {
	p.t.Helper()
	who := p.visitor()
	defer who.http.CloseIdleConnections()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+"/metrics", http.NoBody)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(read(p.t, p.path(apiTokenFile))))
	return who.open(r).source
}

func TestARecordingIsPlayedFromBackstopItself(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "sorry.mp3"), "ID3 a recording")
	write(t, filepath.Join(folder, "secret.txt"), "no recording")
	p := start(t, configured(t).withFile(t, "media: "+folder+"\nlines:\n  - {match: \"+1800*\", play: sorry.mp3}\n"))
	heard := p.call(sim.Call{}).Heard()
	if len(heard) == 0 || !strings.HasPrefix(heard[0], publicURL+"/") {
		t.Fatalf("the caller heard %q", heard)
	}
	at, err := url.Parse(heard[0])
	if err != nil {
		t.Fatal(err)
	}
	who := p.visitor()
	if recording := who.get(at.Path); recording.status != http.StatusOK || recording.source != "ID3 a recording" {
		t.Errorf("%s: got %d %q", at.Path, recording.status, recording.source)
	}
	for _, name := range []string{"secret.txt", "..%2f..%2fetc%2fpasswd", "", "nothing.mp3"} {
		if other := who.get(filepath.Dir(at.Path) + "/" + name); other.status == http.StatusOK && other.path != "/login" {
			t.Errorf("%q is served: %q", name, other.source)
		}
	}
}
