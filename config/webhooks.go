package config

import (
	"errors"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/templates"
)

// webhook is where events are posted, and by which key they are signed.
func (r *review) webhook(name string, w webhook) *notify.WebhookOptions {
	if w.At.invalid {
		return nil
	}
	r.required(w.At, w.URL, "url", "", "write the address that takes the events: https://host/path")
	r.required(w.At, w.Secret, "secret", "", "make one with openssl rand -hex 32, and give it to the receiver")
	o := &notify.WebhookOptions{Name: name, URL: w.URL.text, Secret: w.Secret.text}
	r.hide(w.URL.text)
	r.hide(w.Secret.text)
	for header, v := range w.Headers {
		if v.absent() {
			r.mistake(v, "says nothing", "write the header's value, or remove it")
			continue
		}
		r.hide(v.text)
		if o.Headers == nil {
			o.Headers = make(map[string]string, len(w.Headers))
		}
		o.Headers[header] = v.text
	}
	return o
}

// pagerDuty is a service of PagerDuty that is paged.
func (r *review) pagerDuty(name string, p pagerDuty) *notify.PagerDutyOptions {
	if p.At.invalid {
		return nil
	}
	const remedy = "copy the Integration Key from the service's tab Integrations, Events API V2: 32 letters and digits"
	r.required(p.At, p.RoutingKey, "routing_key", "", remedy)
	r.hide(p.RoutingKey.text)
	if p.RoutingKey.set() && !routingKey.MatchString(p.RoutingKey.text) {
		r.mistake(p.RoutingKey, "is no Integration Key", remedy)
	}
	return &notify.PagerDutyOptions{
		Name: name, RoutingKey: p.RoutingKey.text, APIURL: r.tokenURL(p.APIURL, "https://events.eu.pagerduty.com"),
	}
}

var routingKey = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// shoutrrr is one of the services that shoutrrr knows.
func (r *review) shoutrrr(name string, s shoutrrr) *notify.ShoutrrrOptions {
	if s.At.invalid {
		return nil
	}
	r.required(s.At, s.URL, "url", "", "write the service's address in shoutrrr's form, such as ntfy://ntfy.sh/topic")
	r.hide(s.URL.text)
	if u, err := url.Parse(s.URL.text); err == nil && inClear(u) {
		r.warn(s.URL, "is sent to in the clear, its token too")
	}
	return &notify.ShoutrrrOptions{Name: name, URL: s.URL.text}
}

// inClear says whether a service is asked without TLS over a network.
func inClear(u *url.URL) bool {
	if loopback(u.Hostname()) {
		return false
	}
	for key, values := range u.Query() {
		switch strings.ToLower(key) {
		case "disabletls":
			return slices.ContainsFunc(values, func(v string) bool { return slices.Contains([]string{"yes", "true", "1", "on"}, strings.ToLower(v)) })
		case "scheme":
			return slices.Contains(values, "http")
		}
	}
	return false
}

// ownText is the customer's own template for what a notifier writes.
func (r *review) ownText(n notifier) *templates.OwnText {
	if !n.Template.set() || len(n.kinds()) == 0 {
		return nil
	}
	if !n.writes() {
		r.mistake(n.Template, "stands beside what has a form of its own", "leave it out: a template is for what people or programs read as text")
		return nil
	}
	const most = 64 << 10
	source, err := readBounded(n.Template.path(), most)
	if err != nil {
		r.mistake(n.Template, "cannot be read: "+reason(err), "name a readable file with a template in it")
		return nil
	}
	own, warning, err := templates.ParseOwnText(filepath.Base(n.Template.text), string(source))
	if refused, ok := errors.AsType[*templates.OwnError](err); ok {
		r.mistake(n.Template, refused.Problem, refused.Remedy)
	}
	if warning != "" {
		r.warn(n.Template, warning)
	}
	return own
}

// writes says whether it is for n to choose its words.
func (n notifier) writes() bool {
	return n.PagerDuty == nil && n.Call == nil
}
