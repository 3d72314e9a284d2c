package pages_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/recovery/standby"
)

// someRules ask a standby about calls, and say nothing to one number.
func someRules(tb testing.TB) recovery.Rules {
	tb.Helper()
	r, err := recovery.NewRules(recovery.Options{
		Primaries: []string{"https://www.example.com"},
		Targets:   map[string]standby.Options{"standby": {URL: "https://standby.example.com{path}?{query}", Probe: "/healthz"}},
		Rules: []recovery.RuleOptions{
			{Name: "robocalls <b>", Match: recovery.Match{From: []string{"+88213*"}}, Steps: []recovery.StepOptions{{Reject: "busy"}}},
			{Name: "our server is down", Match: recovery.Match{Channel: "voice", Codes: []string{"11200-11299"}}, Steps: []recovery.StepOptions{{Failover: []string{"standby"}}, {Message: true}}},
			{Name: "at night", Match: recovery.Match{Channel: "voice", Visits: "1-2", Closed: "clinic"}, Steps: []recovery.StepOptions{
				{Retry: &recovery.RetryOptions{Wait: 5 * time.Second}},
				{Dial: &recovery.DialOptions{OnCall: "ops"}},
				{Enqueue: &recovery.EnqueueOptions{Queue: "support"}},
				{Callback: true},
				{Voicemail: &recovery.VoicemailOptions{Consent: true}},
			}},
			{Steps: []recovery.StepOptions{{Message: true}}},
		},
		Hours: map[string]hours.Options{
			"clinic":  {Zone: "Europe/Berlin", Open: []string{"mon-fri 08:00-12:00 13:00-18:00", "sat 09:00-12:00"}, Holidays: []string{"2026-12-24 08:00-12:00", "12-25..12-26", "01-01", "05-01"}},
			"hotline": {Zone: "America/New_York", Open: []string{"daily 00:00-24:00"}},
		},
		OnCall: map[string]hours.RosterOptions{
			"desk <b>": {Zone: "Europe/Berlin", People: []hours.PersonOptions{{Name: "Cleo <b>", To: "client:cleo", Hours: "clinic"}}},
			"ops": {Zone: "Europe/Berlin", Rotate: "weekly", From: "2026-11-16", Handover: "09:00", People: []hours.PersonOptions{
				{Name: "Anna", To: "+4930123456"}, {Name: "+4930123457", To: "+4930123457"}, {Name: "Cleo", To: "sip:cleo@example.com", Hours: "clinic"},
			}},
		},
	}, func(string) bool { return true })
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestTheRulesAreShownInTheirOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules = someRules(t)
	h.healths = standby.Healths{"standby": {Verdict: standby.Down, Since: night.Add(-time.Hour), Probed: night.Add(-12 * time.Second), Why: "it answered 503 <b>"}}
	page := h.enter(t).get("/rules")
	if page.status != http.StatusOK {
		t.Fatalf("status %d", page.status)
	}
	golden(t, "rules", page.body)
	none := newHouse(oneNight(3)).enter(t).get("/rules")
	if !strings.Contains(none.body, "No rules") || !strings.Contains(none.body, "backstop.yaml") {
		t.Errorf("without rules: %s", none.body)
	}
	if strings.Contains(none.body, "Hours") || strings.Contains(none.body, "On call") {
		t.Errorf("without hours and on-call lists: %s", none.body)
	}
}

func TestNobodysNumberIsShownWithTheRules(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules = someRules(t)
	page := h.enter(t).get("/rules?channel=voice&code=12100")
	for _, secret := range []string{"30123456", "30123457", "cleo"} {
		if strings.Contains(page.body, secret) {
			t.Errorf("%s is shown: %s", secret, page.body)
		}
	}
}

