package incident_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// story plays failures and time against one incident.
type story struct {
	t      *testing.T
	policy incident.Policy
	in     incident.Incident
	seen   map[string]bool
	alerts []incident.Alert
}

func begin(t *testing.T, e incident.Entry) *story {
	t.Helper()
	s := &story{t: t, policy: incident.DefaultPolicy(), seen: map[string]bool{}}
	s.in, s.alerts = incident.Begin(e, nil, incident.DefaultPolicy())
	s.seen[e.Failure.CallerKey()] = true
	return s
}

func (s *story) observe(e incident.Entry) {
	s.t.Helper()
	key := e.Failure.CallerKey()
	in, alerts := s.in.Observe(e, incident.Caller{New: !s.seen[key]}, s.policy)
	s.seen[key] = true
	s.in, s.alerts = in, append(s.alerts, alerts...)
}

func (s *story) tick(at time.Time) {
	s.t.Helper()
	in, alerts := s.in.Tick(at, s.policy, never)
	s.in, s.alerts = in, append(s.alerts, alerts...)
}

// never says that nothing keeps people from being told.
func never(incident.Incident, incident.Alert) (incident.Hush, bool) { return incident.Hush{}, false }

func (s *story) kinds() string {
	var kinds strings.Builder
	for _, a := range s.alerts {
		fmt.Fprintf(&kinds, "%s(%d) ", a.Kind, a.Callers)
	}
	return kinds.String()
}

func (s *story) want(kinds string) {
	s.t.Helper()
	if got := s.kinds(); got != kinds {
		s.t.Errorf("alerts: got %q, want %q", got, kinds)
	}
}

func from(at time.Time, caller int) incident.Entry {
	return incident.Entry{Failure: failure(at, "ErrorCode", "11200",
		"ErrorUrl", "https://www.example.com/voice", "From", fmt.Sprintf("+1555%07d", caller), "To", "+15550000000")}
}

func TestAlertsFollowTheNumberOfCallers(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 0))
	for i := range 1200 {
		at := noon.Add(time.Duration(i) * time.Second)
		s.observe(from(at, i))
		s.observe(from(at, i)) // the same caller again is no other caller
	}
	s.want("opened(1) raised(2) growing(10) growing(100) growing(1000) ")
	if s.in.Failures != 2401 || s.in.Callers != 1200 || s.in.Calls != 2401 {
		t.Errorf("got %d failures, %d calls, %d callers", s.in.Failures, s.in.Calls, s.in.Callers)
	}
}

func TestAnIncidentFallsQuietAndClosesWithoutAWord(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.tick(noon.Add(10*time.Minute - time.Second))
	s.want("opened(1) ")
	s.tick(noon.Add(10 * time.Minute))
	s.want("opened(1) quiet(1) ")
	if got := s.alerts[len(s.alerts)-1].Reason; got != "no failure for 10 minutes" {
		t.Errorf("the reason is %q", got)
	}
	s.tick(noon.Add(34 * time.Hour))
	s.want("opened(1) quiet(1) ")
	if s.in.State != incident.Resolved || s.in.ResolvedBy != "" {
		t.Errorf("got %s by %q, want resolved by nobody", s.in.State, s.in.ResolvedBy)
	}
}

func TestAFailureWhileQuietContinuesTheIncident(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.tick(noon.Add(11 * time.Minute))
	s.observe(from(noon.Add(12*time.Minute), 2))
	s.want("opened(1) quiet(1) ")
	if s.in.State != incident.Open || s.in.Callers != 2 {
		t.Errorf("got %s with %d callers, want open with 2", s.in.State, s.in.Callers)
	}
}

func TestRareFailuresAreNotQuietAfterTenMinutes(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	for i := 1; i <= 3; i++ {
		s.observe(from(noon.Add(time.Duration(i)*time.Hour), i))
	}
	s.tick(noon.Add(3*time.Hour + 30*time.Minute))
	s.want("opened(1) ")
	s.tick(noon.Add(6*time.Hour + time.Second))
	s.want("opened(1) quiet(3) ")
}

