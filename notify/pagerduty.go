package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// PagerDutyOptions are what a notifier needs that pages by PagerDuty's Events
// API v2.
type PagerDutyOptions struct {
	Name       string
	RoutingKey string        // the Integration Key of a service
	APIURL     string        // PagerDuty's own where empty; for its region EU and for tests
	Timeout    time.Duration // one attempt; 18 s where zero

	Now   func() time.Time  // time.Now where nil; only Check asks it
	Texts *templates.Alerts // the words
}

const pagerDutyURL = "https://events.pagerduty.com"

var integrationKey = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)

// Validate says all that is wrong with o, one error each, and never shows a
// secret.
func (o PagerDutyOptions) Validate() error {
	var mistakes []error
	if o.Name == "" {
		mistakes = append(mistakes, errors.New("name: is empty: give the notifier a name"))
	}
	if !integrationKey.MatchString(o.RoutingKey) {
		mistakes = append(mistakes, errors.New("routing_key: is no Integration Key: copy it from the service's tab Integrations, Events API V2: 32 letters and digits"))
	}
	if o.APIURL != "" && !isSafeURL(o.APIURL) {
		mistakes = append(mistakes, errors.New("api_url: is no https address: leave it out, or write https://events.eu.pagerduty.com for the region EU"))
	}
	return errors.Join(mistakes...)
}

// PagerDuty is a Notifier that triggers, acknowledges and resolves the
// incidents of one service.
type PagerDuty struct {
	name    string
	key     string
	timeout time.Duration
	poster  poster
	texts   *templates.Alerts
	now     func() time.Time
	partly  partlyTaken // of events by their action and key
}

// NewPagerDuty makes a notifier of valid options.
func NewPagerDuty(o PagerDutyOptions) (*PagerDuty, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	at := o.APIURL
	if at == "" {
		at = pagerDutyURL
	}
	p := &PagerDuty{
		name: o.Name, key: o.RoutingKey, timeout: o.Timeout, texts: o.Texts, now: o.Now,
		poster: newPoster("PagerDuty", strings.TrimRight(at, "/")+"/v2/enqueue", o.RoutingKey),
	}
	if p.timeout <= 0 {
		p.timeout = defaultAttempt
	}
	if p.now == nil {
		p.now = time.Now
	}
	return p, nil
}

// Name is what the configuration calls it.
func (p *PagerDuty) Name() string { return p.name }

// Send makes the events that m comes to: one, or for a digest one for each of
// its incidents. Another attempt repeats none that was taken; if a restart makes
// it do so, PagerDuty knows them by their key.
func (p *PagerDuty) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	events := pagerDutyEvents(p.texts, m)
	if len(events) == 0 {
		return incident.Receipt{Detail: nothingToUpdate}, nil
	}
	refused, err := p.sendAll(ctx, m, events)
	if err != nil {
		return incident.Receipt{}, err
	}
	if len(refused) == len(events) {
		return incident.Receipt{}, Permanent(errors.Join(refused...))
	}
	p.partly.forget(m)
	r := incident.Receipt{Detail: events[0].Action + " " + events[0].DedupKey}
	if len(events) > 1 {
		r.Detail = fmt.Sprintf("%d events", len(events)-len(refused))
	}
	if m.Incident != nil {
		r.Thread = events[0].DedupKey
	}
	for _, complaint := range refused {
		r.Detail += "; " + complaint.Error()
	}
	return r, nil
}

// sendAll sends what another attempt has not sent. An event that PagerDuty will
// never take keeps none of the others back.
func (p *PagerDuty) sendAll(ctx context.Context, m incident.Message, events []pagerDutyEvent) (refused []error, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	for _, e := range events {
		name := e.Action + " " + e.DedupKey
		if len(p.partly.left(m, []string{name})) == 0 {
			continue
		}
		switch err := p.enqueue(ctx, e); {
		case IsPermanent(err):
			refused = append(refused, err)
		case err != nil:
			return nil, err
		case len(events) > 1:
			p.partly.add(m, []string{name})
		}
	}
	return refused, nil
}

// enqueue makes one request: https://developer.pagerduty.com/docs/send-alert-event
func (p *PagerDuty) enqueue(ctx context.Context, e pagerDutyEvent) error {
	e.RoutingKey = p.key
	body, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("write event: %w", err)
	}
	answer, err := p.poster.post(ctx, http.Header{"Content-Type": {typeJSON}}, body)
	switch {
	case err != nil:
		return err
	case answer.status == http.StatusAccepted && !isPage(answer.body):
		return nil
	case answer.status == http.StatusBadRequest:
		return p.invalid(answer)
	}
	return p.poster.refuses(answer, "look at routing_key and api_url in the configuration")
}

// invalid is the error for an event that PagerDuty does not understand. A key
// that is wrong can be put right; nothing else about an event can.
func (p *PagerDuty) invalid(answer reply) error {
	var said struct {
		Message string
		Errors  []string
	}
	_ = json.Unmarshal(answer.body, &said) // what is no JSON says nothing
	why := oneLine(p.poster.redact.text(strings.Join(append([]string{said.Message}, said.Errors...), ", ")))
	if strings.Trim(why, ", ") == "" || strings.Contains(strings.ToLower(why), "routing") {
		return fmt.Errorf("PagerDuty does not take the event%s: copy the Integration Key of the service into routing_key once more; it is tried again", inBrackets(strings.Trim(why, ", ")))
	}
	return Permanent(fmt.Errorf("PagerDuty will not take the event (%s): see the alert on the page, and report this", why))
}

func inBrackets(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}

// Check triggers a test alert that says that nothing is wrong, and resolves it.
func (p *PagerDuty) Check(ctx context.Context) error {
	m := TestMessage(p.name, p.now())
	if _, err := p.Send(ctx, m); err != nil {
		return err
	}
	return p.enqueue(ctx, pagerDutyEvent{Action: pagerDutyResolve, DedupKey: topicKey(ledgerOf(m), m.Alert)})
}
