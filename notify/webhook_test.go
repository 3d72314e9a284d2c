package notify_test

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

const (
	hookSecret = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
	hookPath   = "/hooks/backstop-T0K3N"
)

// receiver is a server that takes webhooks as their document says.
type receiver struct {
	url    string
	mu     sync.Mutex
	status int
	header http.Header // of the answer
	answer string
	got    []received
}

type received struct {
	header http.Header
	body   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{status: http.StatusOK, header: http.Header{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil || request.Method != http.MethodPost {
			t.Errorf("%s, %v", request.Method, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, received{request.Header.Clone(), body})
		maps.Copy(w.Header(), r.header)
		w.WriteHeader(r.status)
		_, _ = io.WriteString(w, r.answer)
	}))
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

func (r *receiver) answers(status int, header http.Header, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.header, r.answer = status, header, text
}

func (r *receiver) requests() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.got...)
}

func newWebhook(t *testing.T, url string, change func(*notify.WebhookOptions)) *notify.Webhook {
	t.Helper()
	o := notify.WebhookOptions{Name: "hook", URL: url + hookPath, Secret: hookSecret, Texts: alerts(t)}
	if change != nil {
		change(&o)
	}
	w, err := notify.NewWebhook(o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func ownText(t *testing.T, source string) *templates.OwnText {
	t.Helper()
	own, _, err := templates.ParseOwnText("own.tmpl", source)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// checkSignature does what the document tells receivers to do.
func checkSignature(t *testing.T, r received) {
	t.Helper()
	stamp, signature, ok := strings.Cut(strings.TrimPrefix(r.header.Get("X-Backstop-Signature"), "t="), ",v1=")
	mac := hmac.New(sha256.New, []byte(hookSecret))
	mac.Write([]byte(stamp + "."))
	mac.Write(r.body)
	if want := hex.EncodeToString(mac.Sum(nil)); !ok || signature != want {
		t.Errorf("signature %q, want %s", r.header.Get("X-Backstop-Signature"), want)
	}
	if seconds, err := strconv.ParseInt(stamp, 10, 64); err != nil || time.Since(time.Unix(seconds, 0)).Abs() > time.Minute {
		t.Errorf("signed at %q: %v", stamp, err)
	}
}

func TestAWebhookPostsSignedEventsUnderAStableName(t *testing.T) {
	t.Parallel()
	server := newReceiver(t)
	w := newWebhook(t, server.url, func(o *notify.WebhookOptions) {
		o.Headers = map[string]string{"Authorization": "Bearer of-the-customer"}
	})
	for i, sample := range notifytest.Samples() {
		var names []string
		for range 2 { // an attempt whose answer was lost, and another one
			sample.Message.Attempt++
			if r, err := w.Send(t.Context(), sample.Message); err != nil || !strings.HasPrefix(r.Detail, "posted ") {
				t.Fatalf("%s: %+v, %v", sample.Name, r, err)
			}
		}
		for _, got := range server.requests()[2*i:] {
			checkSignature(t, got)
			names = append(names, got.header.Get("Idempotency-Key"))
			var event templates.Event
			if err := json.Unmarshal(got.body, &event); err != nil {
				t.Fatalf("%s: %v", sample.Name, err)
			}
			if event.Version != 1 || event.ID != got.header.Get("Idempotency-Key") || event.Line == "" || len(event.Text) < 3 {
				t.Errorf("%s: %+v", sample.Name, event)
			}
			if got.header.Get("Content-Type") != "application/json" || got.header.Get("Authorization") != "Bearer of-the-customer" {
				t.Errorf("%s: %v", sample.Name, got.header)
			}
			if len(got.body) > 256<<10 || bytes.Contains(got.body, []byte(notifytest.Secret)) {
				t.Errorf("%s: %d bytes: %.300s", sample.Name, len(got.body), got.body)
			}
		}
		if len(names) != 2 || names[0] != names[1] || names[0] == "" {
			t.Errorf("%s: %q", sample.Name, names)
		}
	}
}

func TestAWebhookIsToldWhoHasTakenAnIncident(t *testing.T) {
	t.Parallel()
	server := newReceiver(t)
	if _, err := newWebhook(t, server.url, nil).Send(t.Context(), taken(t)); err != nil {
		t.Fatal(err)
	}
	var event templates.Event
	if err := json.Unmarshal(server.requests()[0].body, &event); err != nil || event.Kind != "taken" || event.Incident.AcknowledgedBy != "anna" {
		t.Errorf("%v: %+v", err, event)
	}
}

func TestTheTimeOfAWebhookIsSigned(t *testing.T) {
	t.Parallel()
	at := time.Unix(1790000000, 0)
	got := notify.Signature([]byte("key"), at, []byte("{}"))
	// printf '1790000000.{}' | openssl dgst -sha256 -hmac key
	const want = "t=1790000000,v1=099d33989336226b12c85da813adf6100e1bbab1e91bede9a41ddeb7882d66b8"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAnswersOfAWebhook(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		status    int
		retry     string
		answer    string
		want      string // of the error; "" for none
		wait      time.Duration
		permanent bool
	}{
		"taken":                        {status: 200},
		"taken for later":              {status: 202, answer: `{"queued":true}`},
		"taken without a word":         {status: 204},
		"taken by a login page":        {status: 200, answer: "\n<!DOCTYPE html><title>Log in</title>", want: "a page came back"},
		"gone for good":                {status: 410, want: "never take this event", permanent: true},
		"not understood":               {status: 400, want: "look at url, secret and headers"},
		"forbidden":                    {status: 403, want: "look at url, secret and headers"},
		"elsewhere":                    {status: 308, want: "sends us elsewhere"},
		"broken":                       {status: 500, want: "tried again"},
		"busy for so long":             {status: 429, retry: "73", want: "a pause of 1m13s", wait: 73 * time.Second},
		"down for so long":             {status: 503, retry: "120", want: "a pause of 2m0s", wait: 2 * time.Minute},
		"busy for a day":               {status: 429, retry: "86400", want: "a pause of 1h0m0s", wait: time.Hour},
		"busy for a time that is none": {status: 429, retry: "-5", want: "tried again"},
		"busy until nonsense":          {status: 503, retry: "soon", want: "tried again"},
		"a pause that nobody asked":    {status: 400, retry: "73", want: "look at url"},
	} {
		server := newReceiver(t)
		header := http.Header{"Location": {"https://evil.example/"}}
		if c.retry != "" {
			header.Set("Retry-After", c.retry)
		}
		server.answers(c.status, header, c.answer)
		err := newWebhook(t, server.url, nil).Check(t.Context())
		wait, _ := notify.RetryWait(err)
		switch {
		case c.want == "" && err == nil:
		case err == nil || !strings.Contains(err.Error(), c.want) || c.want == "" || wait != c.wait || notify.IsPermanent(err) != c.permanent:
			t.Errorf("%s: got %v (%s), want %q", claim, err, wait, c.want)
		}
		if n := len(server.requests()); n != 1 {
			t.Errorf("%s: asked %d times", claim, n)
		}
	}
}

// A yes is a yes, whatever becomes of the words behind it: else the event would
// come again.
func TestAYesWhoseWordsAreLostIsAYes(t *testing.T) {
	t.Parallel()
	address := serve(t, func(c net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		status := map[string]string{hookPath: "200 ok", "/v2/enqueue": "202 accepted"}[r.URL.Path]
		if status == "" {
			status = "201 created"
		}
		_, _ = io.WriteString(c, "HTTP/1.1 "+status+"\r\nContent-Length: 100\r\n\r\n{\"sid\":")
	})
	for name, n := range map[string]notify.Notifier{
		"webhook": newWebhook(t, "http://"+address, nil), "PagerDuty": newPagerDuty(t, "http://"+address), "text": newSMS(t, phoneOptions(t, "http://"+address)),
	} {
		if r, err := n.Send(t.Context(), sample(t, "opened")); err != nil || r.Detail == "" {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func TestWebhookKeepsToItsDeadlineAndItsSecrets(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		h := notifytest.Harness{
			New: func(t *testing.T, address string) notify.Notifier {
				t.Helper()
				return newWebhook(t, scheme+"://"+address, func(o *notify.WebhookOptions) { o.Headers = map[string]string{"X-Token": botToken} })
			},
			Secrets: []string{hookSecret, hookPath, botToken}, Asks: true,
		}
		if scheme == "http" {
			h.Peers = httpFaults(false)
		} else {
			h.Peers = notifytest.TLS(t)
		}
		t.Run(scheme, func(t *testing.T) { notifytest.Faults(t, h) })
	}
}

func TestWebhookOptionsListAllMistakes(t *testing.T) {
	t.Parallel()
	err := notify.WebhookOptions{
		URL: "http://example.com/hook-T0K3N", Secret: "short",
		Headers: map[string]string{"X-Backstop-Signature": "mine", "host": "x", "a b": "x", "X-Two": "a\r\nb"},
	}.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"name: ", "url: is no address", "secret: is missing or shorter than 16", "X-Backstop-Signature is set by", "host is set by", `"a b" is no name`, "value of X-Two"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "T0K3N") || strings.Contains(err.Error(), "short\n") {
		t.Errorf("a secret is shown: %v", err)
	}
}

func TestOwnTextsOfNotifiers(t *testing.T) {
	t.Parallel()
	hook, chat := newReceiver(t), newSlackServer(t)
	mails, _ := newMailServer(t, notify.NoTLS)
	server, err := notify.ParseSMTPURL("smtp://" + mails.address + "?starttls=never")
	if err != nil {
		t.Fatal(err)
	}
	source := "{{.Line}} <{{(index .News 0).Topic}}>{{if .Drill}}{{end}}"
	own := ownText(t, source)
	log := &bytes.Buffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	notifiers := map[string]notify.Notifier{
		"webhook": newWebhook(t, hook.url, func(o *notify.WebhookOptions) { o.Own, o.Log = own, logger }),
		"slack":   newSlack(t, notify.SlackOptions{WebhookURL: chat.url + webhookPath, Own: own, Log: logger}),
		"mail":    newEmail(t, notify.EmailOptions{Server: server, Own: own, Log: logger}),
	}
	said := func(kind string) string {
		switch kind {
		case "webhook":
			all := hook.requests()
			return string(all[len(all)-1].body)
		case "slack":
			text, _ := chat.hooks[len(chat.hooks)-1]["text"].(string)
			return text
		}
		all := mails.got()
		return strings.ReplaceAll(strings.ReplaceAll(all[len(all)-1].raw, "=\r\n", ""), "=3D", "=")
	}
	for kind, n := range notifiers {
		if _, err := n.Send(t.Context(), sample(t, "meta")); err != nil {
			t.Fatal(kind, err)
		}
		want := "Real callers? 12 requests for your account failed the signature check <signature>"
		if got := said(kind); !strings.HasSuffix(strings.TrimSpace(got), want) || strings.Contains(got, "text/html") {
			t.Errorf("%s: got %s", kind, got)
		}
		if log.Len() > 0 {
			t.Errorf("%s: logged %s", kind, log)
		}
		if _, err := n.Send(t.Context(), sample(t, "opened")); err != nil {
			t.Fatal(kind, err)
		}
		got := said(kind)
		if !strings.Contains(got, "Still happening?") || !strings.Contains(got, "Your own template failed on this alert") {
			t.Errorf("%s: got %s", kind, got)
		}
		if !strings.Contains(log.String(), "own template failed") || !strings.Contains(log.String(), "file=own.tmpl") {
			t.Errorf("%s: logged %q", kind, log)
		}
		log.Reset()
	}
}

// A test that was left out proves nothing, and says so.
func TestATestThatAnOwnTextLeavesOutFails(t *testing.T) {
	t.Parallel()
	hook, chat := newReceiver(t), newSlackServer(t)
	own := ownText(t, "{{if .Incident}}{{json .}}{{end}}\n")
	for kind, n := range map[string]notify.Notifier{
		"webhook": newWebhook(t, hook.url, func(o *notify.WebhookOptions) { o.Own = own }),
		"slack":   newSlack(t, notify.SlackOptions{WebhookURL: chat.url + webhookPath, Own: own}),
		"chat":    newShoutrrr(t, "ntfy://ntfy.example/alerts", func(o *notify.ShoutrrrOptions) { o.Own = own }),
	} {
		if err := n.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "nothing was sent") {
			t.Errorf("%s: got %v", kind, err)
		}
	}
	if len(hook.requests())+len(chat.hooks) > 0 {
		t.Error("something was sent")
	}
}

func TestAnOwnTextThatWritesNothingLeavesTheAlertOut(t *testing.T) {
	t.Parallel()
	server := newReceiver(t)
	own := ownText(t, "{{if .Incident}}{{json .}}{{end}}\n")
	w := newWebhook(t, server.url, func(o *notify.WebhookOptions) { o.Own = own })
	for _, name := range []string{"meta", "opened"} {
		if _, err := w.Send(t.Context(), sample(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	got := server.requests()
	var event templates.Event
	if len(got) != 1 || json.Unmarshal(got[0].body, &event) != nil || event.Incident.Number != 12 || got[0].header.Get("Content-Type") != "application/json" {
		t.Errorf("%d requests: %+v", len(got), event)
	}
	if _, err := w.Send(t.Context(), incident.Message{}); err != nil {
		t.Error(err)
	}
}