func TestThePageSaysWhatWouldHappenAtAnotherMoment(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules = someRules(t)
	// All times are Berlin's; now is Monday, 23 November, 04:12.
	busy, text := h.ledger.add(night.Add(-41*time.Hour), call(9, "+4917100000", line, 12100, voiceURL)...).ID.String(), h.ledger.failures[3].ID.String()
	v := h.enter(t)
	typed := func(at string) url.Values {
		return url.Values{"channel": {"voice"}, "code": {"12100"}, "from": {"+49171 00000"}, "at": {at}}
	}
	for name, c := range map[string]struct {
		query  url.Values
		status int
		want   []string
	}{
		"now, where nothing is said": {typed(""), 200, []string{"Rule 3, at night.", "If it came in now, Monday, 23 November 2026, 04:12:45 +01:00.", "Nobody was asked for this answer.", `name="at" value=""`}},
		"on a Sunday night": {typed("2026-11-29T03:00"), 200, []string{
			"Rule 3, at night.", "If it came in on Sunday, 29 November 2026, 03:00:00 +01:00.", "key: …57, then Anna.", "servers are taken as they are now", `name="at" value="2026-11-29T03:00"`,
		}},
		"by day":                                {typed("2026-11-23T10:00"), 200, []string{"Rule 4.", "If it came in on Monday, 23 November 2026, 10:00:00 +01:00."}},
		"a day of another offset":               {typed("2026-07-05T03:00:30+09:00"), 200, []string{"Saturday, 4 July 2026, 20:00:00 +02:00.", `value="2026-07-04T20:00"`}},
		"the first of an hour that comes twice": {typed("2026-10-25T02:30:00+02:00"), 200, []string{"Sunday, 25 October 2026, 02:30:00 +02:00."}},
		"and the second":                        {typed("2026-10-25T02:30:00+01:00"), 200, []string{"Sunday, 25 October 2026, 02:30:00 +01:00."}},
		"a time back from now":                  {typed("2d"), 200, []string{"Saturday, 21 November 2026, 04:12:00 +01:00."}},
		"a past failure as it came in":          {url.Values{"failure": {busy}}, 200, []string{"Rule 4.", "with the rules of now.", "As it came in, on Saturday, 21 November 2026, 11:12:45 +01:00."}},
		"a past failure at another moment":      {url.Values{"failure": {busy}, "at": {"2026-11-29T03:00"}}, 200, []string{"Rule 3, at night.", busy, "If it came in on Sunday, 29 November 2026, 03:00:00 +01:00."}},
		"a message at whatever hour":            {url.Values{"failure": {text}, "at": {"2026-11-29T03:00"}}, 200, []string{"Rule 4.", "03:00:00 +01:00: no rule on the way to this one asks for the hour."}},
		"no time":                               {typed("tonight"), 400, []string{"at “tonight” was", "a time is written as 2026-11-23", `type="text" name="at" value="tonight"`, `name="code" value="12100"`, `name="from" value="+49171 00000"`}},
		"no time for a past failure":            {url.Values{"failure": {busy}, "at": {"3 a.m."}}, 400, []string{"at “3 a.m.” was", `name="failure" value="` + busy + `"`, `value="3 a.m."`}},
		"no time and no failure":                {url.Values{"failure": {"x"}, "at": {"y"}}, 400, []string{"at “y” was", "paste the id or the SID"}},
		"no time and no number":                 {url.Values{"channel": {"voice"}, "to": {"030 1"}, "at": {"y"}}, 400, []string{"at “y” was", "to “030 1” was"}},
		"a time that nobody will live to see":   {typed("12026-11-29T03:00"), 400, []string{"at “12026-11-29T03:00” was"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := v.get("/rules?" + c.query.Encode())
			text := withoutTags(page.body)
			for _, want := range c.want {
				if page.status != c.status || !strings.Contains(text, want) {
					t.Errorf("status %d, want %d; lacks %q:\n%s", page.status, c.status, want, text)
				}
			}
			if answered := strings.Contains(text, "Nobody was asked"); answered != (c.status == http.StatusOK) {
				t.Errorf("answered is %t:\n%s", answered, text)
			}
		})
	}
}

// withoutTags leaves of the tags only those of fields, for what stands in them.
func withoutTags(page string) string {
	return html.UnescapeString(regexp.MustCompile(`</?(strong|bdi|time|a)\b[^>]*>`).ReplaceAllString(page, ""))
}

