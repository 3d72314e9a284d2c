package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/backstop-project/backstop/incident"
)

// explain finds the incident that explains r's, which has just opened or goes on
// after it was quiet, or opens one where too many servers fail at once. One that
// explains others itself takes in what fails already.
func (f *feeding) explain(ctx context.Context, r *running) error {
	silences, err := f.silences(ctx, r.in.LastAt)
	if err != nil {
		return err
	}
	if _, hushed := f.policy.Kept(r.in, r.in.LastAt, silences, false); hushed {
		return nil // who keeps people from being told of it has explained it
	}
	explaining, err := f.list(ctx, `
		WHERE i.explains
		  AND i.state IN (1, 2)
		ORDER BY i.id DESC
		LIMIT 50`)
	if err != nil {
		return err
	}
	for _, one := range f.newest(explaining) {
		if f.policy.Explains(one.in, r.in) {
			r.in.Parent = one.in.ID
			return nil
		}
	}
	if r.in.Cause.MayExplain() {
		return f.takeIn(ctx, r, silences)
	}
	return f.widen(ctx, r, silences)
}

// around are the incidents that have failed lately, beside r's, and that nothing
// explains yet; nobody means to hear of those that are left out: a window of
// maintenance of five servers is no outage.
func (f *feeding) around(ctx context.Context, r *running, silences []incident.Silence) ([]*running, error) {
	all, err := f.list(ctx, `
		WHERE i.last_at > ?1
		  AND i.parent = 0
		  AND i.state IN (1, 2)
		  AND i.id <> ?2
		ORDER BY c.kind <> 1, i.last_at DESC
		LIMIT 200`, r.in.LastAt.Add(-f.policy.Wide.Within).UnixMilli(), r.in.ID)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(f.newest(all), func(one *running) bool {
		_, hushed := f.policy.Kept(one.in, r.in.LastAt, silences, false)
		return hushed || one.in.Parent != 0
	}), nil
}

// takeIn has r's incident, which explains others, explain those that failed just
// before it: an account's error often comes after what it causes.
func (f *feeding) takeIn(ctx context.Context, r *running, silences []incident.Silence) error {
	around, err := f.around(ctx, r, silences)
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(around, func(one *running) bool { return !f.policy.Explains(r.in, one.in) })
	r.in = r.in.Takes(incidentsOf(others))
	return f.adopt(ctx, r, fmt.Sprintf("error %d of the account", r.in.Cause.Code), others)
}

// widen opens the incident that explains r's and others, where they are enough.
func (f *feeding) widen(ctx context.Context, r *running, silences []incident.Silence) error {
	n, err := integer(ctx, f, `
		SELECT COUNT(*)
		FROM (SELECT 1 FROM incidents WHERE last_at > ?1 AND parent = 0 AND state IN (1, 2) LIMIT ?2)`,
		r.in.LastAt.Add(-f.policy.Wide.Within).UnixMilli(), f.policy.Wide.Count)
	if err != nil || r.in.Cause.Kind != incident.FetchLevel || f.policy.Wide.Count < 2 || n < int64(f.policy.Wide.Count) {
		return err
	}
	around, err := f.around(ctx, r, silences)
	if err != nil {
		return err
	}
	cause, why, ok := f.policy.Widened(incidentsOf(around), r.in)
	if !ok {
		return nil
	}
	children := slices.DeleteFunc(append(around, r), func(one *running) bool {
		return one.in.Cause.Kind != incident.FetchLevel || cause.Account != "" && one.in.Cause.Account != cause.Account
	})
	return f.beginWide(ctx, cause, why, children)
}
