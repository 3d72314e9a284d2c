package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// ticking is a ledger whose clock is moved by hand.
type ticking struct {
	*store.Ledger
	t   *testing.T
	now time.Time
	fed int
}

func newTicking(t *testing.T, change func(*incident.Policy)) *ticking {
	t.Helper()
	l := &ticking{t: t, now: start}
	l.Ledger = openLedger(t, func(o *store.LedgerOptions) {
		o.Policy.Wide = incident.DefaultPolicy().Wide
		if change != nil {
			change(&o.Policy)
		}
		o.Now = func() time.Time { return l.now }
	})
	return l
}

// failed feeds a failure of a caller at a host now.
func (l *ticking) failed(caller int, host string) {
	l.t.Helper()
	feed(l.t, l.Ledger, l.failure(caller, host))
}

func (l *ticking) failure(caller int, host string) incident.Fed {
	l.fed++
	e := call(caller)
	from := e.Failure.From
	f := incident.NewFailure(l.now.Add(time.Duration(l.fed)*time.Millisecond), "POST", voiceParams(100_000+l.fed))
	f.RequestKey, f.From, f.ErrorURL = sha256key(100_000+l.fed), from, "https://"+host+"/voice"
	e.Failure, e.JournalAt = f, l.now
	return e
}

// pass lets that much time pass, as the timers do.
func (l *ticking) pass(d time.Duration) {
	l.t.Helper()
	until := l.now.Add(d)
	for n := 0; ; n++ {
		if n > 5000 {
			l.t.Fatalf("something is due again and again at %s", l.now)
		}
		next, _, err := l.Tick(context.Background(), l.now)
		if err != nil {
			l.t.Fatal(err)
		}
		if next.IsZero() || next.After(until) {
			l.now = until
			return
		}
		if next.After(l.now) {
			l.now = next
		}
	}
}

// sent claims and settles all that a notifier may say now.
func (l *ticking) sent(notifier string) (all []incident.Message) {
	l.t.Helper()
	for {
		m, _, ok := claim(l.t, l.Ledger, notifier, l.now)
		if !ok {
			return all
		}
		settle(l.t, l.Ledger, notifier, m.DeliveryID, incident.Result{At: l.now})
		all = append(all, m)
	}
}

func (l *ticking) wantSent(notifier, kinds string) []incident.Message {
	l.t.Helper()
	all := l.sent(notifier)
	if got := kindsOf(all); got != kinds {
		l.t.Errorf("%s got %q, want %q", notifier, got, kinds)
	}
	return all
}

func kindsOf(all []incident.Message) string {
	kinds := make([]string, len(all))
	for i, m := range all {
		kinds[i] = m.Alert.Kind.String()
		if m.Digest != nil {
			kinds[i] = fmt.Sprintf("digest of %d", len(m.Digest))
		}
	}
	return strings.Join(kinds, " ")
}

func TestManyServersThatFailAtOnceAreToldAsOne(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 4 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	l.wantSent("chat", "opened opened opened opened")
	for n := range 8 {
		l.failed(10+n, fmt.Sprintf("h%d.example.com", 4+n))
		l.now = l.now.Add(time.Second)
	}
	m := l.wantSent("chat", "opened")[0]
	if m.Incident.Cause.Kind != incident.AccountWide || len(m.Explained) != 12 || m.Incident.Callers != 12 || m.Urgency() != incident.Page {
		t.Errorf("it explains %d, with %d callers: %+v", len(m.Explained), m.Incident.Callers, m.Incident.Cause)
	}
	d, err := l.Incident(context.Background(), m.Explained[11].ID)
	if err != nil || len(d.Events) == 0 || !strings.Contains(d.Events[0].What, "nobody was told: explained by incident") {
		t.Errorf("events of the last of them: %+v, %v", d.Events, err)
	}
	page, err := l.Incidents(context.Background(), history.IncidentQuery{})
	if err != nil || page.Callers != 12 {
		t.Errorf("%d callers in all, %v, want each once", page.Callers, err)
	}
	// It is over when all of them are.
	for _, child := range m.Explained {
		if _, err := l.Resolve(context.Background(), child.ID, "anna", l.now); err != nil {
			t.Fatal(err)
		}
	}
	l.pass(time.Minute)
	l.wantSent("chat", "resolved resolved resolved resolved resolved")
}

