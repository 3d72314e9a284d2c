package notify

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// poster posts to one address. Its errors name the service by its title and
// hold neither the address nor a secret.
type poster struct {
	title  string // begins a sentence: "the webhook"
	url    string
	client *http.Client
	redact redactor
}

func newPoster(title, url string, secrets ...string) poster {
	return poster{title: title, url: url, client: boundedClient(nil), redact: newRedactor(secrets...)}
}

// reply is what came back, as far as anybody reads it.
type reply struct {
	status int
	pause  time.Duration // that the other side asks for; 0 for none
	body   []byte
}

// mostOfReply is as much of an answer as is read: no service says more that
// matters.
const mostOfReply = 16 << 10

// post makes one request. Its error means that no answer came, or none that was
// understood.
func (p poster) post(ctx context.Context, header http.Header, body []byte) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return reply{}, p.explain(ctx, err)
	}
	r.Header = header
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", "Backstop")
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return reply{}, p.explain(ctx, err)
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, mostOfReply))
	_ = answer.Body.Close()
	if err != nil && !isYes(answer.StatusCode) {
		return reply{}, p.explain(ctx, err)
	}
	return reply{status: answer.StatusCode, pause: pauseOf(answer, time.Now()), body: said}, nil
}

// isYes says whether a status means that what was posted is taken. Then it is
// not posted again because the words behind the yes were lost.
func isYes(status int) bool { return status >= 200 && status <= 299 }

// explain says what kept the answer from coming.
func (p poster) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil || isTimeout(err) {
		return fmt.Errorf("%s did not answer in time: try to reach its host from this machine", p.title)
	}
	return fmt.Errorf("%s cannot be reached or understood: %w", p.title, p.redact.clean(err))
}

// refuses is the error for an answer that is no yes: remedy says what to do
// where it is nothing that passes by itself.
func (p poster) refuses(r reply, remedy string) error {
	switch {
	case r.pause > 0 && (r.status == http.StatusTooManyRequests || r.status == http.StatusServiceUnavailable):
		return RetryAfter(fmt.Errorf("%s asks for a pause of %s", p.title, r.pause), r.pause)
	case r.status == http.StatusTooManyRequests || r.status >= 500:
		remedy = "it is tried again"
	case r.status >= 300 && r.status < 400:
		remedy = "it sends us elsewhere, which is not followed: look at the address in the configuration"
	}
	return fmt.Errorf("%s answers with status %d: %s", p.title, r.status, remedy)
}

// pauseOf reads Retry-After, which is seconds or a date; 0 where it says
// nothing that makes sense.
func pauseOf(answer *http.Response, now time.Time) time.Duration {
	said := strings.TrimSpace(answer.Header.Get("Retry-After"))
	if said == "" {
		return 0
	}
	pause := time.Duration(0)
	if seconds, err := strconv.ParseInt(said, 10, 32); err == nil {
		pause = time.Duration(seconds) * time.Second
	} else if until, err := http.ParseTime(said); err == nil {
		pause = until.Sub(now)
	}
	return min(max(0, pause), longestRetryAfter)
}

// isPage says whether an answer is a page for people: then a proxy, or a host
// that wants somebody to log in, has taken what was sent.
func isPage(body []byte) bool {
	start := bytes.ToLower(bytes.TrimSpace(body[:min(len(body), 256)]))
	return bytes.HasPrefix(start, []byte("<!doctype html")) || bytes.HasPrefix(start, []byte("<html"))
}
