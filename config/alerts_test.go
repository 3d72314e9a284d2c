package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

const alertHouse = `
accounts: [{name: main, sid: ` + sid + `, auth_tokens: [` + token + `]}]
time_zone: Europe/Berlin
hours:
  office: {open: ["mon-fri 08:00-18:00"]}
  night: {open: ["daily 22:00-07:00"]}
  always: {open: ["daily 00:00-24:00"]}
  never: {open: ["daily 08:00-18:00"], holidays: ["01-01..12-31"]}
notifiers:
  - {name: mail, email: {smtp: "smtps://mail.example.com", from: a@example.com, to: [b@example.com]}}
  - {name: chat, slack: {webhook_url: "https://hooks.slack.com/services/x"}}
`

func TestWhatIsToldIsReadAsItIsMeant(t *testing.T) {
	p := mustLoad(t, alertHouse+`
alerts:
  routes:
    - match: {tags: clinic, hosts: [WWW.*], codes: [11200-11299, 12100], channels: voice, causes: [fetch, twilio], severity: page, accounts: main, open: office}
      notifiers: [chat]
      continue: true
      escalation: [{after: 5m, notifiers: [mail]}]
    - notifiers: [mail, chat]
  page: {callers: 3, within: 5m}
  rate: {failures: 50}
  wide: {servers: 8, within: 1m}
  remind_every: 2h
  escalation: [{after: 10m, notifiers: [chat]}, {after: 30m, notifiers: [mail]}]
  quiet_hours: night
  maintenance:
    - {match: {lines: "+4930*"}, from: 2026-12-01 22:00, until: "2026-12-02T04:00:00+01:00", reason: new database}
    - {hours: night}
`, nil).Alerts
	if p.Page != (incident.Volume{Count: 3, Within: 5 * time.Minute}) || p.Rate != (incident.Volume{Count: 50, Within: 5 * time.Minute}) ||
		p.Wide != (incident.Volume{Count: 8, Within: time.Minute}) || p.RemindEvery != 2*time.Hour || p.QuietAfter != 10*time.Minute {
		t.Errorf("figures: %+v", p)
	}
	m := p.Routes[0].Match
	if !slices.Equal(m.Codes, []incident.CodeRange{{First: 11200, Last: 11299}, {First: 12100, Last: 12100}}) || !slices.Equal(m.Hosts, []string{"www.*"}) ||
		!slices.Equal(m.Accounts, []string{sid}) || !slices.Equal(m.Causes, []incident.CauseKind{incident.FetchLevel, incident.TwilioWide}) ||
		!slices.Equal(m.Urgency, []incident.Urgency{incident.Page}) || !slices.Equal(m.Channels, []incident.Channel{incident.Voice}) || !slices.Equal(m.Tags, []string{"clinic"}) {
		t.Errorf("the match: %+v", m)
	}
	monday := time.Date(2026, 11, 30, 8, 30, 0, 0, time.UTC) // 09:30 in Berlin
	if !m.Hours(monday) || m.Hours(monday.Add(12*time.Hour)) {
		t.Error("hours are not those of the office")
	}
	if m.HoursAre != "while office is open" {
		t.Errorf("the hours are called %q", m.HoursAre)
	}
	if !p.Routes[0].Continue || p.Routes[1].Continue || len(p.Routes[0].Escalation) != 1 || len(p.Escalation) != 2 || p.Escalation[1].After != 30*time.Minute {
		t.Errorf("routes: %+v, levels: %+v", p.Routes, p.Escalation)
	}
	until, quiet := p.QuietHours(time.Date(2026, 11, 30, 22, 0, 0, 0, time.UTC))
	if want := time.Date(2026, 12, 1, 6, 0, 0, 0, time.UTC); !quiet || !until.Equal(want) {
		t.Errorf("quiet until %s, %v, want %s", until, quiet, want)
	}
	if _, quiet := p.QuietHours(monday); quiet {
		t.Error("quiet at half past nine in the morning")
	}
	w := p.Windows[0]
	if want := time.Date(2026, 12, 1, 21, 0, 0, 0, time.UTC); !w.From.Equal(want) || w.Until.Sub(w.From) != 6*time.Hour || w.Reason != "new database" || p.Windows[1].During == nil {
		t.Errorf("windows: %+v", p.Windows)
	}
}

