package recovery

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// EnqueueOptions is a step that has callers wait until somebody takes the call
// out of one of the account's queues.
type EnqueueOptions struct {
	Queue   string        // its name
	MaxWait time.Duration // 5 min where zero; then the next step
}

// DefaultMaxWait is how long a caller waits in a queue.
const DefaultMaxWait = 5 * time.Minute

func (r *Recovery) enqueue(q *Request, p *Plan, step *Step, at Place) (served, []string) {
	if ok, why := p.holdable(); !ok {
		return served{}, reason("enqueue", why)
	}
	d := r.draft(q, p, at)
	d.add(twiml.Enqueue{Queue: step.Enqueue.Queue, WaitURL: d.link(ActionWait, at), Action: d.link(ActionLeft, at)})
	return d.answer("enqueue "+step.Enqueue.Queue, incident.OutcomeUnknown)
}

// wait is what is heard in the queue, for one round; after the longest wait the
// caller is taken out.
func (r *Recovery) wait(q *Request, p *Plan, step *Step, at Place) served {
	if q.ReceivedAt.Sub(at.Since) >= step.Enqueue.MaxWait {
		return plain(incident.Answer{Document: twiml.Respond(twiml.Leave{}).Bytes()})
	}
	return plain(r.texts.Answer(q.Failure, incident.InQueue, p.Wording))
}

// waits is another round in the queue.
func (f *resumed) waits() served {
	if !f.is(Queue) { // how long, nobody knows any more
		return plain(incident.Answer{Document: twiml.Respond(twiml.Leave{}).Bytes()})
	}
	return f.wait(&f.request, &f.plan, f.step, f.back.Place)
}

// left is the end of the waiting in a queue.
func (f *resumed) left(ctx context.Context) served {
	switch result := f.request.Param("QueueResult"); result {
	case "bridged", "redirected", "redirected-from-bridged":
		s := f.end(Queue, incident.Saved)
		s.Why = "somebody took the call out of the queue"
		return s
	case "hangup":
		s := f.end(Queue, incident.Lost)
		s.Why = "the caller hung up while waiting"
		return s
	case "leave":
		return f.onwards(ctx, "enqueue: nobody took the call in time")
	default:
		return f.onwards(ctx, "enqueue: "+cut(result, 20))
	}
}
