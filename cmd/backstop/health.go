package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
)

type healthCommand struct {
	URL string `help:"Base address of the Backstop to ask; else the one of LISTEN on this machine." placeholder:"URL"`
}

// healthAsked is how long an answer of /healthz is waited for.
const healthAsked = 3 * time.Second

// Run asks /healthz; it is the image's HEALTHCHECK, so it needs no shell and
// no curl.
func (h healthCommand) Run(ctx context.Context, w *world, c *cli) error {
	base := h.URL
	if base == "" {
		cfg, err := config.Load(w.getenv, c.Config)
		if err != nil {
			return err
		}
		base = reachable(cfg.Listen)
	}
	ctx, cancel := context.WithTimeout(ctx, healthAsked)
	defer cancel()
	degraded, err := healthOf(ctx, strings.TrimSuffix(base, "/"))
	if unanswered, ok := errors.AsType[*url.Error](err); ok {
		return fmt.Errorf("nothing answers at %s: %w: does Backstop run? Start it, or name another one with --url", base, unanswered.Err)
	}
	if err != nil {
		return err
	}
	if len(degraded) > 0 {
		return w.say("healthy: callers are answered; degraded: %s\n", strings.Join(degraded, ", "))
	}
	return w.say("healthy\n")
}

// healthOf asks the Backstop at base what of it is degraded. That it answers
// nothing is a *url.Error.
func healthOf(ctx context.Context, base string) (degraded []string, err error) {
	body, err := fetch(ctx, base+"/healthz", "")
	if err != nil {
		return nil, err
	}
	var health struct {
		Status   string   `json:"status"`
		Degraded []string `json:"degraded"`
	}
	if err := json.Unmarshal(body, &health); err != nil || health.Status != "ok" {
		return nil, fmt.Errorf("%s does not say that it is healthy", base)
	}
	return health.Degraded, nil
}

// reachable is how this machine reaches a listen address.
func reachable(listen string) string {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "http://" + listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}

const maxFetched = 1 << 20

// fetch GETs a small document, with a bearer token where one is given.
func fetch(ctx context.Context, address, token string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxFetched))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, &statusError{address, response.StatusCode}
	}
	return body, nil
}

// statusError is an answer with another status than 200.
type statusError struct {
	url  string
	code int
}

// Error names the address and the status.
func (e *statusError) Error() string {
	return fmt.Sprintf("%s answers %d %s", e.url, e.code, http.StatusText(e.code))
}
