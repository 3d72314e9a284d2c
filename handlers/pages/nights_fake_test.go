package pages_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

const apology = "You have reached Praxis Berlin. We have a technical problem and cannot take your call at this moment. Please try again in a few minutes."

// add appends a failure received at, and returns it to be refined.
func (l *ledger) add(at time.Time, params ...incident.Param) *history.Detail {
	serial := int64(len(l.failures) + 1)
	f := incident.NewFailure(at, "POST", params)
	var id incident.ID
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 0x8000000000000000|uint64(serial))
	answer := incident.Answer{
		Step: "message", Situation: incident.NotYetServed, Languages: []string{"de", "en"}, Name: "Praxis Berlin",
		Heard: apology, Outcome: incident.Told, Took: 4200 * time.Microsecond,
		Document: []byte(`<?xml version="1.0" encoding="UTF-8"?>` + "\n<Response><Pause length=\"1\"/><Say language=\"en-US\">" + apology + "</Say></Response>"),
	}
	if f.Channel == incident.Messaging {
		answer.Situation, answer.Heard = incident.Text, "Praxis Berlin: we have a technical problem and could not read your message. Please try again later."
	}
	l.failures = append(l.failures, history.Detail{
		Row: history.Row{
			Serial: serial, ID: id, ReceivedAt: at, Channel: f.Channel, AccountSID: f.AccountSID, SID: f.SID, From: f.From, To: f.To,
			Code: f.Code, ErrorURL: f.ErrorURL, Outcome: answer.Outcome, Step: answer.Step, Situation: answer.Situation, AskedFirst: f.AskedFirst,
			LineName: answer.Name,
		},
		Method: f.Method, Params: f.Params, Answer: answer,
		JournalAt: at.Add(6 * time.Millisecond), LedgerAt: at.Add(140 * time.Millisecond),
	})
	return &l.failures[len(l.failures)-1]
}

const account = "AC0123456789abcdef0123456789abcdef"

func sid(kind string, n int) string {
	sum := sha256.Sum256([]byte(kind + strconv.Itoa(n)))
	return kind + hex.EncodeToString(sum[:16])
}

func call(n int, from, to string, code int, url string, more ...incident.Param) []incident.Param {
	return append([]incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "CallSid", Value: sid("CA", n)},
		{Name: "From", Value: from},
		{Name: "To", Value: to},
		{Name: "CallStatus", Value: "ringing"},
		{Name: "Direction", Value: "inbound"},
		{Name: "ApiVersion", Value: "2010-04-01"},
		{Name: "CallerName", Value: ""},
		{Name: "FromCity", Value: "BERLIN"},
		{Name: "FromCountry", Value: "DE"},
		{Name: "CallToken", Value: "eyJzZWNyZXQiOiJ0b2tlbiJ9"},
		{Name: "ErrorCode", Value: strconv.Itoa(code)},
		{Name: "ErrorUrl", Value: url},
	}, more...)
}

func text(n int, from, to, body string, code int, url string) []incident.Param {
	return []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "MessageSid", Value: sid("SM", n)},
		{Name: "From", Value: from},
		{Name: "To", Value: to},
		{Name: "Body", Value: body},
		{Name: "NumMedia", Value: "0"},
		{Name: "ErrorCode", Value: strconv.Itoa(code)},
		{Name: "ErrorUrl", Value: url},
	}
}

const (
	voiceURL   = "https://www.example.com/voice?token=s3cret-token&lang=de"
	messageURL = "https://hooks.example.net:8443/sms"
	line       = "+4930901820"
)

