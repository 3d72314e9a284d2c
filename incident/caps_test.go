package incident_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// What the caps hold back is told in digests, for which slots are kept: nothing
// waits until the first messages of a long storm are an hour old.
func TestAnOpeningWaitsMinutesHoweverLongTheStorm(t *testing.T) {
	t.Parallel()
	for _, notifier := range []struct {
		name    string
		perHour int
		most    time.Duration
	}{{"chat", 0, 2 * time.Minute}, {"e-mail", incident.MailsPerHour, 6 * time.Minute}} {
		for _, gap := range []time.Duration{7 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second} {
			t.Run(fmt.Sprintf("%s, one every %s", notifier.name, gap), func(t *testing.T) {
				t.Parallel()
				o := newOutbox()
				o.policy.PerHour = notifier.perHour
				opened := map[int64]time.Time{}
				now := noon
				for id := int64(1); now.Before(noon.Add(3 * time.Hour)); id++ {
					o.open(id, now, 0)
					opened[id] = now
					o.until(now, now.Add(gap-time.Second))
					now = now.Add(gap)
				}
				o.until(now, now.Add(24*time.Hour))
				if len(o.waiting) > 0 {
					t.Errorf("%d were never told", len(o.waiting))
				}
				for i, turn := range o.turns {
					for _, d := range turn.Deliveries {
						if waited := o.sent[i].At.Sub(opened[d.Alert.IncidentID]); waited > notifier.most {
							t.Fatalf("incident %d waited %s, want %s at most", d.Alert.IncidentID, waited, notifier.most)
						}
					}
				}
			})
		}
	}
}

func TestDigestsAreSpreadOverTheTimeTheyAreFor(t *testing.T) {
	t.Parallel()
	for perHour, apart := range map[int]time.Duration{0: 100 * time.Second, incident.MailsPerHour: 5 * time.Minute} {
		o := newOutbox()
		o.policy.PerHour = perHour
		now := noon
		for id := int64(1); now.Before(noon.Add(time.Hour)); id++ {
			o.open(id, now, 50) // crowded
			o.until(now, now.Add(time.Second))
			now = now.Add(2 * time.Second)
		}
		digests := 0
		for i := 1; i < len(o.sent); i++ {
			digests++
			if gap := o.sent[i].At.Sub(o.sent[i-1].At); gap < apart {
				t.Errorf("with %d in an hour: two digests %s apart, want %s", perHour, gap, apart)
			}
		}
		if digests < 10 {
			t.Errorf("with %d in an hour: %d digests in an hour", perHour, digests)
		}
	}
}

// What comes back after many were resolved is as crowded as what opens.
func TestOpeningsAndRegressionsOfACrowdedMinuteGoIntoADigest(t *testing.T) {
	t.Parallel()
	p := incident.DefaultPolicy()
	for _, kind := range []incident.Kind{incident.Opened, incident.Regression} {
		if a, wait := p.Crowd(incident.Alert{Kind: kind}, 9); a.Crowded || wait != 0 {
			t.Errorf("the tenth %s of a minute: crowded %v, waits %s, want it told at once", kind, a.Crowded, wait)
		}
		if a, wait := p.Crowd(incident.Alert{Kind: kind}, 10); !a.Crowded || wait != time.Minute {
			t.Errorf("the eleventh %s of a minute: crowded %v, waits %s, want it in a digest after a minute", kind, a.Crowded, wait)
		}
	}
}
