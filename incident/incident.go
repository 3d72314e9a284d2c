// Package incident holds what happened and what it means: failures, their
// causes, the incidents they add up to, and the alerts these deserve. It is
// pure: it knows no database, no clock, no network and no other package of ours.
package incident

import "time"

// State is where an incident stands.
type State uint8

// The states of an incident. The numbers are stored: never renumber.
const (
	Open     State = 1 // failures keep coming
	Quiet    State = 2 // no failure for a while; nothing proves that it is over
	Resolved State = 3 // over: proven, said by a person, or quiet for a day
)

// String is the word people read and URLs carry.
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case Quiet:
		return "quiet"
	case Resolved:
		return "resolved"
	}
	return "unknown"
}

// Incident is an open stretch of failures with one cause. It is a value:
// every method that changes something returns a new one.
type Incident struct {
	ID    int64 // 0 until the ledger has given it one
	Cause Cause
	State State

	// Previous is the resolved incident with the same cause that this one
	// follows as a regression; 0 if it is none.
	Previous int64

	// Parent is the incident that explains this one, so that people are told of
	// that one only; 0 for none.
	Parent int64

	OpenedAt       time.Time // the first failure
	LastAt         time.Time // the newest failure
	QuietAt        time.Time // zero unless it ever fell quiet
	ResolvedAt     time.Time // zero until resolved
	ResolvedBy     string    // a person, or "" where time closed it
	AcknowledgedAt time.Time // zero until acknowledged
	AcknowledgedBy string

	Failures int64 // calls and messages, retries not counted
	Calls    int64 // the failures among them that are calls
	Callers  int64 // distinct From; a withheld number counts once a call
	Late     int64 // failures among them that were verified only later
	Ended    Ended // the callers, by how it ended for them
	Unseen   int64 // messages that no server of the customer has had, as far as is known
	OptOuts  int64 // those of them that only say STOP or the like

	First Sample // the first failure
	Last  Sample // the newest one

	// MoreLines is true once failures hit more than one line.
	MoreLines bool

	// UsualGap is the smoothed time between two failures, 0 below two.
	UsualGap time.Duration

	// Told is the highest number of callers that an alert was made for.
	Told int64

	Watch Watch
}

// Sample is what an incident remembers of one of its failures, so that an
// alert can be written without looking anything up.
type Sample struct {
	FailureID ID
	At        time.Time
	Channel   Channel
	Code      int
	ErrorURL  string // without userinfo; query values are hidden where it is shown
	SID       string
	From      string // the person it hit
	To        string // the customer's line; "" where that is not proven
	Name      string // what the answer called the line
	// Heard is what the caller heard or read, in one line of plain text. Where
	// that was nothing, on purpose, it is what somebody before did, whom
	// Listener names; "" where nobody in the incident has got a word, as far as
	// words are kept.
	Heard   string
	HeardBy string    // whose words Heard are, where they are not From's
	HeardOn Channel   // how they came; Unknown where Heard is From's
	HeardAt time.Time `json:",omitzero"` // when; zero where Heard is From's

	Outcome Outcome `json:",omitzero"`
	Step    string  `json:",omitzero"` // that served: "failover standby"
}

// Repeated says whether Heard are the words of an earlier failure, so that they
// are older than the sample.
func (s Sample) Repeated() bool { return !s.HeardAt.IsZero() || s.HeardOn != Unknown }

// Listener is who heard or read what Heard says, and how.
func (s Sample) Listener() (who string, how Channel) {
	if !s.Repeated() {
		return s.From, s.Channel
	}
	return s.HeardBy, s.HeardOn
}

// after is s as the sample that follows before: silence on purpose replaces no
// words, and these keep their age. Whoever was saved got words of others.
func (s Sample) after(before Sample) Sample {
	if s.Heard != "" || before.Heard == "" || s.Outcome == Saved {
		return s
	}
	s.Heard, s.HeardAt = before.Heard, before.HeardAt
	s.HeardBy, s.HeardOn = before.Listener()
	if !before.Repeated() {
		s.HeardAt = before.At
	}
	return s
}

// WithoutRepeated is s without words that are not From's.
func (s Sample) WithoutRepeated() Sample {
	if s.Repeated() {
		s.Heard, s.HeardBy, s.HeardOn, s.HeardAt = "", "", Unknown, time.Time{}
	}
	return s
}

// sampleOf takes from an entry what its incident keeps.
func sampleOf(e Entry) Sample {
	return Sample{
		FailureID: e.Failure.ID,
		At:        e.Failure.ReceivedAt,
		Channel:   e.Failure.Channel,
		Code:      e.Failure.Code,
		ErrorURL:  e.Failure.ErrorURL,
		SID:       e.Failure.SID,
		From:      e.Failure.Person(),
		To:        e.Failure.OwnLine(),
		Name:      e.Answer.Name,
		Heard:     e.Answer.Heard,
		Outcome:   e.Answer.Outcome,
		Step:      e.Answer.Step,
	}
}

// Acknowledged says whether somebody has taken the incident.
func (in Incident) Acknowledged() bool { return !in.AcknowledgedAt.IsZero() }

// allLate says whether all of it was verified only later: it may be long over.
func (in Incident) allLate() bool { return in.Late == in.Failures }

// Messages is how many of its failures are no calls.
func (in Incident) Messages() int64 { return in.Failures - in.Calls }
