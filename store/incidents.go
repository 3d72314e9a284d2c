package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// running is the newest incident of a cause, as the feeding knows it.
type running struct {
	in      incident.Incident
	cause   int64
	places  serials // its failures are between them
	next    int64   // the number of the next incident, should this be none or over
	callers bool    // there are rows in callers
	erased  bool    // its samples are without personal data
	dirty   bool
}

// open says whether another failure continues it.
func (r *running) open() bool {
	return r.in.State == incident.Open || r.in.State == incident.Quiet
}

// number is that of the incident that the next failure joins.
func (r *running) number() int64 {
	if r.open() {
		return r.in.ID
	}
	return r.next
}

// running finds the newest incident with that cause, and, where the next
// failure opens another, its number.
func (t *tx) running(ctx context.Context, cause int64, key string) (*running, error) {
	r := t.incidents[key]
	if r == nil {
		r = &running{cause: cause}
		err := r.scan(t.QueryRowContext(ctx, selectIncident+`
			WHERE i.cause_id = ?1
			ORDER BY i.id DESC
			LIMIT 1`, cause))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, fmt.Errorf("find incident: %w", err)
		}
		t.incidents[key] = r
	}
	if r.open() {
		return r, nil
	}
	var err error
	r.next, err = t.nextIncident(ctx)
	return r, err
}

// nextIncident is the number that SQLite gives to the next incident.
func (t *tx) nextIncident(ctx context.Context) (int64, error) {
	last, err := integer(ctx, t, `
		SELECT MAX(seq)
		FROM sqlite_sequence
		WHERE name = 'incidents'`)
	return last + 1, err
}

const selectIncident = `
	SELECT i.id, c.kind, c.version, c.account, c.code, c.host, c.path, i.state, i.previous,
	  i.opened_at, i.last_at, i.quiet_at, i.resolved_at, i.resolved_by, i.acknowledged_at, i.acknowledged_by,
	  i.failures, i.calls, i.callers, i.late, i.ended, i.unseen, i.opt_outs, i.first_sample, i.last_sample, i.more_lines, i.usual_gap, i.told, i.watch, i.parent,
	  i.cause_id, i.first_serial, i.last_serial, i.has_callers, i.erased
	FROM incidents AS i
	JOIN causes AS c ON c.id = i.cause_id`

type scanner interface{ Scan(into ...any) error }

// scan reads one incident.
func (r *running) scan(row scanner) error {
	return new(incidentScan).read(row, r)
}

// incidentScan is the room that reading incidents takes, from one row to the next.
type incidentScan struct {
	opened, last, quiet, resolved, acknowledged sql.NullInt64
	first, newest, ended, watch                 string
	into                                        [35]any
}

// read reads one row into r, which is to be empty.
func (s *incidentScan) read(row scanner, r *running) error {
	in := &r.in
	s.into = [...]any{
		&in.ID, &in.Cause.Kind, &in.Cause.Version, &in.Cause.Account, &in.Cause.Code, &in.Cause.Host, &in.Cause.Path,
		&in.State, &in.Previous, &s.opened, &s.last, &s.quiet, &s.resolved, &in.ResolvedBy, &s.acknowledged, &in.AcknowledgedBy,
		&in.Failures, &in.Calls, &in.Callers, &in.Late, &s.ended, &in.Unseen, &in.OptOuts, &s.first, &s.newest, &in.MoreLines, &in.UsualGap, &in.Told, &s.watch, &in.Parent,
		&r.cause, &r.places.first, &r.places.last, &r.callers, &r.erased,
	}
	if err := row.Scan(s.into[:]...); err != nil {
		return err
	}
	in.OpenedAt, in.LastAt, in.QuietAt = timeFrom(s.opened), timeFrom(s.last), timeFrom(s.quiet)
	in.ResolvedAt, in.AcknowledgedAt = timeFrom(s.resolved), timeFrom(s.acknowledged)
	for _, part := range []struct {
		name, text string
		into       any
	}{
		{"what the policy remembers", s.watch, &in.Watch},
		{"outcomes", s.ended, &in.Ended},
		{"sample", s.first, &in.First},
		{"sample", s.newest, &in.Last},
	} {
		if err := json.Unmarshal([]byte(part.text), part.into); err != nil {
			return fmt.Errorf("%s of incident %d: %w", part.name, in.ID, err)
		}
	}
	return nil
}

