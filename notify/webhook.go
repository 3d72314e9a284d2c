package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// WebhookOptions are what a notifier needs that posts to a server of the
// customer's.
type WebhookOptions struct {
	Name    string
	URL     string            // a secret: https, or this machine
	Secret  string            // the key of the signature
	Headers map[string]string // sent with each request, by name; the values are secrets
	Timeout time.Duration     // one attempt; 18 s where zero

	Own   *templates.OwnText // the body; JSON of a templates.Event where nil
	Log   *slog.Logger       // for own templates that fail; nothing is logged where nil
	Now   func() time.Time   // time.Now where nil
	Texts *templates.Alerts  // the words
}

// Headers of a webhook's requests.
const (
	SignatureHeader      = "X-Backstop-Signature"
	IdempotencyKeyHeader = "Idempotency-Key"
)

// shortestKey is how long the key of a signature has to be, in bytes.
const shortestKey = 16

// Validate says all that is wrong with o, one error each, and never shows a
// secret.
func (o WebhookOptions) Validate() error {
	var mistakes []error
	mistake := func(format string, args ...any) { mistakes = append(mistakes, fmt.Errorf(format, args...)) }
	if o.Name == "" {
		mistake("name: is empty: give the notifier a name")
	}
	if !isSafeURL(o.URL) {
		mistake("url: is no address to post to: write https://host/path; http:// is only for this machine")
	}
	if len(o.Secret) < shortestKey {
		mistake("secret: is missing or shorter than %d characters: make one with openssl rand -hex 32, and give it to the receiver", shortestKey)
	}
	for _, name := range slices.Sorted(maps.Keys(o.Headers)) {
		switch {
		case !httpguts.ValidHeaderFieldName(name):
			mistake("headers: %q is no name of a header: write one such as Authorization", name)
		case isReserved(name):
			mistake("headers: %s is set by Backstop itself: remove it", name)
		case !httpguts.ValidHeaderFieldValue(o.Headers[name]):
			mistake("headers: the value of %s has a line break or another control character in it: write it in one line", name)
		}
	}
	return errors.Join(mistakes...)
}

// isReserved says whether a header is not the customer's to set: it says what
// the request is, or who made it.
func isReserved(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case SignatureHeader, IdempotencyKeyHeader, "Host", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Te", "Upgrade", "Expect":
		return true
	}
	return false
}

// Webhook is a Notifier that posts events to a server of the customer's.
type Webhook struct {
	name    string
	key     []byte
	headers map[string]string
	timeout time.Duration
	poster  poster
	own     ownText
	now     func() time.Time
}

// NewWebhook makes a notifier of valid options.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	secrets := []string{o.URL, o.Secret}
	if u, err := url.Parse(o.URL); err == nil {
		secrets = append(secrets, u.RequestURI(), strings.Trim(u.Path, "/"), u.RawQuery)
	}
	for _, value := range o.Headers {
		secrets = append(secrets, value)
	}
	w := &Webhook{
		name: o.Name, key: []byte(o.Secret), headers: maps.Clone(o.Headers), timeout: o.Timeout, now: o.Now,
		poster: newPoster("the webhook", o.URL, secrets...),
		own:    ownText{notifier: o.Name, texts: o.Texts, template: o.Own, log: o.Log},
	}
	if w.timeout <= 0 {
		w.timeout = defaultAttempt
	}
	if w.now == nil {
		w.now = time.Now
	}
	return w, nil
}

// Name is what the configuration calls it.
func (w *Webhook) Name() string { return w.name }

// Send posts m. A receiver that wants an event no more answers 410: that one is
// given up. Whatever else it objects to can be mended, there or in the
// configuration, and is tried again.
func (w *Webhook) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	body, kind, err := w.body(m)
	if err != nil {
		return incident.Receipt{}, err
	}
	if len(body) == 0 {
		return incident.Receipt{Detail: nothingWritten}, nil
	}
	answer, err := w.poster.post(ctx, w.header(m, kind, body), body)
	switch {
	case err != nil:
		return incident.Receipt{}, err
	case answer.status == http.StatusGone:
		return incident.Receipt{}, Permanent(errors.New("the webhook answers with status 410, which says that it will never take this event: if it should, see what its server answers there"))
	case !isYes(answer.status):
		return incident.Receipt{}, w.poster.refuses(answer, "look at url, secret and headers in the configuration, and into the log of the server that answers there")
	case isPage(answer.body):
		return incident.Receipt{}, errors.New("a page came back from the webhook, so that somebody else took the event: see that nothing between this machine and the receiver asks for a login")
	}
	return incident.Receipt{Detail: "posted " + templates.EventID(m)}, nil
}

// body is what is posted, and its type.
func (w *Webhook) body(m incident.Message) (body []byte, kind string, err error) {
	text, builtIn, own := w.own.write(m, nil)
	if own {
		if json.Valid([]byte(text)) {
			return []byte(text), typeJSON, nil
		}
		return []byte(text), "text/plain; charset=utf-8", nil
	}
	body, err = json.Marshal(builtIn.Event(m))
	if err != nil {
		return nil, "", fmt.Errorf("write event: %w", err)
	}
	return body, typeJSON, nil
}

const typeJSON = "application/json"

func (w *Webhook) header(m incident.Message, kind string, body []byte) http.Header {
	header := http.Header{"Content-Type": {kind}}
	for name, value := range w.headers {
		header.Set(name, value)
	}
	header.Set(IdempotencyKeyHeader, templates.EventID(m))
	header.Set(SignatureHeader, Signature(w.key, w.now(), body))
	return header
}

// Signature is what SignatureHeader says of a body: "t=1790000000,v1=…", where
// v1 is HMAC-SHA256 over the seconds, a dot and the body, in hex. The time is
// signed too, so that a receiver can refuse what somebody recorded long ago.
func Signature(key []byte, at time.Time, body []byte) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(seconds + "."))
	_, _ = mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Check posts a test event.
func (w *Webhook) Check(ctx context.Context) error {
	return tested(w.Send(ctx, TestMessage(w.name, w.now())))
}
