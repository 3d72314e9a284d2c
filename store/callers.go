package store

import (
	"context"

	"github.com/backstop-project/backstop/incident"
)

// tried notes a failure of a caller and says how they stand.
func (t *tx) tried(ctx context.Context, id int64, e incident.Entry) (incident.Caller, error) {
	f, outcome := e.Failure, e.Answer.Outcome
	caller, call := callerHash(f.CallerKey()), callerHash(f.SID)
	_, err := t.hot.caller.step(id, caller, call, int64(outcome))
	if err == nil {
		return incident.Caller{New: true, Is: outcome}, nil
	}
	if !exists(err) {
		return incident.Caller{}, err
	}
	return t.again(ctx, id, caller, call, outcome)
}

const insertCaller = `
	INSERT INTO callers (incident_id, caller, call, newest)
	VALUES (?1, ?2, ?3, ?4)`

// again notes what came of a caller who is known.
func (t *tx) again(ctx context.Context, id, caller, call int64, outcome incident.Outcome) (c incident.Caller, err error) {
	a, err := t.tries(ctx, id, caller)
	if err != nil {
		return c, err
	}
	c.Was = a.Best()
	next := a.With(call, outcome)
	c.Is = next.Best()
	if next == a {
		return c, nil
	}
	return c, t.run(ctx, `
		UPDATE callers
		SET before = ?3, earlier = ?4, call = ?5, newest = ?6
		WHERE incident_id = ?1
		  AND caller = ?2`, id, caller, int64(next.Before), next.Earlier, next.Call, int64(next.Newest))
}

func (t *tx) tries(ctx context.Context, id, caller int64) (a incident.Tries, err error) {
	err = t.QueryRowContext(ctx, `
		SELECT before, earlier, call, newest
		FROM callers
		WHERE incident_id = ?1
		  AND caller = ?2`, id, caller).Scan(&a.Before, &a.Earlier, &a.Call, &a.Newest)
	return a, err
}
