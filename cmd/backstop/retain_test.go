package main

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/store"
)

func TestAShortageOfRoomIsToldOnceADay(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	start := time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)
	keep := store.Retention{Days: 400, MaxBytes: 10e9}
	early := func(at time.Time, kept time.Duration, more bool) store.RetainReport {
		return store.RetainReport{Removed: 500, Early: 500, More: more, Oldest: at.Add(-kept)}
	}
	var s shortage
	for _, step := range []struct {
		claim    string
		after    time.Duration // since start
		kept     time.Duration // of a report of early removal; 0 is a report of none
		more     bool
		keep     store.Retention
		tell     bool
		pressing bool
		sentence string
	}{
		{"with room nothing is said", 0, 0, false, keep, false, false, ""},
		{"the first step does not show how much must go", time.Minute, 399 * day, true, keep, false, true, "399 days instead of 400"},
		{"the last one does", time.Minute + time.Second, 31 * day, false, keep, true, true, "kept for 31 days instead of 400: max_size is reached; raise retention.max_size"},
		{"it is not told again", 2 * time.Minute, 31 * day, false, keep, false, true, "31 days"},
		{"it is shown while nothing has to go", 5 * time.Hour, 0, false, keep, false, false, "31 days"},
		{"it is told again the next day", 25 * time.Hour, 30*day + time.Hour, false, keep, true, true, "30 days"},
		{"a day after the last one it is over", 50 * time.Hour, 0, false, keep, false, false, ""},
		{"in a storm it is told after a minute", 51 * time.Hour, 3 * time.Hour, true, keep, false, true, "less than a day"},
		{"which is now", 51*time.Hour + time.Minute, 3 * time.Hour, true, keep, true, true, "less than a day"},
		{"another configuration ends it", 52 * time.Hour, 0, false, store.Retention{Days: 400, MaxBytes: 20e9}, false, false, ""},
		{"and it may be told anew", 53 * time.Hour, day, false, store.Retention{MaxBytes: 20e9}, true, true, "1 day instead of for ever"},
	} {
		now := start.Add(step.after)
		report := store.RetainReport{More: step.more}
		if step.kept > 0 {
			report = early(now, step.kept, step.more)
		}
		tell := s.note(report, step.keep, now)
		got := ""
		if said := s.sentence(); said != nil {
			got = *said
		}
		if tell != step.tell || s.pressing(now) != step.pressing || !strings.Contains(got, step.sentence) || (got == "") != (step.sentence == "") {
			t.Errorf("%s: told %v, pressing %v, %q; want %v, %v, %q", step.claim, tell, s.pressing(now), got, step.tell, step.pressing, step.sentence)
		}
	}
}
