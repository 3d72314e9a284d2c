package templates

import (
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// EventVersion is what every Event says of itself. It is raised when something
// goes or changes its meaning, and not when something is added.
const EventVersion = 1

// Event is an alert as programs and own templates read it: what webhooks post
// as JSON, and what templates call {{.Line}} and so on. All of its texts are of
// one line, bounded and free of control characters, yet strangers may have
// written some of them. It holds no number of a caller, no body and no secret.
// docs/WEBHOOK.md describes every field.
type Event struct {
	Version int       `json:"version"`
	ID      string    `json:"id"` // see EventID
	Kind    string    `json:"kind"`
	Urgency string    `json:"urgency"` // page or notice
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`      // when there was reason to tell it
	SentAt  time.Time `json:"sent_at"` // when this attempt was made
	Test    bool      `json:"test"`    // nothing is wrong: somebody tries whether alerts arrive
	Drill   bool      `json:"drill"`   // nothing is wrong: a simulated failure
	Line    string    `json:"line"`    // all of it in at most 70 characters
	Text    []string  `json:"text"`    // all of it as mails say it, line by line
	Link    string    `json:"link"`    // the page about it; "" where no address of the pages is known
	NotSent int       `json:"not_sent"`

	Incident  *EventIncident  `json:"incident"`  // null for digests, drills and news of Backstop itself
	Incidents []EventIncident `json:"incidents"` // of a digest, or those that Incident explains; those that hit most people first: 100 at most
	More      int             `json:"more"`      // incidents that are not among them
	News      []EventNews     `json:"news"`      // of Backstop itself
}

// EventIncident is an incident as it stands when the event is sent.
type EventIncident struct {
	Number         int64         `json:"number"`
	State          string        `json:"state"` // open, quiet or resolved
	Summary        string        `json:"summary"`
	Cause          EventCause    `json:"cause"`
	Code           int           `json:"code"` // of the last failure; 0 where Twilio gave none
	Error          string        `json:"error"`
	Codes          []EventCode   `json:"codes,omitzero"` // where the incident that the event is about has several
	Address        string        `json:"address"`        // that failed last, without the values of its query
	Line           string        `json:"line"`           // the customer's number or address; "" where that is not proven
	LineName       string        `json:"line_name"`
	MoreLines      bool          `json:"more_lines"`
	Callers        int64         `json:"callers"`
	Failures       int64         `json:"failures"`
	Calls          int64         `json:"calls"`
	Messages       int64         `json:"messages"`
	Late           int64         `json:"late"`
	Outcomes       EventOutcomes `json:"outcomes"`
	OpenedAt       time.Time     `json:"opened_at"`
	LastAt         time.Time     `json:"last_at"`
	QuietAt        time.Time     `json:"quiet_at,omitzero"`
	ResolvedAt     time.Time     `json:"resolved_at,omitzero"`
	ResolvedBy     string        `json:"resolved_by"`
	AcknowledgedAt time.Time     `json:"acknowledged_at,omitzero"`
	AcknowledgedBy string        `json:"acknowledged_by"`
	Previous       int64         `json:"previous"` // the resolved incident that came back; 0 for none
	Parent         int64         `json:"parent"`   // the incident that explains this one; 0 for none
	Urgency        string        `json:"urgency"`  // page or notice
	UrgentBecause  string        `json:"urgent_because"`
	Probe          EventProbe    `json:"probe,omitzero"` // of the customer's server, the last one
	Link           string        `json:"link"`
}

// EventCause is what failures of an incident have in common.
type EventCause struct {
	Kind    string `json:"kind"` // fetch, document, asked first, itself, account or twilio
	Account string `json:"account"`
	Code    int    `json:"code"` // 0 where several codes are one cause
	Host    string `json:"host"`
	Path    string `json:"path"`
}

// EventCode counts the failures of an incident that had an error code.
type EventCode struct {
	Code     int    `json:"code"` // 0 where Twilio gave none
	Error    string `json:"error"`
	Failures int64  `json:"failures"`
}

// EventProbe is how the customer's own server looked from here.
type EventProbe struct {
	At   time.Time `json:"at"`
	OK   bool      `json:"ok"`
	Said string    `json:"said"` // "DNS ok, connection refused"
}

// EventOutcomes counts the callers by how it ended for them.
type EventOutcomes struct {
	Saved             int64 `json:"saved"`
	Voicemail         int64 `json:"voicemail"`
	CallbackRequested int64 `json:"callback_requested"`
	Told              int64 `json:"told"`
	NotTold           int64 `json:"not_told"`
	Lost              int64 `json:"lost"`
	Unknown           int64 `json:"unknown"`
}

// EventNews is something that Backstop has to say about itself.
type EventNews struct {
	Topic   string `json:"topic"`
	Title   string `json:"title"`
	Means   string `json:"means"`
	DoFirst string `json:"do_first"`
	Over    bool   `json:"over"` // it tells that something is over
}

// Event is m for programs and own templates.
func (a *Alerts) Event(m incident.Message) Event {
	if m.Now.IsZero() {
		m.Now = m.Alert.At
	}
	t := a.tell(m, mailItems)
	e := Event{
		Version: EventVersion, ID: EventID(m), Kind: m.Alert.Kind.String(), Urgency: m.Urgency().String(),
		Reason: t.Why, At: m.Alert.At.In(a.zone), SentAt: m.Now.In(a.zone),
		Test: m.Alert.Topic == incident.TestTopic, Drill: m.Alert.Kind == incident.DrillAlert,
		Line: t.Line, Text: t.lines(), Link: a.subject(m), NotSent: m.NotSent,
		Incidents: []EventIncident{}, News: []EventNews{},
	}
	if m.Incident != nil {
		one := a.eventIncident(*m.Incident, m.Now)
		for _, c := range m.Codes {
			one.Codes = append(one.Codes, EventCode{Code: c.Code, Error: twilio.Lookup(c.Code).Name, Failures: c.Failures})
		}
		e.Incident = &one
	}
	named := m.Digest
	if len(named) == 0 {
		named = m.Explained
	}
	for _, in := range worstFirst(named) {
		if len(e.Incidents) == mailItems {
			break
		}
		e.Incidents = append(e.Incidents, a.eventIncident(in, m.Now))
	}
	e.More = len(named) - len(e.Incidents)
	if len(m.Digest)+len(m.Others) > 0 {
		e.Kind, e.Test, e.Drill = "digest", false, false
	}
	e.Drill = e.Drill || a.drill
	for _, other := range m.Others {
		if other.Kind == incident.Meta {
			e.News = append(e.News, newsOf(other))
		}
	}
	if m.Alert.Kind == incident.Meta && len(m.Digest)+len(m.Others) == 0 {
		e.News = append(e.News, newsOf(m.Alert))
	}
	return e
}

// EventID names what m says: it is the same for every attempt at it, and no
// other message has it. What has no delivery (urgent alerts, tests) is named by
// its time.
func EventID(m incident.Message) string {
	ledger := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, m.Ledger)
	const longest = 64
	ledger = ledger[:min(len(ledger), longest)]
	if m.DeliveryID == 0 || ledger == "" {
		return "urgent-" + strconv.FormatInt(m.Alert.At.UnixNano(), 10)
	}
	return ledger + "-" + strconv.FormatInt(m.DeliveryID, 10) + "-" + strconv.FormatInt(m.Alert.ID, 10)
}

func (a *Alerts) eventIncident(in incident.Incident, now time.Time) EventIncident {
	code := twilio.Lookup(in.Last.Code)
	one := EventIncident{
		Number: in.ID, State: in.State.String(), Summary: a.digestItem(in, now).Text,
		Cause: EventCause{
			Kind: causeKind(in.Cause.Kind), Account: tidy(in.Cause.Account, 40), Code: in.Cause.Code,
			Host: tidy(in.Cause.Host, 260), Path: tidy(in.Cause.Path, 300),
		},
		Code: in.Last.Code, Error: code.Name, Address: Shorten(twilio.ParseErrorURL(in.Last.ErrorURL).String(), 300),
		Line: tidy(in.Last.To, 80), LineName: tidy(in.Last.Name, 80), MoreLines: in.MoreLines,
		Callers: in.Callers, Failures: in.Failures, Calls: in.Calls, Messages: in.Messages(), Late: in.Late,
		Outcomes: outcomesOf(in.Ended),
		OpenedAt: a.at(in.OpenedAt), LastAt: a.at(in.LastAt), QuietAt: a.at(in.QuietAt),
		ResolvedAt: a.at(in.ResolvedAt), ResolvedBy: tidy(in.ResolvedBy, 60),
		AcknowledgedAt: a.at(in.AcknowledgedAt), AcknowledgedBy: tidy(in.AcknowledgedBy, 60),
		Previous: in.Previous, Parent: in.Parent,
		Urgency: in.Watch.Urgency.String(), UrgentBecause: tidy(in.Because(), 200),
	}
	if probe := in.Watch.Probe; !probe.At.IsZero() {
		one.Probe = EventProbe{At: a.at(probe.At), OK: probe.OK, Said: tidy(probe.Said, 200)}
	}
	if a.pages != "" {
		one.Link = a.pages + "/incidents/" + strconv.FormatInt(in.ID, 10)
	}
	return one
}

// at is t in the zone of all times; zero stays zero.
func (a *Alerts) at(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.In(a.zone)
}

func causeKind(k incident.CauseKind) string {
	switch k {
	case incident.FetchLevel:
		return "fetch"
	case incident.AskedFirst:
		return "asked first"
	case incident.Itself:
		return "itself"
	case incident.DrillCause:
		return "drill"
	case incident.AccountWide:
		return "account"
	case incident.TwilioWide:
		return "twilio"
	case incident.DocumentLevel:
	}
	return "document"
}

func outcomesOf(e incident.Ended) EventOutcomes {
	return EventOutcomes{
		Saved: e.Of(incident.Saved), Voicemail: e.Of(incident.Voicemail), CallbackRequested: e.Of(incident.CallbackRequested),
		Told: e.Of(incident.Told), NotTold: e.Of(incident.NotTold), Lost: e.Of(incident.Lost), Unknown: e.Of(incident.OutcomeUnknown),
	}
}

func newsOf(a incident.Alert) EventNews {
	means, first := a.Advice()
	return EventNews{Topic: tidy(string(a.Topic), 100), Title: tidy(a.Title, MaxLine), Means: tidy(means, 2000), DoFirst: tidy(first, 1000), Over: len(a.Ends) > 0}
}

// subject is the page that a message is about; "" where none is known.
func (a *Alerts) subject(m incident.Message) string {
	switch {
	case a.pages == "":
		return ""
	case len(m.Digest) > 0:
		return a.pages + "/incidents"
	case m.Incident != nil:
		return a.pages + "/incidents/" + strconv.FormatInt(m.Incident.ID, 10)
	case m.Failure != nil:
		return a.pages + "/history/" + m.Failure.Failure.ID.String()
	}
	return a.pages + "/"
}
