package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// hushed says whether people are not to be told of a, which in has to tell, and
// why.
func (t *tx) hushed(ctx context.Context, in incident.Incident, a incident.Alert) (incident.Hush, bool, error) {
	explained, err := t.explained(ctx, in)
	if err != nil {
		return incident.Hush{}, false, err
	}
	silences, err := t.silences(ctx, a.At)
	if err != nil {
		return incident.Hush{}, false, err
	}
	h, ok := t.policy.Hushed(in, a, silences, explained)
	if ok || !in.Cause.Wide() || !t.policy.MayHush(a) {
		return h, ok, nil
	}
	return t.allHushed(ctx, in, a, silences)
}

// allHushed says whether people are kept from hearing of all that in explains and
// that a is about: then of in, too. That it is quiet is also about what has just
// fallen quiet with it.
func (t *tx) allHushed(ctx context.Context, in incident.Incident, a incident.Alert, silences []incident.Silence) (h incident.Hush, ok bool, err error) {
	children, err := t.children(ctx, in.ID)
	if err != nil {
		return h, false, err
	}
	for _, one := range children {
		if one.in.State == incident.Resolved || one.in.State == incident.Quiet && a.Kind != incident.FellQuiet {
			continue
		}
		if h, ok = t.policy.Kept(one.in, a.At, silences, false); !ok {
			return incident.Hush{}, false, nil
		}
	}
	return h, ok, nil
}

// silences are those that may hold at that time, read once in a transaction: it
// goes on from there, or a little back.
func (t *tx) silences(ctx context.Context, at time.Time) (all []incident.Silence, err error) {
	if !t.asked {
		if t.quiet, err = silencesOf(ctx, t, at.Add(-day)); err != nil {
			return nil, err
		}
		t.asked = true
	}
	return t.quiet, nil
}

// explained says whether the incident that explains in goes on, as far as people
// know, and is as urgent: of one that is quiet they were told so, and what fails
// then is news, as is a page behind a notice. In a storm every failure asks it:
// the answer is remembered until an incident that may explain others is saved.
func (t *tx) explained(ctx context.Context, in incident.Incident) (bool, error) {
	if in.Parent == 0 {
		return false, nil
	}
	asked := explanation{in.Parent, in.Watch.Urgency}
	if goesOn, known := t.explains[asked]; known {
		return goesOn, nil
	}
	n, err := integer(ctx, t, `
		SELECT COUNT(*)
		FROM incidents
		WHERE id = ?1
		  AND state = 1
		  AND json_extract(watch, '$.QuietFrom') IS NULL
		  AND COALESCE(json_extract(watch, '$.Urgency'), 0) >= ?2`, in.Parent, int(in.Watch.Urgency))
	if err != nil {
		return false, err
	}
	if t.explains == nil {
		t.explains = map[explanation]bool{}
	}
	t.explains[asked] = n > 0
	return n > 0, nil
}

// explanation is what explained is asked.
type explanation struct {
	parent  int64
	urgency incident.Urgency
}

