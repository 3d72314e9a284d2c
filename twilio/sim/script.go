package sim

import "time"

// Script says what the people on the line do. Its zero value is a caller who listens, presses nothing, speaks eight
// seconds when asked to leave a message and hangs up then; nobody who is dialled answers.
type Script struct {
	Gathers     []Input       // one for each Gather in turn; after that silence
	Records     []Recording   // one for each Record in turn
	Dials       []DialOutcome // one for each Dial in turn
	QueueFor    time.Duration // how long the caller waits in a queue until somebody takes the call; 0: 30 s
	HangUpAfter time.Duration // the caller hangs up then; 0: never
}

// Input is what somebody does at a Gather; the zero value is silence.
type Input struct {
	Digits string
	Speech string
}

// Press enters digits.
func Press(digits string) Input { return Input{Digits: digits} }

// Speak says something.
func Speak(words string) Input { return Input{Speech: words} }

// How a recording ends, besides by a key.
const (
	HangUp  = "hangup"
	Silence = ""
)

// Recording is what somebody leaves after the beep; no Length is silence, for which Twilio asks no action.
type Recording struct {
	Length  time.Duration
	EndedBy string // HangUp, Silence or the key that was pressed
}

// DialOutcome is how an attempt to connect two people ends.
type DialOutcome struct {
	Status string        // as in DialCallStatus
	Length time.Duration // of the conversation
	Input  Input         // what the person who answers does at a Gather before being connected
}

// Answered is a conversation of that length.
func Answered(length time.Duration) DialOutcome {
	return DialOutcome{Status: "completed", Length: length}
}

// Busy is a line that is engaged.
func Busy() DialOutcome { return DialOutcome{Status: "busy"} }

// NoAnswer is a telephone that rings until the Dial gives up.
func NoAnswer() DialOutcome { return DialOutcome{Status: "no-answer"} }

// Failed is a number that cannot be reached.
func Failed() DialOutcome { return DialOutcome{Status: "failed"} }

// Pressing says what the person who answers enters when asked whether to take the call.
func (d DialOutcome) Pressing(digits string) DialOutcome {
	d.Input = Press(digits)
	return d
}

func (d DialOutcome) isAnswered() bool {
	return d.Status == "completed"
}
