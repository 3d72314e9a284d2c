package incident

import (
	"slices"
	"strings"
	"time"
)

// Kind is what an alert has to tell.
type Kind uint8

// The kinds. The numbers are stored: never renumber.
const (
	Opened     Kind = 1 // a new incident
	Regression Kind = 2 // a resolved one is back
	Growing    Kind = 3 // 10, 100, 1,000 … callers
	FellQuiet  Kind = 4 // no failure for a while, not proven over
	Over       Kind = 5 // resolved
	Late       Kind = 6 // failures that were verified only later
	DrillAlert Kind = 7 // a drill arrived: no incident
	Meta       Kind = 8 // Backstop itself has something to say
	Taken      Kind = 9 // somebody takes care of it

	Reminder  Kind = 10 // still open, and nobody has acknowledged it
	Rate      Kind = 11 // failures come fast
	Escalated Kind = 12 // nobody has acknowledged it: others are told
	Spread    Kind = 13 // it reaches lines of people who were not told
	Raised    Kind = 14 // what was a notice may wake people now
	Resumed   Kind = 15 // still there when a silence or a mute is over
	Summary   Kind = 16 // of a day or a week
)

// String is the word that pages and logs use.
func (k Kind) String() string {
	switch k {
	case Opened:
		return "opened"
	case Regression:
		return "regression"
	case Growing:
		return "growing"
	case FellQuiet:
		return "quiet"
	case Over:
		return "resolved"
	case Late:
		return "late"
	case DrillAlert:
		return "drill"
	case Meta:
		return "meta"
	case Taken:
		return "taken"
	case Reminder:
		return "reminder"
	case Rate:
		return "rate"
	case Escalated:
		return "escalated"
	case Spread:
		return "spread"
	case Raised:
		return "raised"
	case Resumed:
		return "resumed"
	case Summary:
		return "summary"
	}
	return "unknown"
}

// InPlace says whether an alert of that kind only brings a message up to date
// that is there already: it is no new message, wakes nobody, and is nothing for
// notifiers that cannot change what they have sent.
func (k Kind) InPlace() bool { return k == Taken }

// grows says whether an alert of that kind tells that there is more of what is
// known.
func (k Kind) grows() bool { return k == Growing || k == Rate }

// Topic is what a meta-alert is about. The same news, by topic and reason, goes
// out once in MetaEvery: so the reason of one holds nothing that changes.
type Topic string

// The topics of meta-alerts.
const (
	SignatureTopic   Topic = "signature"   // requests for our accounts that failed the check
	LedgerTopic      Topic = "ledger"      // history unavailable, set aside or replaced
	JournalTopic     Topic = "journal"     // journal slow, full or replaced
	NotifierTopic    Topic = "notifier"    // a notifier gave alerts up
	ReloadTopic      Topic = "reload"      // a changed configuration was refused
	RetentionTopic   Topic = "retention"   // old failures could not be removed, or had to go early
	RoomTopic        Topic = "room"        // journal or disk come near their bounds, or the history is behind
	DrillTopic       Topic = "drills"      // a planned one failed
	CertificateTopic Topic = "certificate" // of PUBLIC_URL
	HeartbeatTopic   Topic = "heartbeat"   // Backstop's check of itself
	SummaryTopic     Topic = "summary"     // of a day or a week
	BugTopic         Topic = "bug"         // a worker panicked
	TestTopic        Topic = "test"        // nothing is wrong: somebody tries a notifier
)

// Topics that are told apart from each other, so that one does not swallow the
// other.
const (
	AsideTopic   Topic = "set aside" // an entry that the ledger refused
	DamagedTopic Topic = "damaged"   // a database that was moved aside
)

// Urgency says whether news of that kind may wake somebody: that callers are not
// written down, or not shown to anybody.
func (t Topic) Urgency() Urgency {
	if slices.ContainsFunc([]Topic{LedgerTopic, JournalTopic, DamagedTopic}, t.Is) {
		return Page
	}
	return Notice
}

// About is the topic for one thing among several of its kind: two notifiers
// that give up are told both.
func (t Topic) About(name string) Topic { return t + ": " + Topic(name) }

// Is says whether t is of the kind of other, whatever it is about.
func (t Topic) Is(other Topic) bool {
	return t == other || strings.HasPrefix(string(t), string(other)+": ")
}

// DoFirst begins the last part of a meta-alert's Detail: what to do first.
// Alerts show it as a fact of its own, before what it means.
const DoFirst = "First thing to do: "

// Advice is Detail in two: what it means, and what to do first; "" where it does
// not say.
func (a Alert) Advice() (means, first string) {
	i := strings.LastIndex(a.Detail, DoFirst)
	if i < 0 {
		return a.Detail, ""
	}
	return a.Detail[:i], a.Detail[i+len(DoFirst):]
}

// MetaEvery is how often the same news may be told.
const MetaEvery = 15 * time.Minute

// Alert is what an incident, or Backstop itself, has to tell, with its reason.
type Alert struct {
	ID         int64 // 0 until the ledger has given it one
	Kind       Kind
	IncidentID int64 // 0 for drills and meta-alerts
	FailureID  ID    // drills only
	At         time.Time
	Callers    int64  // at that time
	Reason     string // why it is told, in words people read
	Urgency    Urgency

	// Crowded is true for an incident that was not among the first of its
	// minute: it is told in a digest. See Policy.Crowd.
	Crowded bool

	// Meta-alerts only.
	Topic  Topic
	Title  string // the first line, at most 70 characters
	Detail string // what it means and what to do, in plain sentences
	// Ends are the topics of which it tells that they are over: nothing that wakes
	// anybody, for whoever was told that they began.
	Ends []Topic

	// Except names a notifier that this alert does not go to: the one it
	// complains about.
	Except string
	// Only names the notifiers that it goes to, whatever the routes say; nil is
	// no such bound.
	Only []string
}

// Crowd marks the alert of a new incident, opened when openedBefore others had
// been within the last minute, and says how long it waits for its digest.
func (p Policy) Crowd(a Alert, openedBefore int) (marked Alert, wait time.Duration) {
	if a.Kind != Opened && a.Kind != Regression && a.Kind != Late {
		return a, 0
	}
	if a.Kind != Late && openedBefore < p.SinglesPerMinute {
		return a, 0
	}
	a.Crowded = true
	if a.Kind == Late {
		return a, lateGather
	}
	return a, p.DigestAfter
}

// lateGather is how long late failures are collected: all that a changed
// configuration verifies is told in one alert.
const lateGather = 5 * time.Second
