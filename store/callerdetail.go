package store

import (
	"context"
	"encoding/json"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// describe completes the rows of the page: who they are, what they wrote and
// what they left.
func (c *callerList) describe(ctx context.Context) error {
	if len(c.people) == 0 {
		return nil
	}
	newest, messages, left := map[int64]*caller{}, map[int64]*caller{}, map[int64]*caller{}
	for _, one := range c.people {
		newest[one.Serial] = one
		if one.message != 0 {
			messages[one.message] = one
		}
		for _, serial := range one.failures {
			left[serial] = one
		}
	}
	for _, step := range []func() error{
		func() error { return c.addresses(ctx, newest) },
		func() error { return c.wrote(ctx, messages) },
		func() error { return c.left(ctx, left) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	c.page.Rows = make([]history.CallerRow, len(c.people))
	for i, one := range c.people {
		c.page.Rows[i] = one.CallerRow
	}
	return nil
}

// numbersOf are the failures to be read, as statements take them.
func numbersOf(failures map[int64]*caller) (string, error) {
	numbers := make([]int64, 0, len(failures))
	for serial := range failures {
		numbers = append(numbers, serial)
	}
	text, err := json.Marshal(numbers)
	return string(text), err
}

const selectParties = `
		SELECT f.serial, ` + weCalled + `, COALESCE(f.incident_id, 0), o.channel, a.name, f.from_number, sender.text, f.to_number, recipient.text
		FROM json_each(?1) AS wanted
		CROSS JOIN failures AS f ON f.serial = wanted.value
		JOIN origins AS o ON o.id = f.origin_id
		JOIN answers AS a ON a.id = f.answer_id
		LEFT JOIN texts AS sender ON sender.id = -f.from_number
		LEFT JOIN texts AS recipient ON recipient.id = -f.to_number`

// addresses adds, by their newest failures, who they are and what they tried to
// reach.
func (c *callerList) addresses(ctx context.Context, failures map[int64]*caller) error {
	numbers, err := numbersOf(failures)
	if err != nil {
		return err
	}
	rows, err := c.view.QueryContext(ctx, selectParties, numbers)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var r rowScan
		var weCalled bool
		var name string
		if err := rows.Scan(&r.Serial, &weCalled, &r.Incident, &r.Channel, &name, &r.from, &r.fromText, &r.to, &r.toText); err != nil {
			return err
		}
		one := failures[r.Serial]
		one.Incident, one.Channel, one.Name = r.Incident, r.Channel, name
		one.Person, one.Line = addressOf(r.from, r.fromText), addressOf(r.to, r.toText)
		if weCalled {
			one.Person, one.Line = one.Line, one.Person
		}
	}
	return rows.Err()
}

const selectParams = rowColumns + paramColumns + `
		FROM json_each(?1) AS wanted
		CROSS JOIN failures AS f ON f.serial = wanted.value` + rowJoins

// wrote adds what stood in their newest messages.
func (c *callerList) wrote(ctx context.Context, failures map[int64]*caller) error {
	numbers, err := numbersOf(failures)
	if err != nil || len(failures) == 0 {
		return err
	}
	rows, err := c.view.QueryContext(ctx, selectParams, numbers)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		d, err := scanDetail(rows, c.ledger)
		if err != nil {
			return err
		}
		failures[d.Serial].Wrote = incident.Failure{Params: d.Params}.Param("Body")
	}
	return rows.Err()
}

const selectRecordings = `
		SELECT f.serial, f.id, r.sid, r.account, r.at, r.seconds, r.transcript
		FROM json_each(?1) AS wanted
		CROSS JOIN failures AS f ON f.serial = wanted.value
		CROSS JOIN recordings AS r ON r.failure_id = f.id
		ORDER BY r.at, r.sid`

// left adds the recordings that they left.
func (c *callerList) left(ctx context.Context, failures map[int64]*caller) error {
	numbers, err := numbersOf(failures)
	if err != nil {
		return err
	}
	rows, err := c.view.QueryContext(ctx, selectRecordings, numbers)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var serial int64
		var r history.Recording
		if err := rows.Scan(&serial, (*idColumn)(&r.Failure), &r.SID, &r.AccountSID, (*timeColumn)(&r.At), &r.Seconds, &r.Transcript); err != nil {
			return err
		}
		failures[serial].Recordings = append(failures[serial].Recordings, r)
	}
	return rows.Err()
}