// oneNight is a ledger in which a host has refused connections for half an
// hour, another one is quiet, and a third has been resolved.
func oneNight(callers int) *ledger {
	l := &ledger{now: func() time.Time { return night }}
	l.addIncident(incident.Incident{ID: 11, State: incident.Resolved, Cause: cause(incident.FetchLevel, 0, "www.example.com", "")}, 3, 20*time.Hour, func(i int) []incident.Param {
		return call(1000+i, fmt.Sprintf("+4930555%04d", i), line, 11205, voiceURL)
	})
	l.addIncident(incident.Incident{ID: 12, State: incident.Quiet, Cause: cause(incident.DocumentLevel, 12100, "hooks.example.net:8443", "/sms")}, 7, 5*time.Hour, func(i int) []incident.Param {
		return text(2000+i, fmt.Sprintf("whatsapp:+44770090%04d", i), "whatsapp:"+line, "Is my appointment still on?", 12100, messageURL)
	})
	l.addIncident(incident.Incident{ID: 14, State: incident.Open, Cause: cause(incident.FetchLevel, 0, "www.example.com", "")}, callers, 28*time.Minute, func(i int) []incident.Param {
		from := fmt.Sprintf("+49171%07d", 1234567+i*7919)
		if i%11 == 3 {
			from = "anonymous"
		}
		return call(3000+i, from, line, 11202, voiceURL)
	})
	drill := l.add(night.Add(-90*time.Second), call(4000, "+15005550006", "+15005550001", 11200, "https://drill.invalid/voice")...)
	drill.Drill = true
	l.notifiers = []history.NotifierStatus{
		{Name: "ops-mail", LastSuccess: night.Add(-27 * time.Minute)},
		{Name: "ops-slack", LastSuccess: night.Add(-27 * time.Minute), LastFailure: night.Add(-2 * time.Hour)},
	}
	return l
}

func cause(kind incident.CauseKind, code int, host, path string) incident.Cause {
	return incident.Cause{Kind: kind, Version: 1, Account: account, Code: code, Host: host, Path: path}
}

// addIncident spreads n failures over the time from begun ago on.
func (l *ledger) addIncident(in incident.Incident, n int, begun time.Duration, params func(i int) []incident.Param) {
	gap := 25 * time.Minute / time.Duration(max(n, 1))
	var d history.IncidentDetail
	for i := range n {
		f := l.add(night.Add(-begun+time.Duration(i)*gap), params(i)...)
		f.Incident = in.ID
		sample := incident.Sample{
			FailureID: f.ID, At: f.ReceivedAt, Channel: f.Channel, Code: f.Code, ErrorURL: f.ErrorURL,
			SID: f.SID, From: f.From, To: f.To, Name: f.Answer.Name, Heard: f.Answer.Heard,
		}
		if i == 0 {
			in.OpenedAt, in.First = f.ReceivedAt, sample
		}
		in.LastAt, in.Last = f.ReceivedAt, sample
		if f.Channel == incident.Voice {
			in.Calls++
		}
		if i < 3 {
			f.Deliveries = l.deliveries(int64(len(l.failures)), in.ID, f.ReceivedAt)
		}
		d.Deliveries = append(f.Deliveries, d.Deliveries...)
	}
	in.Failures, in.Callers, in.UsualGap = int64(n), int64(n-n/11), gap
	switch in.State {
	case incident.Quiet:
		in.QuietAt = in.LastAt.Add(10 * time.Minute)
	case incident.Resolved:
		in.ResolvedAt, in.ResolvedBy, in.AcknowledgedAt, in.AcknowledgedBy = in.LastAt.Add(time.Hour), "admin", in.LastAt, "admin"
	case incident.Open:
		in.Previous = 11
	}
	d.Incident = in
	d.NotSent = 2
	d.Events = []history.Event{{At: in.OpenedAt, What: "opened: first failure with this cause"}}
	if in.AcknowledgedBy != "" {
		d.Events = append(d.Events, history.Event{At: in.AcknowledgedAt, By: in.AcknowledgedBy, What: "acknowledged"}, history.Event{At: in.ResolvedAt, By: in.ResolvedBy, What: "resolved"})
	}
	if n == 0 {
		return
	}
	d.Chart, _ = l.Histogram(context.Background(), history.Query{Incident: in.ID, From: in.OpenedAt, To: in.LastAt.Add(time.Second)}, 60)
	l.incidents = append(l.incidents, d)
}

func (l *ledger) deliveries(n, in int64, at time.Time) []history.Delivery {
	return []history.Delivery{
		{
			ID: n*2 + 1, Notifier: "ops-slack", Kind: incident.Opened, Reason: "first failure with this cause", IncidentID: in,
			State: history.Waiting, CreatedAt: at.Add(time.Second), DueAt: at.Add(time.Minute), Attempts: 2, LastError: "dial tcp: lookup slack.com: no such host",
		},
		{
			ID: n * 2, Notifier: "ops-mail", Kind: incident.Opened, Reason: "first failure with this cause", IncidentID: in,
			State: history.Sent, CreatedAt: at.Add(time.Second), SentAt: at.Add(2100 * time.Millisecond), Attempts: 1, Detail: "mail backstop.4f6c8a10b2d3e5f7.99@example.com",
		},
	}
}

