package incident_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/backstop-project/backstop/incident"
)

// outbox plays one notifier: alerts come in, Next decides, what it says is
// taken at once.
type outbox struct {
	policy  incident.Policy
	waiting []incident.Delivery
	sent    []incident.Sent
	turns   []incident.Turn
	told    map[int64]bool // alert id
	lastID  int64
}

func newOutbox() *outbox {
	return &outbox{policy: incident.DefaultPolicy(), told: map[int64]bool{}}
}

func (o *outbox) add(a incident.Alert, due time.Time) {
	o.lastID++
	a.ID = o.lastID
	o.waiting = append(o.waiting, incident.Delivery{ID: o.lastID, Alert: a, CreatedAt: a.At, DueAt: due})
}

// open queues the opening of an incident as the ledger does.
func (o *outbox) open(id int64, at time.Time, before int) {
	a, wait := o.policy.Crowd(incident.Alert{Kind: incident.Opened, IncidentID: id, At: at}, before)
	o.add(a, at.Add(wait))
}

// until lets the notifier work until the given time.
func (o *outbox) until(now, end time.Time) {
	for !now.After(end) {
		turn, wait, ok := o.policy.Next(o.waiting, o.sent, now)
		if !ok {
			if wait.IsZero() {
				return
			}
			if !wait.After(now) {
				panic("asked to wait for the past")
			}
			now = wait
			continue
		}
		o.take(turn, now)
	}
}

func (o *outbox) take(turn incident.Turn, now time.Time) {
	gone := map[int64]bool{}
	for _, d := range turn.Deliveries {
		gone[d.ID] = true
		o.told[d.Alert.ID] = true
	}
	var left []incident.Delivery
	for _, d := range o.waiting {
		if !gone[d.ID] {
			left = append(left, d)
		}
	}
	o.waiting = left
	m := incident.Sent{At: now, Digest: turn.Digest, Grown: turn.Grown()}
	if !turn.Digest {
		m.IncidentID, m.Kind = turn.Newest().Alert.IncidentID, turn.Newest().Alert.Kind
	}
	o.sent = append(o.sent, m)
	o.turns = append(o.turns, turn)
}

func TestTheFirstTenIncidentsOfAMinuteGoSinglyTheRestInOneDigest(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for i := range 20 {
		o.open(int64(i+1), noon.Add(time.Duration(i)*time.Second), i)
	}
	o.until(noon.Add(20*time.Second), noon.Add(5*time.Minute))
	if len(o.turns) != 11 {
		t.Fatalf("got %d messages, want 10 and a digest", len(o.turns))
	}
	last := o.turns[10]
	if !last.Digest || len(last.Deliveries) != 10 {
		t.Errorf("got digest %v of %d, want one of 10", last.Digest, len(last.Deliveries))
	}
	if at := o.sent[10].At; at.After(noon.Add(80 * time.Second)) {
		t.Errorf("digest only at %s", at)
	}
}

func TestAnUnsentOlderAlertIsFoldedIntoTheNewerOne(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	o.open(1, noon, 0)
	o.add(incident.Alert{Kind: incident.Growing, IncidentID: 1, At: noon.Add(time.Second)}, noon.Add(time.Second))
	o.add(incident.Alert{Kind: incident.Over, IncidentID: 1, At: noon.Add(2 * time.Second)}, noon.Add(2*time.Second))
	o.until(noon.Add(time.Minute), noon.Add(time.Hour))
	if len(o.turns) != 1 {
		t.Fatalf("got %d messages, want 1", len(o.turns))
	}
	turn := o.turns[0]
	if turn.Newest().Alert.Kind != incident.Over || turn.Head().Alert.Kind != incident.Opened {
		t.Errorf("got newest %s, head %s", turn.Newest().Alert.Kind, turn.Head().Alert.Kind)
	}
}

