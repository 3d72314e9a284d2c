package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

const (
	certificateFirst = time.Minute
	certificateEvery = time.Hour
	certificateMemo  = "certificate"
	day              = 24 * time.Hour
)

// certificateTold is what people know of the certificate of PUBLIC_URL. It
// outlives a restart.
type certificateTold struct {
	URL     string
	Until   time.Time
	Days    int    // what was told last: it expires within so many; 0 for nothing
	Trouble string // what was told last; "" for nothing, or that it is over
}

// proven says whether what is wrong with c is wrong for Twilio too. A certificate
// at an address that only this network knows may be another one than Twilio's; one
// for another name, behind which no Backstop answers, a router's.
func proven(c standby.Certificate) bool { return c.Seen && c.Public && (c.Named || c.Ours) }

// news is what people are told of the certificate now, if anything, and what they
// know then.
func (t certificateTold) news(url string, c standby.Certificate, now time.Time) (next certificateTold, a incident.Alert, tell bool) {
	if t.URL != url {
		t = certificateTold{URL: url}
	}
	a = incident.Alert{Kind: incident.Meta, Topic: incident.CertificateTopic, At: now}
	switch {
	case !c.Seen, c.Trouble != "" && !proven(c):
		return t, a, false
	case c.Trouble != "":
		tell = t.Trouble != c.Trouble
		t.Trouble = c.Trouble
		a.Urgency = incident.Page
		a.Title = "Twilio cannot reach Backstop: its certificate"
		a.Detail = "Of the certificate of " + url + ": " + c.Trouble + ". Twilio refuses it, so callers whose server fails hear an application error. " +
			incident.DoFirst + "mend it where TLS ends, and send the whole chain (fullchain.pem)."
		a.Reason = "the certificate of PUBLIC_URL: " + c.Trouble
		return t, a, tell
	case t.Trouble != "":
		t = certificateTold{URL: url, Until: c.Until}
		a.Title = "The certificate of PUBLIC_URL is good again"
		a.Detail = "It is valid until " + c.Until.UTC().Format("2006-01-02 15:04 MST") + ". Nothing has to be done."
		a.Reason = "the certificate of PUBLIC_URL is good again"
		a.Ends = []incident.Topic{incident.CertificateTopic}
		return t, a, true
	}
	if !t.Until.Equal(c.Until) {
		t.Until, t.Days = c.Until, 0
	}
	within := expiresWithin(c, now)
	if within == 0 || !c.Named || t.Days != 0 && t.Days <= within {
		return t, a, false
	}
	t.Days = within
	a.Title = fmt.Sprintf("The certificate of PUBLIC_URL expires within %d days", within)
	a.Detail = "That of " + url + " is valid until " + c.Until.UTC().Format("2006-01-02 15:04 MST") +
		". From then on Twilio refuses it, and callers whose server fails hear an application error. " +
		incident.DoFirst + "look why it was not renewed (certbot renew, caddy's log)."
	a.Reason = fmt.Sprintf("the certificate of PUBLIC_URL expires within %d days", within)
	return t, a, true
}

// expiresWithin is the least of 14, 7 and 2 days within which c expires; 0 for
// none. Of one that lives for days only, most of its life is no warning.
func expiresWithin(c standby.Certificate, now time.Time) (days int) {
	for _, days := range []int{2, 7, 14} {
		within := time.Duration(days) * day
		if c.Until.Sub(now) <= within && within <= c.Until.Sub(c.From)/3 {
			return days
		}
	}
	return 0
}

// certificates is what the last look came to.
type certificates struct {
	examiner *standby.Examiner
	newest   atomic.Pointer[standby.Certificate]
}

// watchCertificate looks at the certificate of PUBLIC_URL until ctx ends.
func (a *app) watchCertificate(ctx context.Context) error {
	wait := certificateFirst
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		a.lookAtCertificate(ctx, a.w.now())
		wait = certificateEvery
	}
}

func (a *app) lookAtCertificate(ctx context.Context, now time.Time) {
	c := a.current.Load().config
	if c.PublicURL.IsZero() {
		return
	}
	base := c.PublicURL.String()
	seen := a.certificates.examiner.Certificate(ctx, base)
	if ctx.Err() != nil {
		return
	}
	a.certificates.newest.Store(&seen)
	if seen.Trouble != "" && !proven(seen) {
		a.log.Info("a certificate for PUBLIC_URL that Twilio may not see is not good", "says", seen.Trouble, "for_the_name", seen.Named, "backstop_behind_it", seen.Ours, "public_address", seen.Public)
	}
	l, err := a.slot.ledger()
	if err != nil {
		return // what was told is not known: the next look has time
	}
	says, _, _, err := l.Remembered(ctx, certificateMemo)
	if a.slot.watch(l, err) != nil {
		return
	}
	var told certificateTold
	_ = json.Unmarshal([]byte(says), &told) // nothing known is nothing told
	next, alert, tell := told.news(base, seen, now)
	if next == told {
		return
	}
	raw, err := json.Marshal(next)
	if err == nil {
		err = a.slot.watch(l, l.Remember(ctx, certificateMemo, string(raw), now))
	}
	if err != nil {
		a.log.Warn("what was told of the certificate is not remembered, and may come again", "err", err)
	}
	if tell {
		a.teller.Tell(alert)
	}
}

// notices say on pages what is wrong with the certificate.
func (c *certificates) notices(now time.Time) []pages.Notice {
	seen := c.newest.Load()
	switch {
	case seen == nil || !seen.Seen:
	case seen.Trouble != "" && proven(*seen):
		return []pages.Notice{{Urgent: true, Title: "Twilio cannot reach Backstop", Detail: "Of the certificate of PUBLIC_URL: " + seen.Trouble + "."}}
	case seen.Trouble == "" && seen.Named && expiresWithin(*seen, now) > 0:
		return []pages.Notice{{Title: "The certificate of PUBLIC_URL expires", Detail: "It is valid until " + seen.Until.UTC().Format("2006-01-02 15:04 MST") + "."}}
	}
	return nil
}