func TestQuietIsSaidAfterSixHoursAtMost(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.policy.RemindEvery = 0
	s.observe(from(noon.Add(20*time.Hour), 2))
	due, ok := s.in.NextTick(s.policy)
	if want := noon.Add(26 * time.Hour); !ok || !due.Equal(want) {
		t.Errorf("quiet at %s, want %s", due, want)
	}
}

func TestAfterResolvedItIsARegression(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.in.ID = 7
	resolved, alerts := s.in.Resolve("admin", noon.Add(time.Minute))
	if len(alerts) != 1 || alerts[0].Kind != incident.Over {
		t.Fatalf("resolving told %v, want one alert", alerts)
	}
	if _, again := resolved.Resolve("other", noon.Add(2*time.Minute)); again != nil {
		t.Errorf("resolving twice told %v", again)
	}
	in, alerts := incident.Begin(from(noon.Add(time.Hour), 2), &resolved, incident.DefaultPolicy())
	if alerts[0].Kind != incident.Regression || in.Previous != 7 {
		t.Errorf("got %s after %d, want a regression of 7", alerts[0].Kind, in.Previous)
	}
}

func TestClosedByTimeIsOpenedAnewNotARegression(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.tick(noon.Add(time.Hour))
	s.tick(noon.Add(48 * time.Hour))
	_, alerts := incident.Begin(from(noon.Add(72*time.Hour), 2), &s.in, s.policy)
	if alerts[0].Kind != incident.Opened {
		t.Errorf("got %s, want opened", alerts[0].Kind)
	}
}

func TestAcknowledgingIsDoneOnceAndByTheFirst(t *testing.T) {
	t.Parallel()
	in := begin(t, from(noon, 1)).in
	in, alerts := in.Acknowledge("ann", noon.Add(time.Minute))
	if len(alerts) != 1 || alerts[0].Kind != incident.Taken || alerts[0].Reason != "taken by ann" {
		t.Errorf("got %+v", alerts)
	}
	if in, alerts = in.Acknowledge("bob", noon.Add(time.Hour)); len(alerts) != 0 {
		t.Errorf("a second time: %+v", alerts)
	}
	if in.AcknowledgedBy != "ann" || !in.AcknowledgedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %q at %s", in.AcknowledgedBy, in.AcknowledgedAt)
	}
}

func TestLateFailuresAreToldOnceAndMoveNothingBack(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	for i := range 20 {
		e := from(noon.Add(-time.Duration(i)*time.Minute), i)
		e.Failure.Late = true
		s.observe(e)
	}
	s.want("opened(1) late(2) ")
	if !s.in.LastAt.Equal(noon) || s.in.Late != 20 {
		t.Errorf("last at %s, %d late", s.in.LastAt, s.in.Late)
	}
}

func TestFailuresThatWereAllLateAreNotToldToBeQuiet(t *testing.T) {
	t.Parallel()
	late := func(at time.Time, caller int) incident.Entry {
		e := from(at, caller)
		e.Failure.Late = true
		return e
	}
	s := begin(t, late(noon.Add(-5*time.Hour), 1))
	s.observe(late(noon.Add(-4*time.Hour), 2))
	s.tick(noon)
	s.want("late(1) ")
	if s.in.State != incident.Quiet {
		t.Errorf("it is %s, want it quiet", s.in.State)
	}
	s.observe(from(noon.Add(time.Minute), 3))
	s.tick(noon.Add(8 * time.Hour))
	s.want("late(1) quiet(3) ")
}

