package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
)

const (
	retainEvery = 10 * time.Minute
	retainSoon  = 30 * time.Second       // while there is no room: what comes in has to fit
	retainPause = 200 * time.Millisecond // between two small steps
)

// retain removes what is old, in small steps, so that nothing else waits.
func (a *app) retain(ctx context.Context) error {
	var s shortage
	wait := time.Minute // the start has other things to do
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		wait = a.retainOnce(ctx, &s, a.w.now())
	}
}

// retainOnce takes one step, and says how long to wait for the next one.
func (a *app) retainOnce(ctx context.Context, s *shortage, now time.Time) (wait time.Duration) {
	l, err := a.slot.ledger()
	if err != nil {
		return retainEvery
	}
	keep := a.current.Load().retention()
	report, err := l.Retain(ctx, now, keep)
	if a.slot.watch(l, err) != nil {
		a.retentionTrouble(err)
		return retainEvery
	}
	a.state.retention.Store(nil)
	a.state.removed.count(report)
	tell := s.note(report, keep, now)
	a.state.shortage.Store(s.sentence())
	if tell {
		a.tellShortage(*s.sentence(), now)
	}
	switch {
	case report.More:
		return retainPause
	case s.pressing(now):
		return retainSoon
	}
	return retainEvery
}

// removals count, for metrics, what retention did since the start.
type removals struct{ old, early, erased atomic.Int64 }

func (r *removals) count(did store.RetainReport) {
	r.old.Add(int64(did.Removed - did.Early))
	r.early.Add(int64(did.Early))
	r.erased.Add(int64(did.Erased))
}

func (a *app) retentionTrouble(err error) {
	if a.state.retention.Swap(new(err.Error())) != nil {
		return // known
	}
	a.log.Error("old failures not removed", "err", err)
	detail := "The ledger says: " + err.Error() + ". "
	if errors.Is(err, store.ErrClock) {
		detail += incident.DoFirst + "set this machine's clock; nothing is removed by a clock that may be wrong."
	} else {
		detail += incident.DoFirst + "look at the disk of DATA_DIR."
	}
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.RetentionTopic, At: a.w.now(),
		Title: "Old failures are not removed", Detail: detail, Reason: "retention failed",
	})
}

func (a *app) tellShortage(sentence string, now time.Time) {
	a.log.Warn("failures removed before their time: retention.max_size is reached", "says", sentence)
	a.teller.Tell(incident.Alert{
		Kind: incident.Meta, Topic: incident.RetentionTopic.About("room"), At: now,
		Title:  "The history is full: failures are removed before their time",
		Detail: sentence + " New failures are recorded as always. " + incident.DoFirst + "raise it if the disk of DATA_DIR has room (df -h), or lower retention.days if that is long enough.",
		Reason: "failures went for want of room; told once a day",
	})
}

// shortage is what is known of failures that go before their time because
// retention.max_size is reached. The zero value knows of none.
type shortage struct {
	keep   store.Retention // under which it was noticed
	since  time.Time       // when failures went early first; zero while none did
	last   time.Time       // likewise last
	oldest time.Time       // the oldest failure left then
	told   time.Time
}

// How long a shortage is spoken of after failures went early for the last
// time, how often it is told, and how long it may take until it shows how much
// has to go.
const (
	shortageLasts = 24 * time.Hour
	shortageTold  = 24 * time.Hour
	shortageShows = time.Minute
)

// note takes in what a step has done, and says whether people are to be told:
// once a day, and not before it shows how much has to go. Another
// configuration makes a new beginning.
func (s *shortage) note(report store.RetainReport, keep store.Retention, now time.Time) (tell bool) {
	if keep != s.keep || !s.since.IsZero() && now.Sub(s.last) >= shortageLasts {
		*s = shortage{keep: keep}
	}
	if report.Early > 0 {
		s.last, s.oldest = now, report.Oldest
		if s.since.IsZero() {
			s.since = now
		}
	}
	switch {
	case s.since.IsZero(), !s.told.IsZero() && now.Sub(s.told) < shortageTold:
		return false
	case report.More && now.Sub(s.since) < shortageShows:
		return false
	}
	s.told = now
	return true
}

// pressing says whether failures went early only just now.
func (s *shortage) pressing(now time.Time) bool {
	return !s.since.IsZero() && now.Sub(s.last) < retainEvery
}

// sentence says how long failures are kept, nil where that is as configured.
func (s *shortage) sentence() *string {
	if s.since.IsZero() {
		return nil
	}
	kept, instead := "less than a day", "for ever"
	if days := int64(s.last.Sub(s.oldest) / (24 * time.Hour)); days > 0 {
		kept = templates.Plural(days, "day", "days")
	}
	if s.keep.Days > 0 {
		instead = templates.Count(int64(s.keep.Days))
	}
	return new("Failures are kept for " + kept + " instead of " + instead + ": max_size is reached; raise retention.max_size.")
}
