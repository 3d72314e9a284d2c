package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Who is the person and who the line of a failure f with its answer a.
const (
	weCalled     = `COALESCE(f.outbound, a.situation = 4)`
	personColumn = `CASE WHEN ` + weCalled + ` THEN f.to_number ELSE f.from_number END`
	lineColumn   = `COALESCE(CASE WHEN ` + weCalled + ` THEN f.from_number ELSE f.to_number END, 0)`
)

// selectAttempts are the failures with these serial numbers as attempts of
// people.
const selectAttempts = `
		SELECT w.serial, w.id, w.sid, w.person, word.text, w.line, w.erased, w.channel, w.outcome
		FROM (
		  SELECT f.serial, f.id, f.sid, ` + personColumn + ` AS person, ` + lineColumn + ` AS line,
		    f.params IS NULL AS erased, o.channel, COALESCE(f.outcome, a.outcome) AS outcome
		  FROM json_each(?1) AS wanted
		  CROSS JOIN failures AS f ON f.serial = wanted.value
		  JOIN origins AS o ON o.id = f.origin_id
		  JOIN answers AS a ON a.id = f.answer_id) AS w
		LEFT JOIN texts AS word ON word.id = -w.person`

// Callers is one page of the people to call back: those whom the failures hit
// that the query finds, the newest 20,000 of them, drills left out. now is what
// the query's week counts back from. It costs those failures, and a look-up for
// each person.
func (l *Ledger) Callers(ctx context.Context, q history.CallerQuery, now time.Time) (history.CallerPage, error) {
	var page history.CallerPage
	err := l.inView(ctx, func(v *sql.Tx) error {
		c := &callerList{ledger: l, view: v, query: q}
		if err := c.gather(ctx, now); err != nil {
			return err
		}
		if err := c.choose(ctx); err != nil {
			return err
		}
		if err := c.describe(ctx); err != nil {
			return err
		}
		var err error
		page = c.page
		page.Reveals, err = callerReveals(ctx, v)
		return err
	})
	if err != nil {
		return history.CallerPage{}, fmt.Errorf("list callers: %w", err)
	}
	return page, nil
}

// callerList is a list of callers on its way.
type callerList struct {
	ledger *Ledger
	view   *sql.Tx
	query  history.CallerQuery
	people []*caller
	page   history.CallerPage
}

// caller is a row with what is needed to complete it.
type caller struct {
	history.CallerRow
	party
	failures []int64 // serial numbers
	message  int64   // that of the newest message
}

// attempt is one row of selectAttempts.
type attempt struct {
	serial  int64
	id      incident.ID
	sid     any
	person  sql.NullInt64
	word    sql.NullString
	line    int64
	erased  bool
	channel incident.Channel
	outcome incident.Outcome
}

// gather finds the failures, as the history does, and puts those of one person
// and line together.
func (c *callerList) gather(ctx context.Context, now time.Time) error {
	from, to := c.query.Window(now)
	s, err := newSearch(ctx, c.view, history.Query{From: from, To: to, Incident: c.query.Incident})
	if err != nil || s.empty {
		return err
	}
	s.limit = history.MaxCallers
	found, err := s.serials(ctx)
	if err != nil {
		return err
	}
	cut := len(found) > s.limit
	found = found[:min(len(found), s.limit)]
	wanted, err := json.Marshal(found)
	if err != nil {
		return err
	}
	rows, err := c.view.QueryContext(ctx, selectAttempts, string(wanted))
	if err != nil {
		return err
	}
	defer rows.Close()
	g := gathering{list: c, people: map[callerKey]*caller{}, tries: map[tryKey]bool{}}
	for rows.Next() {
		var a attempt
		if err := rows.Scan(&a.serial, (*idColumn)(&a.id), &a.sid, &a.person, &a.word, &a.line, &a.erased, &a.channel, &a.outcome); err != nil {
			return err
		}
		g.add(a)
	}
	if cut {
		c.page.Cut = g.oldest
	}
	return rows.Err()
}

// gathering puts attempts together.
type gathering struct {
	list   *callerList
	people map[callerKey]*caller
	tries  map[tryKey]bool
	oldest time.Time
}

