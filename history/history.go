// Package history is what people ask of the error history and what they get:
// queries and their URLs, the search box, pages of rows, charts, masking. It is
// pure: it knows neither database nor page.
package history

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Query narrows the error history. The zero value means everything, newest
// first. Filters are joined by "and".
type Query struct {
	From, To time.Time // From is inside, To outside; zero is open. UTC
	Channel  Channel
	Code     int    // 0 is any
	Number   string // From or To, as stored: "+4930123456", "client:anna"; "" is any
	SID      string // CallSid, MessageSid …; "" is any
	Host     string // host of ErrorUrl, or the same behind "www.", which alerts leave out; "" is any
	Incident int64  // 0 is any
	Drills   bool   // drills too; they are left out otherwise

	// Before and After are cursors from a Page: rows older than Before, or
	// the rows just newer than After. At most one is set.
	Before, After Cursor
	Limit         int // rows a page; 0 is DefaultLimit, MaxLimit at most
}

// Bounds of a page.
const (
	DefaultLimit = 50
	MaxLimit     = 500
)

// Look is a page of the history, and the chart of all that the query finds.
type Look struct {
	Page
	Bars []Bucket
}

// MaxCounted is how many failures of a number or SID the bars of a histogram
// count, about: the newest ones.
const MaxCounted = 1000

// Channel is the channel to narrow by; empty is any.
type Channel struct {
	Is  incident.Channel
	Set bool
}

// Cursor is a place between two rows: the ledger's serial number of the row at
// the page's edge. 0 is none.
type Cursor int64

// Row is one failure as a list shows it.
type Row struct {
	Serial     int64
	ID         incident.ID
	ReceivedAt time.Time
	Channel    incident.Channel
	AccountSID string
	SID        string
	From, To   string
	LineName   string // what the answer called the line; "" where it has no name
	Code       int
	ErrorURL   string
	Incident   int64 // 0 for drills
	Outcome    incident.Outcome
	Step       string
	Situation  incident.Situation
	Drill      bool
	Late       bool
	AskedFirst bool
}

// MaxLooked is how many failures of a number are looked at for one page, where
// other filters let hardly any of them through.
const MaxLooked = 20_000

// Page is one page of rows, newest first, with the cursors of its neighbours:
// 0 where there are none.
type Page struct {
	Rows  []Row
	Older Cursor // put it into Query.Before
	Newer Cursor // put it into Query.After

	// Further says that there may be more where the page ends: so many failures
	// of the number were looked at that it is better to ask.
	Further bool
}

// Detail is all that is known of one failure.
type Detail struct {
	Row
	Method     string
	Params     []incident.Param // nil and Erased true once personal data was erased
	Erased     bool
	Slim       bool // under overload only the parameters with fields of their own were kept
	Itself     bool // ErrorURL is one of Backstop's own addresses
	Answer     incident.Answer
	JournalAt  time.Time // when its journal entry was begun to be written
	LedgerAt   time.Time // when the ledger took it
	Deliveries []Delivery
	Reveals    []Reveal
	FollowUps  []FollowUp  // what came back about it, in order
	Recordings []Recording // that the caller left
	Token      string      // I-Twilio-Idempotency-Token of a message, "" where it was not kept
	Dropped    bool        // parameters were left out before it was written down
	OptOut     bool        // a message that only says STOP or the like
	Replay     Replay      // of a message, to the server that has not had it
}

// FollowUp is something that came back about a failure after it was answered.
type FollowUp struct {
	ID      incident.ID // where What is FailedAgain that of a failure
	At      time.Time
	What    incident.What
	Step    string           // the step that it is about
	Heard   string           // what the caller heard then
	Why     string           // more about it, in one line
	Outcome incident.Outcome // OutcomeUnknown where it says nothing about how it ended
}

// Recording is a message that a caller left. What it says is with Twilio.
type Recording struct {
	SID, AccountSID string
	At              time.Time
	Seconds         int    // 0 where Twilio did not say
	Transcript      string // hidden by default, as bodies are
	// Failure is on whose page it is heard; only lists of callers say so.
	Failure incident.ID
}

// Delivery is an alert on its way to one notifier, as pages show it.
type Delivery struct {
	ID         int64
	Notifier   string
	Kind       incident.Kind
	Title      string // of meta-alerts; "" else
	Reason     string
	IncidentID int64
	State      DeliveryState
	CreatedAt  time.Time
	DueAt      time.Time
	SentAt     time.Time // zero unless sent
	Attempts   int
	LastError  string
	Detail     string // what the notifier said when it took it
	Urgency    incident.Urgency
	Crowded    bool // so many incidents opened at once that they are told together

	// HeldUntil is when the caps let a delivery out that waits, as things
	// stand, zero where it may go out; HeldBy is the cap, "" where it is
	// merely not due yet.
	HeldUntil time.Time
	HeldBy    string
}

