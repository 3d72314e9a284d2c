package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// health is what is known of Backstop's checks of itself. The zero value knows
// nothing, which is well.
type health struct {
	checks, pings streak
	fault         flaw   // of the last check; zero where it went well
	pinged        string // why the last ping came to nothing; "" where it did not
}

// streak is how often something has failed in a row, and whether that was told.
type streak struct {
	failed int
	told   bool
}

// How often something fails in a row until it is told: a check at its second
// time, for a storm may delay one, and a ping at its fifth, for its service tells
// people by itself.
const (
	checksTold = 2
	pingsTold  = 5
)

// next is r after another try, and whether that begins or ends what is told.
func (r streak) next(ok bool, after int) (next streak, begins, ends bool) {
	if ok {
		return streak{}, false, r.told
	}
	r.failed++
	begins = r.failed >= after && !r.told
	r.told = r.told || begins
	return r, begins, false
}

// checked is h after a check, with what people are told of it; ping says whether
// the heartbeat may go out: only what has just gone well does.
func (h health) checked(f flaw, ok bool, now time.Time) (next health, alerts []incident.Alert, ping bool) {
	var begins, ends bool
	h.checks, begins, ends = h.checks.next(ok, checksTold)
	h.fault = f
	alert := incident.Alert{Kind: incident.Meta, Topic: incident.HeartbeatTopic, At: now}
	switch {
	case begins:
		alert.Title = templates.Shorten("Backstop's check of itself fails: "+f.stage, templates.MaxLine)
		alert.Detail = "Two checks in a row: " + f.stage + ", for " + f.why + ". The heartbeat has stopped. " +
			incident.DoFirst + "try it by `backstop drill`, and look at the page and the log of Backstop."
		alert.Reason = "the check of itself fails: " + f.stage
		if f.stage == stageAnswer || f.stage == stageJournal {
			alert.Urgency = incident.Page // callers are not served, or nobody will know of them
		}
		return h, []incident.Alert{alert}, false
	case ends:
		alert.Title = "Backstop's check of itself goes well again"
		alert.Detail = "The heartbeat goes on. Nothing has to be done."
		alert.Reason = "the check of itself goes well again"
		alert.Ends = []incident.Topic{incident.HeartbeatTopic}
		return h, []incident.Alert{alert}, true
	}
	return h, nil, ok
}

// beaten is h after a ping; err is why it came to nothing.
func (h health) beaten(err error, now time.Time) (next health, alerts []incident.Alert) {
	var begins, ends bool
	h.pings, begins, ends = h.pings.next(err == nil, pingsTold)
	alert := incident.Alert{Kind: incident.Meta, Topic: incident.HeartbeatTopic.About("ping"), At: now}
	h.pinged = ""
	if err != nil {
		h.pinged = err.Error()
	}
	switch {
	case begins:
		alert.Title = "The heartbeat does not arrive"
		alert.Detail = "Backstop works, but the address of heartbeat.url does not take it: " + h.pinged + ". The service there may tell you that Backstop is gone. " +
			incident.DoFirst + "look whether this machine may reach it, and whether the address is still right."
		alert.Reason = "the heartbeat's address cannot be reached"
	case ends:
		alert.Title = "The heartbeat arrives again"
		alert.Detail = "Nothing has to be done."
		alert.Reason = "the heartbeat's address can be reached again"
		alert.Ends = []incident.Topic{alert.Topic}
	default:
		return h, nil
	}
	return h, []incident.Alert{alert}
}

// heart checks and beats.
type heart struct {
	health atomic.Pointer[health]
	beats  atomic.Int64 // that arrived
	missed atomic.Int64 // that did not
	client *http.Client
	here   atomic.Pointer[string] // the address of this process; nil before it listens
}

// beat checks and beats until ctx ends, as long as there is an address to beat to.
func (a *app) beat(ctx context.Context) error {
	for {
		c := a.current.Load().config.Heartbeat
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(c.Every):
		}
		if c = a.current.Load().config.Heartbeat; c.URL == "" {
			a.heart.health.Store(nil)
			continue
		}
		a.beatOnce(ctx, c.URL.Reveal())
	}
}

