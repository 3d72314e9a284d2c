package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Failures is one page of the history, newest first. It costs the rows of the
// page and one look-up for each combination of cause, channel and code that
// the filters allow, or for each 65,536 failures where a number or SID is
// looked for: never a scan.
func (l *Ledger) Failures(ctx context.Context, q history.Query) (history.Page, error) {
	var page history.Page
	err := l.inView(ctx, func(v *sql.Tx) error {
		s, err := newSearch(ctx, v, q)
		if err != nil {
			return err
		}
		page, err = s.failures(ctx)
		return err
	})
	if err != nil {
		return history.Page{}, fmt.Errorf("search failures: %w", err)
	}
	return page, nil
}

func (s *search) failures(ctx context.Context) (history.Page, error) {
	if s.empty {
		return history.Page{}, nil
	}
	found, err := s.serials(ctx)
	if err != nil {
		return history.Page{}, err
	}
	page, err := s.page(ctx, found)
	if errors.Is(err, errOtherTime) {
		s.strict = true
		return s.failures(ctx)
	}
	return page, err
}

// errOtherTime says that among what was found is something of another time: it came so
// late, or under so wrong a clock, that it lies among what was asked for.
var errOtherTime = errors.New("of another time")

// inView runs do on one unchanging view of the ledger.
func (l *Ledger) inView(ctx context.Context, do func(*sql.Tx) error) error {
	v, err := l.read.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return classify(err)
	}
	err = do(v)
	return classify(errors.Join(err, ignoreDone(v.Rollback())))
}

// search is a query on its way: bounds in serial numbers and time, and the
// origins that its filters allow.
type search struct {
	view    *sql.Tx
	query   history.Query
	limit   int
	newer   bool // oldest first, from query.After on
	within  serials
	since   []byte // what ids of that time begin with: nothing less is asked for
	until   []byte // likewise: nothing that begins so, or with more
	origins []int64
	narrow  bool // only those origins; else all but them
	sid     any
	number  any
	empty   bool  // nothing can match
	strict  bool  // times are checked in every row, not only in those of the page
	stopped int64 // as far as it was looked, where that was not all; 0 else
}

func newSearch(ctx context.Context, v *sql.Tx, q history.Query) (*search, error) {
	s := &search{view: v, query: q, limit: q.Limit, newer: q.After > 0}
	if s.limit <= 0 {
		s.limit = history.DefaultLimit
	}
	s.limit = min(s.limit, history.MaxLimit)
	since, until := s.times()
	s.since, s.until = idFrom(since)[:timeBytes], idFrom(until)[:timeBytes]
	for _, step := range []func(context.Context) error{s.bound, s.boundByIncident, s.findOrigins, s.findNumber} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	s.sid = packSID(q.SID)
	s.empty = s.empty || s.within.first > s.within.last || (s.narrow && len(s.origins) == 0)
	return s, nil
}

// bound turns times and cursors into serial numbers.
func (s *search) bound(ctx context.Context) error {
	s.within = serials{1, 1 << 62}
	if !s.query.From.IsZero() || !s.query.To.IsZero() {
		if err := s.boundByTime(ctx); err != nil {
			return err
		}
	}
	if s.query.Before > 0 {
		s.within.last = min(s.within.last, int64(s.query.Before)-1)
	}
	if s.query.After > 0 {
		s.within.first = max(s.within.first, int64(s.query.After)+1)
	}
	return nil
}

// boundByIncident narrows the range to where the incident's failures are.
func (s *search) boundByIncident(ctx context.Context) error {
	if s.query.Incident == 0 {
		return nil
	}
	var at serials
	err := s.view.QueryRowContext(ctx, `
		SELECT first_serial, last_serial
		FROM incidents
		WHERE id = ?1`, s.query.Incident).Scan(&at.first, &at.last)
	if errors.Is(err, sql.ErrNoRows) {
		s.empty = true
		return nil
	}
	s.within = serials{max(s.within.first, at.first), min(s.within.last, at.last)}
	return err
}

