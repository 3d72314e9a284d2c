package intake_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// watched is a sentinel with nothing around it, in a zone of its own.
func watched(t *testing.T) (s *intake.Sentinel, told func() []incident.Alert) {
	t.Helper()
	alerts := make(chan incident.Alert, 1000)
	zone := time.FixedZone("", 9*60*60)
	tell := func(a incident.Alert) { alerts <- a }
	s = intake.NewSentinel(tell, tell, func() time.Time { return time.Now().In(zone) }, slog.New(slog.DiscardHandler))
	go func() { _ = s.Run(t.Context()) }()
	return s, func() []incident.Alert {
		var all []incident.Alert
		for len(alerts) > 0 {
			all = append(all, <-alerts)
		}
		return all
	}
}

// While the journal takes nothing nothing reaches the ledger, whose own news
// would come too late.
func TestWhileTheJournalTakesNothingCallersAreToldOf(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, told := watched(t)
		callers := 0
		call := func(n int) {
			for range n {
				callers++
				s.Note(entry(callers, 0))
			}
		}
		steps := []struct {
			claim string
			do    func()
			after time.Duration
			title string // of the one alert; "" is none
		}{
			{"who came in just before counts", func() { call(1); s.JournalIs(errors.New("disk full")); call(2) }, 3 * time.Second, "3 callers not helped, not written down: www.example.com"},
			{"new callers are no news each", func() { call(20) }, 5 * time.Minute, ""},
			{"ten times the callers are", func() { call(7) }, time.Second, "30 callers not helped, not written down: www.example.com"},
			{"after ten minutes new ones are", func() { call(1) }, 10 * time.Minute, "31 callers not helped, not written down: www.example.com"},
			{"and nothing is without any", func() {}, time.Hour, ""},
			{"once it works it may go again", func() { s.JournalIs(nil); call(50) }, 50 * time.Second, ""},
			{"and once it did for a while that is told", func() {}, 20 * time.Second, "Failures are written down again"},
			{"once", func() {}, time.Hour, ""},
			{"the next time is told like the first", func() { s.JournalIs(errors.New("disk full")); call(1) }, 3 * time.Second, "1 caller not helped, not written down: www.example.com"},
			{"what comes and goes is not", func() { s.JournalIs(nil); s.JournalIs(errors.New("disk full")); call(1) }, 30 * time.Second, ""},
			{"but that it is over, in the end", func() { s.JournalIs(nil) }, time.Hour, "Failures are written down again"},
		}
		for _, step := range steps {
			step.do()
			time.Sleep(step.after)
			synctest.Wait()
			var got []string
			for _, a := range told() {
				got = append(got, a.Title)
			}
			if strings.Join(got, ", ") != step.title {
				t.Errorf("%s: told %q, want %q", step.claim, got, step.title)
			}
		}
	})
}

func TestAnUrgentAlertSaysWhoWasSaved(t *testing.T) {
	t.Parallel()
	for want, saved := range map[string]int{
		"3 callers not helped, not written down: www.example.com":    0,
		"3 callers, 2 of 3 saved, not written down: www.example.com": 2,
		"3 callers, all saved, not written down: www.example.com":    3,
	} {
		synctest.Test(t, func(t *testing.T) {
			s, told := watched(t)
			s.JournalIs(errors.New("disk full"))
			for i := range 3 {
				e := entry(i+1, 0)
				e.Failure.From = fmt.Sprintf("+1415555000%d", i)
				if i < saved {
					e.Answer.Outcome = incident.Saved
				}
				s.Note(e)
			}
			time.Sleep(3 * time.Second)
			synctest.Wait()
			if alerts := told(); len(alerts) != 1 || alerts[0].Title != want {
				t.Errorf("told %+v, want %q", alerts, want)
			}
		})
	}
}

func TestAnUrgentAlertSaysSinceWhenInThePeoplesZone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, told := watched(t)
		s.JournalIs(errors.New("disk full"))
		s.Note(entry(1, 0))
		time.Sleep(3 * time.Second)
		synctest.Wait()
		alerts := told()
		if len(alerts) != 1 || !strings.Contains(alerts[0].Detail, "since 2000-01-01 09:00:00 +09:00 (disk full)") {
			t.Errorf("told %+v", alerts)
		}
	})
}

func TestAJournalThatHangsWhileItIsLookedAtIsTroubleUntilItGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		r.start()
		stuck := make(chan struct{})
		r.journal.set(func() { r.journal.stuck = stuck })
		pass(2 * time.Second) // nothing waits to be written when it begins
		r.recorder.Record(entry(1, 0))
		pass(time.Minute)
		if got := r.troubles(); len(got) != 1 || got[0] == nil {
			t.Errorf("while it hangs: %v, want one trouble", got)
		}
		r.journal.set(func() { r.journal.stuck = nil })
		close(stuck)
		pass(5 * time.Second)
		if got := r.troubles(); len(got) != 2 || got[1] != nil {
			t.Errorf("once it goes on: %v, want the trouble to be over", got)
		}
		r.halt()
		if len(r.ledger.entries) != 1 {
			t.Errorf("the ledger has %d entries, want the one", len(r.ledger.entries))
		}
	})
}

// A disk that hangs says nothing, not even that it fails.
func TestAJournalThatHangsIsTroubleUntilItGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig()
		hang := make(chan struct{})
		r.journal.hang = hang
		r.start()
		r.recorder.Record(entry(1, 0))
		pass(time.Minute)
		if got := r.troubles(); len(got) != 1 || got[0] == nil {
			t.Errorf("while it hangs: %v, want one trouble", got)
		}
		r.recorder.Record(entry(2, 0))
		r.journal.set(func() { r.journal.hang = nil })
		close(hang)
		pass(5 * time.Second)
		if got := r.troubles(); len(got) != 2 || got[1] != nil {
			t.Errorf("once it goes on: %v, want the trouble to be over", got)
		}
		r.halt()
		if len(r.ledger.entries) != 2 {
			t.Errorf("the ledger has %d entries, want both", len(r.ledger.entries))
		}
	})
}