func TestAnOpeningDoesNotWaitForItsGrowth(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	o.open(1, noon, 0)
	o.add(incident.Alert{Kind: incident.Growing, IncidentID: 1, At: noon}, noon.Add(5*time.Second))
	o.until(noon, noon.Add(time.Minute))
	if len(o.sent) != 2 || !o.sent[0].At.Equal(noon) || !o.sent[1].At.Equal(noon.Add(5*time.Second)) || o.sent[1].Kind != incident.Growing {
		t.Errorf("sent %+v", o.sent)
	}
}

func TestGrowthOfManyIsOneMessage(t *testing.T) {
	t.Parallel()
	for many, want := range map[int]int{1: 1, 2: 2, 3: 1, 8: 1} {
		o := newOutbox()
		for n := range many {
			o.add(incident.Alert{Kind: incident.Growing, IncidentID: int64(n + 1), At: noon}, noon.Add(5*time.Second))
		}
		o.until(noon, noon.Add(time.Minute))
		if len(o.turns) != want || o.turns[0].Digest != (many >= 3) {
			t.Errorf("growth of %d: %d messages, a digest: %t", many, len(o.turns), o.turns[0].Digest)
		}
	}
}

func TestGrowthThatADigestToldIsToldOnceInHalfAnHourToo(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for round := range 2 {
		at := noon.Add(time.Duration(round) * time.Minute)
		for n := range 4 {
			o.add(incident.Alert{Kind: incident.Growing, IncidentID: int64(n + 1), At: at}, at)
		}
		o.until(at, at.Add(time.Minute-1))
	}
	o.until(noon.Add(2*time.Minute), noon.Add(time.Hour))
	if len(o.sent) != 2 || o.sent[1].At.Before(noon.Add(30*time.Minute)) {
		t.Errorf("sent %+v", o.sent)
	}
}

func TestGrowthIsToldOnceInHalfAnHour(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for i := range 3 {
		at := noon.Add(time.Duration(i) * 5 * time.Minute)
		o.add(incident.Alert{Kind: incident.Growing, IncidentID: 1, At: at}, at)
		o.until(at, at.Add(4*time.Minute))
	}
	if len(o.turns) != 1 {
		t.Fatalf("got %d messages in 15 min, want 1", len(o.turns))
	}
	o.until(noon.Add(15*time.Minute), noon.Add(time.Hour))
	if len(o.turns) != 2 || !o.sent[1].At.Equal(noon.Add(30*time.Minute)) || len(o.turns[1].Deliveries) != 2 {
		t.Errorf("got %d messages, the second at %s: want both others in one at 12:30", len(o.turns), o.sent[len(o.sent)-1].At)
	}
}

func TestHeldGrowthGoesWithTheNextOtherWord(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	o.add(incident.Alert{Kind: incident.Growing, IncidentID: 1, At: noon}, noon)
	o.until(noon, noon)
	o.add(incident.Alert{Kind: incident.Growing, IncidentID: 1, At: noon.Add(time.Minute)}, noon.Add(time.Minute))
	o.add(incident.Alert{Kind: incident.FellQuiet, IncidentID: 1, At: noon.Add(12 * time.Minute)}, noon.Add(12*time.Minute))
	o.until(noon.Add(12*time.Minute), noon.Add(13*time.Minute))
	if len(o.turns) != 2 || o.turns[1].Newest().Alert.Kind != incident.FellQuiet {
		t.Errorf("got %d messages, want quiet to carry the growth", len(o.turns))
	}
}

