package sim

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What Twilio does unless the fragment of a URL says otherwise
// (https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides).
const (
	connectTimeout = 5 * time.Second
	totalTimeout   = 15 * time.Second
	connectRetries = 1
)

// connection says how patiently a URL is asked: #ct=2000&rc=3&rp=ct,rt,5xx.
type connection struct {
	connect, read, total time.Duration
	retries              int
	retryOn              []string // of ct, rt, 4xx, 5xx, all
}

// override returns c with what the fragment of a URL says. What is out of range is brought into it, what is
// unknown is left alone.
func (c connection) override(fragment string) connection {
	overrides, err := url.ParseQuery(fragment)
	if err != nil {
		return c
	}
	c.connect = milliseconds(overrides.Get("ct"), c.connect, 10*time.Second)
	c.read = milliseconds(overrides.Get("rt"), c.read, 15*time.Second)
	c.total = milliseconds(overrides.Get("tt"), c.total, 15*time.Second)
	if retries, err := strconv.Atoi(overrides.Get("rc")); err == nil {
		c.retries = min(max(retries, 0), 5)
	}
	if policy := overrides.Get("rp"); policy != "" {
		c.retryOn = strings.Split(policy, ",")
	}
	return c
}

func milliseconds(value string, fallback, longest time.Duration) time.Duration {
	n, err := strconv.Atoi(value)
	if err != nil {
		return fallback
	}
	return min(max(time.Duration(n)*time.Millisecond, 100*time.Millisecond), longest)
}

// retriesAfter reports whether the policy asks again after that exchange.
func (c connection) retriesAfter(e Exchange) bool {
	var reason string
	switch {
	case e.Err != nil && e.Err.isConnecting():
		reason = "ct"
	case e.Err != nil:
		reason = "rt"
	case e.Status >= 500:
		reason = "5xx"
	case e.Status >= 400:
		reason = "4xx"
	default:
		return false
	}
	return slices.Contains(c.retryOn, reason) || slices.Contains(c.retryOn, "all")
}
