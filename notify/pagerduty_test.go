package notify_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
)

const routingKey = "R0UT1NGKEY0123456789abcdefABCDEF"

// pager plays PagerDuty: it knows the limits of its document and which incident
// is open.
type pager struct {
	url string

	mu     sync.Mutex
	events []page
	state  map[string]string
	answer func(page) (status int, header, body string) // nil for as documented
}

type page struct {
	Key     string `json:"routing_key"`
	Action  string `json:"event_action"`
	Dedup   string `json:"dedup_key"`
	Client  string `json:"client"`
	Payload *pagePayload
	Links   []struct{ Href, Text string }
	size    int
	raw     []byte
}

type pagePayload struct {
	Summary, Source, Severity, Timestamp, Component, Group, Class string
	Details                                                       map[string]any `json:"custom_details"`
}

func newPager(t *testing.T) *pager {
	t.Helper()
	p := &pager{state: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var e page
		if err == nil {
			err = json.Unmarshal(raw, &e)
		}
		if err != nil || r.URL.Path != "/v2/enqueue" || r.Method != http.MethodPost {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		e.size, e.raw = len(raw), raw
		status, retry, body := p.take(e)
		if retry != "" {
			w.Header().Set("Retry-After", retry)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func (p *pager) take(e page) (status int, header, body string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, e)
	if p.answer != nil {
		if status, header, body := p.answer(e); status != 0 {
			return status, header, body
		}
	}
	if wrong := e.wrong(); wrong != "" {
		return 400, "", fmt.Sprintf(`{"status":"invalid event","message":"Event object is invalid","errors":[%q]}`, wrong)
	}
	switch open := p.state[e.Dedup]; {
	case e.Action == "trigger" && open == "":
		p.state[e.Dedup] = "triggered"
	case e.Action == "acknowledge" && open != "":
		p.state[e.Dedup] = "acknowledged"
	case e.Action == "resolve":
		delete(p.state, e.Dedup)
	}
	return 202, "", `{"status":"success","message":"Event processed","dedup_key":"` + e.Dedup + `"}`
}

// wrong is what PagerDuty's document does not allow.
func (p page) wrong() string {
	switch {
	case p.Key != routingKey:
		return "Invalid routing key"
	case p.Dedup == "" || len(p.Dedup) > 255:
		return "dedup_key is invalid"
	case p.size > 512<<10:
		return "the event is too large"
	case p.Action == "acknowledge", p.Action == "resolve":
		return ""
	case p.Action != "trigger" || p.Payload == nil:
		return "event_action or payload is invalid"
	case p.Payload.Summary == "" || utf8.RuneCountInString(p.Payload.Summary) > 1024:
		return "summary is invalid"
	case p.Payload.Source == "" || !slices.Contains([]string{"critical", "error", "warning", "info"}, p.Payload.Severity):
		return "source or severity is invalid"
	}
	if _, err := time.Parse(time.RFC3339, p.Payload.Timestamp); err != nil {
		return "timestamp is invalid"
	}
	return ""
}

func (p *pager) got() []page {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.events)
}

// open are the incidents that somebody has to look after.
func (p *pager) open() map[string]string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.state)
}

