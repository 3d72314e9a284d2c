package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// PeopleErased says what ErasePeople has erased.
type PeopleErased struct {
	Failures  int64 // of theirs
	Mentions  int64 // of others, in which they were named
	OnLine    int64 // of others, who had tried to reach that number: left as they are
	Callbacks int64 // what was noted about calling them back
	Incidents int64 // whose samples were theirs
	Texts     int64 // alerts, deliveries, notes and the like that named them
	Answers   int64 // that nobody else had got
	// Recordings are those that they left. Their words are erased; Twilio has the
	// rest, and ForgetRecordings is for when it has no more.
	Recordings []history.Recording
	IDs        []incident.ID // of their failures
}

// ErasePeople erases whatever the ledger has of these people, in small
// transactions, so that it may be called while others write; it looks at every
// failure. What only others said on a line whose number is theirs stays. An
// error leaves some of it erased: call it again.
func (l *Ledger) ErasePeople(ctx context.Context, who history.People) (PeopleErased, error) {
	e := erasing{ledger: l, who: who, lines: map[string]bool{}, answers: map[int64]bool{}}
	for _, step := range []func(context.Context) error{e.failures, e.unusedAnswers, e.callbacks, e.incidents, e.texts, e.addresses} {
		if err := step(ctx); err != nil {
			return e.done, fmt.Errorf("erase people: %w", classify(err))
		}
	}
	err := persist(ctx, func() error { return l.emptyWAL(ctx) })
	if err != nil {
		return e.done, fmt.Errorf("erase people: %w", classify(err))
	}
	return e.done, nil
}

// emptyWAL takes a turn, so that nobody of this process is in the way.
func (l *Ledger) emptyWAL(ctx context.Context) error {
	m := <-l.turn
	defer func() { l.turn <- m }()
	if m == nil {
		return sql.ErrConnDone
	}
	return emptyWAL(ctx, l.conn)
}

// erasing is the erasing of some people on its way.
type erasing struct {
	ledger  *Ledger
	who     history.People
	lines   map[string]bool // numbers that are lines, too
	answers map[int64]bool  // what their failures were answered
	done    PeopleErased
}

// change runs do in a transaction, as soon as others let it.
func (e *erasing) change(ctx context.Context, do func(context.Context, *tx) error) error {
	return persist(ctx, func() error { return e.ledger.inTx(ctx, do) })
}

// named are those whom texts name: not those whose number is a line of
// everybody's, which texts name for that.
func (e *erasing) named() history.People {
	return e.who.But(func(digits string) bool { return e.lines[digits] })
}

// personal is a failure that has something of them.
type personal struct {
	incident.Failure
	part             history.Part
	serial, incident int64
	answer           int64
}

const (
	personalAtOnce = 500
	selectPersonal = rowColumns + `, f.answer_id` + paramColumns + `
		FROM failures AS f` + rowJoins + `
		WHERE f.serial > ?1
		  AND f.params IS NOT NULL
		ORDER BY f.serial
		LIMIT ?2`
)

// failures goes through all there are, in the order of their arrival.
func (e *erasing) failures(ctx context.Context) error {
	for after, more := int64(0), true; more; {
		found, last, err := e.some(ctx, after)
		if err != nil {
			return err
		}
		more, after = last > after, max(last, after)
		if len(found) == 0 {
			continue
		}
		if err := e.change(ctx, func(ctx context.Context, t *tx) error { return e.eraseAll(ctx, t, found) }); err != nil {
			return err
		}
		e.count(found)
	}
	return nil
}

func (e *erasing) count(found []personal) {
	for _, f := range found {
		if f.part == history.Theirs {
			e.done.Failures++
			e.answers[f.answer] = true
			e.done.IDs = append(e.done.IDs, f.ID)
		} else {
			e.done.Mentions++
		}
	}
}

// some looks at a few failures.
func (e *erasing) some(ctx context.Context, after int64) (found []personal, last int64, err error) {
	err = e.ledger.inView(ctx, func(v *sql.Tx) error {
		rows, err := v.QueryContext(ctx, selectPersonal, after, personalAtOnce)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			p := personal{}
			d, err := scanDetail(rows, e.ledger, &p.answer)
			if err != nil {
				return err
			}
			last = d.Serial
			p.Failure = incident.RestoreFailure(d.ID, d.ReceivedAt, d.Method, d.Params)
			p.serial, p.incident = d.Serial, d.Incident
			if e.has(&p) {
				found = append(found, p)
			}
		}
		return rows.Err()
	})
	return found, last, err
}

// has says whether something is to be erased of it.
func (e *erasing) has(p *personal) bool {
	var digits string
	switch p.part, digits = e.who.PartIn(p.Failure); p.part {
	case history.Theirs, history.Mentions:
		return true
	case history.TheLine:
		e.lines[digits] = true
		e.done.OnLine++
	case history.NoPart:
	}
	return false
}

func (e *erasing) eraseAll(ctx context.Context, t *tx, found []personal) error {
	for _, f := range found {
		erase := e.eraseTheirs
		if f.part == history.Mentions {
			erase = e.eraseMention
		}
		if err := erase(ctx, t, f); err != nil {
			return fmt.Errorf("failure %s: %w", f.ID, err)
		}
	}
	return nil
}

