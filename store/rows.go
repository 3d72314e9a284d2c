package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

const (
	rowColumns = `
		SELECT f.serial, f.id, f.sid, f.from_number, sender.text, f.to_number, recipient.text, url.text, f.url_query,
		  COALESCE(f.incident_id, 0), f.late, o.channel, o.code, o.drill, o.asked_first, c.account, COALESCE(f.outcome, a.outcome), a.step, a.situation, a.name`
	rowJoins = `
		JOIN origins AS o ON o.id = f.origin_id
		JOIN causes AS c ON c.id = o.cause_id
		JOIN answers AS a ON a.id = f.answer_id
		LEFT JOIN texts AS sender ON sender.id = -f.from_number
		LEFT JOIN texts AS recipient ON recipient.id = -f.to_number
		LEFT JOIN texts AS url ON url.id = f.url_id`
	selectRows = rowColumns + `
		FROM json_each(?1) AS wanted
		CROSS JOIN failures AS f ON f.serial = wanted.value` + rowJoins + `
		ORDER BY f.serial DESC`
)

// loadRows reads the rows with these serial numbers, newest first.
func loadRows(ctx context.Context, q querier, numbers []int64) ([]history.Row, error) {
	if len(numbers) == 0 {
		return nil, nil
	}
	wanted, err := json.Marshal(numbers)
	if err != nil {
		return nil, err
	}
	found, err := q.QueryContext(ctx, selectRows, string(wanted))
	if err != nil {
		return nil, err
	}
	defer found.Close()
	rows := make([]history.Row, 0, len(numbers))
	for found.Next() {
		var r rowScan
		if err := found.Scan(r.into()...); err != nil {
			return nil, err
		}
		rows = append(rows, r.row())
	}
	return rows, found.Err()
}

// rowScan takes the columns of selectRows.
type rowScan struct {
	history.Row
	sid              any
	from, to         sql.NullInt64
	fromText, toText sql.NullString
	url, query       sql.NullString
}

func (r *rowScan) into() []any {
	return []any{
		&r.Serial, (*idColumn)(&r.ID), &r.sid, &r.from, &r.fromText, &r.to, &r.toText, &r.url, &r.query,
		&r.Incident, &r.Late, &r.Channel, &r.Code, &r.Drill, &r.AskedFirst, &r.AccountSID, &r.Outcome, &r.Step, &r.Situation, &r.LineName,
	}
}

func (r *rowScan) row() history.Row {
	row := r.Row
	row.ReceivedAt = timeOf(row.ID)
	row.SID = unpackSID(r.sid)
	row.From, row.To = addressOf(r.from, r.fromText), addressOf(r.to, r.toText)
	row.ErrorURL = r.url.String + r.query.String
	return row
}

// paramColumns are the last columns of what scanDetail reads.
const paramColumns = `, o.method, f.params`

// scanDetail reads a failure with its parameters, and nothing else of its details,
// from a row whose columns are rowColumns, more and paramColumns.
func scanDetail(rows *sql.Rows, l *Ledger, more ...any) (d history.Detail, err error) {
	var r rowScan
	var packed []byte
	if err := rows.Scan(slices.Concat(r.into(), more, []any{&d.Method, &packed})...); err != nil {
		return d, err
	}
	d.Row = r.row()
	if err := l.unpack(&d, packed); err != nil {
		return d, fmt.Errorf("failure %s: %w", d.ID, err)
	}
	return d, nil
}

const selectFailure = rowColumns + `, o.method, f.slim, o.itself, f.params, f.took, f.journal_delay, f.ledger_delay,
		  a.languages, a.heard, a.why, d.body, f.token, COALESCE(f.dropped, FALSE),
		  EXISTS (SELECT 1 FROM opt_outs AS s WHERE s.failure_id = f.id)
		FROM failures AS f` + rowJoins + `
		JOIN documents AS d ON d.id = a.document_id
		WHERE f.id = ?1`