// hostile is a failure in which every value attacks somebody.
func (l *ledger) hostile() *history.Detail {
	const script = `"><script>alert('xss')</script><img src=x onerror=alert(1)>`
	f := l.add(night.Add(-time.Minute),
		incident.Param{Name: "AccountSid", Value: account}, incident.Param{Name: "CallSid", Value: script},
		incident.Param{Name: "From", Value: "\u202egnp.exe\x00" + script}, incident.Param{Name: "To", Value: "javascript:alert(1)"},
		incident.Param{Name: "ErrorCode", Value: "-1<b>"}, incident.Param{Name: "ErrorUrl", Value: "javascript://x.example/%0aalert(1)?" + script},
		incident.Param{Name: script, Value: script}, incident.Param{Name: "Style", Value: `" style="background:url(//evil.example)" onmouseover="x`},
		incident.Param{Name: "Bytes", Value: "\x00\x1b[31m\xff\xfe\u2028\u2066"}, incident.Param{Name: "Template", Value: "{{.User}} ${7*7} <%= 1 %>"},
		incident.Param{Name: "Long", Value: longValue()}, incident.Param{Name: "", Value: ""},
	)
	f.Incident = 14
	return f
}

func longValue() string {
	b := make([]byte, 10_000)
	for i := range b {
		b[i] = 'A' + byte(i%26)
	}
	return string(b)
}

func oneIncident() incident.Incident {
	return incident.Incident{ID: 1, State: incident.Open, Cause: cause(incident.FetchLevel, 0, "www.example.com", "")}
}

func someUnverified() pages.Unverified {
	return pages.Unverified{
		Count: 12, Since: night.Add(-3 * time.Hour), Newest: night.Add(-4 * time.Minute),
		Reasons: []pages.Reason{
			{Text: "signed for https://fallback.example.com/fallback/voice, PUBLIC_URL says http://fallback.example.com", Count: 9},
			{Text: "matches the token of account AC0123456789abcdef0123456789abcdef", Count: 3},
		},
	}
}

func someNotices() []pages.Notice {
	return []pages.Notice{
		{Urgent: true, Title: "Journal nearly full", Detail: "1.9 of 2 GiB are used: the ledger has not taken anything for 3 h."},
		{Title: "The changed configuration was refused", Detail: "notifiers[0].email.to: “ops@” is no address. The old one stays in force."},
	}
}

// busyNight is a night with many troubles at once, for the picture.
func busyNight() *ledger {
	l := oneNight(0)
	l.failures = nil
	spread := func(n int, begun, gap time.Duration, in int64, params func(i int) []incident.Param) {
		for i := range n {
			wobble := time.Duration((i*7919+int(in)*104729)%97) * gap / 110
			l.add(night.Add(-begun+time.Duration(i)*gap+wobble), params(i)...).Incident = in
		}
	}
	caller := func(i int) string { return fmt.Sprintf("+49%d%07d", 151+i*7%28, 1234567+i*79193%8765432) }
	spread(64, 38*time.Minute, 35*time.Second, 14, func(i int) []incident.Param { return call(i, caller(i), line, 11202, voiceURL) })
	spread(26, 3*time.Hour, 410*time.Second, 13, func(i int) []incident.Param {
		return call(500+i, caller(i*3), "+4989545500", 11205, "https://api.example.org/ivr/menu")
	})
	spread(19, 155*time.Minute, 480*time.Second, 12, func(i int) []incident.Param {
		return text(900+i, fmt.Sprintf("whatsapp:+4477009%05d", i*379), "whatsapp:"+line, "Is my appointment still on?", 12100, messageURL)
	})
	spread(9, 14*time.Hour, 65*time.Minute, 11, func(i int) []incident.Param {
		return call(1300+i, caller(i*11), "+4989545501", 11220, "https://booking.example.com/twilio/voice?tenant=7")
	})
	slices.SortFunc(l.failures, func(a, b history.Detail) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	for i := range l.failures {
		l.failures[i].Serial = int64(i + 1)
	}
	return l
}
