package history

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

// ReplayState is where a message stands on its way to the customer's own
// server, which was not there when the message came.
type ReplayState uint8

// The states of a replay. The numbers are stored: never renumber.
const (
	NoReplay         ReplayState = 0 // nobody has asked for it
	ReplayWaiting    ReplayState = 1 // for its turn
	ReplaySending    ReplayState = 2 // marked so before the request goes out
	ReplaySent       ReplayState = 3 // the server took it
	ReplayRefused    ReplayState = 4 // the server answered that it does not take it
	ReplayUnknown    ReplayState = 5 // it may have arrived: only a person sends it again
	ReplayImpossible ReplayState = 6 // it could not be sent when its turn came
)

// String is the word that pages use.
func (s ReplayState) String() string {
	switch s {
	case ReplayWaiting:
		return "waiting"
	case ReplaySending:
		return "sending"
	case ReplaySent:
		return "sent"
	case ReplayRefused:
		return "refused"
	case ReplayUnknown:
		return "unknown"
	case ReplayImpossible:
		return "not sent"
	case NoReplay:
	}
	return "not asked for"
}

// MayAsk says whether a person may have the message sent, for the first time or
// again.
func (s ReplayState) MayAsk() bool {
	return s == NoReplay || s == ReplayRefused || s == ReplayUnknown || s == ReplayImpossible
}

// Replay is a message on its way to the server that has not had it.
type Replay struct {
	State   ReplayState
	Server  string // scheme and host
	AskedAt time.Time
	AskedBy string
	Tries   int       // how often it was marked as being sent
	SentAt  time.Time // when it was, last
	Status  int       // of the HTTP answer; 0 for none
	Answer  string    // how that begins, in one line
	Error   string    // why it was not taken, in one line
	Stopped ReplayStop
}

// ReplayStop is a server that nothing is sent to until a person says so.
type ReplayStop struct {
	Server string // "" where it is not stopped
	At     time.Time
	Why    string
}

// ReplayJudgement says whether a message can be sent to the customer's server.
type ReplayJudgement struct {
	Server string   // where it would go: scheme and host
	OptOut bool     // it only says STOP or the like
	Why    string   // why it cannot be sent, as the end of a sentence; "" where it can
	Notes  []string // what to know before, in sentences
	Served bool     // a standby server has had it: it is sent by itself only
}

// ReplayWish is a message that is to be sent.
type ReplayWish struct {
	Failure  incident.ID
	Incident int64
	Server   string // scheme and host
	OptOut   bool   // it only says STOP or the like: it goes first
	By       string
	At       time.Time
	After    ReplayState // where it stood when somebody decided so
}

// ReplayOrder is a part of an incident all of whose messages are to be sent.
type ReplayOrder struct {
	Incident int64
	By       string
	At       time.Time
	Messages []Detail // that nobody has asked for, in order
	UpTo     int64    // the serial number up to which this part goes
	Last     bool     // it is the last part
}

// ReplayResult is how sending a message ended.
type ReplayResult struct {
	State  ReplayState
	Status int
	Answer string
	Error  string
	Stop   string // why nothing more goes to that server; "" where it goes on
}

// ReplayStatus is how far sending messages is, all incidents together, as metrics
// say it.
type ReplayStatus struct {
	Waiting int64    // for their turn, or being sent
	Unknown int64    // those that may have arrived: a person has to look
	Stopped []string // servers that messages wait for in vain, until a person says that they are back
}

// Replays is how far an incident's messages are.
type Replays struct {
	Waiting, Sent, Refused, Unknown, Impossible int64

	Ordered bool         // its messages are still being looked through
	Stopped []ReplayStop // servers that some of them wait for
	OptOuts []Row        // those that only say STOP or the like and were not sent, newest first, 50 at most
	Look    []Row        // those that a person has to look at, newest first, 50 at most
}
