package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

// selfCheck takes the way of a call, from the listener to the ledger and on to
// the notifiers, as far as that can be done without anybody seeing it: by a
// drill that is in no history. Each of its parts is one of the program's.
type selfCheck struct {
	base   string // where this process listens
	key    string // of drills
	pulse  func(context.Context) (id string, err error)
	queues func(context.Context) ([]incident.Queue, error)
	now    func() time.Time
	fed    time.Duration // how long the ledger may take
}

// Bounds of one check: for its answer, which Twilio would wait 15 s for, and
// until the ledger has it, which in a storm is behind.
const (
	checkAnswered = 10 * time.Second
	checkFed      = 25 * time.Second
	checkPoll     = 250 * time.Millisecond
)

// flaw is why a check did not go well. The stage says what is told as one piece
// of news; both are words for people.
type flaw struct{ stage, why string }

// The stages of a check, in their order.
const (
	stageAnswer  = "a call is not answered"
	stageJournal = "failures are not written down"
	stageLedger  = "failures do not reach the history"
	stageOutbox  = "alerts do not get out"
)

// run goes through the stages until one fails; ok means that all went well.
func (c selfCheck) run(ctx context.Context) (f flaw, ok bool) {
	failure, written, err := c.ask(ctx)
	if err != nil {
		return flaw{stageAnswer, err.Error()}, false
	}
	if err := c.arrives(ctx, failure); err != nil {
		if !written {
			return flaw{stageJournal, "the answer came without being written to the journal, and the history does not have it after " + c.fed.String()}, false
		}
		return flaw{stageLedger, err.Error()}, false
	}
	if err := c.moves(ctx); err != nil {
		return flaw{stageOutbox, err.Error()}, false
	}
	return flaw{}, true
}

// ask makes a signed request to this process itself.
func (c selfCheck) ask(ctx context.Context) (failure string, written bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkAnswered)
	defer cancel()
	client := sim.Client{Account: sim.Account{SID: twilio.DrillAccountSID, AuthToken: c.key}}
	request, err := sim.Call{Changes: asDrill(incident.Pulse)}.Request(client.Account, c.base+"/fallback/voice")
	if err != nil {
		return "", false, err
	}
	e := client.Do(ctx, request)
	switch {
	case e.Err != nil:
		return "", false, fmt.Errorf("a request to %s comes to nothing: %w", c.base, e.Err)
	case e.Status != http.StatusOK:
		return "", false, fmt.Errorf("a request to %s is answered %d", c.base, e.Status)
	case !strings.Contains(string(e.Body), "<Response"):
		return "", false, fmt.Errorf("what %s answers is no TwiML", c.base)
	}
	failure, note, _ := strings.Cut(e.Failure(), ";")
	if failure == "" {
		return "", false, errors.New("the answer is the plain apology: the drill key of DATA_DIR is not the one in memory")
	}
	return failure, strings.TrimSpace(note) == "written=yes", nil
}

// asDrill is how a drill says why it is played.
func asDrill(kind incident.DrillKind) sim.Changes {
	return sim.Changes{Add: sim.Params{{Name: incident.DrillParam, Value: kind.String()}}}
}

// arrives waits until the ledger has that drill: what was written to the journal
// was read from there, and what the ledger took can be read.
func (c selfCheck) arrives(ctx context.Context, failure string) error {
	ctx, cancel := context.WithTimeout(ctx, c.fed)
	defer cancel()
	for {
		id, err := c.pulse(ctx)
		if err == nil && id == failure {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("what was written to the journal is not in the ledger after %s", c.fed), err)
		case <-time.After(checkPoll):
		}
	}
}

// moves says whether alerts get out: of one notifier that fails the others tell.
func (c selfCheck) moves(ctx context.Context) error {
	queues, err := c.queues(ctx)
	if err != nil {
		return err
	}
	late, now := 0, c.now()
	for _, q := range queues {
		if !q.Late(now) {
			continue
		}
		if late++; !q.Failing {
			return fmt.Errorf("what waits for %s is not being sent", q.Notifier)
		}
	}
	if late > 0 && late == len(queues) {
		return errors.New("no notifier works: " + queues[0].Notifier + " says: " + queues[0].LastError)
	}
	return nil
}
