package notify_test

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/rest"
	"github.com/backstop-project/backstop/twilio/twiml"
)

const (
	phoneAccount = "AC0123456789abcdef0123456789abcdef"
	phoneToken   = "feedfacefeedfacefeedfacefeedface"
	anna, ben    = "+4930111111101", "+4930111111102"
)

// exchange plays Twilio's API for texts and calls.
type exchange struct {
	url string

	mu     sync.Mutex
	made   []url.Values
	answer func(to string) (status int, body string) // nil for yes
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	x := &exchange{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if err := r.ParseForm(); err != nil || user != phoneAccount || password != phoneToken {
			t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		}
		x.mu.Lock()
		defer x.mu.Unlock()
		if x.answer != nil {
			if status, body := x.answer(r.PostForm.Get("To")); status != 0 {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return
			}
		}
		x.made = append(x.made, r.PostForm)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"sid":"SM%032x"}`, len(x.made))
	}))
	t.Cleanup(server.Close)
	x.url = server.URL
	return x
}

func (x *exchange) got() []url.Values {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.made)
}

// to are those whom something was sent to, in order.
func (x *exchange) to() (all []string) {
	for _, form := range x.got() {
		all = append(all, form.Get("To"))
	}
	return all
}

func phoneOptions(t *testing.T, url string) notify.PhoneOptions {
	t.Helper()
	return notify.PhoneOptions{
		Name: "duty", Account: phoneAccount, From: "+15550100", Texts: alerts(t),
		To:  func(time.Time) []string { return []string{anna, ben} },
		API: rest.New(rest.Options{URL: url, Token: func(string) string { return phoneToken }}),
	}
}

func newSMS(t *testing.T, o notify.PhoneOptions) *notify.Phone {
	t.Helper()
	p, err := notify.NewSMS(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newCall(t *testing.T, o notify.PhoneOptions) *notify.Phone {
	t.Helper()
	p, err := notify.NewCall(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEverybodyGetsATextOfTwoSegmentsAtMost(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	sms := newSMS(t, phoneOptions(t, server.url))
	for i, s := range messages() {
		r, err := sms.Send(t.Context(), s.Message)
		if err != nil || strings.Count(r.Detail, "SM0") != 2 {
			t.Fatalf("%s: %+v, %v", s.Name, r, err)
		}
		if got := server.to()[2*i:]; !slices.Equal(got, []string{anna, ben}) {
			t.Errorf("%s: to %q", s.Name, got)
		}
		body := server.got()[2*i].Get("Body")
		if n := templates.Segments(body); n > 2 || body == "" {
			t.Errorf("%s: %d segments: %q", s.Name, n, body)
		}
		for _, personal := range []string{notifytest.Secret, "+4915112345678", "+491•••78"} {
			if strings.Contains(body, personal) {
				t.Errorf("%s: %q is in %q", s.Name, personal, body)
			}
		}
	}
	if got := server.got()[0].Get("Body"); got != "1 caller not helped: www.example.com refuses connections, since 03:12\nhttps://fallback.example.com/incidents/12" {
		t.Errorf("got %q", got)
	}
}

// messages are the samples that are new messages.
func messages() []notifytest.Sample {
	return slices.DeleteFunc(notifytest.Samples(), func(s notifytest.Sample) bool { return s.Message.Alert.Kind.InPlace() })
}

func TestACallSaysTheFirstLineTwice(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	call := newCall(t, phoneOptions(t, server.url))
	made := 0
	for _, s := range messages() {
		r, err := call.Send(t.Context(), s.Message)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		if s.Message.Alert.Kind == incident.Summary || s.Message.Incident != nil && s.Message.Incident.State != incident.Open {
			if r.Detail != "not called: nobody has to get up for it" {
				t.Errorf("%s: %+v", s.Name, r)
			}
			continue
		}
		if s.Message.Alert.Kind == incident.Growing && s.Message.Thread != "" {
			if r.Detail != "not called: whoever was called knows of it" {
				t.Errorf("%s: %+v", s.Name, r)
			}
			continue
		}
		made += 2
		document := []byte(server.got()[made-1].Get("Twiml"))
		if err := twiml.Check(document, twiml.Voice).Err(); err != nil || len(document) > 4000 {
			t.Errorf("%s: %d bytes, %v: %s", s.Name, len(document), err, document)
		}
		var said struct{ Say []string }
		if err := xml.Unmarshal(document, &said); err != nil || len(said.Say) != 2 {
			t.Errorf("%s: %v: %s", s.Name, err, document)
		}
		line := alerts(t).Spoken(s.Message)
		for _, text := range said.Say {
			if !strings.Contains(text, line) {
				t.Errorf("%s: %q does not say %q", s.Name, text, line)
			}
		}
	}
	if len(server.got()) != made {
		t.Errorf("%d calls, want %d", len(server.got()), made)
	}
}

func TestThatThereIsMoreOfItIsNoReasonToCallAgain(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	call := newCall(t, phoneOptions(t, server.url))
	first := sample(t, "growing") // with the alert that opened it folded into it
	first.Thread = ""
	r, err := call.Send(t.Context(), first)
	if err != nil || r.Thread == "" || len(server.got()) != 2 {
		t.Fatalf("%d calls, %+v, %v", len(server.got()), r, err)
	}
	more := sample(t, "growing")
	more.Thread = r.Thread
	reminder := more
	reminder.Alert.Kind = incident.Reminder
	for _, m := range []incident.Message{more, reminder} {
		if _, err := call.Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(server.got()); n != 4 {
		t.Errorf("%d calls, want 2 more for the reminder", n)
	}
}

func TestWhoWasReachedIsNotTextedAgain(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	sms := newSMS(t, phoneOptions(t, server.url))
	server.answer = func(to string) (int, string) {
		if to == anna {
			return 500, ""
		}
		return 0, ""
	}
	m := sample(t, "opened")
	if _, err := sms.Send(t.Context(), m); err == nil || notify.IsPermanent(err) || strings.Contains(err.Error(), anna) || !strings.Contains(err.Error(), "+493•••01") {
		t.Fatalf("%v", err)
	}
	server.answer = nil
	if _, err := sms.Send(t.Context(), m); err != nil || !slices.Equal(server.to(), []string{ben, anna}) {
		t.Errorf("%q, %v", server.to(), err)
	}
}

func TestANumberThatIsNoneKeepsNobodyFromTheAlert(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	sms := newSMS(t, phoneOptions(t, server.url))
	gone := map[string]bool{anna: true}
	server.answer = func(to string) (int, string) {
		if gone[to] {
			return 400, `{"code":21614,"message":"'To' number ` + to + ` is not a mobile number"}`
		}
		return 0, ""
	}
	if r, err := sms.Send(t.Context(), sample(t, "opened")); err != nil || !strings.Contains(r.Detail, "takes no texts") || strings.Contains(r.Detail, anna) {
		t.Errorf("%+v, %v", r, err)
	}
	gone[ben] = true
	if _, err := sms.Send(t.Context(), sample(t, "growing")); !notify.IsPermanent(err) {
		t.Errorf("nobody can be reached: %v", err)
	}
}

func TestWhatTwilioRefusesCanMostlyBeMended(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{
		20003: "auth token", 21606: "look at from", 21408: "Geo permissions", 21608: "trial account", 20005: "suspended", 99999: "tried again",
	} {
		server := newExchange(t)
		server.answer = func(string) (int, string) { return 400, fmt.Sprintf(`{"code":%d}`, code) }
		_, err := newSMS(t, phoneOptions(t, server.url)).Send(t.Context(), sample(t, "opened"))
		if err == nil || notify.IsPermanent(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", code, err, want)
		}
	}
}

func TestAnAccountThatFailsIsNotAskedToSayItself(t *testing.T) {
	t.Parallel()
	failing := func(account string, code int) incident.Message {
		m := sample(t, "opened")
		in := *m.Incident
		in.Cause.Account, in.Last.Code = account, code
		m.Incident = &in
		return m
	}
	digest := func(all ...incident.Message) incident.Message {
		m := sample(t, "digest")
		m.Digest, m.Others = nil, nil
		for _, one := range all {
			m.Digest = append(m.Digest, *one.Incident)
		}
		return m
	}
	suspended, others := failing(phoneAccount, 10001), failing("AC00000000000000000000000000000009", 10001)
	for claim, c := range map[string]struct {
		m    incident.Message
		sent int
	}{
		"suspended":                      {suspended, 0},
		"another account's":              {others, 2},
		"its server's":                   {failing(phoneAccount, 11200), 2},
		"too many calls at once":         {failing(phoneAccount, 10004), 2},
		"a digest of nothing else":       {digest(suspended, failing(phoneAccount, 30002)), 0},
		"a digest with something else":   {digest(suspended, others), 2},
		"somebody has taken an incident": {taken(t), 0},
	} {
		server := newExchange(t)
		r, err := newSMS(t, phoneOptions(t, server.url)).Send(t.Context(), c.m)
		if err != nil || len(server.got()) != c.sent || c.sent == 0 && r.Detail == "" {
			t.Errorf("%s: %d texts, %+v, %v", claim, len(server.got()), r, err)
		}
	}
}

func TestWhoIsOnCallIsAskedWhenItIsSent(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	o := phoneOptions(t, server.url)
	now := time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)
	o.Now = func() time.Time { return now }
	o.To = func(at time.Time) []string {
		switch at.Hour() {
		case 2:
			return nil
		case 3:
			return []string{anna}
		}
		return []string{ben}
	}
	sms := newSMS(t, o)
	if _, err := sms.Send(t.Context(), sample(t, "opened")); err == nil || notify.IsPermanent(err) || !strings.Contains(err.Error(), "nobody can be reached at this hour") {
		t.Errorf("%v", err)
	}
	for range 2 {
		now = now.Add(time.Hour)
		if _, err := sms.Send(t.Context(), sample(t, "opened")); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(server.to(), []string{anna, ben}) {
		t.Errorf("got %q", server.to())
	}
}

func TestAnOwnTextOfATextMessageIsCutToItsSegments(t *testing.T) {
	t.Parallel()
	server := newExchange(t)
	o := phoneOptions(t, server.url)
	o.Own = ownText(t, `{{range .Text}}{{.}} {{end}}{{if .News}}{{.Incident.Number}}{{end}}`)
	sms := newSMS(t, o)
	for _, name := range []string{"opened", "meta"} {
		if _, err := sms.Send(t.Context(), sample(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	cut, failed := server.got()[0].Get("Body"), server.got()[2].Get("Body")
	if templates.Segments(cut) != 2 || !strings.HasSuffix(cut, "...") || !strings.HasSuffix(failed, "\n(built-in text)") {
		t.Errorf("got %q and %q", cut, failed)
	}
}

func TestPhoneKeepsToItsDeadlineAndItsSecrets(t *testing.T) {
	for name, scheme := range map[string]string{"sms": "http", "call": "https"} {
		h := notifytest.Harness{
			New: func(t *testing.T, address string) notify.Notifier {
				t.Helper()
				o := phoneOptions(t, scheme+"://"+address)
				if name == "sms" {
					return newSMS(t, o)
				}
				return newCall(t, o)
			},
			Secrets: []string{phoneToken, anna, ben}, Asks: true,
		}
		if scheme == "http" {
			h.Peers = httpFaults(false)
		} else {
			h.Peers = notifytest.TLS(t)
		}
		t.Run(name, func(t *testing.T) { notifytest.Faults(t, h) })
	}
}

func TestPhoneOptionsListAllMistakes(t *testing.T) {
	t.Parallel()
	for _, from := range []string{"+15550100", "12345", "Backstop", "MG0123456789abcdef0123456789abcdef"} {
		if !notify.IsTextSender(from) {
			t.Errorf("%s cannot send texts", from)
		}
	}
	for _, from := range []string{"", "whatsapp:+15550100", "client:anna", "PN0123456789abcdef0123456789abcdef", "a\r\nb"} {
		if notify.IsTextSender(from) {
			t.Errorf("%q can send texts", from)
		}
	}
	sms, call := notify.PhoneOptions{From: "client:x"}.ValidateSMS(), notify.PhoneOptions{From: "Backstop"}.ValidateCall()
	for _, want := range []string{"name: ", "account: is no Account SID", "from: cannot send texts", "to: names nobody"} {
		if !strings.Contains(sms.Error(), want) {
			t.Errorf("%q is not in\n%v", want, sms)
		}
	}
	if !strings.Contains(call.Error(), "from: cannot call") {
		t.Errorf("got %v", call)
	}
}
