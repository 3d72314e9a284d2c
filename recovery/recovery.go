// Package recovery decides what a caller gets, and gets it: which situation
// the caller is in, which line was called, what is said in which language, and
// when silence is the better answer. It knows neither HTTP nor the texts
// themselves, which it is given, and it always has an answer.
package recovery

import (
	"bytes"
	"cmp"
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
	// Phrase is what is said on the way while a call is being saved. It never
	// fails, and what it returns is shared.
	Phrase(p incident.Phrase, w incident.Wording) []twiml.Say
}

// Parts are what a Recovery works with. After a reload make another one with
// the new texts and the same other parts.
type Parts struct {
	Texts    Texts
	Recent   *Recent         // who was written to lately
	Standbys *standby.Client // asks standby servers
	Calls    *Calls          // that failed lately
	Spent    *Spent          // of what is limited
	Seal     *Seal           // of the addresses of follow-ups
}

// Recovery carries plans out. It is safe for concurrent use.
type Recovery struct {
	texts    Texts
	recent   *Recent
	standbys *standby.Client
	calls    *Calls
	spent    *Spent
	seal     *Seal
}

// New returns a Recovery. What is nil of the parts remembers nothing from before;
// a Seal that is nil reads no address that another one made.
func New(p Parts) *Recovery {
	r := &Recovery{texts: p.Texts, recent: p.Recent, standbys: p.Standbys, calls: p.Calls, spent: p.Spent, seal: p.Seal}
	if r.recent == nil {
		r.recent = NewRecent()
	}
	if r.calls == nil {
		r.calls = NewCalls()
	}
	if r.spent == nil {
		r.spent = NewSpent()
	}
	if r.seal == nil {
		r.seal = RandomSeal()
	}
	return r
}

// Failed notes that a call or message failed, as f, and says what is known of it.
// It is to be asked once for each failure, before Decide.
func (r *Recovery) Failed(f incident.Failure) State {
	s := r.calls.Visit(f)
	if !f.Itself {
		s.After = nil
		return s
	}
	if at, ok := r.placeIn(f.ErrorURL, f.AccountSID); ok {
		s.After, s.Visit, s.Address = &at, max(s.Visit, at.Visit+1), r.calls.address(at.Failure)
	}
	return s
}

// placeIn is where a call stood whose follow-up failed.
func (r *Recovery) placeIn(errorURL, account string) (Place, bool) {
	path, _, _ := strings.Cut(errorURL, "?")
	parts := strings.Split(path, "/")
	if len(parts) < 2 {
		return Place{}, false
	}
	return r.seal.Open(Action(parts[len(parts)-2]), parts[len(parts)-1], account)
}

// Ended is the failure that a call which is over had last; sentBack says that
// another server had it since, so that its end is to be learnt from the call's.
func (r *Recovery) Ended(account, sid string, now time.Time) (failure incident.ID, sentBack bool) {
	return r.calls.ended(account, sid, now)
}

// Open reads the address of a follow-up.
func (r *Recovery) Open(action Action, token, account string) Back {
	p, ok := r.seal.Open(action, token, account)
	return Back{Action: action, Place: p, Known: ok}
}

// Request is what somebody on the line is to be answered for.
type Request struct {
	incident.Failure
	Token string       // I-Twilio-Idempotency-Token; "" where Twilio sent none
	Keys  *twilio.Keys // with the key that verified it, for what we ask of others
	Match twilio.Match // which key that was
	Base  string       // path of PUBLIC_URL, "/backstop", where a proxy has one that it strips

	acted string // name of a standby that may have handled the message; "" for none
}

// Budget is how long all steps may take that ask somebody else: far below the
// 15 s that Twilio waits.
const Budget = 4 * time.Second

// Answer carries p out for q: the document to send and what it is. Where p asks
// a standby server it takes as long as that may, at most Budget. It never fails:
// where all else does, the document is the apology prepared at start. The
// document is shared and must not be changed; the one in a is without what
// differs from call to call.
func (r *Recovery) Answer(ctx context.Context, q Request, p Plan) (document []byte, a incident.Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = lastResort(q.Failure, p, cause)
			document = a.Document
		}
	}()
	if q.Itself {
		if asksPerson(q.ErrorURL) {
			s := plain(incident.Answer{
				Step: string(DialPeople), Situation: p.Situation, Outcome: incident.NotTold, Document: twiml.Respond(twiml.Hangup{}).Bytes(),
				Why: "whoever was dialled could not be asked, and a mailbox must not have the call",
			})
			return s.sent, s.Answer
		}
		q.ErrorURL = cmp.Or(p.state.Address, q.ErrorURL) // whatever goes on, goes on from there
	}
	s := r.carryOut(ctx, &q, &p)
	return s.sent, s.Answer
}

// asksPerson says whether an address of ours is one at which somebody who was
// dialled is asked whether to take the call.
func asksPerson(address string) bool {
	for _, action := range []Action{ActionScreen, ActionAccept} {
		if strings.Contains(address, "/fallback/voice/"+string(action)+"/") {
			return true
		}
	}
	return false
}