// silencesOf are those that were not over at that time, the newest first.
func silencesOf(ctx context.Context, q querier, at time.Time) (all []incident.Silence, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT id, matches, from_at, until_at, reason, by_whom, ended_at, ended_by
		FROM silences
		WHERE until_at > ?1
		ORDER BY id DESC
		LIMIT 500`, at.UnixMilli())
	if err != nil {
		return nil, fmt.Errorf("silences: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s incident.Silence
		var matches string
		if err := rows.Scan(&s.ID, &matches, (*timeColumn)(&s.From), (*timeColumn)(&s.Until), &s.Reason, &s.By, (*timeColumn)(&s.EndedAt), &s.EndedBy); err != nil {
			return nil, fmt.Errorf("silences: %w", err)
		}
		if err := json.Unmarshal([]byte(matches), &s.Match); err != nil {
			return nil, fmt.Errorf("silence %d: %w", s.ID, err)
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// Silences are those that are not over at that time, and those that ended within
// the week before, the newest first.
func (l *Ledger) Silences(ctx context.Context, at time.Time) ([]incident.Silence, error) {
	all, err := silencesOf(ctx, l.read, at.Add(-7*day))
	if err != nil {
		return nil, classify(err)
	}
	return all, nil
}

// Silence keeps people from being told of what it matches from now on, and
// returns its number.
func (l *Ledger) Silence(ctx context.Context, s incident.Silence) (id int64, err error) {
	matches, err := json.Marshal(s.Match)
	if err != nil {
		return 0, fmt.Errorf("silence: %w", err)
	}
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		id, err = t.insert(ctx, `
			INSERT INTO silences (matches, from_at, until_at, reason, by_whom, ended_by)
			VALUES (?1, ?2, ?3, ?4, ?5, '')`, string(matches), s.From.UnixMilli(), s.Until.UnixMilli(), s.Reason, s.By)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("silence: %w", err)
	}
	return id, nil
}

// EndSilence ends a silence now, and has people told of what is still there. It
// is history.ErrNotFound where there is none of that number; where it is over
// already nothing changes.
func (l *Ledger) EndSilence(ctx context.Context, id int64, by string, at time.Time) error {
	err := l.inTx(ctx, func(ctx context.Context, t *tx) error {
		n, err := integer(ctx, t, `
			SELECT COUNT(*)
			FROM silences
			WHERE id = ?1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return history.ErrNotFound
		}
		n, err = t.changed(ctx, `
			UPDATE silences
			SET ended_at = ?2, ended_by = ?3
			WHERE id = ?1
			  AND until_at > ?2
			  AND ended_at IS NULL`, id, at.UnixMilli(), by)
		if err != nil || n == 0 {
			return err
		}
		return t.lookAtHushed(ctx, at)
	})
	if err != nil {
		return fmt.Errorf("end silence %d: %w", id, err)
	}
	return nil
}

// lookAtHushed has every incident of which something was withheld be looked at
// again.
func (t *tx) lookAtHushed(ctx context.Context, at time.Time) error {
	clear(t.incidents)
	withheld, err := t.list(ctx, `
		WHERE i.state = 1
		  AND json_extract(i.watch, '$.Withheld')`)
	if err != nil {
		return err
	}
	for _, one := range withheld {
		one.in = one.in.LookAgain(at)
		if err := t.saveIncident(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// Mute has nobody told of the incident until that time, or until it has hit so
// many callers; zero is no such bound. A time that is not after at ends it.
func (l *Ledger) Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (in incident.Incident, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		e := history.Event{At: at, By: by, What: muting(until, upTo)}
		var alerts []incident.Alert
		if !until.IsZero() && !until.After(at) {
			e.What = "no longer muted"
			r.in = r.in.Unmute(at)
		} else {
			r.in, alerts = r.in.Mute(by, until, upTo, at.UTC())
		}
		in = r.in
		if r.in.State == incident.Resolved {
			return nil
		}
		return t.change(ctx, r, e, alerts)
	})
	if err != nil {
		return incident.Incident{}, fmt.Errorf("mute incident %d: %w", id, err)
	}
	return in, nil
}

func muting(until time.Time, upTo int64) string {
	what := "muted until it is over"
	if !until.IsZero() {
		what = "muted until " + until.UTC().Format("2006-01-02 15:04 MST")
	}
	if upTo > 0 {
		what += fmt.Sprintf(", or %d callers", upTo)
	}
	return what
}

// Probed notes what a probe of the incident's server came to, and tells what
// follows: alerts is how many were queued. What waits for it goes out.
func (l *Ledger) Probed(ctx context.Context, id int64, f incident.Finding) (alerts int, err error) {
	err = l.inTx(ctx, func(ctx context.Context, t *tx) error {
		r, err := loadRunning(ctx, t, id)
		if err != nil {
			return err
		}
		if r.in.State == incident.Resolved {
			return nil
		}
		clear(t.incidents)
		first := r.in.Watch.Probe.At.IsZero()
		var told []incident.Alert
		r.in, told = r.in.Probed(f, t.policy)
		alerts = len(told)
		for _, a := range told {
			if err := t.tell(ctx, r, a, 0); err != nil {
				return err
			}
		}
		if first {
			alerts++ // what waited for it
			if err := t.hasten(ctx, id, 0, incident.ProbeWait); err != nil {
				return err
			}
		}
		return t.saveIncident(ctx, r)
	})
	if err != nil {
		return 0, fmt.Errorf("probe of incident %d: %w", id, err)
	}
	return alerts, nil
}
