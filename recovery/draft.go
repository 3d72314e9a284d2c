package recovery

import (
	"bytes"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// served is an answer with the document that goes out. Where follow-ups or the
// caller's number stand in it, the answer keeps it without them: it is then the
// same for all callers, and holds nothing of theirs.
type served struct {
	incident.Answer
	sent  []byte
	acted string // name of a standby that may have handled the message, though it has no answer
}

// plain is an answer whose document goes out as it is.
func plain(a incident.Answer) served { return served{Answer: a, sent: a.Document} }

// draft is a document of ours on its way.
type draft struct {
	recovery *Recovery
	request  Request
	plan     Plan
	place    Place
	verbs    []twiml.Verb
	said     []string
	personal []string // what differs from call to call
}

func (r *Recovery) draft(q *Request, p *Plan, at Place) *draft {
	return &draft{recovery: r, request: *q, plan: *p, place: at}
}

// link is the address at which Twilio asks how to go on. It has no host, so that
// it is on the one that Twilio used.
func (d *draft) link(action Action, at Place) string {
	token := d.recovery.seal.Token(action, at, d.request.AccountSID)
	d.personal = append(d.personal, token)
	return d.request.Base + "/fallback/voice/" + string(action) + "/" + token
}

// phrase is the verbs that say a phrase.
func (d *draft) phrase(p incident.Phrase) (verbs []twiml.Verb) {
	for _, say := range d.recovery.texts.Phrase(p, d.plan.Wording) {
		verbs = append(verbs, say)
		d.said = append(d.said, say.Text)
	}
	return verbs
}

// say has phrases said, one after the other.
func (d *draft) say(phrases ...incident.Phrase) *draft {
	for _, p := range phrases {
		d.verbs = append(d.verbs, d.phrase(p)...)
	}
	return d
}

func (d *draft) add(verbs ...twiml.Verb) *draft {
	d.verbs = append(d.verbs, verbs...)
	return d
}

// onwards has the call go on with the next step.
func (d *draft) onwards() *draft {
	return d.add(twiml.Redirect{URL: d.link(ActionNext, d.place)})
}

// answer is the finished document. Where Twilio would not take it, why says so,
// and there is none.
func (d *draft) answer(step string, outcome incident.Outcome) (s served, why []string) {
	sent := twiml.Respond(d.verbs...).Bytes()
	kind := twiml.Voice
	if d.plan.Situation == incident.Text {
		kind = twiml.Messaging
	}
	if err := twiml.Check(sent, kind).Err(); err != nil {
		return served{}, []string{step + ": it could not be put into TwiML: " + err.Error()}
	}
	kept := twiml.Respond(d.without()...).Bytes()
	for _, text := range d.personal {
		kept = bytes.ReplaceAll(kept, []byte(text), []byte("…"))
	}
	return served{Answer: incident.Answer{
		Step: step, Situation: d.plan.Situation, Name: d.plan.Wording.Name, Languages: d.plan.Wording.Languages,
		Heard: strings.Join(d.said, " "), Outcome: outcome, Document: kept,
	}, sent: sent}, nil
}

// without are the verbs as they are kept: an address of others with the values of
// its query hidden, which may be about a caller.
func (d *draft) without() []twiml.Verb {
	verbs := slices.Clone(d.verbs)
	for i, verb := range verbs {
		if to, ok := verb.(twiml.Redirect); ok && strings.Contains(to.URL, "://") {
			to.URL = twilio.ParseErrorURL(to.URL).String()
			verbs[i] = to
		}
	}
	return verbs
}

// greet tells a caller who was not spoken to yet what is the matter: where the
// step answers the failure itself, not a follow-up.
func (d *draft) greet(p incident.Phrase) *draft {
	if d.plan.resumed {
		return d
	}
	return d.add(twiml.Pause{}).say(p)
}

// holdable says why a caller cannot be kept on the line by a step of ours: "" and
// true where that can be done. A message is not told why.
func (p *Plan) holdable() (ok bool, why string) {
	switch {
	case p.Situation == incident.Text || p.Situation == 0 || p.Quiet:
		return false, ""
	case p.Gone:
		return false, "the call had ended"
	case p.Situation == incident.InQueue:
		return false, "the caller waits in a queue, where only words and music can be heard"
	case p.Situation == incident.AfterSuccess:
		return false, "the call had what it was for"
	case p.Situation == incident.Outbound:
		return false, "the call was made by us"
	}
	return true, ""
}