func TestThePageSaysWhatWouldHappenToACall(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules = someRules(t)
	failure := h.ledger.failures[0]
	v := h.enter(t)
	for name, c := range map[string]struct {
		query  url.Values
		status int
		want   []string
	}{
		"a call, typed in": {
			url.Values{"channel": {"voice"}, "code": {"11202"}, "url": {"https://www.example.com/voice?token=secret"}, "from": {"+4917100000"}, "to": {line}},
			200,
			[]string{"Rule 2, our server is down.", "Asks standby at https://standby.example.com/voice?token=….", "Says the apology (not yet served, in ", "Nobody was asked"},
		},
		"an address that is not ours": {
			url.Values{"channel": {"voice"}, "code": {"11202"}, "url": {"https://evil.example/"}},
			200,
			[]string{"standby is passed over: it takes the path of the ErrorUrl, which is on none of the primaries."},
		},
		"a message, typed in":     {url.Values{"channel": {"messaging"}, "from": {"+4917100000"}, "to": {line}}, 200, []string{"Rule 4.", "Writes the apology (message, in "}},
		"a call that is rejected": {url.Values{"channel": {"voice"}, "from": {"+88213123"}}, 200, []string{"Rule 1, robocalls <b>.", "Rejects the call (busy), unbilled."}},
		"a call at night": {
			url.Values{"channel": {"voice"}, "code": {"12100"}, "from": {"+4917100000"}, "url": {"https://www.example.com/voice"}},
			200,
			[]string{"Rule 3, at night.", "Tries the address that failed again after 5 s.", "Dials whoever is on call (ops), who accept by key: Anna, then …57.", "for 5 min at most.", "Offers to call back.", "Records a voicemail, once the caller has agreed by key."},
		},
		"a call that is under way":       {url.Values{"channel": {"voice"}, "from": {"+88213123"}, "status": {"in-progress"}}, 200, []string{"Rule 1, robocalls <b>.", "Would reject a call that rings; this is none.", "<details class=\"more\" open>"}},
		"for the third time":             {url.Values{"channel": {"voice"}, "code": {"12100"}, "visit": {"3"}}, 200, []string{"Rule 4."}},
		"going round in circles":         {url.Values{"channel": {"voice"}, "code": {"11200"}, "visit": {"9"}}, 200, []string{"No rule is asked: this is failure 9 of it within minutes."}},
		"of an account":                  {url.Values{"channel": {"voice"}, "account": {"AC0123456789abcdef0123456789abcdef"}}, 200, []string{"Nobody was asked", "AC0123456789abcdef0123456789abcdef"}},
		"of an account that is none":     {url.Values{"channel": {"voice"}, "account": {"ACx"}}, 400, []string{"an Account SID is AC"}},
		"a status that is none":          {url.Values{"channel": {"voice"}, "status": {"<script>"}}, 400, []string{"it is one of queued, initiated, ringing"}},
		"a direction that is none":       {url.Values{"channel": {"voice"}, "direction": {"up"}}, 400, []string{"it is one of inbound"}},
		"how often, that is none":        {url.Values{"channel": {"voice"}, "visit": {"0"}}, 400, []string{"1 for the first time"}},
		"a number without its country":   {url.Values{"channel": {"voice"}, "to": {"030 1234500"}}, 400, []string{"030 1234500", "a number is written with + and country code"}},
		"a code that is none":            {url.Values{"channel": {"voice"}, "code": {"abc"}}, 400, []string{"an error code is a number"}},
		"a URL that is none":             {url.Values{"channel": {"voice"}, "url": {"hello"}}, 400, []string{"begins with https://"}},
		"a call of nobody in particular": {url.Values{"channel": {"voice"}, "code": {"12100"}}, 200, []string{"Rule 3, at night.", "Offers to call back."}},
		"a call that hides its number":   {url.Values{"channel": {"voice"}, "code": {"12100"}, "from": {"anonymous"}}, 200, []string{"Rule 3, at night.", "the caller hides the number"}},
		"a message of nobody":            {url.Values{"channel": {"messaging"}}, 200, []string{"Writes the apology"}},
		"a failure by its id":            {url.Values{"failure": {failure.ID.String()}}, 200, []string{"As for", failure.ID.String(), "Rule 2"}},
		"a failure by its SID":           {url.Values{"failure": {" " + failure.SID + " "}}, 200, []string{"As for"}},
		"a failure that is none":         {url.Values{"failure": {"hello <script>"}}, 400, []string{"hello <script>", "paste the id or the SID"}},
		"a SID that is none":             {url.Values{"failure": {"CA" + strings.Repeat("f", 32)}}, 400, []string{"paste the id or the SID"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := v.get("/rules?" + c.query.Encode())
			text := html.UnescapeString(page.body)
			for _, want := range c.want {
				if page.status != c.status || !strings.Contains(text, want) {
					t.Errorf("status %d, want %d; lacks %q:\n%s", page.status, c.status, want, text)
				}
			}
			if strings.Contains(page.body, "<script>") || strings.Contains(page.body, "robocalls <b>") {
				t.Error("markup is not escaped")
			}
		})
	}
}