// DeliveryState is where a delivery stands.
type DeliveryState uint8

// The states of a delivery. The numbers are stored: never renumber.
const (
	Waiting DeliveryState = 1 // due or not yet
	Sending DeliveryState = 2 // claimed by a worker
	Sent    DeliveryState = 3
	Folded  DeliveryState = 4 // told by a newer message or a digest
	Dead    DeliveryState = 5 // given up
)

// String is the word that pages and the API use.
func (s DeliveryState) String() string {
	switch s {
	case Waiting:
		return "waiting"
	case Sending:
		return "sending"
	case Sent:
		return "sent"
	case Folded:
		return "folded"
	case Dead:
		return "dead"
	}
	return "unknown"
}

// Reveal is a person having looked at something that is hidden by default.
type Reveal struct {
	At   time.Time
	By   string
	What string
}

// Bucket is one bar of a histogram.
type Bucket struct {
	Start     time.Time
	Width     time.Duration
	Voice     int64
	Messaging int64
	Unknown   int64
}

// Total is the height of the bar.
func (b Bucket) Total() int64 { return b.Voice + b.Messaging + b.Unknown }

// IncidentQuery narrows the list of incidents, newest first.
type IncidentQuery struct {
	// Urgent has those first that nobody has taken, of these the pages, then those
	// with most callers, then the newest; what an open one explains comes last. It
	// is no part of a URL, and has no next page.
	Urgent    bool
	Muted     bool           // only those that somebody muted, whether it still holds or not; no part of a URL
	Uncounted bool           // how many are open and quiet need not be counted; no part of a URL
	State     incident.State // 0 is any
	Host      string         // as in Query
	Before    int64          // incidents with a smaller ID; 0 from the newest
	Limit     int            // 0 is DefaultLimit
}

// IncidentPage is one page of incidents, newest first.
type IncidentPage struct {
	Incidents []incident.Incident
	Older     int64 // put it into IncidentQuery.Before; 0 where there are none
	Open      int64 // how many are open, whatever the query says
	Quiet     int64
	Callers   int64 // of all that are open, added up: one who is in two counts twice
}

// Event is something that happened to an incident or that somebody did.
type Event struct {
	At   time.Time
	By   string // "" for Backstop
	What string // "acknowledged", "resolved", "opened: first failure …"
}

// IncidentDetail is all that is known of one incident, besides its failures.
type IncidentDetail struct {
	incident.Incident
	Next       int64      // the incident that its cause opened after it; 0 if none did
	Events     []Event    // oldest first: of many the first and the newest, MostEvents in all
	EventsLeft int64      // how many are left out, behind the first
	Deliveries []Delivery // newest first, 100 at most
	NotSent    int64      // alerts folded into others
	Erased     bool       // numbers and words of its samples were, because of their age
	Chart      []Bucket
	Codes      []incident.CodeCount // as incident.Message has them
	Replays    Replays

	ExplainedBy *incident.Incident  // nil where nothing explains it
	Explains    []incident.Incident // those that are not over first, then by their callers; MostExplained at most
	ExplainsAll int64               // how many there are
}

// MostEvents is how many events of an incident are named.
const MostEvents = 40

// MostExplained is how many incidents are named that another one explains.
const MostExplained = 25

// Explained says whether the incident that explains it is not over: nobody is
// told of it meanwhile.
func (d IncidentDetail) Explained() bool {
	return d.ExplainedBy != nil && d.ExplainedBy.State != incident.Resolved
}

// NotifierStatus is how a notifier does, as pages, metrics and health say it.
type NotifierStatus struct {
	Name        string
	LastSuccess time.Time
	LastFailure time.Time
	LastError   string
	Waiting     int64
	NextAt      time.Time // when the first of them may go out; zero for at once, and where that is not known
	Dead        int64
}

// DrillReport is what the ledger knows of a drill: `backstop drill` asks for
// it until all is delivered.
type DrillReport struct {
	SID        string
	Found      bool // the failure is in the ledger
	FailureID  incident.ID
	ReceivedAt time.Time
	Outcome    incident.Outcome // as far as it is known
	Deliveries []Delivery
}

// RecentCall is a call or message that has failed within the last minutes.
type RecentCall struct {
	AccountSID, SID string
	Newest          incident.ID // its newest failure
	At              time.Time   // of that
	ErrorURL        string      // likewise
	Failed          []time.Time // when it failed, oldest first: the last hundred times at most
	Retries         int         // how often it was sent back to its own server
}
