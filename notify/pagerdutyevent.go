package notify

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// The actions of the Events API.
const (
	pagerDutyTrigger     = "trigger"
	pagerDutyAcknowledge = "acknowledge"
	pagerDutyResolve     = "resolve"
)

// Bounds of an event, and of how many one message comes to.
const (
	pagerDutySummary = 1024 // characters
	pagerDutyMost    = 100
)

// pagerDutyEvent is the body of a request:
// https://developer.pagerduty.com/api-reference/YXBpOjI3NDgyNjU-pager-duty-v2-events-api
type pagerDutyEvent struct {
	RoutingKey string            `json:"routing_key"`
	Action     string            `json:"event_action"`
	DedupKey   string            `json:"dedup_key"`
	Client     string            `json:"client,omitempty"`
	ClientURL  string            `json:"client_url,omitempty"`
	Payload    *pagerDutyPayload `json:"payload,omitempty"`
	Links      []pagerDutyLink   `json:"links,omitempty"`
}

type pagerDutyPayload struct {
	Summary   string         `json:"summary"`
	Source    string         `json:"source"`
	Severity  string         `json:"severity"`
	Timestamp time.Time      `json:"timestamp"`
	Component string         `json:"component,omitempty"`
	Group     string         `json:"group,omitempty"`
	Class     string         `json:"class,omitempty"`
	Details   map[string]any `json:"custom_details"`
}

type pagerDutyLink struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

// pagerDutyEvents decides what m is to PagerDuty: nothing where there is nothing
// that somebody on duty has to know.
func pagerDutyEvents(texts *templates.Alerts, m incident.Message) []pagerDutyEvent {
	switch {
	case len(m.Digest)+len(m.Others) > 0:
		return pagerDutyDigest(texts, m)
	case m.Incident != nil:
		return pagerDutyIncident(texts, m, *m.Incident)
	case m.Alert.IncidentID != 0: // the history no longer has it, so that nobody can look into it
		return []pagerDutyEvent{{Action: pagerDutyResolve, DedupKey: incidentKey(m, m.Alert.IncidentID)}}
	case m.Alert.Kind == incident.DrillAlert || m.Alert.Kind == incident.Meta:
		return pagerDutyNews(texts, m)
	}
	return nil
}

// pagerDutyNews is what Backstop says of itself, or of a drill. What is over may
// have been told by way of the ledger, or without it: both are resolved.
func pagerDutyNews(texts *templates.Alerts, m incident.Message) []pagerDutyEvent {
	if len(m.Alert.Ends) == 0 {
		return []pagerDutyEvent{triggered(texts, m, topicKey(ledgerOf(m), m.Alert))}
	}
	var events []pagerDutyEvent
	for _, topic := range m.Alert.Ends {
		for _, ledger := range []string{ledgerOf(m), noLedger} {
			events = append(events, pagerDutyEvent{Action: pagerDutyResolve, DedupKey: topicKey(ledger, incident.Alert{Topic: topic})})
		}
	}
	return events
}

// pagerDutyDigest takes a digest apart, for each incident is to be resolved by
// itself: those that are over first, so that nobody looks after them, then those
// that hit most people. A drill among others is nothing to be woken by.
func pagerDutyDigest(texts *templates.Alerts, m incident.Message) []pagerDutyEvent {
	all := slices.Clone(m.Digest)
	turn := func(in incident.Incident) int {
		if in.State == incident.Resolved {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b incident.Incident) int {
		return cmp.Or(cmp.Compare(turn(a), turn(b)), cmp.Compare(b.Callers, a.Callers))
	})
	var events []pagerDutyEvent
	for _, in := range all {
		one := alone(m)
		one.Incident, one.Alert.IncidentID, one.Alert.Kind = &in, in.ID, incident.Opened
		events = append(events, pagerDutyIncident(texts, one, in)...)
	}
	for _, other := range m.Others {
		if other.Kind != incident.Meta {
			continue
		}
		one := alone(m)
		one.Alert = other
		events = append(events, pagerDutyNews(texts, one)...)
	}
	if len(events) <= pagerDutyMost {
		return events
	}
	rest := triggered(texts, m, "backstop-"+ledgerOf(m)+"-digest-"+strconv.FormatInt(m.DeliveryID, 10)) // names what has no event of its own
	return append(events[:pagerDutyMost-1], rest)
}