func newPagerDuty(t *testing.T, url string) *notify.PagerDuty {
	t.Helper()
	p, err := notify.NewPagerDuty(notify.PagerDutyOptions{Name: "duty", RoutingKey: routingKey, APIURL: url + "/", Texts: alerts(t)})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPagerDutyHasOneIncidentForEachOfOurs(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	const key = "backstop-4f6c8a10b2d3e5f7-incident-12"
	thread := ""
	send := func(m incident.Message) {
		t.Helper()
		m.Thread = thread
		r, err := duty.Send(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if r.Thread != "" {
			thread = r.Thread
		}
	}
	for _, step := range []struct {
		m     incident.Message
		state string
		sent  int
	}{
		{sample(t, "opened"), "triggered", 1},
		{muted(t), "triggered", 1}, // which is no acknowledgement
		{sample(t, "growing"), "triggered", 2},
		{taken(t), "acknowledged", 3},
		{sample(t, "quiet"), "acknowledged", 3}, // nobody is woken by that
		{sample(t, "resolved"), "", 4},
	} {
		send(step.m)
		if got := server.open()[key]; got != step.state || len(server.got()) != step.sent || thread != key {
			t.Errorf("%s: it is %q after %d events, want %q after %d", step.m.Alert.Kind, got, len(server.got()), step.state, step.sent)
		}
	}
	first := server.got()[0]
	if first.Payload.Source != "www.example.com" || first.Payload.Component != "Praxis Berlin" || len(first.Links) != 1 || first.Links[0].Href != "https://fallback.example.com/incidents/12" {
		t.Errorf("got %+v %+v", first.Payload, first.Links)
	}
}

func TestPagerDutyResolvesNewsOfBackstopItself(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	news := func(ledger string, topic incident.Topic, ends ...incident.Topic) {
		t.Helper()
		m := sample(t, "meta")
		m.Ledger, m.Alert.Topic, m.Alert.Ends = ledger, topic, ends
		if _, err := duty.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	const ledger = "4f6c8a10b2d3e5f7"
	callers := incident.JournalTopic.About("callers")
	news(ledger, incident.JournalTopic)
	news("urgent", callers)
	news(ledger, incident.HeartbeatTopic)
	if open := server.open(); len(open) != 3 {
		t.Fatalf("open: %v", open)
	}
	news(ledger, incident.JournalTopic, incident.JournalTopic, callers)
	if open := server.open(); open["backstop-"+ledger+"-heartbeat"] != "triggered" || len(open) != 1 {
		t.Errorf("open after the journal works again: %v", open)
	}
}

func TestPagerDutySeverities(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	paging := sample(t, "opened")
	urgent := *paging.Incident
	urgent.Watch.Urgency = incident.Page
	paging.Incident = &urgent
	for i, c := range []struct {
		m               incident.Message
		severity, dedup string
	}{
		{paging, "critical", "backstop-4f6c8a10b2d3e5f7-incident-12"},
		{sample(t, "opened"), "warning", "backstop-4f6c8a10b2d3e5f7-incident-12"},
		{sample(t, "drill"), "info", "backstop-4f6c8a10b2d3e5f7-drill"},
		{sample(t, "meta"), "warning", "backstop-4f6c8a10b2d3e5f7-signature"},
	} {
		if _, err := duty.Send(t.Context(), c.m); err != nil {
			t.Fatal(err)
		}
		if got := server.got()[i]; got.Payload.Severity != c.severity || got.Dedup != c.dedup {
			t.Errorf("%s: got %s, %s, want %s, %s", c.m.Alert.Kind, got.Payload.Severity, got.Dedup, c.severity, c.dedup)
		}
	}
}

func TestWhatPagerDutyIsToldWhenSeveralThingsCameAtOnce(t *testing.T) {
	t.Parallel()
	folded := sample(t, "opened")
	folded.Folded, folded.Incident = []incident.Alert{taken(t).Alert}, taken(t).Incident
	hushed := sample(t, "opened")
	hushed.Folded, hushed.Incident = []incident.Alert{muted(t).Alert}, muted(t).Incident
	again := sample(t, "growing")
	in := *again.Incident
	in.Watch.BackAt = in.LastAt
	again.Incident, again.Alert.Kind, again.Alert.At = &in, incident.Resumed, in.LastAt
	unmuted := again
	unmuted.Alert.At = in.LastAt.Add(time.Hour)
	late := sample(t, "growing") // was never sent, and is over by now
	resolved := sample(t, "resolved").Incident
	late.Incident = resolved
	gone := sample(t, "opened")
	gone.Incident = nil
	first := sample(t, "quiet")
	first.Thread = ""
	for claim, c := range map[string]struct {
		m    incident.Message
		want []string
	}{
		"taken before it was told":     {folded, []string{"trigger", "acknowledge"}},
		"muted before it was told":     {hushed, []string{"trigger"}},
		"over before it was told":      {late, []string{"resolve"}},
		"the history has it no more":   {gone, []string{"resolve"}},
		"quiet before it was told":     {first, []string{"trigger"}},
		"a summary of the day":         {incident.Message{Alert: incident.Alert{Kind: incident.Summary}}, nil},
		"somebody took what is gone":   {incident.Message{Ledger: "x", DeliveryID: 1, Alert: incident.Alert{Kind: incident.Taken, IncidentID: 3}}, []string{"resolve"}},
		"a page again after hours":     {again, []string{"resolve", "trigger"}},
		"no longer muted":              {unmuted, []string{"trigger"}},
		"quiet, and somebody knows it": {sample(t, "quiet"), nil},
	} {
		server := newPager(t)
		if _, err := newPagerDuty(t, server.url).Send(t.Context(), c.m); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range server.got() {
			got = append(got, e.Action)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", claim, got, c.want)
		}
	}
}

func TestADigestIsAnEventForEachIncident(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	m := sample(t, "digest")
	m.Digest = slices.Clone(m.Digest)
	m.Digest[3].State = incident.Resolved
	if r, err := duty.Send(t.Context(), m); err != nil || r.Detail != "15 events" || r.Thread != "" {
		t.Fatalf("%+v, %v", r, err)
	}
	events := server.got()
	if len(events) != 15 || events[0].Action != "resolve" || events[1].Dedup != "backstop-4f6c8a10b2d3e5f7-incident-106" || len(server.open()) != 14 {
		t.Errorf("got %d events, %d open: %+v", len(events), len(server.open()), events[:2])
	}
	if _, open := server.open()["backstop-4f6c8a10b2d3e5f7-signature"]; !open {
		t.Errorf("the news of Backstop itself are not there: %v", server.open())
	}
	huge := newPager(t)
	if _, err := newPagerDuty(t, huge.url).Send(t.Context(), sample(t, "huge digest")); err != nil || len(huge.got()) != 100 {
		t.Errorf("%d events, %v", len(huge.got()), err)
	}
}

func TestAnotherAttemptAtADigestGoesOnWhereTheLastOneEnded(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	server.answer = func(page) (int, string, string) {
		if len(server.events) == 6 {
			return 429, "7", ""
		}
		return 0, "", ""
	}
	_, err := duty.Send(t.Context(), sample(t, "digest"))
	if wait, ok := notify.RetryWait(err); !ok || wait != 7*time.Second {
		t.Fatalf("%v", err)
	}
	if _, err := duty.Send(t.Context(), sample(t, "digest")); err != nil {
		t.Fatal(err)
	}
	seen := map[string]int{}
	for _, e := range server.got() {
		seen[e.Dedup]++
	}
	if len(server.got()) != 16 || len(seen) != 15 {
		t.Errorf("%d events, %d incidents", len(server.got()), len(seen))
	}
}

func TestWhatPagerDutyRefuses(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		status    int
		body      string
		want      string
		permanent bool
	}{
		"an invalid event":           {400, `{"status":"invalid event","message":"Event object is invalid","errors":["summary is too long"]}`, "summary is too long", true},
		"a key that is wrong":        {400, `{"message":"Event object is invalid","errors":["Invalid routing key"]}`, "routing_key once more", false},
		"a key that it repeats":      {400, `{"message":"no such thing as ` + routingKey + `"}`, "[hidden]", true},
		"something without a reason": {400, `<html>`, "routing_key once more", false},
		"us altogether":              {403, ``, "look at routing_key", false},
		"nothing, it is broken":      {500, ``, "tried again", false},
		"by a yes that is none":      {200, `ok`, "status 200", false},
		"by a page for the hotel":    {202, `<html>log in`, "status 202", false},
	} {
		server := newPager(t)
		server.answer = func(page) (int, string, string) { return c.status, "", c.body }
		_, err := newPagerDuty(t, server.url).Send(t.Context(), sample(t, "opened"))
		if err == nil || !strings.Contains(err.Error(), c.want) || notify.IsPermanent(err) != c.permanent || strings.Contains(err.Error(), routingKey) {
			t.Errorf("%s: got %v, want %q", claim, err, c.want)
		}
	}
	server := newPager(t)
	server.answer = func(e page) (int, string, string) {
		if strings.HasSuffix(e.Dedup, "-106") {
			return 400, "", `{"message":"Event object is invalid"}`
		}
		return 0, "", ""
	}
	if r, err := newPagerDuty(t, server.url).Send(t.Context(), sample(t, "digest")); err != nil || !strings.HasPrefix(r.Detail, "14 events; PagerDuty will not take") {
		t.Errorf("one of several that is refused: %+v, %v", r, err)
	}
}

func TestATestOfPagerDutyLeavesNothingOpen(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	if err := newPagerDuty(t, server.url).Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := server.got()
	if len(events) != 2 || events[0].Payload.Severity != "info" || events[1].Action != "resolve" || len(server.open()) != 0 {
		t.Errorf("got %+v", events)
	}
}

func TestEveryAlertIsOneThatPagerDutyTakes(t *testing.T) {
	t.Parallel()
	server := newPager(t)
	duty := newPagerDuty(t, server.url)
	for _, s := range notifytest.Samples() {
		before := len(server.got())
		if _, err := duty.Send(t.Context(), s.Message); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		if strings.Contains(s.Name, "digest") {
			continue // as single events, they are in the other files
		}
		var all bytes.Buffer
		for _, e := range server.got()[before:] {
			if err := json.Indent(&all, e.raw, "", "  "); err != nil {
				t.Fatal(err)
			}
			all.WriteByte('\n')
		}
		golden(t, filepath.Join("testdata", "pagerduty", strings.ReplaceAll(s.Name, " ", "_")+".json"), all.String())
	}
	for _, e := range server.got() {
		raw, err := json.Marshal(e)
		if err != nil || strings.Contains(string(raw), notifytest.Secret) || strings.Contains(string(raw), "+4915112345678") {
			t.Errorf("%v: %.300s", err, raw)
		}
	}
}

func TestPagerDutyKeepsToItsDeadlineAndItsSecrets(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		h := notifytest.Harness{
			New: func(t *testing.T, address string) notify.Notifier {
				t.Helper()
				return newPagerDuty(t, scheme+"://"+address)
			},
			Secrets: []string{routingKey}, Asks: true,
		}
		if scheme == "http" {
			h.Peers = httpFaults(false)
		} else {
			h.Peers = notifytest.TLS(t)
		}
		t.Run(scheme, func(t *testing.T) { notifytest.Faults(t, h) })
	}
}

func TestPagerDutyOptionsListAllMistakes(t *testing.T) {
	t.Parallel()
	err := notify.PagerDutyOptions{RoutingKey: "s3cr3t-key", APIURL: "http://example.com"}.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"name: ", "routing_key: is no Integration Key", "api_url: is no https address"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("a secret is shown: %v", err)
	}
}
