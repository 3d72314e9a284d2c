package notifytest

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/incident"
)

// Sample is a message as the dispatcher hands it to a notifier.
type Sample struct {
	Name    string
	Message incident.Message
}

// Secret stands in every sample where a secret of the caller or the customer
// may stand: it must not get out by any notifier.
const Secret = "s3cr3t-of-the-caller"

const (
	account = "AC00000000000000000000000000000001"
	callSID = "CA0123456789abcdef0123456789abcdef"
	textSID = "SM0123456789abcdef0123456789abcdef"
)

// start is when the first failure of every sample came in: 03:12 in Berlin.
var start = time.Date(2026, 11, 23, 2, 12, 7, 0, time.UTC)

// Samples are messages of every kind, always the same ones.
func Samples() []Sample {
	return []Sample{
		{"opened", about(incident.Opened, refused(), "first failure with this cause")},
		{"opened by messages", about(incident.Opened, texting(), "first failure with this cause")},
		{"growing", growing()},
		{"regression", regression()},
		{"quiet", quiet()},
		{"resolved", resolved()},
		{"late", late()},
		{"asked first", about(incident.Opened, askedFirst(), "first failure with this cause")},
		{"itself", about(incident.Opened, itself(), "first failure with this cause")},
		{"bad document", about(incident.Opened, badDocument(), "first failure with this cause")},
		{"drill", drill()},
		{"meta", meta()},
		{"meta-over", metaOver()},
		{"digest", digest(14)},
		{"huge digest", digest(2000)},
		{"hostile", Hostile()},
		{"raised", raised()},
		{"reminder", reminder()},
		{"escalated", escalated()},
		{"muted", muted()},
		{"back by probes", proven()},
		{"wide", wide()},
		{"weekly summary", weekly()},
		{"weekly summary of nothing", summaryOf(incident.Report{Weekly: true, From: start.AddDate(0, 0, -7), To: start, Figures: incident.Figures{Drills: 12}})},
	}
}

func about(kind incident.Kind, in incident.Incident, reason string) incident.Message {
	return incident.Message{
		Ledger: "4f6c8a10b2d3e5f7", DeliveryID: 41, Attempt: 1,
		Now:      in.LastAt.Add(3 * time.Second),
		QueuedAt: in.LastAt.Add(time.Second),
		Alert:    incident.Alert{ID: 7, Kind: kind, IncidentID: in.ID, At: in.LastAt, Callers: in.Callers, Reason: reason},
		Incident: &in,
	}
}

func refused() incident.Incident {
	sample := incident.Sample{
		FailureID: uuid.MustParse("019ab001-8d58-7000-8000-000000000001"),
		At:        start, Channel: incident.Voice, Code: 11202,
		ErrorURL: "https://www.example.com/voice?token=" + Secret + "&lang=de",
		SID:      callSID, From: "+4915112345678", To: "+493012345600", Name: "Praxis Berlin",
		Heard: "Guten Tag, Sie haben Praxis Berlin erreicht. Wir haben gerade ein technisches Problem.",
	}
	return incident.Incident{
		ID:    12,
		Cause: incident.Cause{Kind: incident.FetchLevel, Version: 1, Account: account, Host: "www.example.com"},
		State: incident.Open, OpenedAt: start, LastAt: start,
		Failures: 1, Calls: 1, Callers: 1, First: sample, Last: sample, Told: 1,
	}
}

// grown is refused after half an hour.
func grown() incident.Incident {
	in := refused()
	in.LastAt = start.Add(29*time.Minute + 5*time.Second)
	in.Last.At = in.LastAt
	in.Last.From = "+4917612345699"
	in.Failures, in.Calls, in.Callers = 1240, 1238, 1012
	in.MoreLines = true
	in.UsualGap = 2 * time.Second
	return in
}

func texting() incident.Incident {
	in := refused()
	in.Calls = 0
	in.Last.Channel, in.Last.SID, in.Last.Code = incident.Messaging, textSID, 11210
	in.Last.Name = ""
	in.Last.Heard = "We could not take your message just now. Please try again later."
	return in
}

func growing() incident.Message {
	m := about(incident.Growing, grown(), "1000 callers reached")
	m.Thread = "<backstop.4f6c8a10b2d3e5f7.3@example.com>"
	m.Folded = []incident.Alert{{ID: 5, Kind: incident.Growing, IncidentID: 12, At: start.Add(9 * time.Minute), Callers: 100, Reason: "100 callers reached"}}
	m.NotSent = 212
	m.Codes = []incident.CodeCount{{Code: 11205, Failures: 1143}, {Code: 11202, Failures: 97}}
	return m
}

func regression() incident.Message {
	in := refused()
	in.ID, in.Previous = 19, 12
	return about(incident.Regression, in, "back after being resolved by anna")
}