// TestManyServersOfOneBatchAreToldAsOne holds it for a storm, whose failures the
// ledger takes in together.
func TestManyServersOfOneBatchAreToldAsOne(t *testing.T) {
	for _, servers := range []int{5, 10, 12, 40} {
		l := newTicking(t, nil)
		var batch []incident.Fed
		for n := range 2 * servers {
			batch = append(batch, l.failure(n, fmt.Sprintf("h%d.example.com", n%servers)))
		}
		feed(t, l.Ledger, batch...)
		m := l.wantSent("chat", "opened")
		if len(m) != 1 || len(m[0].Explained) != servers || m[0].Incident.ID == 0 {
			t.Fatalf("%d servers: told %+v", servers, m)
		}
		page, err := l.Incidents(context.Background(), history.IncidentQuery{Limit: history.MaxLimit})
		if err != nil || page.Open != int64(servers)+1 || len(page.Incidents) != servers+1 {
			t.Errorf("%d servers: %d incidents are open, %v", servers, page.Open, err)
		}
		for _, in := range page.Incidents {
			if wide := in.ID == m[0].Incident.ID; wide != in.Cause.Wide() || !wide && (in.Parent != m[0].Incident.ID || in.Failures != 2) {
				t.Errorf("%d servers: got %+v", servers, in)
			}
		}
	}
}

// TestASilencedServerDoesNotSilenceTheOthers holds it where the newest failure of
// an incident of many servers is that of one that is silenced.
func TestASilencedServerDoesNotSilenceTheOthers(t *testing.T) {
	l := newTicking(t, nil)
	if _, err := l.Silence(context.Background(), incident.Silence{
		Match: incident.Match{Hosts: []string{"h4.example.com"}}, From: l.now, Until: l.now.Add(time.Hour), Reason: "moving", By: "kim",
	}); err != nil {
		t.Fatal(err)
	}
	var batch []incident.Fed
	for _, n := range []int{0, 1, 2, 3, 5, 4, 4} { // h4 is the last one
		batch = append(batch, l.failure(n, fmt.Sprintf("h%d.example.com", n)))
	}
	feed(t, l.Ledger, batch...)
	if m := l.wantSent("chat", "opened"); len(m) == 1 && len(m[0].Explained) != 5 {
		t.Errorf("it explains %d", len(m[0].Explained))
	}
}

func TestWhoResolvesWhatExplainsOthersResolvesThese(t *testing.T) {
	l := newTicking(t, nil)
	for n := range 6 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	wide := l.wantSent("mail", "opened")[0]
	if _, err := l.Resolve(context.Background(), wide.Incident.ID, "anna", l.now); err != nil {
		t.Fatal(err)
	}
	page, err := l.Incidents(context.Background(), history.IncidentQuery{})
	if err != nil || page.Open != 0 {
		t.Errorf("%d are open, %v", page.Open, err)
	}
}

func TestASilenceHoldsUntilItsEndAndThenSaysWhatIsLeft(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	match := incident.Match{Hosts: []string{"www.*"}, Codes: []incident.CodeRange{{First: 11200, Last: 11299}}}
	id, err := l.Silence(ctx, incident.Silence{Match: match, From: start, Until: start.Add(time.Hour), Reason: "moving house", By: "kim"})
	if err != nil {
		t.Fatal(err)
	}
	all, err := l.Silences(ctx, start)
	if err != nil || len(all) != 1 || all[0].ID != id || all[0].Reason != "moving house" || !slices.Equal(all[0].Match.Codes, match.Codes) {
		t.Fatalf("got %+v, %v", all, err)
	}
	goOn := func(d time.Duration) {
		for range int(d / time.Minute) {
			l.failed(1, "www.example.com")
			l.pass(time.Minute)
		}
	}
	goOn(30 * time.Minute)
	l.failed(1, "api.example.com")
	l.wantSent("chat", "opened")
	goOn(20 * time.Minute)
	l.wantSent("chat", "quiet")
	if err := l.EndSilence(ctx, id, "lee", l.now); err != nil {
		t.Fatal(err)
	}
	goOn(time.Minute)
	m := l.wantSent("chat", "resumed")[0]
	if want := "open for 50 minutes; what was new was not told: silenced by kim (moving house)"; m.Alert.Reason != want {
		t.Errorf("got %q, want %q", m.Alert.Reason, want)
	}
	if err := l.EndSilence(ctx, 99, "lee", l.now); err == nil {
		t.Error("a silence that is not there was ended")
	}
}