// eraseTheirs erases a failure of theirs and what came back about it.
func (e *erasing) eraseTheirs(ctx context.Context, t *tx, f personal) error {
	if err := t.run(ctx, `
		UPDATE failures
		SET params = NULL, from_number = NULL, to_number = NULL, url_query = NULL, token = NULL, dropped = TRUE
		WHERE serial = ?1`, f.serial); err != nil {
		return err
	}
	if err := t.silence(ctx, f.answer, []answered{{f.serial, millisOf(f.ID)}}); err != nil {
		return err
	}
	left, err := recordingsOf(ctx, t, f.ID)
	if err != nil {
		return err
	}
	e.done.Recordings = append(e.done.Recordings, left...)
	for _, query := range []string{
		`UPDATE follow_ups SET heard = '' WHERE about = ?1 AND heard <> ''`,
		`UPDATE recordings SET transcript = '' WHERE failure_id = ?1 AND transcript <> ''`,
		`DELETE FROM replays WHERE failure_id = ?1 AND state = 1`, // waiting: there is nothing to send any more
		`UPDATE replays SET answer = '' WHERE failure_id = ?1 AND answer <> ''`,
	} {
		if err := t.run(ctx, query, f.ID[:]); err != nil {
			return err
		}
	}
	return t.run(ctx, `
		DELETE FROM callers
		WHERE incident_id = ?1
		  AND caller = ?2`, f.incident, callerHash(f.CallerKey()))
}

// eraseMention takes their numbers out of what somebody else's failure says.
func (e *erasing) eraseMention(ctx context.Context, t *tx, f personal) error {
	at := f.ReceivedAt
	base, query := splitURL(f.ErrorURL)
	without := base + e.who.Without(query, at)
	for i, p := range f.Params {
		if p.Value == f.ErrorURL {
			f.Params[i].Value = without // its beginning is a text of its own
			continue
		}
		f.Params[i].Name, f.Params[i].Value = e.who.Without(p.Name, at), e.who.Without(p.Value, at)
	}
	f.ErrorURL = without
	packed := t.ledger.packer.Pack(nil, f.Params, knownValues(f.Failure))
	if err := t.run(ctx, `
		UPDATE failures
		SET params = ?2, url_query = CASE WHEN ?3 = '' THEN NULL ELSE ?3 END, dropped = TRUE
		WHERE serial = ?1`, f.serial, packed, without[len(base):]); err != nil {
		return err
	}
	return t.run(ctx, `
		UPDATE recordings
		SET transcript = ?2
		WHERE failure_id = ?1
		  AND transcript <> ''`, f.ID[:], history.Erased)
}

// unusedAnswers removes what only their failures were answered.
func (e *erasing) unusedAnswers(ctx context.Context) error {
	for stretch, more := int64(0), true; more && len(e.answers) > 0; stretch++ {
		err := e.ledger.inView(ctx, func(v *sql.Tx) error {
			used, err := integers(ctx, v, `
				SELECT DISTINCT answer_id
				FROM failures
				WHERE serial >= ?1 << ?2
				  AND serial < (?1 + 1) << ?2`, stretch, stretchBits)
			if err != nil {
				return err
			}
			for _, id := range used {
				delete(e.answers, id)
			}
			last, err := integer(ctx, v, `
				SELECT MAX(serial)
				FROM failures`)
			more = last>>stretchBits > stretch
			return err
		})
		if err != nil {
			return err
		}
	}
	for id := range e.answers {
		if err := e.change(ctx, func(ctx context.Context, t *tx) error { return e.removeAnswer(ctx, t, id) }); err != nil {
			return err
		}
	}
	return nil
}

// removeAnswer removes one, unless somebody got the same meanwhile.
func (e *erasing) removeAnswer(ctx context.Context, t *tx, id int64) error {
	var document int64
	found, err := t.first(ctx, []any{&document}, `
		SELECT document_id
		FROM answers
		WHERE id = ?1
		  AND (heard <> '' OR document_id <> (SELECT id FROM documents WHERE hash = ?2))
		  AND NOT EXISTS (
		    SELECT 1
		    FROM failures
		    WHERE serial > (SELECT MAX(serial) FROM failures) - ?3
		      AND answer_id = ?1)`, id, hashOf(""), int64(1)<<stretchBits)
	if err != nil || !found {
		return err
	}
	clear(t.answers)
	t.answerBytes = 0
	if err := t.run(ctx, `
		DELETE FROM answers
		WHERE id = ?1`, id); err != nil {
		return err
	}
	e.done.Answers++
	return t.run(ctx, `
		DELETE FROM documents
		WHERE id = ?1
		  AND NOT EXISTS (SELECT 1 FROM answers WHERE document_id = ?1)`, document)
}

// ForgetRecordings forgets recordings that Twilio does not have any more.
func (l *Ledger) ForgetRecordings(ctx context.Context, sids ...string) error {
	err := persist(ctx, func() error {
		return l.inTx(ctx, func(ctx context.Context, t *tx) error {
			for _, sid := range sids {
				if err := t.run(ctx, `DELETE FROM recordings WHERE sid = ?1`, sid); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("forget recordings: %w", err)
	}
	return nil
}

// anyTime stands for when nobody noted when.
func anyTime(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
