package store

import (
	"database/sql"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Who is the person and who the line of a failure f with its answer a.
const (
	weCalled     = `COALESCE(f.outbound, a.situation = 4)`
	personColumn = `CASE WHEN ` + weCalled + ` THEN f.to_number ELSE f.from_number END`
	lineColumn   = `COALESCE(CASE WHEN ` + weCalled + ` THEN f.from_number ELSE f.to_number END, 0)`
)

// selectTries are the failures with these serial numbers as tries of
// people.
const selectTries = `
		SELECT w.serial, w.id, w.sid, w.person, word.text, w.line, w.erased, w.channel, w.outcome
		FROM (
		  SELECT f.serial, f.id, f.sid, ` + personColumn + ` AS person, ` + lineColumn + ` AS line,
		    f.params IS NULL AS erased, o.channel, COALESCE(f.outcome, a.outcome) AS outcome
		  FROM json_each(?1) AS wanted
		  CROSS JOIN failures AS f ON f.serial = wanted.value
		  JOIN origins AS o ON o.id = f.origin_id
		  JOIN answers AS a ON a.id = f.answer_id) AS w
		LEFT JOIN texts AS word ON word.id = -w.person`

// try is one row of selectTries.
type try struct {
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

// gathering puts tries together.
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

// tryKey is a try: a call that failed again is one.
type tryKey struct {
	party
	sid string
}

func (g *gathering) add(a try) {
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

func (c *caller) add(a try) {
	at := timeOf(a.id)
	if at.Before(c.FirstAt) {
		c.FirstAt = at
	}
	if at.After(c.LastAt) {
		c.LastAt = at
	}
	c.Outcome = c.Outcome.Better(a.outcome)
	c.Asked = c.Asked || a.outcome == incident.CallbackRequested
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