// findOrigins asks which origins the filters allow. Without filters it asks
// for the drills' instead, which are few, to leave them out.
func (s *search) findOrigins(ctx context.Context) error {
	q := s.query
	s.narrow = q.Channel.Set || q.Code != 0 || q.Host != "" || q.Incident != 0
	if !s.narrow && q.Drills {
		return nil
	}
	rows, err := s.view.QueryContext(ctx, `
		SELECT id
		FROM origins
		WHERE (?1 = -1 OR channel = ?1)
		  AND (?2 = 0 OR code = ?2)
		  AND (?3 = '' OR host IN (?3, 'www.' || ?3))
		  AND (?4 = 0 OR cause_id = (SELECT cause_id FROM incidents WHERE id = ?4))
		  AND (?5 OR drill = ?6)`,
		channelOf(q), q.Code, q.Host, q.Incident, q.Drills, !s.narrow)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return err
		}
		s.origins = append(s.origins, id)
	}
	return rows.Err()
}

func channelOf(q history.Query) int {
	if !q.Channel.Set {
		return -1
	}
	return int(q.Channel.Is)
}

// findNumber turns the number to look for into what rows hold.
func (s *search) findNumber(ctx context.Context) error {
	if s.query.Number == "" {
		return nil
	}
	if n, ok := number(s.query.Number); ok {
		s.number = n
		return nil
	}
	id, _, err := lookUpText(ctx, s.view, textKey{addressText, s.query.Number})
	if errors.Is(err, sql.ErrNoRows) {
		s.empty = true
		return nil
	}
	s.number = -id
	return err
}

// originsJSON hands the origins to a statement as one value.
func (s *search) originsJSON() string {
	if s.origins == nil {
		return "[]"
	}
	text, _ := json.Marshal(s.origins) // numbers always can be
	return string(text)
}

// page loads the rows found, one of which may be beyond the page.
func (s *search) page(ctx context.Context, found []int64) (history.Page, error) {
	more := len(found) > s.limit
	slices.SortFunc(found, func(a, b int64) int { return cmp.Compare(b, a) })
	rows, err := loadRows(ctx, s.view, found)
	if err != nil {
		return history.Page{}, err
	}
	if !s.strict && slices.ContainsFunc(rows, s.ofAnotherTime) {
		return history.Page{}, errOtherTime
	}
	if more && s.newer {
		rows = rows[max(0, len(rows)-s.limit):]
	} else if more {
		rows = rows[:min(len(rows), s.limit)]
	}
	page := history.Page{Rows: rows, Further: s.stopped != 0 && !more}
	if page.Further {
		return s.further(page), nil
	}
	if len(rows) == 0 {
		if s.query.Before > 0 {
			page.Newer = s.query.Before - 1
		}
		if s.query.After > 0 {
			page.Older = s.query.After + 1
		}
		return page, nil
	}
	newest, oldest := history.Cursor(rows[0].Serial), history.Cursor(rows[len(rows)-1].Serial)
	if s.newer || more {
		page.Older = oldest
	}
	if (s.newer && more) || s.query.Before > 0 {
		page.Newer = newest
	}
	return page, nil
}

// further is a page that may have rows beyond those that were looked at.
func (s *search) further(page history.Page) history.Page {
	at := history.Cursor(s.stopped)
	if s.newer {
		page.Newer, page.Older = at, s.query.After+1
		return page
	}
	if page.Older = at; s.query.Before > 0 {
		page.Newer = s.query.Before - 1
	}
	return page
}

// Failure is all that is known of one failure, or history.ErrNotFound. The id of
// a retry, which another process answered, is as good as that of the failure.
func (l *Ledger) Failure(ctx context.Context, id incident.ID) (history.Detail, error) {
	var d history.Detail
	err := l.inView(ctx, func(v *sql.Tx) error {
		var err error
		if d, err = l.kept(ctx, v, id); err != nil {
			return err
		}
		if d.Deliveries, err = deliveriesOf(ctx, v, d.Incident, d.ID); err != nil {
			return err
		}
		if err := l.hold(ctx, v, d.Deliveries); err != nil {
			return err
		}
		if d.FollowUps, err = followUpsOf(ctx, v, d.ID); err != nil {
			return err
		}
		if d.Recordings, err = recordingsOf(ctx, v, d.ID); err != nil {
			return err
		}
		if d.Replay, err = replayOf(ctx, v, d.ID); err != nil {
			return err
		}
		d.Reveals, err = reveals(ctx, v, d.ID)
		return err
	})
	if err != nil {
		return history.Detail{}, fmt.Errorf("failure %s: %w", id, err)
	}
	return d, nil
}