// carryOut tries the steps, and behind the last one speaks.
func (r *Recovery) carryOut(ctx context.Context, q *Request, p *Plan) served {
	if p.asks() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, Budget)
		defer cancel()
	}
	var tried []string
	at := p.place
	for i := range p.Steps {
		step := &p.Steps[i]
		s, why := r.try(ctx, q, p, step, at)
		if s.sent != nil {
			r.calls.served(q.Failure, at, step.Kind)
			if step.Kind.holds() && !q.Drill && r.calls.count(q.Failure) {
				r.spent.call(q.CallerKey(), q.ReceivedAt)
			}
			s.Why = joinReasons(append(append(tried, why...), s.Why))
			return s
		}
		tried = append(tried, why...)
		q.acted = cmp.Or(s.acted, q.acted)
		at.Step++
	}
	s := r.words(q, p)
	s.Why = joinReasons(append(tried, s.Why))
	return s
}

// try is what one step has for the caller. Where that is nothing the answer has
// no Document, and why says in a line each what was in the way.
func (r *Recovery) try(ctx context.Context, q *Request, p *Plan, step *Step, at Place) (s served, why []string) {
	if step.Kind.holds() && !p.resumed {
		if why := r.spentOn(q, p); why != "" {
			return s, reason(string(step.Kind), why)
		}
	}
	switch step.Kind {
	case Failover:
		return r.failover(ctx, q, p, step)
	case LastGood:
		a, why := r.lastGood(q.Failure, *p)
		return plain(a), reason(string(LastGood), why)
	case Redirect:
		return r.redirect(q, p, step.Targets[0], at)
	case Retry:
		return r.retry(q, p, step, at)
	case DialPeople:
		at.At, at.Since = 0, q.ReceivedAt
		return r.dial(q, p, step, at)
	case Queue:
		at.Since = q.ReceivedAt
		return r.enqueue(q, p, step, at)
	case Voicemail:
		return r.voicemail(q, p, step, at)
	case Callback:
		return r.callback(q, p, at)
	case Reject:
		if !p.Unanswered || p.resumed {
			return s, []string{"reject: only a call that rings can be rejected"}
		}
		return plain(rejected(*p, step.Reason)), nil
	case Ignore:
		a := silent(*p, "ignored, as the rule says")
		a.Step = string(Ignore)
		return plain(a), nil
	case Message:
	}
	return r.words(q, p), nil
}

// words says or writes the text. Of what is written nobody knows whether it
// arrives: Twilio tells that later.
func (r *Recovery) words(q *Request, p *Plan) served {
	s := plain(r.message(&q.Failure, p))
	if p.Situation != incident.Text || s.Outcome != incident.Told {
		return s
	}
	token := r.seal.Token(ActionStatus, Place{Failure: q.ID, Since: q.ReceivedAt}, q.AccountSID)
	const address = "/fallback/messaging/" + string(ActionStatus) + "/"
	sent, err := twiml.TellStatus(s.Document, q.Base+address+token)
	if err != nil || bytes.Equal(sent, s.Document) {
		return s // somebody else is told, or nobody
	}
	s.Document = bytes.ReplaceAll(sent, []byte(token), []byte("…"))
	s.Outcome, s.sent = incident.OutcomeUnknown, sent
	return s
}

// holds says whether a step keeps the caller on the line, which costs.
func (k Kind) holds() bool {
	switch k {
	case DialPeople, Queue, Voicemail, Callback:
		return true
	case Failover, Redirect, Retry, LastGood, Message, Reject, Ignore:
	}
	return false
}

// spentOn says why a caller gets no more than words by now, "" where they do.
func (r *Recovery) spentOn(q *Request, p *Plan) string {
	if ok, _ := p.holdable(); !ok || q.Drill || r.calls.counted(q.Failure) {
		return ""
	}
	return r.spent.caller(p.limits, q.CallerKey(), q.ReceivedAt)
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
func (r *Recovery) message(f *incident.Failure, p *Plan) incident.Answer {
	if p.Quiet {
		return silent(*p, p.Why)
	}
	a := r.texts.Answer(*f, p.Situation, p.Wording)
	a.Step = string(Message)
	if a.Outcome == incident.NotTold {
		return a
	}
	if p.Situation == incident.Text {
		if why := r.unwanted(*f, a); why != "" {
			return silent(*p, why)
		}
	}
	a.Why = p.Why
	a.Outcome = incident.Told
	switch {
	case p.Served && f.Itself:
		a.Outcome = incident.Saved
		a.Why = joinReasons([]string{"somebody had taken the call before it failed", a.Why})
	case p.Left && !p.resumed:
		a.Outcome = incident.Voicemail
		a.Why = joinReasons([]string{"a message had been left before it failed", a.Why})
	case p.Gone:
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

// LastResort is the answer to f after a bug in whatever is decided before Answer is
// asked.
func LastResort(f incident.Failure, cause any) incident.Answer { return lastResort(f, Plan{}, cause) }

// lastResort is the answer after a bug.
func lastResort(f incident.Failure, p Plan, cause any) incident.Answer {
	return incident.Answer{
		Step: string(Message), Situation: p.Situation, Languages: []string{"en"}, Name: p.Wording.Name,
		Heard: apologyWords(f.Channel), Why: fmt.Sprintf("prepared apology: %v", cause),
		Outcome: incident.Told, Document: Apology(f.Channel),
	}
}
