// Package recovery decides what a caller gets, and gets it: which situation
// the caller is in, which line was called, what is said in which language, and
// when silence is the better answer. It knows neither HTTP nor the texts
// themselves, which it is given, and it always has an answer.
package recovery

import (
	"context"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
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
	texts  Texts
	recent *Recent
}

// New returns a Recovery that speaks with texts. After a reload make another
// one with the new texts and the same recent.
func New(texts Texts, recent *Recent) *Recovery {
	return &Recovery{texts: texts, recent: recent}
}

// Answer carries p out for f: the document to send and what it is. It never
// fails: where all else does, the document is the apology prepared at start.
// The document is shared and must not be changed.
func (r *Recovery) Answer(_ context.Context, f incident.Failure, p Plan) (document []byte, a incident.Answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = lastResort(f, p, cause)
			document = a.Document
		}
	}()
	for _, step := range p.Steps {
		switch step.Kind {
		case Message:
			a = r.message(f, p)
			return a.Document, a
		}
	}
	a = silent(p, p.Why)
	return a.Document, a
}

// message says or writes the text.
func (r *Recovery) message(f incident.Failure, p Plan) incident.Answer {
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
