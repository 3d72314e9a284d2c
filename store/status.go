package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Incidents is one page of incidents, newest first, or the most urgent ones.
func (l *Ledger) Incidents(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	limit := q.Limit
	if limit <= 0 {
		limit = history.DefaultLimit
	}
	limit = min(limit, history.MaxLimit)
	var page history.IncidentPage
	err := l.inView(ctx, func(v *sql.Tx) error {
		var err error
		if page.Incidents, err = incidents(ctx, v, q, limit+1); err != nil {
			return err
		}
		if len(page.Incidents) > limit {
			page.Incidents = page.Incidents[:limit]
			if !q.Urgent {
				page.Older = page.Incidents[limit-1].ID
			}
		}
		if q.Uncounted {
			return nil
		}
		return v.QueryRowContext(ctx, `
			SELECT COUNT(*) FILTER (WHERE state = 1), COUNT(*) FILTER (WHERE state = 2),
			  COALESCE(SUM(callers) FILTER (WHERE state = 1 AND cause_id NOT IN (SELECT id FROM causes WHERE kind IN (6, 7))), 0)
			FROM incidents
			WHERE state IN (1, 2)`).Scan(&page.Open, &page.Quiet, &page.Callers)
	})
	if err != nil {
		return history.IncidentPage{}, fmt.Errorf("list incidents: %w", err)
	}
	return page, nil
}

func incidents(ctx context.Context, v *sql.Tx, q history.IncidentQuery, limit int) (all []incident.Incident, err error) {
	before := q.Before
	if before <= 0 {
		before = 1 << 62
	}
	which, args := `
			WHERE i.id < ?1`, []any{before, limit}
	if q.State != 0 {
		which, args = which+" AND i.state = ?3", append(args, int(q.State))
	}
	if q.Muted {
		which += ` AND json_extract(i.watch, '$.MutedBy') IS NOT NULL`
	}
	if q.Host != "" {
		args = append(args, q.Host)
		which += fmt.Sprintf(" AND i.host IN (?%[1]d, 'www.' || ?%[1]d)", len(args))
	}
	where, order := which, `
			ORDER BY i.id DESC
			LIMIT ?2`
	if q.Urgent { // only the first are read in full
		order = `
			ORDER BY ` + byUrgency
		where = `
			WHERE i.id IN (
			  SELECT i.id
			  FROM incidents AS i` + which + order + `
			  LIMIT ?2)`
	}
	room := min(limit, history.DefaultLimit+1)
	if q.Muted { // mostly none
		room = 0
	}
	return shown(ctx, v, room, where+order, args...)
}

const byUrgency = `EXISTS (SELECT 1 FROM incidents AS p WHERE p.id = i.parent AND p.state IN (1, 2)),
			  i.acknowledged_at IS NOT NULL, COALESCE(json_extract(i.watch, '$.Urgency'), 0) DESC, i.callers DESC, i.id DESC`

// chartBars is how many bars an incident's chart has at most.
const chartBars = 60

// Incident is all that is known of one incident besides its failures, or
// history.ErrNotFound.
func (l *Ledger) Incident(ctx context.Context, id int64) (history.IncidentDetail, error) {
	var d history.IncidentDetail
	err := l.inView(ctx, func(v *sql.Tx) (err error) {
		r, err := loadRunning(ctx, v, id)
		if err != nil {
			return err
		}
		d.Incident, d.Erased = r.in, r.erased
		if d.Next, err = integer(ctx, v, `
			SELECT MIN(id)
			FROM incidents
			WHERE cause_id = ?1
			  AND id > ?2`, r.cause, id); err != nil {
			return err
		}
		if d.Events, d.EventsLeft, err = events(ctx, v, id); err != nil {
			return err
		}
		if d.Deliveries, err = deliveriesOf(ctx, v, id, incident.ID{}); err != nil {
			return err
		}
		if err := l.hold(ctx, v, d.Deliveries); err != nil {
			return err
		}
		if d.NotSent, err = integer(ctx, v, `
			SELECT COUNT(DISTINCT a.id)
			FROM alerts AS a
			JOIN deliveries AS d ON d.alert_id = a.id
			WHERE a.incident_id = ?1
			  AND d.state = 4
			  AND d.digest = FALSE -- a digest names each
			  AND a.kind <> ?2`, id, int(incident.Taken)); err != nil {
			return err
		}
		if d.Codes, err = codesOf(ctx, v, id); err != nil {
			return err
		}
		if d.Replays, err = replaysOf(ctx, v, id); err != nil {
			return err
		}
		if err := family(ctx, v, &d); err != nil {
			return err
		}
		d.Chart, err = histogram(ctx, v, history.Query{Incident: id}, chartBars, l.now())
		return err
	})
	if err != nil {
		return history.IncidentDetail{}, fmt.Errorf("incident %d: %w", id, err)
	}
	return d, nil
}

