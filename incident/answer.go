package incident

import "time"

// Situation is where the caller stands when we answer. It chooses the text.
type Situation uint8

// The situations. The numbers are stored: never renumber.
const (
	NotYetServed Situation = 1 // a call that has just come in
	MidCall      Situation = 2 // the call was under way
	AfterSuccess Situation = 3 // a dial or a recording had been completed
	Outbound     Situation = 4 // the listener is the person who was called
	InQueue      Situation = 5 // waiting in a queue: music and words, never a hang-up
	Text         Situation = 6 // a message
)

// String is the word that templates and pages use.
func (s Situation) String() string {
	switch s {
	case NotYetServed:
		return "not yet served"
	case MidCall:
		return "mid-call"
	case AfterSuccess:
		return "after success"
	case Outbound:
		return "outbound"
	case InQueue:
		return "in queue"
	case Text:
		return "message"
	}
	return "unknown"
}

// Outcome is how a failure ended for the caller.
type Outcome uint8

// The outcomes. The numbers are stored: never renumber.
const (
	OutcomeUnknown    Outcome = 0
	Saved             Outcome = 1 // a standby or a person took over
	Voicemail         Outcome = 2
	CallbackRequested Outcome = 3
	Told              Outcome = 4 // heard or read the apology
	NotTold           Outcome = 5 // got no answer on purpose, or it did not arrive
	Lost              Outcome = 6
)

// String is the phrase that pages use.
func (o Outcome) String() string {
	switch o {
	case Saved:
		return "saved"
	case Voicemail:
		return "voicemail"
	case CallbackRequested:
		return "callback requested"
	case Told:
		return "told"
	case NotTold:
		return "not told"
	case Lost:
		return "lost"
	case OutcomeUnknown:
	}
	return "unknown"
}

// StepLastGood is the Step of an answer that had been good before.
const StepLastGood = "last good"

// Answer is what the caller got.
type Answer struct {
	Step      string    // the step that served: "message", "failover standby"
	Situation Situation // which text
	Languages []string  // what it was said in: "de", "fr"
	Name      string    // what the text called the line
	Heard     string    // the words in one line, for people who read about it
	Why       string    // why this and nothing better; "" where it is plain
	Outcome   Outcome
	Document  []byte        // the TwiML, byte for byte; shared, never changed
	Took      time.Duration // from the whole request to the finished document
}

// Silent is a without what was said, which may name the caller.
func (a Answer) Silent() Answer {
	a.Heard, a.Document = "", nil
	return a
}

// Entry is what the journal keeps of one failure, or of a follow-up to one: all
// that is needed to feed the ledger, even a new and empty one.
type Entry struct {
	Failure  Failure // or the follow-up's request
	Answer   Answer
	FollowUp FollowUp
}
