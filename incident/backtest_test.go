package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func backtested(p incident.Policy) *incident.Backtest {
	p.Notifiers = []incident.Notifier{{Name: "mail", PerHour: incident.MailsPerHour}, {Name: "pager", Wakes: true, OnlyPages: true}}
	return incident.NewBacktest(p)
}

func TestABacktestSaysWhatAPolicyWouldHaveSent(t *testing.T) {
	t.Parallel()
	b := backtested(incident.DefaultPolicy())
	for n := range 200 { // an outage of ten minutes
		b.Fail(from(noon.Add(time.Duration(n)*3*time.Second), n))
	}
	for n := range 14 { // and a caller now and then, on the next days
		b.Fail(from(noon.Add(time.Duration(24+2*n)*time.Hour), 1))
	}
	got := b.Done(noon.Add(30 * 24 * time.Hour))
	if got.Failures != 214 || got.Incidents != 1 || got.Messages["pager"] != 1 || got.Messages["mail"] == 0 || got.Messages["mail"] > 25 || got.Woken != 1 {
		t.Errorf("got %+v", got)
	}
	want := fmt.Sprintf("would have sent %d alerts instead of 214: mail %d, pager 1; 1 may have woken somebody", got.Messages["mail"], got.Messages["mail"])
	if got.String() != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestABacktestKnowsWhatPeopleDid(t *testing.T) {
	t.Parallel()
	play := func(acknowledged bool) incident.BacktestResult {
		b := backtested(incident.DefaultPolicy())
		for n := range 24 * 60 {
			at := noon.Add(time.Duration(n) * time.Minute)
			b.Fail(from(at, 1))
			if n == 1 && acknowledged {
				b.Do(incident.Deed{At: at, Cause: incident.CauseOf(from(at, 1).Failure).Key(), By: "anna"})
			}
		}
		return b.Done(noon.Add(25 * time.Hour))
	}
	if with, without := play(true).Messages["mail"], play(false).Messages["mail"]; with != 2 || without != 2+5 {
		t.Errorf("%d messages of what somebody took, %d else; want opened and quiet, and five reminders more", with, without)
	}
}

func TestABacktestOfManyServersIsFewMessages(t *testing.T) {
	t.Parallel()
	b := backtested(incident.DefaultPolicy())
	for n := range 5000 {
		e := from(noon.Add(time.Duration(n)*10*time.Millisecond), n)
		e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/voice", n%20)
		b.Fail(e)
	}
	got := b.Done(noon.Add(5 * time.Minute))
	if got.Incidents != 21 || got.Messages["mail"] > 6 || got.Withheld < 16 {
		t.Errorf("got %+v, want 20 incidents and the one that explains them, in a few messages", got)
	}
	if incident.NewBacktest(incident.DefaultPolicy()).Done(noon).String() != "had no failure to be told of" {
		t.Error("nothing is not said to be nothing")
	}
}

func TestABacktestTakesBackWhatANightExplains(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	morning := noon.Add(4 * time.Hour)
	p.QuietHours = func(at time.Time) (time.Time, bool) { return morning, at.Before(morning) }
	b := backtested(p)
	for n := range 5 {
		e := from(noon.Add(time.Duration(n)*time.Second), n)
		e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/voice", n)
		b.Fail(e)
	}
	if got := b.Done(noon.Add(10 * time.Second)); got.Messages["mail"] != 1 || got.Withheld != 5 {
		t.Errorf("in the night: %+v, want the incident of five servers", got)
	}
	if got := b.Done(morning.Add(time.Minute)); got.Messages["mail"] != 2 {
		t.Errorf("by the morning: %+v, want that it fell quiet besides", got)
	}
}

func BenchmarkBacktest(b *testing.B) {
	for b.Loop() {
		test := backtested(incident.DefaultPolicy())
		for n := range 100_000 {
			e := from(noon.Add(time.Duration(n)*25*time.Second), n)
			e.Failure.ErrorURL = fmt.Sprintf("https://h%d.example.com/voice", n%50)
			test.Fail(e)
		}
		test.Done(noon.Add(30 * 24 * time.Hour))
	}
}
