package standby

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"github.com/backstop-project/backstop/twilio/twiml"
)

// ProbeOptions are how to see whether one of the customer's own servers works.
type ProbeOptions struct {
	URL   string        // a path of that server, or an absolute URL on it; "": it is not probed
	Every time.Duration // DefaultProbeEvery where zero
	// HealthURL is what to ask while an incident about it is open, likewise; "":
	// URL, and where there is none whether it answers at all.
	HealthURL string
	// AllowPrivate lets its name lead to an address of a private network.
	AllowPrivate bool
}

// DefaultProbeEvery is how often a server is probed.
const DefaultProbeEvery = 15 * time.Second

// mostProbe is how long a probe may take.
const mostProbe = 3 * time.Second

// Probe is what a server is asked to see whether it works. It never changes.
type Probe struct {
	Name         string // the target's, or the primary's address
	URL          string
	Every        time.Duration
	AllowPrivate bool

	server string   // of which one at a time is made
	target *Target  // whose breaker a good one ends; nil for a primary
	good   []string // the ErrorUrls that TwiML found there is the last good one for
}

// Keeping is p, whose good answers that are TwiML are kept as the last good ones
// for the same path on the primaries.
func (p Probe) Keeping(primaries Primaries) Probe {
	p.good = nil
	u, _ := read(p.URL)
	if p.target == nil {
		p.good = []string{p.URL}
		return p
	}
	if path := p.target.failedAt(pathOf(u)); path != "" {
		for _, at := range primaries {
			p.good = append(p.good, at.url()+path)
		}
	}
	return p
}

// NewProbe is how t is probed; ok is false where it is not. The error is a remedy
// to put behind the key's name.
func (t *Target) NewProbe() (p Probe, ok bool, err error) {
	p, ok, err = newProbe(t.Name, t.origin, ProbeOptions{URL: t.Probe, Every: t.ProbeEvery, AllowPrivate: t.AllowPrivate})
	p.target = t
	return p, ok, err
}

// PrimaryProbe is how the primary at that address is probed, likewise.
func PrimaryProbe(address string, o ProbeOptions) (p Probe, ok bool, err error) {
	return newProbe(PrimaryName(address), originAt(address), o)
}

func newProbe(name string, at origin, o ProbeOptions) (p Probe, ok bool, err error) {
	if o.URL == "" {
		return Probe{}, false, nil
	}
	p = Probe{Name: name, URL: o.URL, Every: o.Every, AllowPrivate: o.AllowPrivate, server: at.server()}
	if p.Every == 0 {
		p.Every = DefaultProbeEvery
	}
	if strings.HasPrefix(o.URL, "/") {
		p.URL = at.url() + o.URL
	}
	u, there := read(p.URL)
	switch {
	case !isPlain(p.URL) || there == origin{}:
		err = errors.New("is neither a path nor a URL: write a path of that server, such as /healthz")
	case there != at || u.User != nil:
		err = errors.New("is on another server: write a path of that server, such as /healthz")
	case u.Fragment != "" || !cleanPath(pathOf(u)):
		err = errors.New("is no plain path: write one such as /healthz")
	}
	return p, err == nil, err
}

// answered is what came back from a server that works.
type answered struct {
	doc  []byte   // nil where it is more than a TwiML document can be
	from *url.URL // where it was at last
}

// probe asks once, and says in one line for people why the server does not work.
func (c *Client) probe(ctx context.Context, p Probe) (a answered, err error) {
	within := min(mostProbe, p.Every)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("probing it went wrong here: %v", cause)
		}
	}()
	a, err = c.get(ctx, p)
	if err != nil {
		return answered{}, explain(ctx, within, err)
	}
	return a, nil
}

// keep remembers what was found where it is TwiML. That it cannot says nothing
// about the server.
func (c *Client) keep(p Probe, found answered) {
	defer func() {
		if cause := recover(); cause != nil {
			c.log.Error("panic while an answer was kept", "server", p.Name, "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
		}
	}()
	if len(p.good) == 0 || twiml.Empty(found.doc) {
		return
	}
	for _, voice := range []bool{true, false} {
		doc, err := judge(found.doc, found.from, voice)
		if err != nil {
			continue
		}
		for _, errorURL := range p.good {
			c.lastGood.Keep(voice, errorURL, doc)
		}
	}
}

// get follows one redirect on the same server, as asking does.
func (c *Client) get(ctx context.Context, p Probe) (answered, error) {
	address := p.URL
	for redirected := false; ; redirected = true {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
		if err != nil {
			return answered{}, err
		}
		r.Header.Set("User-Agent", "Backstop")
		response, err := c.allowing(p.AllowPrivate).Do(r)
		if err != nil {
			return answered{}, err
		}
		next, err := redirect(response, redirected)
		if err == nil && next == "" {
			doc, err := readMost(response)
			return answered{doc, r.URL}, err
		}
		_ = response.Body.Close()
		if err != nil {
			return answered{}, err
		}
		address = next
	}
}

// readMost is the answer as far as TwiML can be: 64 kB, nil where it is more.
func readMost(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	doc, err := io.ReadAll(io.LimitReader(response.Body, twiml.MaxBytes))
	if err != nil {
		return nil, err
	}
	if len(doc) == twiml.MaxBytes {
		return nil, nil
	}
	return doc, nil
}
