package incident

// FollowUp ties an entry to an earlier failure: it is what came back about it.
// The zero value stands on entries that are about nothing but themselves.
type FollowUp struct {
	About ID   // the earlier failure
	What  What // came back
}

// IsZero says whether the entry is about nothing but itself.
func (f FollowUp) IsZero() bool { return f.What == 0 }

// IsFailure says whether the entry is a failure of its own: a follow-up is
// none, but where a call fails again.
func (e Entry) IsFailure() bool { return e.FollowUp.IsZero() || e.FollowUp.What == FailedAgain }

// What is what came back.
type What uint8

// What can come back. The numbers are stored: never renumber.
const (
	FailedAgain    What = 1  // the call or message failed once more: the entry is that failure
	PersonAsked    What = 2  // somebody who was dialled was asked whether to take the call
	PersonTook     What = 3  // and took it
	PersonDeclined What = 4  // or did not
	DialEnded      What = 5  // a Dial is over
	QueueEnded     What = 6  // the waiting is over
	MessageLeft    What = 7  // a voicemail was left
	RecordingReady What = 8  // Twilio has the recording
	Transcribed    What = 9  // and its words
	CallbackAsked  What = 10 // by key
	KeyPressed     What = 11 // another one, or none
	WentOn         What = 12 // nothing came of a step
	ReplyStatus    What = 13 // of a reply: how it is on its way
	CallEnded      What = 14 // the call's final status
	ReplySent      What = 15 // a reply has left Twilio, and may not arrive
)

// String is the phrase that pages use.
func (w What) String() string {
	switch w {
	case FailedAgain:
		return "failed again"
	case PersonAsked:
		return "asked somebody"
	case PersonTook:
		return "somebody took the call"
	case PersonDeclined:
		return "somebody did not take the call"
	case DialEnded:
		return "dialled"
	case QueueEnded:
		return "left the queue"
	case MessageLeft:
		return "left a message"
	case RecordingReady:
		return "recording ready"
	case Transcribed:
		return "transcribed"
	case CallbackAsked:
		return "asked to be called back"
	case KeyPressed:
		return "answered by key"
	case WentOn:
		return "went on"
	case ReplyStatus:
		return "reply"
	case ReplySent:
		return "reply"
	case CallEnded:
		return "call ended"
	}
	return "unknown"
}

// Then is how a failure ended, o so far, once next came back. What says nothing
// changes nothing, and whoever was helped does not count as lost for hanging
// up afterwards.
func (o Outcome) Then(next Outcome) Outcome {
	switch {
	case next == OutcomeUnknown:
		return o
	case (next == Lost || next == NotTold || next == Told) && o.isHelp():
		return o
	}
	return next
}

// isHelp says whether somebody got more than words.
func (o Outcome) isHelp() bool { return o == Saved || o == Voicemail || o == CallbackRequested }

// After is how a failure ended, o so far, once e came back about it.
func (e Entry) After(o Outcome) Outcome {
	next := e.Answer.Outcome
	switch e.FollowUp.What {
	case FailedAgain: // a call ends as its last failure does
		return next
	case CallEnded, ReplySent: // which say less than what is known
		if o != OutcomeUnknown {
			return o
		}
	case PersonAsked, PersonTook, PersonDeclined, DialEnded, QueueEnded, MessageLeft, RecordingReady, Transcribed,
		CallbackAsked, KeyPressed, WentOn, ReplyStatus:
	}
	return o.Then(next)
}

// Better is the better one of two for a person who tried twice.
func (o Outcome) Better(other Outcome) Outcome {
	if other.rank() > o.rank() {
		return other
	}
	return o
}

func (o Outcome) rank() int {
	switch o {
	case Saved:
		return 6
	case Voicemail:
		return 5
	case CallbackRequested:
		return 4
	case Told:
		return 3
	case OutcomeUnknown:
		return 2
	case NotTold:
		return 1
	case Lost:
	}
	return 0
}

// Tries are how it went for one caller of an incident: the newest calls, each as
// it stands now, and the best of those before them. They can be compared with ==.
type Tries struct {
	Before  Outcome // the best of calls before the newest
	Earlier bool    // there are such calls
	Newest  [4]Try  // the newest last
	Calls   int     // how many of Newest there are
}

// Try is one call, as it stands.
type Try struct {
	Call    int64 // a number that stands for it
	Outcome Outcome
}

// Best is how it ended for the caller: by the best call, as it stands now.
func (t Tries) Best() Outcome {
	best, known := t.Before, t.Earlier
	for _, one := range t.Newest[:t.Calls] {
		if !known {
			best, known = one.Outcome, true
		}
		best = best.Better(one.Outcome)
	}
	return best
}

// With is t after a call was answered, or answered again: of one call the last
// word counts.
func (t Tries) With(call int64, o Outcome) Tries {
	for i := range t.Newest[:t.Calls] {
		if t.Newest[i].Call == call {
			t.Newest[i].Outcome = o
			return t
		}
	}
	if t.Calls == len(t.Newest) {
		oldest := t.Newest[0].Outcome
		if t.Earlier {
			oldest = oldest.Better(t.Before)
		}
		t.Before, t.Earlier = oldest, true
		copy(t.Newest[:], t.Newest[1:])
		t.Calls--
	}
	t.Newest[t.Calls] = Try{call, o}
	t.Calls++
	return t
}

// Ended counts callers by how it ended for them.
type Ended [7]int64

// Add counts one more who ended so.
func (e Ended) Add(o Outcome) Ended {
	if int(o) < len(e) {
		e[o]++
	}
	return e
}

// Moved counts one whose end changed.
func (e Ended) Moved(from, to Outcome) Ended {
	if int(from) < len(e) && e[from] > 0 {
		e[from]--
	}
	return e.Add(to)
}

// Of is how many ended so.
func (e Ended) Of(o Outcome) int64 {
	if int(o) < len(e) {
		return e[o]
	}
	return 0
}

// Helped is how many got more than words.
func (e Ended) Helped() int64 {
	return e.Of(Saved) + e.Of(Voicemail) + e.Of(CallbackRequested)
}

// And adds up two counts.
func (e Ended) And(other Ended) Ended {
	for i, n := range other {
		e[i] += n
	}
	return e
}