// TestSilenceOnPurposeReplacesNoWords holds that one sender who is not answered
// twice does not make an incident in which everybody is told look silent.
func TestSilenceOnPurposeReplacesNoWords(t *testing.T) {
	t.Parallel()
	said := func(at time.Time, caller int, words string) incident.Entry {
		e := from(at, caller)
		e.Answer.Heard = words
		return e
	}
	silent := begin(t, said(noon, 1, ""))
	if silent.in.Last.Heard != "" {
		t.Errorf("where nobody got a word: %q", silent.in.Last.Heard)
	}
	s := begin(t, said(noon, 1, "Please call again later."))
	for n := 2; n < 4; n++ {
		e := said(noon.Add(time.Duration(n)*time.Second), n, "")
		e.Failure.Channel = incident.Messaging
		s.observe(e)
		who, how := s.in.Last.Listener()
		if s.in.Last.Heard != "Please call again later." || who != "+15550000001" || how != incident.Voice {
			t.Errorf("after %d failures: %s got %q by %s", n, who, s.in.Last.Heard, how)
		}
		if s.in.Last.From != e.Failure.From || s.in.Last.Channel != incident.Messaging {
			t.Errorf("after %d failures the newest is %+v", n, s.in.Last)
		}
	}
	s.observe(said(noon.Add(time.Minute), 9, "Stay on the line."))
	if who, how := s.in.Last.Listener(); s.in.Last.Heard != "Stay on the line." || who != "+15550000009" || how != incident.Voice {
		t.Errorf("newer words: %s got %q by %s", who, s.in.Last.Heard, how)
	}
}

// TestWordsAreOfThatTimeAndPersonWhoeverWasSilentSince holds that words keep
// their age, which is what they are erased by, also where nothing says how they
// came.
func TestWordsAreOfThatTimeAndPersonWhoeverWasSilentSince(t *testing.T) {
	t.Parallel()
	for _, how := range []incident.Channel{incident.Voice, incident.Messaging, incident.Unknown} {
		t.Run(how.String(), func(t *testing.T) {
			t.Parallel()
			told := from(noon, 1)
			told.Failure.Channel, told.Answer.Heard = how, "Please call again later."
			s := begin(t, told)
			if s.in.Last.Repeated() {
				t.Error("words of the newest failure are its own")
			}
			for n := 2; n < 4; n++ {
				s.observe(from(noon.Add(time.Duration(n)*time.Hour), n))
				if last := s.in.Last; !last.Repeated() || !last.HeardAt.Equal(noon) {
					t.Errorf("after %d failures they are of %s", n, last.HeardAt)
				}
				if who, channel := s.in.Last.Listener(); who != told.Failure.From || channel != how {
					t.Errorf("after %d failures %s got them by %s, want %s by %s", n, who, channel, told.Failure.From, how)
				}
			}
		})
	}
}

func TestQuietIsThreeTimesTheUsualGap(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.observe(from(noon.Add(20*time.Minute), 1))
	s.tick(noon.Add(80*time.Minute - time.Second))
	s.want("opened(1) ")
	s.tick(noon.Add(80 * time.Minute))
	s.want("opened(1) quiet(1) ")
}

// A burst moves the usual gap by a quarter each failure, and no further.
func TestABurstDoesNotMakeARareIncidentQuietAtOnce(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.observe(from(noon.Add(time.Hour), 1))
	s.observe(from(noon.Add(time.Hour+4*time.Minute), 1))
	last := noon.Add(time.Hour + 4*time.Minute)
	const usual = 46 * time.Minute // an hour less a quarter of the 56 minutes that it was shorter
	if s.in.UsualGap != usual {
		t.Errorf("usual gap: got %s, want %s", s.in.UsualGap, usual)
	}
	s.tick(last.Add(3*usual - time.Second))
	s.want("opened(1) ")
	s.tick(last.Add(3 * usual))
	s.want("opened(1) quiet(1) ")
}

// A late failure was received before: it says nothing about whether the trouble
// goes on now.
func TestALateFailureLeavesAQuietIncidentQuiet(t *testing.T) {
	t.Parallel()
	s := begin(t, from(noon, 1))
	s.tick(noon.Add(10 * time.Minute))
	e := from(noon.Add(-time.Minute), 2)
	e.Failure.Late = true
	s.observe(e)
	s.want("opened(1) quiet(1) late(2) ")
	if s.in.State != incident.Quiet || !s.in.QuietAt.Equal(noon.Add(10*time.Minute)) || s.in.Failures != 2 {
		t.Errorf("got %s since %s with %d failures, want it quiet as before, with both", s.in.State, s.in.QuietAt, s.in.Failures)
	}
}