// insertIncident writes a new incident, whose number is set already.
func (t *tx) insertIncident(ctx context.Context, r *running) error {
	return t.run(ctx, `
		INSERT INTO incidents (id, cause_id, host, state, previous, opened_at, last_at, resolved_by, acknowledged_by,
		  failures, calls, callers, late, first_sample, last_sample, more_lines, usual_gap, told, first_serial, last_serial,
		  has_callers, erased, explains)
		VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '', '', 0, 0, 0, 0, '{}', '{}', FALSE, 0, 0, ?8, ?8, TRUE, FALSE, ?9)`,
		r.in.ID, r.cause, incident.Host(r.in.First.ErrorURL), int(r.in.State), r.in.Previous,
		millis(r.in.OpenedAt), millis(r.in.LastAt), r.places.first, r.in.Cause.MayExplain())
}

// saveIncident writes all that can change of an incident.
func (t *tx) saveIncident(ctx context.Context, r *running) error {
	first, err := json.Marshal(r.in.First)
	if err != nil {
		return err
	}
	last, err := json.Marshal(r.in.Last)
	if err != nil {
		return err
	}
	in := r.in
	ended, err := json.Marshal(in.Ended)
	if err != nil {
		return err
	}
	watch, err := json.Marshal(in.Watch)
	if err != nil {
		return err
	}
	err = t.run(ctx, `
		UPDATE incidents
		SET state = ?2, opened_at = ?3, last_at = ?4, quiet_at = ?5, resolved_at = ?6, resolved_by = ?7,
		  acknowledged_at = ?8, acknowledged_by = ?9, failures = ?10, calls = ?11, callers = ?12, late = ?13,
		  first_sample = ?14, last_sample = ?15, more_lines = ?16, usual_gap = ?17, told = ?18, next_tick = ?19,
		  last_serial = ?20, erased = ?21, ended = ?22, unseen = ?23, opt_outs = ?24,
		  watch = ?25, parent = ?26, explains = ?27
		WHERE id = ?1`,
		in.ID, int(in.State), millis(in.OpenedAt), millis(in.LastAt), millis(in.QuietAt), millis(in.ResolvedAt), in.ResolvedBy,
		millis(in.AcknowledgedAt), in.AcknowledgedBy, in.Failures, in.Calls, in.Callers, in.Late,
		string(first), string(last), in.MoreLines, int64(in.UsualGap), in.Told, millis(nextTick(in, t.policy)), r.places.last,
		r.erased, string(ended), in.Unseen, in.OptOuts, string(watch), in.Parent, in.Cause.MayExplain())
	if in.Cause.MayExplain() {
		clear(t.explains)
	}
	if err == nil && in.Parent != 0 {
		err = t.nudge(ctx, in.Parent)
	}
	if err != nil {
		return fmt.Errorf("save incident %d: %w", in.ID, err)
	}
	return nil
}

// nextTick is when to let time pass for in: the first full millisecond from then
// on, for before it nothing is due.
func nextTick(in incident.Incident, p incident.Policy) time.Time {
	due, ok := in.NextTick(p)
	if !ok {
		return time.Time{}
	}
	return due.Add(time.Millisecond - 1).Truncate(time.Millisecond)
}

func (f *feeding) saveIncidents(ctx context.Context) error {
	for _, r := range f.incidents {
		if !r.dirty {
			continue
		}
		if err := f.saveIncident(ctx, r); err != nil {
			return err
		}
		r.dirty = false
	}
	return nil
}

