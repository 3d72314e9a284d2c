package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// hourly plays a failure at each of these times, letting time pass between them,
// and then a day more.
func (s *story) hourly(times []time.Time) {
	s.t.Helper()
	for i, at := range times {
		s.pass(at)
		s.observe(from(at, i+1))
	}
	s.pass(times[len(times)-1].Add(48 * time.Hour))
}

// pass ticks whenever something is due until then.
func (s *story) pass(until time.Time) {
	s.t.Helper()
	for range 10_000 {
		due, ok := s.in.NextTick(s.policy)
		if !ok || due.After(until) {
			return
		}
		s.tick(due)
	}
	s.t.Fatalf("something is due again and again at %s", until)
}

func TestOneFailureAnHourForEightHoursIsAtMostFourMessages(t *testing.T) {
	t.Parallel()
	for jitter := -10; jitter <= 10; jitter++ {
		s := begin(t, from(noon, 1))
		var times []time.Time
		for hour := 1; hour < 8; hour++ {
			times = append(times, noon.Add(time.Duration(hour)*time.Hour+time.Duration(jitter*(hour%3-1))*time.Minute))
		}
		s.hourly(times)
		if n := len(s.alerts); n > 4 {
			t.Errorf("jitter of %d min: %d alerts: %s", jitter, n, s.kinds())
		}
		if s.in.Failures != 8 || s.in.State != incident.Resolved {
			t.Errorf("jitter of %d min: %d failures in one incident, which is %s", jitter, s.in.Failures, s.in.State)
		}
	}
}

func TestAnIncidentThatNobodyTakesIsRemindedOfEveryFourHours(t *testing.T) {
	t.Parallel()
	storm := func(s *story, from_, until time.Time) {
		for at := from_; at.Before(until); at = at.Add(time.Minute) {
			s.pass(at)
			s.observe(from(at, 1))
		}
	}
	s := begin(t, from(noon, 1))
	storm(s, noon.Add(time.Minute), noon.Add(9*time.Hour))
	s.want("opened(1) reminder(1) reminder(1) ")
	if got, want := s.alerts[1].Reason, "reminder: open for 4 hours, nobody has acknowledged it"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	s = begin(t, from(noon, 1))
	s.in, _ = s.in.Acknowledge("ann", noon.Add(time.Second))
	storm(s, noon.Add(time.Minute), noon.Add(9*time.Hour))
	s.want("opened(1) ")
}

func TestANoticeBecomesAPage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		claim string
		do    func(*story)
		want  string
		why   string
	}{
		{"a second caller within ten minutes", func(s *story) { s.observe(from(noon.Add(9*time.Minute), 2)) }, "opened(1) raised(2) ", "2 callers within 10 minutes"},
		{"the same caller again does not", func(s *story) { s.observe(from(noon.Add(time.Minute), 1)) }, "opened(1) ", ""},
		{"a second caller after half an hour does not", func(s *story) { s.observe(from(noon.Add(30*time.Minute), 2)) }, "opened(1) ", ""},
		{"of three callers the last two count", func(s *story) {
			s.observe(from(noon.Add(11*time.Minute), 2))
			s.observe(from(noon.Add(20*time.Minute), 3))
		}, "opened(1) raised(3) ", "2 callers within 10 minutes"},
		{"its server fails a probe", func(s *story) { s.probe(noon.Add(time.Second), false) }, "opened(1) raised(1) ", "its server fails a probe: DNS ok, connection refused"},
		{"it stays one", func(s *story) {
			s.probe(noon.Add(time.Second), false)
			s.observe(from(noon.Add(2*time.Second), 2))
		}, "opened(1) raised(1) ", "its server fails a probe: DNS ok, connection refused"},
	} {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			s := begin(t, from(noon, 1))
			test.do(s)
			s.want(test.want)
			if s.in.Watch.Urgent != test.why || (s.in.Watch.Urgency == incident.Page) != (test.why != "") {
				t.Errorf("it is a %s for %q, want %q", s.in.Watch.Urgency, s.in.Watch.Urgent, test.why)
			}
		})
	}
}

