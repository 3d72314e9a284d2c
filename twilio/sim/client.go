package sim

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Client plays Twilio for one account. Its zero value signs with an empty token; it may be used by several goroutines.
type Client struct {
	Account Account
	// HTTP sends the requests; nil is a client of its own. Its redirects, cookies and timeouts are left to Client,
	// which has Twilio's.
	HTTP *http.Client
	// Via is where requests really go ("http://127.0.0.1:8080"), as a reverse proxy would pass them on: they are
	// signed for the public address and carry its Host. What TwiML names on other hosts goes there. "" is the public
	// address itself.
	Via string
	// KeepAlive keeps the connections of HTTP open. Twilio closes each.
	KeepAlive bool
	// MaxDocuments ends a call or message that goes on asking; 0 is 50, Twilio's own limit for messages.
	MaxDocuments int
}

// maxRedirects is how many redirects Twilio follows (error 11215).
const maxRedirects = 10

// Do sends the request as Twilio sends one: with its timeouts, its retries (see the fragment of the URL), following
// redirects. It always returns: an answer or the reason why there is none.
func (c Client) Do(ctx context.Context, r Request) Exchange {
	s, err := c.session()
	if err != nil {
		return Exchange{Request: r, Err: &FetchError{Code: codeBadURL, Err: err}}
	}
	return s.do(ctx, r)
}

// session is what one call or message keeps: its cookies.
type session struct {
	Client
	http   *http.Client
	via    *url.URL
	public string // the host that Via stands for; "": every host
}

func (c Client) session() (session, error) {
	s := session{Client: c, http: &http.Client{}}
	if c.HTTP != nil {
		*s.http = *c.HTTP
	}
	if s.http.Transport == nil {
		s.http.Transport = plainTransport()
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return session{}, fmt.Errorf("cookies: %w", err)
	}
	s.http.Jar, s.http.Timeout = jar, 0
	s.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if c.Via != "" {
		if s.via, err = askedURL(c.Via); err != nil {
			return session{}, fmt.Errorf("via: %w", err)
		}
	}
	return s, nil
}

// plainTransport asks for no compression and heeds no proxy of the environment: what is tested is the server.
func plainTransport() *http.Transport {
	return &http.Transport{DisableCompression: true, DisableKeepAlives: true, TLSHandshakeTimeout: connectTimeout}
}

// do asks, and goes where it is redirected to: by GET, without what the last verb added.
func (s session) do(ctx context.Context, r Request) Exchange {
	limits := connection{connect: connectTimeout, read: totalTimeout, total: totalTimeout, retries: connectRetries, retryOn: []string{"ct"}}.override(r.fragment)
	started := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, limits.total, errTotalTimeout)
	defer cancel()
	e := s.patiently(ctx, r, limits)
	for redirects := 0; e.isRedirect(); redirects++ {
		next, err := s.redirected(e, redirects)
		if err != nil {
			e.Err = err
			break
		}
		attempts, waited := e.Attempts, time.Since(started)
		e = s.patiently(ctx, next, limits)
		e.Attempts += attempts
		e.Timing.FirstByte += waited
	}
	e.Timing.Total = time.Since(started)
	return e
}

func (e Exchange) isRedirect() bool {
	return e.Err == nil && e.Status >= 300 && e.Status < 400
}

func (s session) redirected(e Exchange, redirects int) (Request, *FetchError) {
	location := e.Header.Get("Location")
	followed := []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect}
	switch {
	case !slices.Contains(followed, e.Status) || location == "":
		return Request{}, &FetchError{Code: codeBadRedirect, Err: fmt.Errorf("status %d with Location %q is not followed", e.Status, location)}
	case redirects >= maxRedirects:
		return Request{}, &FetchError{Code: codeTooManyRedirects, Err: fmt.Errorf("more than %d redirects", maxRedirects)}
	}
	next, err := s.Account.Request(http.MethodGet, resolve(e.Request.document, location), e.Request.Params.Without(extraNames()...))
	if err != nil {
		return Request{}, &FetchError{Code: codeBadRedirect, Err: err}
	}
	return next, nil
}

// patiently sends again what fails as the policy says, with the same token.
func (s session) patiently(ctx context.Context, r Request, limits connection) Exchange {
	started := time.Now()
	for attempt := 1; ; attempt++ {
		waited := time.Since(started)
		e := s.attempt(ctx, r, limits, false)
		if e.Status == http.StatusUnauthorized && strings.HasPrefix(strings.ToLower(e.Header.Get("WWW-Authenticate")), "basic") && strings.Contains(r.URL, "@") {
			e = s.attempt(ctx, r, limits, true)
			e.Attempts++
		}
		e.Attempts += attempt - 1
		e.Timing.FirstByte += waited
		if attempt > limits.retries || !limits.retriesAfter(e) || ctx.Err() != nil {
			return e
		}
	}
}

// resolve makes an address absolute, as Twilio does against the document that names it; "" is that document itself.
func resolve(base, reference string) string {
	from, err := url.Parse(base)
	if err != nil {
		return reference
	}
	to, err := from.Parse(strings.TrimSpace(reference))
	if err != nil {
		return reference
	}
	return to.String()
}
