// Package recovery decides what a caller gets, and gets it: which situation
// the caller is in, which line was called, what is said in which language, and
// when silence is the better answer. It knows neither HTTP nor the texts
// themselves, which it is given, and it always has an answer.
package recovery

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Texts has the words.
type Texts interface {
	// Answer is the checked document with its words in one line and the
	// languages they are in; its Outcome is NotTold where it has none, with
	// a Why. It never fails, and what it returns is shared.
	Answer(f incident.Failure, s incident.Situation, w incident.Wording) incident.Answer
	// Ours says whether a message that came in is one of our own texts,
	// or the one that is about to be sent.
	Ours(body string, sending incident.Answer) bool
}

// Recovery carries plans out. It is safe for concurrent use.
type Recovery struct {
	texts    Texts
	recent   *Recent
	standbys *standby.Client
}

// New returns a Recovery that speaks with texts and asks standby servers by
// standbys. After a reload make another one with the new texts, and the same
// recent and standbys.
func New(texts Texts, recent *Recent, standbys *standby.Client) *Recovery {
	return &Recovery{texts: texts, recent: recent, standbys: standbys}
}

// Request is what somebody on the line is to be answered for.
type Request struct {
	incident.Failure
	Token string       // I-Twilio-Idempotency-Token; "" where Twilio sent none
	Keys  *twilio.Keys // with the key that verified it, for what we ask of others
	Match twilio.Match // which key that was
}

// Budget is how long all steps may take that ask somebody else: far below the
// 15 s that Twilio waits.
const Budget = 4 * time.Second

// Answer carries p out for q: the document to send and what it is. Where p asks
// a standby server it takes as long as that may, at most Budget. It never fails:
// where all else does, the document is the apology prepared at start. The
// document is shared and must not be changed.
func (r *Recovery) Answer(ctx context.Context, q Request, p Plan) (document []byte, a incident.Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = lastResort(q.Failure, p, cause)
			document = a.Document
		}
	}()
	a = r.carryOut(ctx, q, p)
	return a.Document, a
}

// carryOut tries the steps, and behind the last one speaks.
func (r *Recovery) carryOut(ctx context.Context, q Request, p Plan) incident.Answer {
	if p.asks() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, Budget)
		defer cancel()
	}
	var tried []string
	for _, step := range p.Steps {
		a, why := r.try(ctx, q, p, step)
		if a.Document != nil {
			a.Why = joinReasons(append(append(tried, why...), a.Why))
			return a
		}
		tried = append(tried, why...)
	}
	a := r.message(q.Failure, p)
	a.Why = joinReasons(append(tried, a.Why))
	return a
}

// try is what one step has for the caller. Where that is nothing the answer has
// no Document, and why says in a line each what was in the way.
func (r *Recovery) try(ctx context.Context, q Request, p Plan, step Step) (a incident.Answer, why []string) {
	switch step.Kind {
	case Failover:
		return r.failover(ctx, q, p, step)
	case LastGood:
		a, why := r.lastGood(q.Failure, p)
		if why != "" {
			return a, []string{string(LastGood) + ": " + why}
		}
		return a, nil
	case Reject:
		if !p.Unanswered {
			return a, []string{"reject: only a call that rings can be rejected"}
		}
		return rejected(p, step.Reason), nil
	case Ignore:
		a = silent(p, "ignored, as the rule says")
		a.Step = string(Ignore)
		return a, nil
	case Message:
	}
	return r.message(q.Failure, p), nil
}

// rejected is the end of a call that was not answered, for which nobody pays:
// https://www.twilio.com/docs/voice/twiml/reject
func rejected(p Plan, reason string) incident.Answer {
	return incident.Answer{
		Step: string(Reject) + " " + reason, Situation: p.Situation, Name: p.Wording.Name, Outcome: incident.NotTold,
		Why: "rejected, as the rule says", Document: twiml.Respond(twiml.Reject{Reason: reason}).Bytes(),
	}
}

// joinReasons is why something better did not serve, in one line.
func joinReasons(reasons []string) string {
	said := slices.DeleteFunc(reasons, func(why string) bool { return why == "" })
	return strings.Join(said, "; ")
}

// message says or writes the text, where anybody is to be spoken to.
func (r *Recovery) message(f incident.Failure, p Plan) incident.Answer {
	if p.Quiet {
		return silent(p, p.Why)
	}
	a := r.texts.Answer(f, p.Situation, p.Wording)
	a.Step = string(Message)
	if a.Outcome == incident.NotTold {
		return a
	}
	if p.Situation == incident.Text {
		if why := r.unwanted(f, a); why != "" {
			return silent(p, why)
		}
	}
	a.Why = p.Why
	a.Outcome = incident.Told
	if p.Gone {
		a.Outcome = incident.NotTold
	}
	return a
}

// unwanted says why the apology a should not be sent as a reply, "" where it
// should. Where it should, the pair of numbers is remembered.
func (r *Recovery) unwanted(f incident.Failure, a incident.Answer) string {
	if r.texts.Ours(f.Param("Body"), a) {
		return "no reply: our own text came back"
	}
	if f.Drill {
		return "" // who tries it twice wants to see it twice
	}
	if ago, again := r.recent.Again(f.From, f.To, f.ReceivedAt); again {
		return "no reply: already answered this number " + since(ago)
	}
	return ""
}

func since(ago time.Duration) string {
	if ago < time.Minute {
		return "less than a minute ago"
	}
	return fmt.Sprintf("%d min ago", ago/time.Minute)
}

// silent is the answer that says nothing.
func silent(p Plan, why string) incident.Answer {
	return incident.Answer{
		Situation: p.Situation, Name: p.Wording.Name, Why: why,
		Outcome: incident.NotTold, Document: Nothing(),
	}
}

// lastResort is the answer after a bug.
func lastResort(f incident.Failure, p Plan, cause any) incident.Answer {
	return incident.Answer{
		Step: string(Message), Situation: p.Situation, Languages: []string{"en"}, Name: p.Wording.Name,
		Heard: apologyWords(f.Channel), Why: fmt.Sprintf("prepared apology: %v", cause),
		Outcome: incident.Told, Document: Apology(f.Channel),
	}
}