func TestOneCallerOnACriticalLineIsAPageAtOnce(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	p.Line = func(address string) incident.Traits { return incident.Traits{Critical: address == "+15550000000"} }
	in, alerts := incident.Begin(from(noon, 1), nil, p)
	if len(alerts) != 1 || alerts[0].Kind != incident.Opened || alerts[0].Urgency != incident.Page || in.Watch.Urgent != "a critical line is hit" {
		t.Errorf("got %+v for %q", alerts, in.Watch.Urgent)
	}
	if got, want := in.Because(), "a critical line is hit: +15550000000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestTheCriticalLineIsRememberedWhateverIsHitAfterIt, until the incident is quiet and
// what comes again is judged anew.
func TestTheCriticalLineIsRememberedWhateverIsHitAfterIt(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	p.Page.Count = 3
	p.Line = func(address string) incident.Traits { return incident.Traits{Critical: address == "+15550000009"} }
	call := func(at time.Time, caller int, line, name string) (incident.Entry, incident.Caller) {
		e := from(at, caller)
		e.Failure.To, e.Answer.Name = line, name
		return e, incident.Caller{New: true}
	}
	first, _ := call(noon, 1, "+15550000001", "Shop")
	in, _ := incident.Begin(first, nil, p)
	for n, line := range []string{"+15550000009", "+15550000001"} {
		e, c := call(noon.Add(time.Duration(n+1)*time.Minute), n+2, line, "Line "+line[len(line)-1:])
		in, _ = in.Observe(e, c, p)
	}
	if got, want := in.Because(), "a critical line is hit: +15550000009 (Line 9)"; got != want || in.Last.To != "+15550000001" {
		t.Errorf("got %q with %s hit last, want %q", got, in.Last.To, want)
	}
	in.State, in.QuietAt = incident.Quiet, noon.Add(20*time.Minute)
	e, c := call(noon.Add(30*time.Minute), 4, "+15550000001", "Shop")
	if in, _ = in.Observe(e, c, p); in.Watch.CriticalLine != "" || in.Because() != "" {
		t.Errorf("after it was quiet it is said to be a page because %q", in.Because())
	}
}

func (s *story) probe(at time.Time, ok bool) {
	f := incident.Finding{At: at, OK: ok, Said: "DNS ok, connection refused"}
	if ok {
		f.Said = "answers 200"
	}
	in, alerts := s.in.Probed(f, s.policy)
	s.in, s.alerts = in, append(s.alerts, alerts...)
}

func TestThreeGoodProbesProveThatAServerIsBack(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	for i := range 10 {
		s.observe(from(noon.Add(time.Duration(i)*time.Minute), i))
	}
	s.alerts = nil
	s.probe(noon.Add(10*time.Minute), false)
	back := noon.Add(12*time.Minute + 40*time.Second)
	for i := range 3 {
		s.want("")
		s.probe(back.Add(time.Duration(i)*30*time.Second), true)
	}
	s.want("resolved(10) ")
	if got, want := s.alerts[0].Reason, "back after 12 min 40 s: 3 good probes in a row"; got != want || s.in.State != incident.Resolved {
		t.Errorf("got %q and %s, want %q", got, s.in.State, want)
	}
	_, alerts := incident.Begin(from(noon.Add(time.Hour), 1), &s.in, s.policy)
	if alerts[0].Kind != incident.Regression {
		t.Errorf("the next failure is %s, want a regression", alerts[0].Kind)
	}
}

func TestAServerThatMustNotBeAskedIsNoPage(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	in, _ := incident.Begin(from(noon, 1), nil, p)
	f := incident.Finding{At: noon.Add(time.Second), Moot: true, Said: "its name leads to a private address: say allow_private if that is meant"}
	in, alerts := in.Probed(f, p)
	if in.Watch.Urgency != incident.Notice || len(alerts) > 0 || in.Watch.Probe.Said != f.Said || in.Watch.SeenDown {
		t.Errorf("got %+v, told %+v", in.Watch, alerts)
	}
}

func TestGoodProbesProveNothingElse(t *testing.T) {
	t.Parallel()
	document := from(noon, 1)
	document.Failure.Code = 12100
	for _, test := range []struct {
		claim  string
		first  incident.Entry
		health bool
		fails  time.Duration // after noon, between the probes; 0 for never
		over   bool
	}{
		{"that a server answers says nothing about what it answers", document, false, 0, false},
		{"unless it is asked how it does", document, true, 0, true},
		{"a failure in between starts the count again", from(noon, 1), false, 75 * time.Second, false},
		{"a server is back", from(noon, 1), false, 0, true},
	} {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			s := begin(t, test.first)
			s.probe(noon.Add(time.Second), false)
			for i := 1; i <= 3; i++ {
				at := noon.Add(time.Duration(i) * 30 * time.Second)
				if test.fails > 0 && at.After(noon.Add(test.fails)) {
					s.observe(from(noon.Add(test.fails), 1))
				}
				in, _ := s.in.Probed(incident.Finding{At: at, OK: true, Health: test.health}, s.policy)
				s.in = in
			}
			if over := s.in.State == incident.Resolved; over != test.over {
				t.Errorf("over is %v, want %v", over, test.over)
			}
		})
	}
}