// Time passes for incidents as far as what came in is fed: a little behind.
func TestASilenceThatEndedWhileTimeLaggedBehindIsOverAllTheSame(t *testing.T) {
	ctx := context.Background()
	var policy incident.Policy
	l := newTicking(t, func(p *incident.Policy) { policy = *p })
	match := incident.Match{Hosts: []string{"www.*"}}
	id, err := l.Silence(ctx, incident.Silence{Match: match, From: start, Until: start.Add(time.Hour), By: "kim"})
	if err != nil {
		t.Fatal(err)
	}
	l.failed(1, "www.example.com")
	if err := l.EndSilence(ctx, id, "lee", l.now.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	l.SetPolicy(policy) // a reload: what is withheld is looked at, a little too early
	if _, _, err := l.Tick(ctx, l.now); err != nil {
		t.Fatal(err)
	}
	l.pass(2 * time.Second)
	l.wantSent("chat", "resumed")
}

// wantMuted wants so many incidents to be listed as muted.
func (l *ticking) wantMuted(n int) {
	l.t.Helper()
	if page, err := l.Incidents(context.Background(), history.IncidentQuery{Muted: true}); err != nil || len(page.Incidents) != n {
		l.t.Errorf("muted: %d, want %d (%v)", len(page.Incidents), n, err)
	}
}

func TestAMutedIncidentIsSilentAndToldToBeOver(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	l.failed(1, "www.example.com")
	l.wantSent("chat", "opened")
	l.wantMuted(0)
	if _, err := l.Mute(ctx, 1, "kim", l.now.Add(time.Hour), 0, l.now); err != nil {
		t.Fatal(err)
	}
	l.wantMuted(1)
	for n := range 20 {
		l.failed(n, "www.example.com")
	}
	l.wantSent("chat", "")
	if in, err := l.Mute(ctx, 1, "kim", l.now, 0, l.now); err != nil || in.Watch.MutedBy != "" {
		t.Errorf("not unmuted: %+v, %v", in.Watch, err)
	}
	l.wantMuted(0)
	l.pass(time.Second)
	l.wantSent("chat", "resumed")
	if _, err := l.Mute(ctx, 1, "kim", time.Time{}, 1000, l.now); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Resolve(ctx, 1, "kim", l.now); err != nil {
		t.Fatal(err)
	}
	l.wantSent("chat", "resolved")
}

func TestTheFirstAlertCarriesAProbeThatIsThereInTwoSeconds(t *testing.T) {
	ctx := context.Background()
	for _, test := range []struct {
		claim string
		after time.Duration // 0: none
		want  string
		at    time.Duration
	}{
		{"one that is", 800 * time.Millisecond, "DNS ok, connection refused", 800 * time.Millisecond},
		{"one that is not is not waited for", 0, "", 2 * time.Second},
	} {
		t.Run(test.claim, func(t *testing.T) {
			l := newTicking(t, func(p *incident.Policy) {
				p.Probes = func(url string) bool { return strings.Contains(url, "www.example.com") }
			})
			l.failed(1, "www.example.com")
			l.wantSent("chat", "")
			l.now = start.Add(test.at)
			if test.after > 0 {
				if n, err := l.Probed(ctx, 1, incident.Finding{At: l.now, Said: test.want}); err != nil || n == 0 {
					t.Fatal(n, err)
				}
			}
			all := l.sent("chat")
			if len(all) != 1 || all[0].Incident.Watch.Probe.Said != test.want {
				t.Errorf("got %d messages, %+v, want one with %q", len(all), all, test.want)
			}
			l.failed(2, "api.example.com")
			l.wantSent("mail", "opened opened") // of the other server nobody asks
		})
	}
}

func TestProbesResolveAndNobodyElseIsAsked(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, nil)
	l.failed(1, "www.example.com")
	l.wantSent("chat", "opened")
	for n := range 4 {
		l.pass(30 * time.Second)
		if _, err := l.Probed(ctx, 1, incident.Finding{At: l.now, OK: n > 0, Said: "asked"}); err != nil {
			t.Fatal(err)
		}
	}
	m := l.wantSent("chat", "resolved")[0]
	if m.Incident.ResolvedBy != incident.ProvenByProbes || m.Alert.Reason != "back after 1 min 0 s: 3 good probes in a row" {
		t.Errorf("resolved by %q: %q", m.Incident.ResolvedBy, m.Alert.Reason)
	}
	if n, err := l.Probed(ctx, 1, incident.Finding{At: l.now.Add(time.Minute)}); err != nil || n != 0 {
		t.Errorf("a probe of what is over: %d alerts, %v", n, err)
	}
}

func TestAnUnacknowledgedPageEscalates(t *testing.T) {
	ctx := context.Background()
	l := newTicking(t, func(p *incident.Policy) {
		p.Notifiers = append(p.Notifiers, incident.Notifier{Name: "boss"})
		p.Routes = []incident.Route{{Notifiers: []string{"mail", "chat"}}}
		p.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"boss"}}}
	})
	l.failed(1, "www.example.com")
	l.failed(2, "www.example.com")
	for range 12 {
		l.failed(2, "www.example.com")
		l.pass(time.Minute)
	}
	l.wantSent("boss", "escalated")
	if _, err := l.Acknowledge(ctx, 1, "boss", l.now); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Resolve(ctx, 1, "boss", l.now); err != nil {
		t.Fatal(err)
	}
	l.wantSent("boss", "resolved") // who was told hears that it is over
}