// family adds what explains the incident, and what it explains.
func family(ctx context.Context, v *sql.Tx, d *history.IncidentDetail) error {
	if d.Parent != 0 {
		parents, err := shown(ctx, v, 1, `
			WHERE i.id = ?1`, d.Parent)
		if err != nil {
			return err
		}
		if len(parents) > 0 {
			d.ExplainedBy = &parents[0]
		}
	}
	var err error
	d.Explains, err = shown(ctx, v, history.MostExplained, `
		WHERE i.id IN (
		  SELECT id
		  FROM incidents
		  WHERE parent = ?1
		    AND parent <> 0
		  ORDER BY state IN (1, 2) DESC, callers DESC, id
		  LIMIT ?2)
		ORDER BY i.state IN (1, 2) DESC, i.callers DESC, i.id`, d.ID, history.MostExplained)
	if err != nil {
		return err
	}
	if d.ExplainsAll = int64(len(d.Explains)); d.ExplainsAll == history.MostExplained {
		d.ExplainsAll, err = integer(ctx, v, `
			SELECT COUNT(*)
			FROM incidents
			WHERE parent = ?1
			  AND parent <> 0`, d.ID)
	}
	return err
}

// events are the first thing that happened to an incident and the newest, for one that
// goes on for weeks has hundreds.
func events(ctx context.Context, v *sql.Tx, id int64) (all []history.Event, left int64, err error) {
	newest, err := eventsOf(ctx, v, newestEvents, id, history.MostEvents)
	if err != nil {
		return nil, 0, err
	}
	if slices.Reverse(newest); len(newest) < history.MostEvents {
		return newest, 0, nil
	}
	there, err := integer(ctx, v, `
		SELECT COUNT(*)
		FROM events
		WHERE incident_id = ?1`, id)
	if err != nil || there == history.MostEvents {
		return newest, 0, err
	}
	first, err := eventsOf(ctx, v, oldestEvents, id, 1)
	return append(first, newest[1:]...), there - history.MostEvents, err
}

const (
	selectEvents = `
		SELECT at, by_whom, what
		FROM events
		WHERE incident_id = ?1
		ORDER BY id `
	newestEvents = selectEvents + `DESC LIMIT ?2`
	oldestEvents = selectEvents + `ASC LIMIT ?2`
)

func eventsOf(ctx context.Context, v *sql.Tx, query string, id int64, most int) (all []history.Event, err error) {
	rows, err := v.QueryContext(ctx, query, id, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var e history.Event
		if err := rows.Scan((*timeColumn)(&e.At), &e.By, &e.What); err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, rows.Err()
}

// Notifiers says how every configured notifier does, in order of their names.
func (l *Ledger) Notifiers(ctx context.Context) ([]history.NotifierStatus, error) {
	var all []history.NotifierStatus
	err := l.inView(ctx, func(v *sql.Tx) error {
		for _, n := range l.policy.Load().Notifiers {
			s, err := l.notifierStatus(ctx, v, n.Name)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("status of notifiers: %w", err)
	}
	slices.SortFunc(all, func(a, b history.NotifierStatus) int { return cmp.Compare(a.Name, b.Name) })
	return all, nil
}

func (l *Ledger) notifierStatus(ctx context.Context, v *sql.Tx, name string) (history.NotifierStatus, error) {
	s := history.NotifierStatus{Name: name}
	err := v.QueryRowContext(ctx, `
		SELECT succeeded_at, failed_at, last_error
		FROM notifiers
		WHERE name = ?1`, name).Scan((*timeColumn)(&s.LastSuccess), (*timeColumn)(&s.LastFailure), &s.LastError)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return s, err
	}
	if s.Waiting, err = integer(ctx, v, `
		SELECT COUNT(*)
		FROM deliveries
		WHERE notifier = ?1
		  AND state IN (1, 2)`, name); err != nil {
		return s, err
	}
	if s.Waiting > 0 && s.Waiting <= maxDeliveries { // of more, the oldest would not tell it
		var ok bool
		if _, s.NextAt, ok, err = l.turnOf(v, name, l.now()).next(ctx, maxDeliveries); ok {
			s.NextAt = time.Time{}
		}
		if err != nil {
			return s, err
		}
	}
	s.Dead, err = integer(ctx, v, `
		SELECT COUNT(*)
		FROM deliveries
		WHERE notifier = ?1
		  AND state = 5`, name)
	return s, err
}

// Drill says how far the newest drill with that SID has come.
func (l *Ledger) Drill(ctx context.Context, sid string) (history.DrillReport, error) {
	report := history.DrillReport{SID: sid}
	err := l.inView(ctx, func(v *sql.Tx) error {
		s, err := newSearch(ctx, v, history.Query{SID: sid, Drills: true, Limit: history.MaxLimit})
		if err != nil || s.empty || sid == "" {
			return err
		}
		found, err := s.serials(ctx)
		if err != nil {
			return err
		}
		rows, err := loadRows(ctx, v, found)
		if err != nil {
			return err
		}
		at := slices.IndexFunc(rows, func(r history.Row) bool { return r.Drill })
		if at < 0 {
			return nil
		}
		report.Found, report.FailureID, report.ReceivedAt = true, rows[at].ID, rows[at].ReceivedAt
		report.Outcome = rows[at].Outcome
		report.Deliveries, err = deliveriesOf(ctx, v, 0, rows[at].ID)
		return err
	})
	if err != nil {
		return history.DrillReport{}, fmt.Errorf("drill %s: %w", sid, err)
	}
	return report, nil
}
