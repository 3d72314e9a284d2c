package store

import (
	"context"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// wideEvery is how often an incident that explains others is brought up to date
// while they change.
const wideEvery = 5 * time.Second

// nudge has the incident with that number brought up to date soon.
func (t *tx) nudge(ctx context.Context, id int64) error {
	return t.run(ctx, `
		UPDATE incidents
		SET next_tick = ?2
		WHERE id = ?1
		  AND state IN (1, 2)
		  AND next_tick > ?2`, id, t.now.Add(wideEvery).UnixMilli())
}

// newest are the same incidents as this batch has changed them: newer than their
// rows.
func (f *feeding) newest(all []*running) []*running {
	for i, one := range all {
		if known := f.incidents[one.in.Cause.Key()]; known != nil && known.in.ID == one.in.ID {
			all[i] = known
		}
	}
	return all
}

func (f *feeding) beginWide(ctx context.Context, cause incident.Cause, why string, children []*running) error {
	key := cause.Key()
	causeID, err := f.cause(ctx, cause, key)
	if err != nil {
		return err
	}
	before, err := f.running(ctx, causeID, key)
	if err != nil {
		return err
	}
	if before.open() { // for a while it explained nothing new
		return f.goOnWide(ctx, before, why, children)
	}
	in, alerts := incident.BeginWide(cause, why, incidentsOf(children), f.policy)
	in.ID = before.next
	wide := &running{in: in, cause: causeID, places: serials{f.row.serial, f.row.serial}}
	if err := f.insertIncident(ctx, wide); err != nil {
		return fmt.Errorf("open incident: %w", err)
	}
	f.incidents[key] = wide
	if err := f.saveIncident(ctx, wide); err != nil { // for those that follow in this batch
		return err
	}
	if err := f.adopt(ctx, wide, why, children); err != nil {
		return err
	}
	for _, a := range alerts {
		if err := f.alert(ctx, wide, a); err != nil {
			return err
		}
	}
	return nil
}

// goOnWide has an incident that explained others before explain these, and tells
// so where it was quiet.
func (f *feeding) goOnWide(ctx context.Context, wide *running, why string, children []*running) error {
	if err := f.adopt(ctx, wide, why, children); err != nil {
		return err
	}
	in, alerts := wide.in.GoesOn(why, children[len(children)-1].in.LastAt, f.policy)
	wide.in = in
	for _, a := range alerts {
		if err := f.alert(ctx, wide, a); err != nil {
			return err
		}
	}
	return f.saveIncident(ctx, wide)
}

// adopt has wide explain children, of which nobody is told by itself from now on.
func (f *feeding) adopt(ctx context.Context, wide *running, why string, children []*running) error {
	for _, one := range children {
		one.in.Parent = wide.in.ID
		if err := f.withdraw(ctx, one); err != nil {
			return err
		}
		what := fmt.Sprintf("explained by incident %d: %s", wide.in.ID, why)
		if err := f.event(ctx, one.in.ID, history.Event{At: one.in.LastAt, What: what}); err != nil {
			return err
		}
		if err := f.saveIncident(ctx, one); err != nil {
			return err
		}
	}
	wide.dirty = true
	return nil
}

// withdraw takes back what waits to be told of r's incident, and was not tried
// yet, now that another explains it: that one is told in its place. The caller
// saves r.
func (t *tx) withdraw(ctx context.Context, r *running) error {
	n, err := t.changed(ctx, `
		DELETE FROM deliveries
		WHERE state = ?2
		  AND attempts = 0
		  AND alert_id IN (SELECT id FROM alerts WHERE incident_id = ?1 AND kind NOT IN (?3, ?4, ?5))`,
		r.in.ID, int(history.Waiting), int(incident.Taken), int(incident.Over), int(incident.Late))
	if err != nil {
		return fmt.Errorf("take back what waits of incident %d: %w", r.in.ID, err)
	}
	if n > 0 {
		r.in = r.in.Withhold(r.in.Explained())
	}
	return nil
}

// list reads incidents in full.
func (t *tx) list(ctx context.Context, where string, args ...any) ([]*running, error) {
	return listed(ctx, t, where, args...)
}

func listed(ctx context.Context, q querier, where string, args ...any) (all []*running, err error) {
	rows, err := q.QueryContext(ctx, selectIncident+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var scan incidentScan
	for rows.Next() {
		r := &running{}
		if err := scan.read(rows, r); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}

// shown reads incidents as people see them, with room for so many at first.
func shown(ctx context.Context, q querier, room int, where string, args ...any) ([]incident.Incident, error) {
	rows, err := q.QueryContext(ctx, selectIncident+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := make([]incident.Incident, 0, room)
	var scan incidentScan
	for r := new(running); rows.Next(); *r = (running{}) {
		if err := scan.read(rows, r); err != nil {
			return nil, err
		}
		all = append(all, r.in)
	}
	return all, rows.Err()
}

// children are the incidents that the one with that number explains.
func (t *tx) children(ctx context.Context, id int64) ([]*running, error) {
	return t.list(ctx, `
		WHERE i.parent = ?1
		  AND i.parent <> 0
		ORDER BY i.id`, id)
}

func incidentsOf(all []*running) []incident.Incident {
	list := make([]incident.Incident, len(all))
	for i, r := range all {
		list[i] = r.in
	}
	return list
}

// lookAgain has people told of what an incident explained that is over, where it
// goes on.
func (t *tx) lookAgain(ctx context.Context, id int64, now time.Time) error {
	children, err := t.children(ctx, id)
	if err != nil {
		return err
	}
	for _, one := range children {
		one.in = one.in.LookAgain(now)
		if err := t.saveIncident(ctx, one); err != nil {
			return err
		}
	}
	return nil
}