func quiet() incident.Message {
	in := grown()
	in.State = incident.Quiet
	in.QuietAt = in.LastAt.Add(10 * time.Minute)
	in.AcknowledgedAt, in.AcknowledgedBy = start.Add(4*time.Minute), "anna"
	m := about(incident.FellQuiet, in, "no failure for 10 minutes")
	m.Now = in.QuietAt.Add(time.Second)
	m.Alert.At = in.QuietAt
	m.Thread = "<backstop.4f6c8a10b2d3e5f7.3@example.com>"
	return m
}

func resolved() incident.Message {
	in := grown()
	in.State = incident.Resolved
	in.ResolvedAt, in.ResolvedBy = in.LastAt.Add(time.Hour), "anna"
	m := about(incident.Over, in, "resolved by anna")
	m.Now = in.ResolvedAt.Add(time.Second)
	m.Alert.At = in.ResolvedAt
	m.Thread = "<backstop.4f6c8a10b2d3e5f7.3@example.com>"
	return m
}

// probedDown is refused, whose server was found to be down.
func probedDown() incident.Incident {
	in := refused()
	in.Watch = incident.Watch{
		Urgency: incident.Page, Urgent: "2 callers within 10 minutes", PagedAt: start,
		Probe: incident.Finding{At: start.Add(time.Second), Said: "DNS ok, connection refused"},
	}
	return in
}

func raised() incident.Message {
	m := about(incident.Raised, probedDown(), "2 callers within 10 minutes")
	m.Alert.Urgency = incident.Page
	return m
}

func reminder() incident.Message {
	in := probedDown()
	in.LastAt = start.Add(4 * time.Hour)
	m := about(incident.Reminder, in, "reminder: open for 4 hours, nobody has acknowledged it")
	m.Alert.Urgency = incident.Page
	return m
}

func escalated() incident.Message {
	m := about(incident.Escalated, probedDown(), "nobody has acknowledged it for 10 minutes: level 1")
	m.Alert.Urgency, m.Alert.Only = incident.Page, []string{"boss"}
	return m
}

func muted() incident.Message {
	in := grown()
	in.Watch.MutedBy, in.Watch.MutedUntil = "anna", start.Add(2*time.Hour)
	return about(incident.Taken, in, "muted by anna")
}

func proven() incident.Message {
	in := grown()
	in.State = incident.Resolved
	in.ResolvedAt, in.ResolvedBy = in.LastAt.Add(2*time.Minute), incident.ProvenByProbes
	m := about(incident.Over, in, "back after 29 min 35 s: 3 good probes in a row")
	m.Now = in.ResolvedAt.Add(time.Second)
	m.Alert.At = in.ResolvedAt
	return m
}

func wide() incident.Message {
	m := digest(6)
	children := m.Digest
	for i := range children {
		children[i].Cause.Host = "host-" + string(rune('a'+i)) + ".example.com"
	}
	in := incident.Incident{ID: 200, Cause: incident.Cause{Kind: incident.AccountWide, Version: 1, Account: account}, State: incident.Open}.Gathered(children)
	in.Watch.Urgency, in.Watch.Urgent = incident.Page, "5 servers of one account at once"
	wide := about(incident.Opened, in, "5 servers of one account at once")
	wide.Explained = children
	return wide
}

func late() incident.Message {
	in := refused()
	in.Failures, in.Calls, in.Callers, in.Late = 3, 3, 2, 3
	m := about(incident.Late, in, "verified only now, after the configuration had changed")
	m.Now = start.Add(26 * time.Hour)
	return m
}

func askedFirst() incident.Incident {
	in := refused()
	in.Cause = incident.Cause{Kind: incident.AskedFirst, Version: 1, Account: account}
	in.Last.Code, in.Last.ErrorURL = 0, ""
	return in
}

func itself() incident.Incident {
	in := refused()
	in.Cause = incident.Cause{Kind: incident.Itself, Version: 1, Account: account}
	in.Last.Code, in.Last.ErrorURL = 11237, "https://fallback.example.com/fallback/voice"
	return in
}

func badDocument() incident.Incident {
	in := refused()
	in.Cause = incident.Cause{Kind: incident.DocumentLevel, Version: 1, Account: account, Code: 12100, Host: "www.example.com", Path: "/orders/:id/voice"}
	in.Last.Code, in.Last.ErrorURL = 12100, "https://www.example.com/orders/17/voice?x="+Secret
	return in
}

