package pages_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// ledger is a history in memory, true to what the real one promises.
type ledger struct {
	mu         sync.Mutex
	now        func() time.Time
	failures   []history.Detail // oldest first
	incidents  []history.IncidentDetail
	callers    history.CallerPage
	notifiers  []history.NotifierStatus
	silences   []incident.Silence
	err        error         // what every question is answered with
	unwritable error         // what a reveal is answered with
	notes      []string      // what to know before sending a message
	sent       []string      // what people wanted to be sent
	hang       chan struct{} // closed when questions are answered again; heeds no context
}

func (l *ledger) ask() (func(), error) {
	if l.hang != nil {
		<-l.hang
	}
	l.mu.Lock()
	return l.mu.Unlock, l.err
}

func (l *ledger) Failures(_ context.Context, q history.Query) (history.Page, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.Page{}, err
	}
	var found []history.Row
	for _, d := range slices.Backward(l.failures) {
		if matches(d.Row, q) {
			found = append(found, d.Row)
		}
	}
	limit := cmp.Or(q.Limit, history.DefaultLimit)
	start := 0
	switch {
	case q.Before != 0:
		start = len(found)
		if i := slices.IndexFunc(found, func(r history.Row) bool { return r.Serial < int64(q.Before) }); i >= 0 {
			start = i
		}
	case q.After != 0:
		newer := slices.IndexFunc(found, func(r history.Row) bool { return r.Serial <= int64(q.After) })
		if newer < 0 {
			newer = len(found)
		}
		start = max(0, newer-limit)
	}
	end := min(len(found), start+limit)
	page := history.Page{Rows: found[start:end]}
	if end < len(found) {
		page.Older = history.Cursor(found[end-1].Serial)
	}
	if start > 0 {
		page.Newer = history.Cursor(found[min(start, len(found)-1)].Serial)
	}
	return page, nil
}

func matches(r history.Row, q history.Query) bool {
	return (q.From.IsZero() || !r.ReceivedAt.Before(q.From)) && (q.To.IsZero() || r.ReceivedAt.Before(q.To)) &&
		(!q.Channel.Set || r.Channel == q.Channel.Is) && (q.Code == 0 || r.Code == q.Code) &&
		(q.Number == "" || r.From == q.Number || r.To == q.Number) && (q.SID == "" || r.SID == q.SID) &&
		(q.Host == "" || incident.Host(r.ErrorURL) == q.Host || incident.Host(r.ErrorURL) == "www."+q.Host) && (q.Incident == 0 || r.Incident == q.Incident) &&
		(q.Drills || !r.Drill)
}

func (l *ledger) Failure(_ context.Context, id incident.ID) (history.Detail, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.Detail{}, err
	}
	for _, d := range l.failures {
		if d.ID == id {
			return d, nil
		}
	}
	return history.Detail{}, fmt.Errorf("failure %s: %w", id, history.ErrNotFound)
}

func (l *ledger) Histogram(_ context.Context, q history.Query, maxBuckets int) ([]history.Bucket, error) {
	done, err := l.ask()
	defer done()
	if err != nil || len(l.failures) == 0 {
		return nil, err
	}
	from, to := q.From, q.To
	if from.IsZero() {
		from = l.failures[0].ReceivedAt
	}
	if to.IsZero() {
		to = l.now()
	}
	width := time.Minute
	for to.Sub(from.Truncate(width)) > time.Duration(maxBuckets)*width {
		width *= 2
	}
	var bars []history.Bucket
	for at := from.Truncate(width); at.Before(to); at = at.Add(width) {
		bars = append(bars, history.Bucket{Start: at, Width: width})
	}
	for _, d := range l.failures {
		i := int(d.ReceivedAt.Sub(bars[0].Start) / width)
		if d.Drill || !matches(d.Row, q) || i < 0 || i >= len(bars) {
			continue
		}
		switch d.Channel {
		case incident.Voice:
			bars[i].Voice++
		case incident.Messaging:
			bars[i].Messaging++
		case incident.Unknown:
			bars[i].Unknown++
		}
	}
	return bars, nil
}

func (l *ledger) Reveal(_ context.Context, r history.Reveal, ids ...incident.ID) error {
	done, err := l.ask()
	defer done()
	for i := range l.failures {
		if slices.Contains(ids, l.failures[i].ID) {
			l.failures[i].Reveals = append(l.failures[i].Reveals, r)
		}
	}
	return cmp.Or(err, l.unwritable)
}

func (l *ledger) Incidents(_ context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.IncidentPage{}, err
	}
	var page history.IncidentPage
	for _, d := range slices.Backward(l.incidents) {
		in := d.Incident
		switch in.State {
		case incident.Open:
			page.Open++
			page.Callers += in.Callers
		case incident.Quiet:
			page.Quiet++
		case incident.Resolved:
		}
		if (q.State == 0 || in.State == q.State) && (q.Host == "" || in.Cause.Host == q.Host) && (q.Before == 0 || in.ID < q.Before) {
			page.Incidents = append(page.Incidents, in)
		}
	}
	if q.Urgent {
		slices.SortStableFunc(page.Incidents, func(a, b incident.Incident) int {
			return cmp.Or(cmp.Compare(rank(a.Acknowledged()), rank(b.Acknowledged())), cmp.Compare(b.Callers, a.Callers))
		})
	}
	if limit := cmp.Or(q.Limit, history.DefaultLimit); len(page.Incidents) > limit {
		page.Incidents = page.Incidents[:limit]
		page.Older = page.Incidents[limit-1].ID
	}
	return page, nil
}

func rank(later bool) int {
	if later {
		return 1
	}
	return 0
}

