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
)

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
	rows, err := c.view.QueryContext(ctx, selectTries, string(wanted))
	if err != nil {
		return err
	}
	defer rows.Close()
	g := gathering{list: c, people: map[callerKey]*caller{}, tries: map[tryKey]bool{}}
	for rows.Next() {
		var a try
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

// choose keeps those whom the query wants, in order, and of them the page.
func (c *callerList) choose(ctx context.Context) error {
	if err := c.noted(ctx); err != nil {
		return err
	}
	c.people = slices.DeleteFunc(c.people, func(one *caller) bool {
		wanted := c.query.Wants(one.CallerRow)
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