func drill() incident.Message {
	f := incident.RestoreFailure(uuid.MustParse("019ab001-8d58-7000-8000-000000000002"), start, "POST", []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "CallSid", Value: callSID},
		{Name: "From", Value: "+15005550006"},
		{Name: "To", Value: "+15005550001"},
		{Name: "ErrorCode", Value: "11205"},
		{Name: "ErrorUrl", Value: "https://drill.example.com/voice?x=" + Secret},
		{Name: "Digits", Value: Secret},
		{Name: "SpeechResult", Value: Secret},
		{Name: "CallToken", Value: Secret},
		{Name: "SipHeader_X-Card", Value: Secret},
		{Name: "RecordingUrl", Value: "https://api.twilio.com/" + Secret},
		{Name: "Body", Value: Secret},
	})
	f.Drill = true
	return incident.Message{
		Ledger: "4f6c8a10b2d3e5f7", DeliveryID: 42, Attempt: 1, Now: start.Add(time.Second), QueuedAt: start,
		Alert:   incident.Alert{ID: 8, Kind: incident.DrillAlert, FailureID: f.ID, At: start, Callers: 1, Reason: "a drill"},
		Failure: &incident.Entry{Failure: f, Answer: incident.Answer{Name: "Praxis Berlin", Heard: "We have a technical problem. Please call again later."}},
	}
}

func meta() incident.Message {
	return incident.Message{
		Ledger: "4f6c8a10b2d3e5f7", DeliveryID: 43, Attempt: 2, Now: start.Add(time.Minute), QueuedAt: start,
		Alert: incident.Alert{
			ID: 9, Kind: incident.Meta, At: start, Topic: incident.SignatureTopic,
			Title: "Real callers? 12 requests for your account failed the signature check",
			Detail: "These may be real callers: they got the apology, and nothing was recorded. " +
				incident.DoFirst + "open the start page, which says why each one failed.",
			Reason: "at most once in 15 minutes",
		},
	}
}

func metaOver() incident.Message {
	m := meta()
	m.DeliveryID, m.Attempt = 49, 1
	m.Alert = incident.Alert{
		ID: 15, Kind: incident.Meta, At: start.Add(time.Minute), Topic: incident.JournalTopic,
		Title:  "Failures are written down again",
		Detail: "The journal works again, and has what waited in memory. Nothing has to be done.",
		Reason: "the journal works again",
		Ends:   []incident.Topic{incident.JournalTopic, incident.JournalTopic.About("callers")},
	}
	return m
}

func digest(n int) incident.Message {
	m := incident.Message{
		Ledger: "4f6c8a10b2d3e5f7", DeliveryID: 44, Attempt: 1, Now: start.Add(2 * time.Minute), QueuedAt: start,
		Alert:  incident.Alert{ID: 10, Kind: incident.Opened, IncidentID: 12, At: start, Callers: 1, Reason: "first failure with this cause", Crowded: true},
		Others: []incident.Alert{meta().Alert, drill().Alert},
	}
	for i := range n {
		in := refused()
		in.ID = int64(100 + i)
		in.Callers = int64(1 + i%7)
		in.OpenedAt = start.Add(time.Duration(i%60) * time.Second)
		in.Last.ErrorURL = "https://host-" + string(rune('a'+i%26)) + ".example.com/voice"
		m.Digest = append(m.Digest, in)
	}
	return m
}

// hostileText aims at headers, HTML, Slack's markup and terminals at once.
const hostileText = "x\r\nBcc: evil@example.com\x00\x1b[31m<script>alert(1)</script><!channel><https://evil.example|click>" +
	" @channel *b* `c` &lt; \u202e\u2028 https://evil.example/ [a](https://evil.example) {{.}} \xff\xfe"

// Hostile is a message whose every field is written by an enemy.
func Hostile() incident.Message {
	in := grown()
	h := incident.Sample{
		FailureID: in.Last.FailureID, At: in.LastAt, Channel: incident.Voice, Code: 1999999999,
		ErrorURL: "https://user:" + Secret + "@evil.example:99999/" + hostileText + "?" + Secret,
		SID:      hostileText, From: hostileText, To: hostileText, Name: hostileText,
		Heard: hostileText + strings.Repeat(" long", 2000),
	}
	in.First, in.Last = h, h
	in.Cause.Host, in.Cause.Path = hostileText, hostileText
	in.AcknowledgedBy, in.AcknowledgedAt = hostileText, in.LastAt
	in.Watch.Urgency, in.Watch.Urgent = incident.Page, hostileText
	in.Watch.Probe = incident.Finding{At: in.LastAt, Said: hostileText}
	in.Watch.MutedBy = hostileText
	m := about(incident.Growing, in, hostileText+strings.Repeat("<", 5000))
	m.Ledger = hostileText
	m.Thread = hostileText
	m.Alert.Title, m.Alert.Detail, m.Alert.Topic = hostileText, hostileText, incident.Topic(hostileText)
	for range 50 {
		m.Folded = append(m.Folded, m.Alert)
	}
	m.NotSent = 1 << 30
	return m
}
