package intake_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
)

// pressing is a ledger that takes 200 ms for each batch, and remembers when.
type pressing struct {
	*memoryLedger
	began   time.Time
	batches []time.Duration
	entries []int
}

func (l *pressing) Feed(ctx context.Context, batch incident.Batch) (incident.FeedReport, error) {
	l.batches, l.entries = append(l.batches, time.Since(l.began)), append(l.entries, len(batch.Entries))
	time.Sleep(200 * time.Millisecond)
	return l.memoryLedger.Feed(ctx, batch)
}

func TestFeedingRestsOnlyAsLongAsAnswersPress(t *testing.T) {
	t.Parallel()
	for claim, test := range map[string]struct {
		press  time.Duration   // how long answers come
		starts []time.Duration // of the first batches
		sizes  []int           // entries in them, of 300 KiB each
	}{
		"three times as long as it works":    {time.Hour, []time.Duration{0, 800 * time.Millisecond, 1600 * time.Millisecond}, []int{3, 3, 3}},
		"and not when nobody asks any more":  {350 * time.Millisecond, []time.Duration{0, 500 * time.Millisecond, 700 * time.Millisecond}, []int{3, 3, 6}},
		"nor where there is nobody at first": {0, []time.Duration{0, 200 * time.Millisecond, 400 * time.Millisecond}, []int{3, 6, 6}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig()
				ctx, stop := context.WithCancel(t.Context())
				r.done.Go(func() { _ = r.recorder.Run(ctx) })
				for i := range 16 {
					e := entry(i, 0)
					e.Failure.Params = append(e.Failure.Params, incident.Param{Name: "Body", Value: strings.Repeat("x", 300<<10)})
					r.recorder.Record(e)
					time.Sleep(10 * time.Millisecond) // a row for each
				}
				l := &pressing{memoryLedger: r.ledger, began: time.Now()}
				feeder := intake.NewFeeder(intake.FeederOptions{
					Journal: r.recorder.Journal, Ledger: func() (intake.Ledger, error) { return l, nil },
					Fed: func(incident.Cursor) {}, Alerts: func() {}, Tell: func(incident.Alert) {},
					Written: func() int64 { return 1000 * min(time.Since(l.began), test.press).Milliseconds() },
					Now:     time.Now, Log: slog.New(slog.DiscardHandler),
				}, r.sentinel)
				feeder.Wake()
				r.done.Go(func() { _ = feeder.Run(ctx) })
				time.Sleep(3 * time.Second)
				stop()
				r.done.Wait()
				if len(l.batches) < len(test.starts) {
					t.Fatalf("fed at %v, want %v at first", l.batches, test.starts)
				}
				for i, want := range test.starts {
					if d := (l.batches[i] - want).Abs(); d > 25*time.Millisecond || l.entries[i] != test.sizes[i] {
						t.Errorf("batch %d had %d entries at %v, want %d at %v", i, l.entries[i], l.batches[i], test.sizes[i], want)
					}
				}
			})
		})
	}
}