// TestAServerThatWorksSeenFromHereProvesNothing holds that where Twilio cannot
// reach a server which we can, good probes do not end the incident again and
// again: it closes without a word when failures have stopped for a day.
func TestAServerThatWorksSeenFromHereProvesNothing(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	end := noon.Add(8 * time.Hour)
	for at := noon.Add(30 * time.Second); at.Before(noon.Add(40 * time.Hour)); at = at.Add(30 * time.Second) {
		s.pass(at)
		s.probe(at, true)
		if at.Sub(noon)%time.Hour == 0 && at.Before(end) {
			if s.in.State == incident.Resolved {
				t.Fatalf("over at %s, and it goes on", s.in.ResolvedAt)
			}
			s.observe(from(at, 1))
		}
	}
	if s.in.State != incident.Resolved || s.in.ResolvedBy != "" || len(s.alerts) > 4 {
		t.Errorf("it is %s, by %q, after %s", s.in.State, s.in.ResolvedBy, s.kinds())
	}
}

// TestAServerThatFailsNowAndThenIsNotTakenToBeBack holds that where one call in
// so many fails, good probes are believed only after a while without failures.
func TestAServerThatFailsNowAndThenIsNotTakenToBeBack(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	for i := 1; i <= 20; i++ {
		at := noon.Add(time.Duration(i) * 4 * time.Minute)
		for probe := at.Add(-4 * time.Minute); i > 1 && probe.Before(at); probe = probe.Add(30 * time.Second) {
			s.probe(probe, true)
		}
		if s.in.State == incident.Resolved {
			t.Fatalf("taken to be back after %d failures, and the next is on its way", i)
		}
		s.observe(from(at, 1))
	}
	last := s.in.LastAt
	s.probe(last, false)
	for at := last.Add(time.Second); s.in.State != incident.Resolved; at = at.Add(30 * time.Second) {
		if at.Sub(last) > 10*time.Minute {
			t.Fatal("not believed after ten minutes")
		}
		s.probe(at, true)
	}
}

func TestNobodyWhoAcknowledgesIsToldByEscalation(t *testing.T) {
	t.Parallel()
	levels := []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"sms"}}, {After: 30 * time.Minute, Notifiers: []string{"boss"}}}
	play := func(acknowledge bool) *story {
		s := begin(t, from(noon, 1))
		s.policy.Escalation = levels
		s.observe(from(noon.Add(time.Second), 2))
		for at := noon.Add(time.Minute); at.Before(noon.Add(time.Hour)); at = at.Add(time.Minute) {
			s.pass(at)
			s.observe(from(at, 1))
			if acknowledge && at.Equal(noon.Add(15*time.Minute)) {
				s.in, _ = s.in.Acknowledge("ann", at)
			}
		}
		return s
	}
	s := play(false)
	s.want("opened(1) raised(2) escalated(2) escalated(2) ")
	if a := s.alerts[2]; len(a.Only) != 1 || a.Only[0] != "sms" || a.Reason != "nobody has acknowledged it for 10 minutes: level 1" || a.Urgency != incident.Page {
		t.Errorf("got %+v", a)
	}
	if a := s.alerts[3]; len(a.Only) != 1 || a.Only[0] != "boss" || !strings.HasSuffix(a.Reason, "for 30 minutes: level 2") {
		t.Errorf("got %+v", a)
	}
	play(true).want("opened(1) raised(2) escalated(2) ")
}