func TestWithoutAWordAboutAlertsThePolicyIsTheDefault(t *testing.T) {
	p, d := mustLoad(t, alertHouse, nil).Alerts, incident.DefaultPolicy()
	if len(p.Routes)+len(p.Escalation)+len(p.Windows) > 0 || p.QuietHours != nil || p.Page != d.Page || p.RemindEvery != d.RemindEvery || p.PerTenMinutes != d.PerTenMinutes {
		t.Errorf("got %+v", p)
	}
}

func TestMistakesInAlertsAreFound(t *testing.T) {
	for claim, test := range map[string]struct{ alerts, want string }{
		"an unknown notifier":                    {"routes: [{notifiers: [maill]}]", `alerts.routes[0].notifiers[0] = "maill" (`},
		"says which there are":                   {"routes: [{notifiers: [maill]}]", `is no notifier: add it under notifiers, or name one of mail, chat`},
		"a route to nobody":                      {"routes: [{match: {tags: [x]}}]", `alerts.routes[0].notifiers (`},
		"a route that hides those behind it":     {"routes: [{notifiers: [mail]}, {notifiers: [chat]}]", "matches everything, so that the routes behind it are never asked: "},
		"a level to an unknown notifier":         {"escalation: [{after: 5m, notifiers: [boss]}]", `alerts.escalation[0].notifiers[0] = "boss" (`},
		"a level without a time":                 {"escalation: [{notifiers: [mail]}]", `alerts.escalation[0].after (`},
		"hours that never open for a window":     {"maintenance: [{hours: never}]", `alerts.maintenance[0].hours = "never" (`},
		"hours that never close for all":         {"maintenance: [{hours: always}]", `is always open, so that nobody is ever told of anything: add a match, `},
		"a window while its hours are closed":    {"maintenance: [{hours: night, match: {closed: night}}]", `alerts.maintenance[0].match.closed = "night" (`},
		"a match while closed, which is never":   {"routes: [{match: {closed: always}, notifiers: [mail]}]", `alerts.routes[0].match.closed = "always" (`},
		"a match while open, which is never":     {"maintenance: [{match: {open: never}, hours: night}]", `alerts.maintenance[0].match.open = "never" (`},
		"a quiet that never ends":                {"quiet_hours: always", `alerts.quiet_hours = "always" (`},
		"a quiet that never comes":               {"quiet_hours: never", `is never open, so that no hour is quiet: `},
		"a host that is an address":              {"routes: [{match: {hosts: ['https://www.example.com/voice']}, notifiers: [mail]}]", `is an address and no host: write www.example.com`},
		"a host with a path":                     {"routes: [{match: {hosts: ['*.Example.com', 'WWW.example.com/voice']}, notifiers: [mail]}]", `alerts.routes[0].match.hosts[1] = "WWW.example.com/voice" (`},
		"a host with the usual port":             {"maintenance: [{match: {hosts: ['www.example.com:443']}, hours: night}]", `hosts are compared without it: write www.example.com`},
		"half a number":                          {"routes: [{match: {lines: ['+49']}, notifiers: [mail]}]", `is no whole number: write +49* for all that begin so`},
		"a number without its country":           {"routes: [{match: {lines: ['030 123456']}, notifiers: [mail]}]", `alerts.routes[0].match.lines[0] = "030 123456" (`},
		"a line that is a word":                  {"maintenance: [{match: {lines: [praxis]}, hours: night}]", `alerts.maintenance[0].match.lines[0] = "praxis" (`},
		"a * in the middle of a line":            {"routes: [{match: {lines: ['+49*30']}, notifiers: [mail]}]", `has a * that is not at its end: `},
		"a messaging service":                    {"routes: [{match: {lines: [" + service + "]}, notifiers: [mail]}]", `is a messaging service, which no alert shows: name its numbers, or `},
		"a level that is not later":              {"escalation: [{after: 5m, notifiers: [mail]}, {after: 5m, notifiers: [chat]}]", `is not after the level before it: `},
		"hours that are not there":               {"quiet_hours: nigth", `alerts.quiet_hours = "nigth" (`},
		"a window that ends before it begins":    {"maintenance: [{from: 2026-12-02 10:00, until: 2026-12-01 10:00}]", `alerts.maintenance[0].until = "2026-12-01 10:00" (`},
		"a window without an end":                {"maintenance: [{from: 2026-12-02 10:00}]", `alerts.maintenance[0].until (`},
		"a window without a time":                {"maintenance: [{reason: x}]", `alerts.maintenance[0] (`},
		"a window with two kinds of time":        {"maintenance: [{hours: night, from: 2026-12-02 10:00}]", `stands beside from and until: `},
		"a day that does not exist":              {"maintenance: [{from: 2026-02-30 10:00, until: 2026-12-01 10:00}]", `is no date and time: write one such as "2026-12-01 22:00"`},
		"a code that is none":                    {"routes: [{match: {codes: [11299-11200]}, notifiers: [mail]}]", `alerts.routes[0].match.codes[0] = "11299-11200" (`},
		"a cause that is none":                   {"routes: [{match: {causes: [weather]}, notifiers: [mail]}]", `is no word for this: write fetch or document or `},
		"an account that is none":                {"routes: [{match: {accounts: [mian]}, notifiers: [mail]}]", `alerts.routes[0].match.accounts[0] = "mian" (`},
		"open and closed":                        {"routes: [{match: {open: office, closed: night}, notifiers: [mail]}]", `stands beside open: `},
		"more callers than are remembered":       {"page: {callers: 21}", `alerts.page.callers = "21" (`},
		"a reminder every minute":                {"remind_every: 1m", `alerts.remind_every = "1m" (`},
		"an unknown key":                         {"route: []", `alerts.route (backstop.yaml:`},
		"a line that is neither critical or not": {"rate: {within: 5m}}\nlines: [{match: '+4930*', critical: maybe}]\nlimits: {dials_per_hour: 5", `lines[0].critical = "maybe" (`},
	} {
		t.Run(claim, func(t *testing.T) {
			if got := mistakes(t, alertHouse+"alerts: {"+test.alerts+"}\n", nil); !slices.ContainsFunc(got, func(m string) bool { return strings.Contains(m, test.want) }) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), test.want)
			}
		})
	}
}