// alone is m without what else is in its digest.
func alone(m incident.Message) incident.Message {
	m.Digest, m.Others, m.Explained, m.Folded, m.NotSent = nil, nil, nil, nil, 0
	return m
}

func pagerDutyIncident(texts *templates.Alerts, m incident.Message, in incident.Incident) []pagerDutyEvent {
	key := incidentKey(m, in.ID)
	acknowledge := pagerDutyEvent{Action: pagerDutyAcknowledge, DedupKey: key}
	switch {
	case in.State == incident.Resolved:
		return []pagerDutyEvent{{Action: pagerDutyResolve, DedupKey: key}}
	case m.Alert.Kind == incident.Taken && in.Acknowledged():
		return []pagerDutyEvent{acknowledge}
	case m.Alert.Kind == incident.Taken: // muted, which is no acknowledgement
		return nil
	case m.Alert.Kind == incident.FellQuiet && !m.FirstTime():
		return nil // not over, and no reason to page again whoever has closed it there
	}
	var events []pagerDutyEvent
	if isBack(m, in) { // else who has acknowledged it there hears nothing of it
		events = append(events, pagerDutyEvent{Action: pagerDutyResolve, DedupKey: key})
	}
	events = append(events, triggered(texts, m, key))
	if in.Acknowledged() && slices.ContainsFunc(m.Folded, func(a incident.Alert) bool { return a.Kind == incident.Taken }) {
		events = append(events, acknowledge)
	}
	return events
}

// isBack says whether m tells that an incident, which was quiet for long, is a page
// again that nobody has taken.
func isBack(m incident.Message, in incident.Incident) bool {
	return !in.Watch.BackAt.IsZero() && slices.ContainsFunc(append([]incident.Alert{m.Alert}, m.Folded...), func(a incident.Alert) bool {
		return a.Kind == incident.Resumed && a.At.UnixMilli() == in.Watch.BackAt.UnixMilli()
	})
}

// triggered is the event that opens key, or adds to it.
func triggered(texts *templates.Alerts, m incident.Message, key string) pagerDutyEvent {
	event := texts.Event(m)
	e := pagerDutyEvent{
		Action: pagerDutyTrigger, DedupKey: key, Client: "Backstop", ClientURL: event.Link,
		Payload: &pagerDutyPayload{
			Summary: templates.Shorten(event.Text[0], pagerDutySummary), Source: "Backstop", Severity: severityOf(m),
			Timestamp: event.At, Class: event.Kind,
			Details: map[string]any{"text": event.Text[1:], "reason": event.Reason, "kind": event.Kind},
		},
	}
	if event.Link != "" {
		e.Links = []pagerDutyLink{{Href: event.Link, Text: "Backstop's page about it"}}
	}
	if in := event.Incident; in != nil {
		e.Payload.Source = cmp.Or(in.Cause.Host, e.Payload.Source)
		e.Payload.Component, e.Payload.Group = in.LineName, in.Cause.Account
		e.Payload.Details["incident"] = in
	}
	return e
}

func severityOf(m incident.Message) string {
	switch {
	case m.Alert.Kind == incident.DrillAlert || m.Alert.Topic == incident.TestTopic:
		return "info"
	case m.Urgency() == incident.Page:
		return "critical"
	}
	return "warning"
}

func incidentKey(m incident.Message, id int64) string {
	return "backstop-" + ledgerOf(m) + "-incident-" + strconv.FormatInt(id, 10)
}

// topicKey is one for all that is told about a topic, so that news which come
// again join what is open; all drills are one.
func topicKey(ledger string, a incident.Alert) string {
	topic := string(a.Topic)
	if a.Kind == incident.DrillAlert {
		topic = "drill"
	}
	const longest = 100
	name := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '-'
	}, topic)
	if name != topic || len(name) > longest {
		sum := sha256.Sum256([]byte(topic))
		name = name[:min(len(name), longest)] + "-" + hex.EncodeToString(sum[:4])
	}
	return "backstop-" + ledger + "-" + name
}

// noLedger stands for the ledger's id in keys of what is urgent.
const noLedger = "urgent"

// ledgerOf is the ledger's id, for keys that stay apart when a ledger is lost
// and its numbers start again. What is urgent has none.
func ledgerOf(m incident.Message) string {
	ledger, _, named := strings.Cut(templates.EventID(m), "-")
	if !named {
		return noLedger
	}
	return ledger
}