// observe adds a new failure to the incident that it continues, or opens one.
func (f *feeding) observe(ctx context.Context, e incident.Fed, r *running, key string, origin int64) error {
	var alerts []incident.Alert
	if r.open() {
		var err error
		if alerts, err = f.goOn(ctx, e, r); err != nil {
			return err
		}
	} else {
		var err error
		if r, alerts, err = f.begin(ctx, e, r); err != nil {
			return err
		}
		f.incidents[key] = r
	}
	r.places.last = f.row.serial
	r.erased = false // this failure is remembered now
	r.dirty = true
	for _, a := range alerts {
		if err := f.alert(ctx, r, a); err != nil {
			return err
		}
	}
	if at := e.Failure.ReceivedAt; len(alerts) == 0 && r.in.Watch.Withheld && r.in.Parent == 0 && !r.in.Muted(at) {
		if err := f.resume(ctx, r, at); err != nil {
			return err
		}
	}
	if r.in.Cause.MayExplain() { // those that follow in this batch ask for it
		if err := f.saveIncident(ctx, r); err != nil {
			return err
		}
	}
	f.count(e.Failure, r.in.ID, origin)
	return nil
}

// goOn adds a failure to an incident that is not over. One that was quiet, or
// whose explanation was, is looked at like a new one: what explains it?
func (f *feeding) goOn(ctx context.Context, e incident.Fed, r *running) ([]incident.Alert, error) {
	caller, err := f.tried(ctx, r.in.ID, e.Entry)
	if err != nil {
		return nil, err
	}
	again := r.in.State == incident.Quiet
	var alerts []incident.Alert
	r.in, alerts = r.in.Observe(e.Entry, caller, f.policy)
	if r.in.Parent != 0 {
		explained, err := f.explained(ctx, r.in)
		if err != nil {
			return nil, err
		}
		if !explained {
			r.in.Parent, again = 0, true
		}
	}
	if !again || r.in.Parent != 0 {
		return alerts, nil
	}
	if err := f.saveIncident(ctx, r); err != nil { // for those that follow in this batch
		return nil, err
	}
	notice := r.in.Watch.Urgency != incident.Page
	if err := f.explain(ctx, r); err != nil {
		return nil, err
	}
	if notice && r.in.Watch.Urgency == incident.Page { // what it explains is one
		in, a := r.in.BecomesPage(e.Failure.ReceivedAt)
		r.in, alerts = in, append(alerts, a)
	}
	return alerts, nil
}

// resume tells what was withheld of r's incident where this failure is not what
// it was withheld for: another line of a server, say, of which one is silenced.
func (f *feeding) resume(ctx context.Context, r *running, at time.Time) error {
	in, alerts := r.in.Resume(at)
	if _, hushed, err := f.hushed(ctx, r.in, alerts[0]); err != nil || hushed || r.in.State != incident.Open {
		return err
	}
	r.in = in
	return f.alert(ctx, r, alerts[0])
}

func (f *feeding) begin(ctx context.Context, e incident.Fed, before *running) (*running, []incident.Alert, error) {
	var previous *incident.Incident
	if before.in.ID != 0 {
		previous = &before.in
	}
	in, alerts := incident.Begin(e.Entry, previous, f.policy)
	in.ID = before.next
	r := &running{in: in, cause: before.cause, places: serials{f.row.serial, f.row.serial}, callers: true}
	if err := f.insertIncident(ctx, r); err != nil {
		return nil, nil, fmt.Errorf("open incident: %w", err)
	}
	if _, err := f.tried(ctx, in.ID, e.Entry); err != nil {
		return nil, nil, err
	}
	err := f.explain(ctx, r)
	if err == nil && r.in.Parent != 0 {
		err = f.saveIncident(ctx, r) // for those that follow in this batch
	}
	for i := range alerts {
		alerts[i].Urgency = r.in.Watch.Urgency // what it explains may be a page
	}
	return r, alerts, err
}