// beatOnce checks, and beats where that went well.
func (a *app) beatOnce(ctx context.Context, address string) {
	here := a.heart.here.Load()
	if here == nil {
		return
	}
	check := selfCheck{base: *here, key: a.secrets.drillKey, pulse: a.slot.Pulse, queues: a.queuesNow, now: a.w.now, fed: checkFed}
	fault, ok := check.run(ctx)
	if ctx.Err() != nil {
		return // who stops is not ill
	}
	var before health
	if known := a.heart.health.Load(); known != nil {
		before = *known
	}
	after, alerts, ping := before.checked(fault, ok, a.w.now())
	if !ok {
		a.log.Error("the check of itself fails: the heartbeat does not go out", "stage", fault.stage, "err", fault.why)
	}
	if ping {
		err := sendBeat(ctx, a.heart.client, address)
		if ctx.Err() != nil {
			return
		}
		var more []incident.Alert
		after, more = after.beaten(err, a.w.now())
		alerts = append(alerts, more...)
		if err == nil {
			a.heart.beats.Add(1)
		} else {
			a.heart.missed.Add(1)
			a.log.Warn("heartbeat not taken", "err", err)
		}
	}
	a.heart.health.Store(&after)
	for _, alert := range alerts {
		a.teller.Tell(alert)
	}
}

func (a *app) queuesNow(ctx context.Context) ([]incident.Queue, error) {
	return a.slot.WatchOutbox(ctx, a.w.now())
}

// pingWithin is how long a heartbeat may take.
const pingWithin = 10 * time.Second

// newPinger is a client that waits for nothing for long, uses no proxy that the
// environment names and goes to no other host than it was sent to: the address is
// a secret.
func newPinger() *http.Client {
	return &http.Client{
		Timeout: pingWithin,
		Transport: &http.Transport{
			Proxy:                  nil,
			DialContext:            (&net.Dialer{Timeout: pingWithin}).DialContext,
			TLSHandshakeTimeout:    pingWithin,
			MaxResponseHeaderBytes: 64 << 10,
			DisableKeepAlives:      true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if first := via[0].URL; r.URL.Host != first.Host || r.URL.Scheme != first.Scheme || len(via) > 3 {
				return http.ErrUseLastResponse
			}
			return nil
		},
	}
}

// sendBeat is one heartbeat. What it says of an error holds no part of the address.
func sendBeat(ctx context.Context, client *http.Client, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return errors.New("heartbeat.url is no address")
	}
	request.Header.Set("User-Agent", "Backstop")
	answer, err := client.Do(request)
	if err != nil {
		if failed, ok := errors.AsType[*url.Error](err); ok {
			err = failed.Err
		}
		return err
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10) // nobody reads it
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("it answers %d %s", answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	return nil
}

// Pulse is store.Ledger's.
func (s *ledgerSlot) Pulse(ctx context.Context) (string, error) {
	l, err := s.ledger()
	if err != nil {
		return "", err
	}
	id, err := l.Pulse(ctx)
	return id, s.watch(l, err)
}

// notices say on pages what the last check found.
func (h *heart) notices() (list []pages.Notice) {
	known := h.health.Load()
	if known == nil {
		return nil
	}
	if f := known.fault; f != (flaw{}) {
		list = append(list, pages.Notice{Urgent: true, Title: "Backstop's check of itself fails: " + f.stage, Detail: "The heartbeat has stopped. " + f.why + "."})
	}
	if known.pinged != "" {
		list = append(list, pages.Notice{Title: "The heartbeat does not arrive", Detail: "Backstop works, but heartbeat.url does not take it: " + known.pinged + "."})
	}
	return list
}

// ill says whether the last check failed.
func (h *heart) ill() bool {
	known := h.health.Load()
	return known != nil && known.fault != flaw{}
}