func TestANoticeWaitsForTheMorningAndAPageDoesNot(t *testing.T) {
	morning := start.Add(4 * time.Hour)
	l := newTicking(t, func(p *incident.Policy) {
		p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
	})
	l.failed(1, "www.example.com")
	l.failed(3, "api.example.com")
	l.wantSent("chat", "")
	l.failed(2, "www.example.com") // now it may wake people
	m := l.wantSent("chat", "opened")
	if len(m) == 1 && m[0].Incident.Cause.Host != "www.example.com" {
		t.Errorf("told of %s", m[0].Incident.Cause.Host)
	}
	l.now = morning
	l.wantSent("chat", "opened")
}

// TestWhatIsExplainedInTheNightIsNotToldInTheMorning holds that the incident of
// many servers takes the place of the notices that waited for the morning, and
// that what is left when it is over is told.
func TestWhatIsExplainedInTheNightIsNotToldInTheMorning(t *testing.T) {
	morning := start.Add(4 * time.Hour)
	l := newTicking(t, func(p *incident.Policy) {
		p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
	})
	for n := range 4 {
		l.failed(n, fmt.Sprintf("h%d.example.com", n))
	}
	l.wantSent("chat", "")
	l.failed(4, "h4.example.com")
	wide := l.wantSent("chat", "opened")
	if len(wide) != 1 || len(wide[0].Explained) != 5 {
		t.Fatalf("told of %+v", wide)
	}
	l.now = morning
	l.wantSent("chat", "")
	d, err := l.Incident(context.Background(), wide[0].Explained[0].ID)
	if err != nil || !d.Watch.Withheld || !strings.Contains(d.Watch.WithheldWhy, "explained by incident") {
		t.Errorf("the first of them: %+v, %v", d.Watch, err)
	}
}

// TestAStormInTheNightIsToldAtOnce holds that what opens among many as a notice,
// and becomes a page, waits for its digest and not for the morning.
func TestAStormInTheNightIsToldAtOnce(t *testing.T) {
	morning := start.Add(4 * time.Hour)
	l := newTicking(t, func(p *incident.Policy) {
		p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
		p.Wide = incident.Volume{}
	})
	for caller := range 2 {
		for n := range 14 {
			l.failed(caller, fmt.Sprintf("h%d.example.com", n))
		}
	}
	l.wantSent("chat", strings.TrimSpace(strings.Repeat("opened ", 10)))
	l.now = l.now.Add(time.Minute)
	l.wantSent("chat", "digest of 4")
}

// TestWhatExplainsOthersIsToldAtOnceInAStorm holds that the incident of many
// servers waits for no digest, and that a digest names what it explains.
func TestWhatExplainsOthersIsToldAtOnceInAStorm(t *testing.T) {
	l := newTicking(t, func(p *incident.Policy) { p.PerTenMinutes = 13 })
	for n := range 11 { // as many as are told one by one
		l.fed++
		e := call(n)
		f := incident.NewFailure(l.now.Add(time.Duration(l.fed)*time.Millisecond), "POST", voiceParams(200_000+n))
		f.RequestKey, f.Code, f.ErrorURL = sha256key(200_000+n), 12100, fmt.Sprintf("https://www.example.com/page-%c", 'a'+n)
		e.Failure, e.JournalAt = f, l.now
		feed(t, l.Ledger, e)
	}
	for n := range 8 {
		l.failed(100+n, fmt.Sprintf("h%d.example.com", n))
	}
	named := map[int64]bool{}
	at := -1
	for i, m := range l.sent("chat") {
		if m.Incident != nil && m.Incident.Cause.Wide() {
			at = i
		}
		note(named, m)
	}
	if at < 0 {
		t.Error("the incident of many servers waits")
	}
	for range 60 {
		l.pass(time.Minute)
		for _, m := range l.sent("chat") {
			note(named, m)
		}
	}
	for id := int64(1); id <= 20; id++ {
		if !named[id] {
			t.Errorf("incident %d is named nowhere", id)
		}
	}
}

func note(named map[int64]bool, m incident.Message) {
	named[m.Alert.IncidentID] = true
	for _, in := range slices.Concat(m.Digest, m.Explained) {
		named[in.ID] = true
	}
}
