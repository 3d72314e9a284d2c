package pages_test

import (
	"html"
	"net/http"
	"net/url"
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
		Hours:  map[string]hours.Options{"clinic": {Zone: "Europe/Berlin", Open: []string{"mon-fri 08:00-18:00"}}},
		OnCall: map[string]hours.RosterOptions{"ops": {Zone: "Europe/Berlin", People: []hours.PersonOptions{{Name: "Anna", To: "+4930123456"}}}},
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
			[]string{"Rule 3, at night.", "Tries the address that failed again after 5 s.", "Dials whoever is on call (ops), who accept by key.", "for 5 min at most.", "Offers to call back.", "Records a voicemail, once the caller has agreed by key."},
		},
		"a number without its country": {url.Values{"channel": {"voice"}, "to": {"030 1234500"}}, 400, []string{"030 1234500", "a number is written with + and country code"}},
		"a code that is none":          {url.Values{"channel": {"voice"}, "code": {"abc"}}, 400, []string{"an error code is a number"}},
		"a URL that is none":           {url.Values{"channel": {"voice"}, "url": {"hello"}}, 400, []string{"begins with https://"}},
		"a message of nobody":          {url.Values{"channel": {"messaging"}}, 200, []string{"Writes the apology"}},
		"a failure by its id":          {url.Values{"failure": {failure.ID.String()}}, 200, []string{"As for", failure.ID.String(), "Rule 2"}},
		"a failure by its SID":         {url.Values{"failure": {" " + failure.SID + " "}}, 200, []string{"As for"}},
		"a failure that is none":       {url.Values{"failure": {"hello <script>"}}, 400, []string{"hello <script>", "paste the id or the SID"}},
		"a SID that is none":           {url.Values{"failure": {"CA" + strings.Repeat("f", 32)}}, 400, []string{"paste the id or the SID"}},
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
