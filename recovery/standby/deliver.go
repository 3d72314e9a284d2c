package standby

import (
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
)

// Sender sends the customer's own servers what they have not had, each request
// once. It serves any number of goroutines.
type Sender struct {
	public, private *http.Client // by whether private addresses are allowed
}

// NewSender makes a Sender.
func NewSender(o ClientOptions) *Sender {
	return &Sender{public: onceOnly(newHTTPClient(o, true)), private: onceOnly(newHTTPClient(o, false))}
}

// onceOnly keeps no connection: net/http sends a request by itself again where
// one that was kept turns out to be closed.
func onceOnly(c *http.Client) *http.Client {
	c.Transport.(*http.Transport).DisableKeepAlives = true
	return c
}

// SendTimeout is how long a server may take for its answer, as with Twilio:
// https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.
const SendTimeout = 15 * time.Second

// Taken is how a server took a request.
type Taken struct {
	// Reached says that the server may have got it: a connection stood. Where
	// it did not, nothing was written.
	Reached bool
	Status  int    // of the answer; 0 where none came
	Begins  string // how its body begins, in one line of at most 200 characters
}

// OK says whether the server took it.
func (t Taken) OK() bool { return t.Status >= 200 && t.Status <= 299 }

// Sendable says why nothing can be sent to address, "" where it can: it has to
// be on one of the primaries, and to mean the same to everybody who reads it.
func (p Primaries) Sendable(address string) (server, why string) {
	u, at := read(address)
	switch {
	case address == "":
		return "", "Twilio named no address that failed"
	case at == (origin{}) || !p.Has(address):
		return "", "the address that failed is on none of the servers that are listed as primaries"
	case u.User != nil || !isPlain(address) || strings.ContainsAny(address, "\"<>^`{|}"):
		return "", "the address that failed is not a plain one"
	}
	return at.url(), ""
}

// Send asks q at q.Failed, as Twilio would have, but without ErrorCode and
// ErrorUrl, and follows one redirect on the same server, as Twilio does. The
// error says in one line for people why there is no answer; it takes no longer
// than SendTimeout.
func (s *Sender) Send(ctx context.Context, q *Question, allowPrivate bool) (Taken, error) {
	ctx, cancel := context.WithTimeout(ctx, SendTimeout)
	defer cancel()
	ctx, reached := connected(ctx)
	client := s.public
	if allowPrivate {
		client = s.private
	}
	answer, err := ask(ctx, client, q)
	if err != nil {
		return Taken{Reached: reached()}, explain(ctx, SendTimeout, err)
	}
	defer answer.Body.Close()
	return Taken{Reached: true, Status: answer.StatusCode, Begins: begins(answer.Body)}, nil
}

// connected says of requests with that context whether a connection has stood for
// one of them: before that nothing is written.
func connected(ctx context.Context) (watched context.Context, reached func() bool) {
	var is atomic.Bool
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { is.Store(true) }}), is.Load
}

// ask is the answer to q, or to where that leads.
func ask(ctx context.Context, client *http.Client, q *Question) (*http.Response, error) {
	address := asked(q.Failed)
	method, params := q.Method, q.asked(&Target{})
	for redirected := false; ; redirected = true {
		r, err := q.to(ctx, method, address, params)
		if err != nil {
			return nil, err
		}
		answer, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		next, err := redirect(answer, redirected)
		if err != nil || next == "" {
			return answer, nil //nolint:nilerr // a status that is no success says it all
		}
		_ = answer.Body.Close()
		method, address = http.MethodGet, next
	}
}

// asked is the address as it is asked, and so signed: without what is behind a
// #, which tells Twilio how to connect, and with a path.
func asked(address string) string {
	address, _, _ = strings.Cut(address, "#")
	if u, err := url.Parse(address); err == nil && u.Path == "" {
		u.Path = "/"
		return u.String()
	}
	return address
}

// begins reads the beginning of a body as one line of text. What is not read in
// time, nobody misses.
func begins(body io.Reader) string {
	const enough, longest = 4096, 200
	raw, _ := io.ReadAll(io.LimitReader(body, enough))
	line := strings.Join(strings.FieldsFunc(strings.ToValidUTF8(string(raw), "\uFFFD"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	if runes := []rune(line); len(runes) > longest {
		line = string(runes[:longest-1]) + "…"
	}
	return line
}