func TestASlowIncidentThatSpeedsUpIsToldOnce(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	for i := 1; i <= 20; i++ {
		s.observe(from(noon.Add(time.Duration(i)*5*time.Minute), 1))
	}
	burst := noon.Add(2 * time.Hour)
	for i := range 500 {
		s.observe(from(burst.Add(time.Duration(i)*time.Second), 1))
	}
	s.want("opened(1) rate(1) ")
	if got := s.alerts[1].Reason; got != "100 failures within 5 minutes" {
		t.Errorf("the reason is %q", got)
	}
}

func TestManyServersAtOnceAreOneIncident(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	at := func(n int, account string, minute int) incident.Incident {
		f := failure(noon.Add(time.Duration(minute)*time.Minute), "ErrorCode", "11200",
			"ErrorUrl", fmt.Sprintf("https://h%d.example.com/", n), "From", fmt.Sprintf("+1555%07d", n), "To", "+15550000000")
		f.AccountSID = account
		in, _ := incident.Begin(incident.Entry{Failure: f}, nil, p)
		in.ID = int64(n + 1)
		return in
	}
	var same, several, slow []incident.Incident
	for n := range 4 {
		same = append(same, at(n, "AC1", 0))
		several = append(several, at(n, fmt.Sprintf("AC%d", n), 0))
		slow = append(slow, at(n, "AC1", n*3))
	}
	for _, test := range []struct {
		claim  string
		open   []incident.Incident
		newest incident.Incident
		want   incident.CauseKind
	}{
		{"five of one account", same, at(9, "AC1", 1), incident.AccountWide},
		{"five of several", several, at(9, "AC9", 1), incident.TwilioWide},
		{"four", same[:3], at(9, "AC1", 1), 0},
		{"the same one again", same, at(3, "AC1", 1), 0},
		{"over a quarter of an hour", slow, at(9, "AC1", 15), 0},
	} {
		c, why, ok := p.Widened(test.open, test.newest)
		if ok != (test.want != 0) || c.Kind != test.want {
			t.Errorf("%s: got %+v for %q, want kind %d", test.claim, c, why, test.want)
		}
	}
	wide, alerts := incident.BeginWide(incident.Cause{Kind: incident.AccountWide, Account: "AC1"}, "5 servers of one account at once", same, p)
	if len(alerts) != 1 || alerts[0].Urgency != incident.Page || wide.Callers != 4 || !p.Explains(wide, at(9, "AC1", 1)) || p.Explains(wide, at(9, "AC2", 1)) {
		t.Errorf("got %+v and %+v", wide, alerts)
	}
	for i := range same {
		same[i].Callers = 400
	}
	wide, alerts = wide.TickWide(same, noon.Add(time.Minute), p, never)
	if len(alerts) != 1 || alerts[0].Reason != "1000 callers reached" || alerts[0].Callers != 1600 {
		t.Errorf("with 1600 callers it says %+v", alerts)
	}
	for i := range same {
		same[i], _ = same[i].Resolve("good probes", noon.Add(20*time.Minute))
		same[i].Watch.Since = noon.Add(time.Duration(18+i) * time.Minute / 2) // when each was seen to be back
	}
	wide, alerts = wide.TickWide(same, noon.Add(25*time.Minute), p, never)
	if wide.State != incident.Resolved || len(alerts) != 1 || alerts[0].Reason != "all 4 servers are back after 10 min 30 s" {
		t.Errorf("it is %s, told %+v", wide.State, alerts)
	}
}
