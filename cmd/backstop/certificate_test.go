package main

import (
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

func TestEachBoundOfACertificateIsToldOnce(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	const url = "https://fallback.example.com"
	lasts := func(left, life time.Duration) standby.Certificate {
		return standby.Certificate{Seen: true, Named: true, Public: true, Ours: true, Until: now.Add(left), From: now.Add(left - life)}
	}
	broken := func(change func(*standby.Certificate)) standby.Certificate {
		c := lasts(20*day, 90*day)
		c.Trouble = "chain incomplete: the certificate of its issuer is not sent"
		change(&c)
		return c
	}
	month, none := 90*day, certificateTold{URL: url}
	told := func(days int, left time.Duration) certificateTold {
		return certificateTold{URL: url, Until: now.Add(left), Days: days}
	}
	for claim, test := range map[string]struct {
		told certificateTold
		seen standby.Certificate
		want string
	}{
		"long enough":                           {none, lasts(15*day, month), ""},
		"14 days":                               {none, lasts(14*day, month), "The certificate of PUBLIC_URL expires within 14 days"},
		"14 days, and told":                     {told(14, 13*day), lasts(13*day, month), ""},
		"7 days":                                {told(14, 7*day), lasts(7*day, month), "The certificate of PUBLIC_URL expires within 7 days"},
		"2 days":                                {told(7, 2*day), lasts(2*day, month), "The certificate of PUBLIC_URL expires within 2 days"},
		"an hour, and told":                     {told(2, time.Hour), lasts(time.Hour, month), ""},
		"seen late only the least":              {none, lasts(day, month), "The certificate of PUBLIC_URL expires within 2 days"},
		"another one, with another end":         {told(2, time.Hour), lasts(6*day, month), "The certificate of PUBLIC_URL expires within 7 days"},
		"another address":                       {certificateTold{URL: "https://old.example.com", Until: now.Add(6 * day), Days: 7}, lasts(6*day, month), "The certificate of PUBLIC_URL expires within 7 days"},
		"one that lives for six days":           {none, lasts(3*day, 6*day), ""},
		"the end of one that lives for six":     {none, lasts(2*day, 6*day), "The certificate of PUBLIC_URL expires within 2 days"},
		"nothing is seen from here":             {told(7, 6*day), standby.Certificate{}, ""},
		"a chain that is not whole":             {none, broken(func(*standby.Certificate) {}), "Twilio cannot reach Backstop: its certificate"},
		"at an address of this network":         {none, broken(func(c *standby.Certificate) { c.Public = false }), ""},
		"a router's":                            {none, broken(func(c *standby.Certificate) { c.Named, c.Ours = false, false }), ""},
		"for another name, and Backstop's":      {none, broken(func(c *standby.Certificate) { c.Named = false }), "Twilio cannot reach Backstop: its certificate"},
		"known to be broken":                    {certificateTold{URL: url, Trouble: broken(func(*standby.Certificate) {}).Trouble}, broken(func(*standby.Certificate) {}), ""},
		"good again":                            {certificateTold{URL: url, Trouble: "certificate expired on 1 Nov"}, lasts(89*day, month), "The certificate of PUBLIC_URL is good again"},
		"gone from view while broken":           {certificateTold{URL: url, Trouble: "certificate expired on 1 Nov"}, standby.Certificate{}, ""},
		"expiring where only this network asks": {none, func() standby.Certificate { c := lasts(6*day, month); c.Public = false; return c }(), "The certificate of PUBLIC_URL expires within 7 days"},
	} {
		next, alert, tell := test.told.news(url, test.seen, now)
		got := ""
		if tell {
			got = alert.Title
		}
		if got != test.want {
			t.Errorf("%s: got %q, want %q", claim, got, test.want)
		}
		if _, _, again := next.news(url, test.seen, now.Add(time.Hour)); again {
			t.Errorf("%s: it is told again an hour later", claim)
		}
	}
}