const service = "MG00000000000000000000000000000001"

func TestALevelWithoutATimeIsOneMistake(t *testing.T) {
	got := mistakes(t, alertHouse+"alerts: {escalation: [{after: 30m, notifiers: [mail]}, {notifiers: [chat]}, {after: 40m, notifiers: [mail]}]}\n", nil)
	if len(got) != 1 || !strings.HasPrefix(got[0], "alerts.escalation[1].after (") || !strings.Contains(got[0], "is missing") {
		t.Errorf("got %q", got)
	}
}

func TestWhatIsWrongWithHoursIsSaidOnce(t *testing.T) {
	broken := strings.Replace(alertHouse, "  never: {open: [\"daily 08:00-18:00\"]", "  never: {open: [\"daily 25:00-26:00\"]", 1)
	got := mistakes(t, broken+"alerts: {quiet_hours: never, maintenance: [{hours: never}, {hours: night, match: {open: never}}]}\n", nil)
	if len(got) != 1 || !strings.HasPrefix(got[0], "hours.never.open[0] = ") {
		t.Errorf("got %q", got)
	}
}

func TestLinesOfAlertsAreWrittenLikeLines(t *testing.T) {
	for _, test := range []struct {
		written, line string
		want          bool
	}{
		{"+49 30 123*", "+4930123456", true},
		{"+49 30 123*", "+4940123456", false},
		{"+4930123*", "whatsapp:+4930123456", true},
		{"+49 (30) 123-456", "whatsapp:+4930123456", true},
		{"whatsapp:+4930*", "+4930123456", false},
		{"example.sip.twilio.com", "sip:anna@example.sip.twilio.com", true},
		{"AP00000000000000000000000000000001", "AP00000000000000000000000000000001", true},
		{"*", "", true},
	} {
		p := mustLoad(t, alertHouse+"alerts: {routes: [{match: {lines: ['"+test.written+"']}, notifiers: [mail]}], maintenance: [{match: {lines: ['"+test.written+"']}, hours: night}]}\n", nil).Alerts
		s := incident.Subject{Line: test.line}
		if route, window := p.Routes[0].Match.Fits(s), p.Windows[0].Match.Fits(s); route != test.want || window != test.want {
			t.Errorf("%q and %q: a route %v, a window %v, want %v", test.written, test.line, route, window, test.want)
		}
	}
}