func (l *ledger) Incident(_ context.Context, id int64) (history.IncidentDetail, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.IncidentDetail{}, err
	}
	for i, d := range l.incidents {
		if d.ID == id {
			next := slices.IndexFunc(l.incidents[i+1:], func(n history.IncidentDetail) bool { return n.Cause == d.Cause })
			if next >= 0 {
				d.Next = l.incidents[i+1+next].ID
			}
			return d, nil
		}
	}
	return history.IncidentDetail{}, history.ErrNotFound
}

func (l *ledger) Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "acknowledged"}, func(in incident.Incident) incident.Incident {
		in, _ = in.Acknowledge(by, at)
		return in
	})
}

func (l *ledger) Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "resolved"}, func(in incident.Incident) incident.Incident {
		in, _ = in.Resolve(by, at)
		return in
	})
}

func (l *ledger) Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "muted"}, func(in incident.Incident) incident.Incident {
		if !until.IsZero() && !until.After(at) {
			return in.Unmute(at)
		}
		in, _ = in.Mute(by, until, upTo, at)
		return in
	})
}

func (l *ledger) Silences(context.Context, time.Time) ([]incident.Silence, error) {
	done, err := l.ask()
	defer done()
	return slices.Clone(l.silences), err
}

func (l *ledger) Silence(_ context.Context, s incident.Silence) (int64, error) {
	done, err := l.ask()
	defer done()
	s.ID = int64(len(l.silences) + 1)
	l.silences = append([]incident.Silence{s}, l.silences...)
	return s.ID, err
}

func (l *ledger) EndSilence(_ context.Context, id int64, by string, at time.Time) error {
	done, err := l.ask()
	defer done()
	for i := range l.silences {
		if l.silences[i].ID == id {
			l.silences[i].EndedAt, l.silences[i].EndedBy = at, by
			return err
		}
	}
	return cmp.Or(err, history.ErrNotFound)
}

func (l *ledger) change(_ context.Context, id int64, e history.Event, do func(incident.Incident) incident.Incident) (incident.Incident, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return incident.Incident{}, err
	}
	for i := range l.incidents {
		if l.incidents[i].ID == id {
			l.incidents[i].Incident = do(l.incidents[i].Incident)
			l.incidents[i].Events = append(l.incidents[i].Events, e)
			return l.incidents[i].Incident, nil
		}
	}
	return incident.Incident{}, history.ErrNotFound
}

// Callers are the same whatever is asked; what is done about them is for the
// tests over the real ledger.
func (l *ledger) Callers(_ context.Context, q history.CallerQuery, _ time.Time) (history.CallerPage, error) {
	done, err := l.ask()
	defer done()
	page := l.callers
	if q.Limit == history.MaxCallers {
		page.Older = 0
	}
	return page, err
}

func (l *ledger) ClaimCallback(context.Context, incident.ID, string, time.Time) (history.Callback, bool, error) {
	done, err := l.ask()
	defer done()
	return history.Callback{}, err == nil, err
}

func (l *ledger) ChangeCallback(context.Context, incident.ID, history.CallbackChange) (history.Callback, bool, error) {
	return l.ClaimCallback(context.Background(), incident.ID{}, "", time.Time{})
}

func (l *ledger) RevealCallers(_ context.Context, r history.CallerReveal) ([]history.CallerReveal, error) {
	done, err := l.ask()
	defer done()
	r.Until, r.Times = r.At, 1
	l.callers.Reveals = append([]history.CallerReveal{r}, l.callers.Reveals...)
	return l.callers.Reveals, cmp.Or(err, l.unwritable)
}

func (l *ledger) Notifiers(context.Context) ([]history.NotifierStatus, error) {
	done, err := l.ask()
	defer done()
	return slices.Clone(l.notifiers), err
}

func (l *ledger) Judge(d history.Detail) history.ReplayJudgement {
	if incident.Host(d.ErrorURL) != "hooks.example.net:8443" {
		return history.ReplayJudgement{Why: "the address that failed is on none of the servers that are listed as primaries"}
	}
	return history.ReplayJudgement{Server: "https://hooks.example.net:8443", OptOut: d.OptOut, Notes: l.notes}
}

func (l *ledger) AskReplay(_ context.Context, w history.ReplayWish) (bool, error) {
	done, err := l.ask()
	defer done()
	for i := range l.failures {
		if d := &l.failures[i]; d.ID == w.Failure && d.Replay.State == w.After && d.Replay.State.MayAsk() {
			d.Replay = history.Replay{State: history.ReplayWaiting, Server: w.Server, AskedAt: w.At, AskedBy: w.By}
			return true, err
		}
	}
	return false, err
}

func (l *ledger) AskReplays(_ context.Context, id int64, by string, _ time.Time) error {
	done, err := l.ask()
	defer done()
	l.sent = append(l.sent, fmt.Sprintf("all of %d by %s", id, by))
	return err
}

func (l *ledger) ResumeReplays(_ context.Context, id int64, server, by string, _ time.Time) error {
	done, err := l.ask()
	defer done()
	l.sent = append(l.sent, fmt.Sprintf("on to %s for %d by %s", server, id, by))
	return err
}

// A fixture of one bad night. All of it is made up; times count back from now.

var (
	night     = time.Date(2026, 11, 23, 3, 12, 45, 0, time.UTC)
	berlin, _ = time.LoadLocation("Europe/Berlin")
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
			State: history.Sent, CreatedAt: at.Add(time.Second), SentAt: at.Add(2100 * time.Millisecond), Attempts: 1, Detail: "250 queued as 4F1A2",
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

type param = incident.Param

var errAway = errors.New("database is locked")

func number(n int64) string { return strconv.FormatInt(n, 10) }

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
