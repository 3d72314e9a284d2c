package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// message fills in all that a notifier needs to tell the turn, as things are
// now.
func (c *claiming) message(ctx context.Context, turn incident.Turn) (incident.Message, error) {
	newest := turn.Newest()
	m := incident.Message{
		Ledger:     c.ledger.id,
		DeliveryID: turn.Head().ID,
		Attempt:    turn.Head().Attempts + 1,
		Now:        c.now,
		QueuedAt:   newest.CreatedAt,
		Alert:      newest.Alert,
	}
	m.Folded = turn.Folded()
	if newest.Alert.Kind == incident.Summary && !turn.Digest {
		return m, c.report(ctx, &m)
	}
	if turn.Digest {
		return m, c.digest(ctx, turn, &m)
	}
	if newest.Alert.IncidentID != 0 {
		return m, c.aboutIncident(ctx, &m)
	}
	if newest.Alert.Kind == incident.DrillAlert {
		return m, c.aboutFailure(ctx, &m)
	}
	return m, nil
}

func (c *claiming) aboutIncident(ctx context.Context, m *incident.Message) error {
	in, err := loadIncident(ctx, c, m.Alert.IncidentID)
	switch {
	case errors.Is(err, history.ErrNotFound): // retention was faster
	case err != nil:
		return err
	default:
		m.Incident = &in
	}
	if err := c.gathered(ctx, m); err != nil {
		return err
	}
	if m.Codes, err = codesOf(ctx, c, m.Alert.IncidentID); err != nil {
		return fmt.Errorf("codes: %w", err)
	}
	err = c.QueryRowContext(ctx, `
		SELECT thread
		FROM threads
		WHERE incident_id = ?1
		  AND notifier = ?2`, m.Alert.IncidentID, c.notifier).Scan(&m.Thread)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("thread: %w", err)
	}
	folded, err := integer(ctx, c, `
		SELECT COUNT(*)
		FROM alerts AS a
		JOIN deliveries AS d ON d.alert_id = a.id
		WHERE a.incident_id = ?1
		  AND d.notifier = ?2
		  AND d.state = 4
		  AND d.digest = FALSE -- a digest names each
		  AND a.kind <> ?3`, m.Alert.IncidentID, c.notifier, int(incident.Taken))
	m.NotSent = int(folded)
	for _, a := range m.Folded {
		if !a.Kind.InPlace() {
			m.NotSent++
		}
	}
	return err
}

// gathered brings an incident that explains others up to date, and names these.
func (c *claiming) gathered(ctx context.Context, m *incident.Message) error {
	if m.Incident == nil || !m.Incident.Cause.MayExplain() {
		return nil
	}
	children, err := c.children(ctx, m.Incident.ID)
	if err != nil {
		return err
	}
	m.Explained = incidentsOf(children)
	if m.Incident.Cause.Wide() {
		in := m.Incident.Gathered(m.Explained)
		m.Incident = &in
		return c.toldOf(ctx, in)
	}
	return nil
}

// toldOf notes how many callers a message is about to tell of: that is no growth
// to be told again.
func (c *claiming) toldOf(ctx context.Context, in incident.Incident) error {
	delete(c.incidents, in.Cause.Key())
	return c.run(ctx, `
		UPDATE incidents
		SET told = MAX(told, ?2)
		WHERE id = ?1`, in.ID, in.Callers)
}

func (c *claiming) aboutFailure(ctx context.Context, m *incident.Message) error {
	detail, err := c.ledger.failure(ctx, c, m.Alert.FailureID)
	if errors.Is(err, history.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	entry := entryOf(detail)
	m.Failure = &entry
	return nil
}

// entryOf makes the entry that a failure was fed as.
func entryOf(d history.Detail) incident.Entry {
	f := incident.RestoreFailure(d.ID, d.ReceivedAt, d.Method, d.Params)
	f.Channel, f.AccountSID, f.SID, f.From, f.To = d.Channel, d.AccountSID, d.SID, d.From, d.To
	f.Code, f.ErrorURL, f.AskedFirst, f.Drill, f.Late = d.Code, d.ErrorURL, d.AskedFirst, d.Drill, d.Late
	return incident.Entry{Failure: f, Answer: d.Answer}
}

// digest names every incident of the turn once, oldest first, with those that it
// explains, and what else is in it.
func (c *claiming) digest(ctx context.Context, turn incident.Turn, m *incident.Message) error {
	var ids []int64
	for _, d := range turn.Deliveries {
		if d.Alert.IncidentID == 0 {
			m.Others = append(m.Others, d.Alert)
		} else {
			ids = append(ids, d.Alert.IncidentID)
		}
	}
	for _, id := range slices.Clone(ids) {
		explained, err := c.children(ctx, id)
		if err != nil {
			return err
		}
		for _, one := range explained {
			ids = append(ids, one.in.ID)
		}
	}
	slices.Sort(ids)
	for _, id := range slices.Compact(ids) {
		in, err := loadIncident(ctx, c, id)
		if errors.Is(err, history.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		m.Digest = append(m.Digest, in)
	}
	return nil
}