func TestWindowsAndRoutesThatDoNotMeanMuchAreWarnedOf(t *testing.T) {
	for claim, test := range map[string]struct{ alerts, want string }{
		"a window that is over":                    {"maintenance: [{from: 2020-12-01 22:00, until: 2020-12-02 04:00}]", `alerts.maintenance[0].until = "2020-12-02 04:00" is over: `},
		"a window of more than a month":            {"maintenance: [{from: 2120-12-01 22:00, until: 2121-01-01 04:00}]", `alerts.maintenance[0].until = "2121-01-01 04:00" is more than 30 days after from`},
		"a window of a month":                      {"maintenance: [{from: 2120-12-01 22:00, until: 2120-12-31 22:00}]", ""},
		"a tag that no line has":                   {"maintenance: [{match: {tags: [clinic, clinc]}, hours: night}]", `alerts.maintenance[0].match.tags[1] = "clinc" is a tag that no line has: `},
		"a tag of a service only":                  {"maintenance: [{match: {tags: [sales]}, hours: night}]", `is a tag of messaging services only`},
		"hours that are always open, with a match": {"maintenance: [{match: {tags: [clinic]}, hours: always}]", ""},
		"a host with a port of its own":            {"maintenance: [{match: {hosts: ['www.example.com:8443', 'www?.example.com']}, hours: night}]", ""},
	} {
		c := mustLoad(t, alertHouse+"lines: [{match: '+4930*', tags: [clinic]}, {match: "+service+", tags: [sales, clinic]}]\nalerts: {"+test.alerts+"}\n", nil)
		warnings := slices.DeleteFunc(c.Warnings, func(w string) bool { return !strings.HasPrefix(w, "alerts.") })
		if test.want == "" && len(warnings) > 0 || test.want != "" && (len(warnings) != 1 || !strings.Contains(warnings[0], test.want)) {
			t.Errorf("%s: got %q, want %q", claim, warnings, test.want)
		}
	}
}

func TestRoutesThatLeaveSomebodyOutAreWarnedOf(t *testing.T) {
	for _, test := range []struct{ alerts, want string }{
		{"routes: [{match: {tags: [x]}, notifiers: [mail, chat]}]", "has no route at its end that matches everything"},
		{"routes: [{notifiers: [mail]}]", "sends nothing about incidents to chat"},
	} {
		c := mustLoad(t, alertHouse+"alerts: {"+test.alerts+"}\n", nil)
		if !slices.ContainsFunc(c.Warnings, func(w string) bool { return strings.Contains(w, test.want) }) {
			t.Errorf("got %q, want %q", c.Warnings, test.want)
		}
	}
}