// failure reads one failure without its deliveries and reveals.
func (l *Ledger) failure(ctx context.Context, q querier, id incident.ID) (history.Detail, error) {
	var r rowScan
	var d history.Detail
	var packed, document []byte
	var took, journal, ledger int64
	var languages string
	var token any
	err := q.QueryRowContext(ctx, selectFailure, id[:]).Scan(append(r.into(), &d.Method, &d.Slim, &d.Itself, &packed, &took, &journal, &ledger,
		&languages, &d.Answer.Heard, &d.Answer.Why, &document, &token, &d.Dropped, &d.OptOut)...)
	if errors.Is(err, sql.ErrNoRows) {
		return d, history.ErrNotFound
	}
	if err != nil {
		return d, err
	}
	d.Row = r.row()
	d.Token = unpackToken(token)
	d.JournalAt = d.ReceivedAt.Add(time.Duration(journal) * time.Millisecond)
	d.LedgerAt = d.ReceivedAt.Add(time.Duration(ledger) * time.Millisecond)
	d.Answer.Step, d.Answer.Situation, d.Answer.Outcome, d.Answer.Name = d.Step, d.Situation, d.Outcome, d.LineName
	d.Answer.Took = time.Duration(took) * time.Microsecond
	if languages != "" {
		d.Answer.Languages = strings.Split(languages, ",")
	}
	if d.Answer.Document, err = l.documents.DecodeAll(document, nil); err != nil {
		return d, err
	}
	return d, l.unpack(&d, packed)
}

// unpack restores the parameters, unless they were erased.
func (l *Ledger) unpack(d *history.Detail, packed []byte) (err error) {
	if packed == nil {
		d.Erased = true
		return nil
	}
	d.Params, err = l.packer.Unpack(packed, knownValues(incident.Failure{
		AccountSID: d.AccountSID, SID: d.SID, From: d.From, To: d.To, ErrorURL: d.ErrorURL, Code: d.Code,
	}))
	return err
}

// maxDeliveries is how many a page shows.
const maxDeliveries = 100

// deliveriesOf are the newest deliveries about an incident, or, where there is
// none, about a failure: a drill.
func deliveriesOf(ctx context.Context, q querier, incidentID int64, failure incident.ID) ([]history.Delivery, error) {
	where, arg := "a.failure_id = ?1", any(failure[:])
	if incidentID != 0 {
		where, arg = "a.incident_id = ?1", incidentID
	}
	rows, err := q.QueryContext(ctx, selectDeliveries+`
		WHERE `+where+`
		ORDER BY d.id DESC
		LIMIT `+strconv.Itoa(maxDeliveries), arg)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []history.Delivery
	for rows.Next() {
		var d history.Delivery
		if err := rows.Scan(&d.ID, &d.Notifier, &d.Kind, &d.Title, &d.Reason, &d.IncidentID, &d.State,
			(*timeColumn)(&d.CreatedAt), (*timeColumn)(&d.DueAt), (*timeColumn)(&d.SentAt), &d.Attempts, &d.LastError, &d.Detail, &d.Crowded, &d.Urgency); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, rows.Err()
}

const selectDeliveries = `
		SELECT d.id, d.notifier, a.kind, a.title, a.reason, a.incident_id, d.state,
		  d.created_at, MAX(d.due_at, d.retry_at), d.sent_at, d.attempts, d.last_error, d.detail, a.crowded, a.urgency
		FROM alerts AS a
		JOIN deliveries AS d ON d.alert_id = a.id`

func reveals(ctx context.Context, q querier, id incident.ID) (all []history.Reveal, err error) {
	rows, err := q.QueryContext(ctx, `
		SELECT at, by_whom, what
		FROM reveals
		WHERE failure_id = ?1
		ORDER BY id`, id[:])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var r history.Reveal
		if err := rows.Scan((*timeColumn)(&r.At), &r.By, &r.What); err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	return all, rows.Err()
}
