package incident

import "time"

// Message is all that a notifier needs to write one message: the alert to
// tell and the state of things now, so that another attempt an hour later
// tells today's numbers.
type Message struct {
	// Ledger is the random id of the ledger: with DeliveryID it makes names
	// that stay unique when a ledger is lost and its numbers start again.
	Ledger     string
	DeliveryID int64
	Attempt    int // 1 is the first
	Now        time.Time
	// QueuedAt is when the newest of its deliveries was put into the outbox:
	// a message is given up a day after that. Zero stands for Alert.At.
	QueuedAt time.Time

	Alert  Alert
	Folded []Alert // older ones that were never sent by themselves; oldest first

	Incident *Incident // nil for digests, drills and meta-alerts
	Failure  *Entry    // drills only

	// Digest has every incident that a digest names, oldest first; nil for
	// any other message. Others are the drills and meta-alerts in it.
	Digest []Incident
	Others []Alert

	// Report is what a summary tells; nil for any other message.
	Report *Report

	// Explained are the incidents that Incident explains, oldest first.
	Explained []Incident

	// Codes are the error codes of Incident's failures, the most frequent first,
	// MostCodes at most; nil where all have the same one.
	Codes []CodeCount

	// NotSent is how many alerts about this incident this notifier was
	// spared: folded into others or held back by a cap.
	NotSent int

	// Thread is what the notifier returned for its first message about this
	// incident, "" before that.
	Thread string
}

// CodeCount is how many failures of an incident had an error code; 0 is none.
type CodeCount struct {
	Code     int
	Failures int64
}

// MostCodes is how many error codes of an incident people are told.
const MostCodes = 5

// Urgency says whether the message may wake somebody: an incident that has become
// a page is one, whatever it was when its alert was queued.
func (m Message) Urgency() Urgency {
	if m.Incident != nil {
		return m.Incident.Watch.Urgency
	}
	urgency := m.Alert.Urgency
	for _, in := range m.Digest {
		urgency = max(urgency, in.Watch.Urgency)
	}
	return urgency
}

// Wakes says whether the message is one that people are called together for: a
// page that begins, goes on or reaches others, not one that grows or ends.
func (m Message) Wakes() bool {
	if m.Urgency() != Page || m.Incident != nil && m.Incident.State != Open {
		return false
	}
	switch m.Alert.Kind {
	case Opened, Regression, Raised, Reminder, Escalated, Spread, Resumed, Meta:
		return true
	case Growing, FellQuiet, Over, Late, DrillAlert, Taken, Rate, Summary:
	}
	return false
}

// FirstTime says whether this notifier has said nothing yet about the
// incident.
func (m Message) FirstTime() bool { return m.Thread == "" }

// Receipt is what a notifier returns for a message it took.
type Receipt struct {
	// Thread is what it wants to see again with the next message about the
	// same incident; "" leaves what is known.
	Thread string
	// Detail is for people: a message id, "updated in place".
	Detail string
}

// Result is how an attempt ended.
type Result struct {
	At      time.Time
	Took    time.Duration
	Receipt Receipt
	Error   string // "" where it was sent; never a secret
	// Permanent means that no retry can mend it: the delivery is dead.
	Permanent bool
	// RetryAt is when to try again; ignored where Error is "" or Permanent.
	RetryAt time.Time
}