// A failure that was the second one is explained as the second one.
func TestAPastFailureIsExplainedAsWhatItWas(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	r, err := recovery.NewRules(recovery.Options{Rules: []recovery.RuleOptions{
		{Name: "the first time", Match: recovery.Match{Visits: "1"}, Steps: []recovery.StepOptions{{Message: true}}},
		{Name: "again", Steps: []recovery.StepOptions{{Message: true}}},
	}}, func(string) bool { return true })
	if err != nil {
		t.Fatal(err)
	}
	h.rules = r
	var ids []string
	for _, ago := range []time.Duration{time.Hour, 3 * time.Minute, 2 * time.Minute} {
		ids = append(ids, h.ledger.add(night.Add(-ago), call(9, "+4917100000", line, 11200, voiceURL)...).ID.String())
	}
	for range 8 {
		h.ledger.add(night.Add(-time.Minute), call(10, "+4917100000", line, 11200, voiceURL)...)
	}
	ids = append(ids, h.ledger.add(night.Add(-time.Second), call(10, "+4917100000", line, 11200, voiceURL)...).ID.String())
	h.seal = recovery.NewSeal("x")
	token := h.seal.Token(recovery.ActionNext, recovery.Place{Visit: 2}, account)
	ours := h.ledger.add(night.Add(-time.Hour), call(11, "+4917100000", line, 11200, "https://fallback.example.com/fallback/voice/next/"+token)...)
	ours.Itself = true
	v := h.enter(t)
	for name, c := range map[string]struct {
		failure, visit, want string
	}{
		"its first":                 {ids[0], "", "Rule 1, the first time."},
		"an hour later":             {ids[1], "", "Rule 1, the first time."},
		"a minute later":            {ids[2], "", "Rule 2, again."},
		"as if it were the first":   {ids[2], "1", "Rule 1, the first time."},
		"as if it were the second":  {ids[0], "2", "Rule 2, again."},
		"the ninth within minutes":  {ids[3], "", "No rule is asked: this is failure 9 of it within minutes."},
		"the newest one with a SID": {sid("CA", 9), "", "Rule 2, again."},
		"an address of our own":     {ours.ID.String(), "", "Rule 2, again."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page := v.get("/rules?" + url.Values{"failure": {c.failure}, "visit": {c.visit}}.Encode())
			if text := withoutTags(page.body); page.status != http.StatusOK || !strings.Contains(text, c.want) {
				t.Errorf("status %d, lacks %q:\n%s", page.status, c.want, text)
			}
		})
	}
}

func TestTheRulesAreShownWithoutAHistory(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules, h.ledger.err = someRules(t), errAway
	page := h.enter(t).get("/rules?failure=" + h.ledger.failures[0].ID.String())
	if page.status != http.StatusBadRequest || !strings.Contains(page.body, "our server is down") {
		t.Errorf("status %d: %s", page.status, page.body)
	}
}

func TestTheRulesAreForThoseWhoAreLoggedIn(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.rules, h.now = someRules(t), night.Add(time.Second)
	if page := h.visit(t).get("/rules"); page.status != http.StatusSeeOther || strings.Contains(page.body, "standby") {
		t.Errorf("a stranger gets %d: %s", page.status, page.body)
	}
}
