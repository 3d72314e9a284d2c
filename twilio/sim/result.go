package sim

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// EventKind says what happened; it is also the word for it in a transcript.
type EventKind string

// What happens on a call, or after a message.
const (
	Asked    EventKind = "asks"  // Twilio asks the server
	Got      EventKind = "gets"  // and gets an answer, or none
	Said     EventKind = "hears" // a Say
	Played   EventKind = "plays" // a Play
	Waited   EventKind = "waits"
	Entered  EventKind = "enters" // at a Gather
	Recorded EventKind = "records"
	Dialled  EventKind = "dials"
	Spoke    EventKind = "speaks" // connected with somebody
	Queued   EventKind = "queues"
	Replied  EventKind = "receives"
	Skipped  EventKind = "skips" // a verb that is not played here
	Ended    EventKind = "ends"
)

// Event is a line of a transcript. At counts from the start of the call: real time for what the server took, estimated
// time for what people say and hear.
type Event struct {
	At       time.Duration
	Kind     EventKind
	Who      Party
	Text     string
	Language string // of what is said, if it is known
	Voice    string
	Length   time.Duration
}

// Party is who hears and does what an event tells.
type Party string

// Who takes part in a call, or wrote.
const (
	Twilio Party = "Twilio"
	Caller Party = "caller" // whoever the call is with: of an outbound call, the person called
	Callee Party = "callee" // whoever was dialled
	Sender Party = "sender" // whoever wrote a message
)

// Ending says how a call ended.
type Ending string

// The endings of a call.
const (
	Completed        Ending = "the document ended"
	HungUp           Ending = "Hangup"
	CallerHungUp     Ending = "the caller hung up"
	Rejected         Ending = "Reject"
	ApplicationError Ending = "Twilio's application error" // what must never be heard
	TooLong          Ending = "it did not end by itself"
)

// Result is what came of a call or a message.
type Result struct {
	SID       string
	Events    []Event
	Exchanges []Exchange // in order; the first is the fallback request
	Problems  []Problem
	Replies   []Reply // the messages that would be sent
	Ending    Ending  // of a call
	Length    time.Duration
}

// Reply is a message that would be sent.
type Reply struct {
	From, To, Body string
	Media          []string
}

// First is the exchange with the fallback URL.
func (r Result) First() Exchange {
	if len(r.Exchanges) == 0 {
		return Exchange{}
	}
	return r.Exchanges[0]
}

// Heard is what the caller heard, in order: texts, and the addresses of sound files.
func (r Result) Heard() []string {
	var heard []string
	for _, e := range r.Events {
		if e.Who == Caller && (e.Kind == Said || e.Kind == Played) {
			heard = append(heard, e.Text)
		}
	}
	return heard
}

// Err joins the problems that are more than warnings; nil if there are none.
func (r Result) Err() error {
	var errs []error
	for _, p := range r.Problems {
		if !p.Warning {
			errs = append(errs, errors.New(p.String()))
		}
	}
	return errors.Join(errs...)
}

// WriteTo writes the transcript, a line for each event, and the problems after it.
func (r Result) WriteTo(w io.Writer) (int64, error) {
	n, err := io.WriteString(w, r.String())
	return int64(n), err
}

// String is the transcript that WriteTo writes.
func (r Result) String() string {
	var out strings.Builder
	for _, e := range r.Events {
		fmt.Fprintf(&out, "%8.2f s  %s\n", e.At.Seconds(), e)
	}
	for _, p := range r.Problems {
		word := "problem"
		if p.Warning {
			word = "warning"
		}
		fmt.Fprintf(&out, "%11s %s\n", word, printable(p.String()))
	}
	return out.String()
}

// String is the event as one line, without its time.
func (e Event) String() string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-6s %-7s", e.Who, e.Kind)
	if e.Kind == Said || e.Kind == Replied {
		fmt.Fprintf(&out, " %q", e.Text)
	} else if e.Text != "" {
		out.WriteString(" " + printable(e.Text))
	}
	if e.Language != "" || e.Voice != "" {
		fmt.Fprintf(&out, " [%s]", printable(strings.TrimPrefix(e.Language+" "+e.Voice, " ")))
	}
	if e.Length > 0 {
		fmt.Fprintf(&out, " %.1f s", e.Length.Seconds())
	}
	return strings.TrimRight(out.String(), " ")
}

// printable keeps what a server answers from steering the terminal.
func printable(s string) string {
	quoted := fmt.Sprintf("%q", s)
	if quoted[1:len(quoted)-1] == s {
		return s
	}
	return quoted
}