func TestThatSomebodyHasTakenItIsNoNewMessage(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	for n := range 24 {
		o.open(int64(n+1), noon.Add(time.Duration(n)*10*time.Second), n%7)
	}
	full := noon.Add(5 * time.Minute)
	o.until(noon.Add(4*time.Minute), full)
	if len(o.turns) != 24 {
		t.Fatalf("got %d messages, want all 24 that the cap lets through", len(o.turns))
	}
	for n := range 20 {
		o.add(incident.Alert{Kind: incident.Taken, IncidentID: int64(n + 1), At: full}, full)
	}
	o.until(full, full)
	if len(o.turns) != 44 || o.turns[43].Newest().Alert.Kind != incident.Taken {
		t.Fatalf("got %d messages: what only brings them up to date is held by the cap", len(o.turns))
	}
	o.add(incident.Alert{Kind: incident.Over, IncidentID: 1, At: full}, noon.Add(10*time.Minute))
	o.until(noon.Add(10*time.Minute), noon.Add(10*time.Minute))
	if len(o.turns) != 45 {
		t.Error("what only brought messages up to date counts in the cap")
	}
}

func TestThatSomebodyHasTakenItJoinsWhatIsStillToBeTold(t *testing.T) {
	t.Parallel()
	o := newOutbox()
	o.open(1, noon, 0)
	o.add(incident.Alert{Kind: incident.Taken, IncidentID: 1, At: noon.Add(time.Second)}, noon.Add(time.Second))
	o.until(noon.Add(time.Minute), noon.Add(time.Minute))
	if len(o.turns) != 1 || len(o.turns[0].Deliveries) != 2 {
		t.Fatalf("got %d messages, want one with both", len(o.turns))
	}
	turn := o.turns[0]
	if folded := turn.Folded(); turn.Newest().Alert.Kind != incident.Opened || len(folded) != 1 || folded[0].Kind != incident.Taken {
		t.Errorf("it tells %s and stands for %+v", turn.Newest().Alert.Kind, folded)
	}
}

// Whatever comes, the caps hold and everything is told in the end.
func TestCapsHoldAndNothingIsForgotten(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := newOutbox()
		o.policy.PerHour = rapid.SampledFrom([]int{0, incident.MailsPerHour}).Draw(t, "per hour")
		now := noon
		var openings []time.Time
		for i := range rapid.IntRange(1, 150).Draw(t, "alerts") {
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "gap")) * time.Millisecond)
			if rapid.Bool().Draw(t, "opens") {
				before := 0
				for _, at := range openings {
					if now.Sub(at) < time.Minute {
						before++
					}
				}
				openings = append(openings, now)
				o.open(int64(i+1), now, before)
			} else {
				kind := rapid.SampledFrom([]incident.Kind{incident.Growing, incident.FellQuiet, incident.Over, incident.Taken}).Draw(t, "kind")
				o.add(incident.Alert{Kind: kind, IncidentID: rapid.Int64Range(1, 20).Draw(t, "incident"), At: now}, now)
			}
			o.until(now, now)
		}
		o.until(now, now.Add(24*time.Hour))
		checkCaps(t, o)
		if len(o.waiting) > 0 {
			t.Fatalf("%d alerts were never told", len(o.waiting))
		}
	})
}

func checkCaps(t *rapid.T, o *outbox) {
	for i, m := range o.sent {
		tenMinutes, hour := 0, 0
		for j, other := range o.sent[:i+1] {
			if other.Kind == incident.Taken {
				continue
			}
			if m.At.Sub(other.At) < 10*time.Minute {
				tenMinutes++
			}
			if m.At.Sub(other.At) < time.Hour {
				hour++
			}
			grew := other.Kind == incident.Growing && other.IncidentID == m.IncidentID || slices.Contains(other.Grown, m.IncidentID)
			if j != i && m.Kind == incident.Growing && grew && m.At.Sub(other.At) < 30*time.Minute && !m.Digest && onlyGrowth(o.turns[i]) {
				t.Fatalf("growth of incident %d told at %s and %s", m.IncidentID, other.At, m.At)
			}
		}
		if tenMinutes > 30 || o.policy.PerHour > 0 && hour > o.policy.PerHour {
			t.Fatalf("%d messages in ten minutes, %d in an hour", tenMinutes, hour)
		}
	}
}

func onlyGrowth(turn incident.Turn) bool {
	for _, d := range turn.Deliveries {
		if d.Alert.Kind != incident.Growing {
			return false
		}
	}
	return true
}