// callerKey is a person and a line, or the call of somebody without a number.
type callerKey struct {
	party
	withheld string
}

// tryKey is an attempt: a call that failed again is one.
type tryKey struct {
	party
	sid string
}

func (g *gathering) add(a attempt) {
	if at := timeOf(a.id); g.oldest.IsZero() || at.Before(g.oldest) {
		g.oldest = at
	}
	if a.erased {
		g.list.page.Erased++
		return
	}
	key := callerKey{party: party{a.person.Int64, a.line}}
	sid := unpackSID(a.sid)
	withheld := !a.person.Valid || incident.Withheld(addressOf(a.person, a.word))
	if withheld {
		key = callerKey{withheld: "sid:" + sid}
	}
	one := g.people[key]
	if one == nil {
		one = &caller{party: key.party}
		one.Outcome, one.FirstAt = a.outcome, timeOf(a.id)
		g.people[key] = one
		g.list.people = append(g.list.people, one)
	}
	one.add(a)
	if try := (tryKey{key.party, sid}); sid == "" || !g.tries[try] {
		g.tries[try] = true
		one.count(a.channel)
	}
}

func (c *caller) add(a attempt) {
	at := timeOf(a.id)
	if at.Before(c.FirstAt) {
		c.FirstAt = at
	}
	if at.After(c.LastAt) {
		c.LastAt = at
	}
	c.Outcome = c.Outcome.Better(a.outcome)
	c.failures = append(c.failures, a.serial)
	if a.serial > c.Serial {
		c.Serial, c.Newest = a.serial, a.id
	}
	if a.channel == incident.Messaging {
		c.message = max(c.message, a.serial)
	}
}

func (c *caller) count(channel incident.Channel) {
	switch channel {
	case incident.Voice:
		c.Calls++
	case incident.Messaging:
		c.Messages++
	case incident.Unknown:
		c.Others++
	}
}

// choose keeps those whom the query wants, in order, and of them the page.
func (c *callerList) choose(ctx context.Context) error {
	if err := c.noted(ctx); err != nil {
		return err
	}
	c.people = slices.DeleteFunc(c.people, func(one *caller) bool {
		wanted := c.query.Wants(one.State(), one.Outcome)
		if wanted && one.person == 0 {
			c.page.Withheld++
		}
		return !wanted || one.person == 0
	})
	c.page.Total = len(c.people)
	slices.SortFunc(c.people, func(a, b *caller) int { return history.CompareCallers(a.Cursor(), b.Cursor()) })
	if before := c.query.Before; before != 0 {
		c.people = slices.DeleteFunc(c.people, func(one *caller) bool { return history.CompareCallers(one.Cursor(), before) <= 0 })
	}
	if limit := min(cmp.Or(c.query.Limit, history.DefaultCallers), history.MaxCallers); len(c.people) > limit {
		c.people = c.people[:limit]
		c.page.Older = c.people[limit-1].Cursor()
	}
	return nil
}

// noted adds what people have noted.
func (c *callerList) noted(ctx context.Context) error {
	people := make(map[party]*caller, len(c.people))
	wanted := make([]int64, 0, len(c.people))
	for _, one := range c.people {
		if one.person != 0 {
			people[one.party] = one
			wanted = append(wanted, one.person)
		}
	}
	slices.Sort(wanted)
	numbers, err := json.Marshal(slices.Compact(wanted))
	if err != nil {
		return err
	}
	rows, err := c.view.QueryContext(ctx, selectCallbacks, string(numbers))
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var who party
		var b history.Callback
		if err := rows.Scan(&who.person, &who.line, &b.State, &b.Note, &b.By, (*timeColumn)(&b.At), &b.ClaimedBy, (*timeColumn)(&b.ClaimedAt)); err != nil {
			return err
		}
		if one := people[who]; one != nil {
			one.Callback = b
		}
	}
	return rows.Err()
}

const selectCallbacks = `
		SELECT b.person, b.line, b.state, b.note, b.by_whom, b.at, b.claimed_by, b.claimed_at
		FROM json_each(?1) AS wanted
		CROSS JOIN callbacks AS b ON b.person = wanted.value`
