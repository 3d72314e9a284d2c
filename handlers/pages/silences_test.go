package pages_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestASilenceHushesOverTheRealLedgerUntilSomebodyEndsIt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	v, ledger := realHouse(t)
	open, err := ledger.Incidents(ctx, history.IncidentQuery{State: incident.Open, Urgent: true})
	if err != nil || len(open.Incidents) == 0 {
		t.Fatalf("incidents: %+v, %v", open, err)
	}
	about := "/incidents/" + number(open.Incidents[0].ID)
	page := says(v.get(about))
	if !strings.Contains(page, `href="/silences?for=2h&hosts=www.example.com#new"`) || !strings.Contains(page, "<strong>page</strong>: 2 callers within 10 minutes") {
		t.Fatalf("the incident does not lead to a silence, or not say why it is a page:\n%s", page)
	}
	form := v.get("/silences?for=2h&hosts=www.example.com")
	if !strings.Contains(says(form), `It would hush <a href="`+about+`">`) || !strings.Contains(form.body, `name="hosts" value="www.example.com"`) {
		t.Errorf("the form is not filled in, or does not say what it would hush: %s", form.body)
	}
	made := v.post("/silences", url.Values{"hosts": {"www.example.com"}, "for": {"2h"}, "reason": {"  moving\n house "}})
	if made.status != http.StatusSeeOther || made.location() != "/silences#s-1" {
		t.Fatalf("silence: %d to %q: %s", made.status, made.location(), made.body)
	}
	for path, want := range map[string]string{
		"/silences":      `<strong><bdi>host www.example.com</bdi></strong><div class="sub"><bdi>moving house</bdi>`,
		about:            "silenced by admin (moving house)",
		"/":              "Nobody is told of 1 open incident: 1 silenced or in maintenance",
		"/notifiers?x=y": ">Silences</a>",
		"/notifiers?incident=" + number(open.Incidents[0].ID): "silenced by admin (moving house)",
	} {
		if page := says(v.get(path)); !strings.Contains(page, want) {
			t.Errorf("%s does not say %q", path, want)
		}
	}
	if got := v.post("/silences/1/end", nil); got.status != http.StatusSeeOther {
		t.Errorf("end: %d", got.status)
	}
	page = says(v.get("/silences"))
	if !strings.Contains(page, "Nothing is silenced") || !strings.Contains(page, "by <bdi>admin</bdi>") {
		t.Error("it is not over, or nobody knows who ended it")
	}
	if page := says(v.get(about)); strings.Contains(page, "silenced by admin") {
		t.Error("the incident is hushed all the same")
	}
	if page := says(v.get("/")); strings.Contains(page, "Nobody is told of") {
		t.Error("the overview says that nobody is told")
	}
	if _, err := ledger.Mute(ctx, open.Incidents[0].ID, "kim", night.Add(time.Hour), 0, night); err != nil {
		t.Fatal(err)
	}
	if page := says(v.get("/")); !strings.Contains(page, "Nobody is told of 1 open incident: 1 muted") {
		t.Error("the overview does not say that nobody is told of what is muted")
	}
	if all, err := ledger.Silences(ctx, night); err != nil || len(all) != 1 || all[0].By != "admin" || all[0].EndedBy != "admin" || all[0].Reason != "moving house" || !all[0].Until.Equal(night.Add(2*time.Hour)) {
		t.Errorf("recorded: %+v, %v", all, err)
	}
}

func TestASilenceMatchesWhatTheFormSays(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		form  url.Values
		match string
	}{
		"lists, by commas and lines":    {url.Values{"hosts": {"WWW.Example.com, *.example.org;\r\nwww.example.com"}}, "host *.example.org or www.example.com"},
		"an address that was pasted":    {url.Values{"hosts": {"https://www.example.com:443/voice?x=1"}}, "host www.example.com"},
		"numbers as people write them":  {url.Values{"lines": {"+49 (0)30 / 123456, +49 89 *"}}, "line +4930123456 or +4989*"},
		"codes and ranges":              {url.Values{"codes": {"12100, 11200 - 11299, 13000–13999"}}, "code 12100 or 11200–11299 or 13000–13999"},
		"all that can be chosen":        {url.Values{"channel": {"messaging"}, "cause": {"document"}, "severity": {"notice"}, "tags": {"clinic"}}, "tag clinic; only messages; about an answer that cannot be used; only notices"},
		"an account":                    {url.Values{"accounts": {account}}, "account " + account},
		"everything, where one says so": {url.Values{"everything": {"1"}}, "everything"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(2))
			v := h.enter(t)
			c.form.Set("reason", "because")
			c.form.Set("until", "2026-11-23 14:00")
			if got := v.post("/silences", c.form); got.status != http.StatusSeeOther {
				t.Fatalf("status %d: %s", got.status, says(got))
			}
			if page := says(v.get("/silences")); !strings.Contains(page, "<strong><bdi>"+c.match+"</bdi></strong>") {
				t.Errorf("got %+v, want %q", h.ledger.silences, c.match)
			}
			if got := h.ledger.silences[0].Until; !got.Equal(time.Date(2026, 11, 23, 13, 0, 0, 0, time.UTC)) {
				t.Errorf("until %v, want the time that was typed", got)
			}
		})
	}
}

func TestASilenceThatIsNotUnderstoodIsNotMadeAndLosesNothing(t *testing.T) {
	t.Parallel()
	ok := url.Values{"hosts": {"www.example.com"}, "for": {"2h"}, "reason": {"moving house"}}
	const hostile = `"><script>alert(1)</script>`
	for name, c := range map[string]struct {
		field, value, want string
	}{
		"nothing to match":         {"hosts", "", "say what is to be silent"},
		"everything and something": {"everything", "1", "do one of the two"},
		"no reason":                {"reason", " ", "say why"},
		"a reason too long":        {"reason", strings.Repeat("ä", 201), "at most 200 characters"},
		"no end":                   {"for", "x", "say when it ends"},
		"an end too far away":      {"for", "31d", "within 30 days"},
		"a time gone by":           {"until", "2026-11-22 14:00", "this is over already"},
		"no time":                  {"until", hostile, "write a time such as"},
		"no account":               {"accounts", hostile, "an Account SID is AC"},
		"more than a host":         {"hosts", "www.example.com/voice", "a host is a name such as"},
		"no code":                  {"codes", hostile, "write error codes such as"},
		"a range upside down":      {"codes", "11299-11200", "write error codes such as"},
		"no such channel":          {"channel", hostile, "it is one of voice, messaging"},
		"no such cause":            {"cause", "rain", "it is one of fetch"},
		"no such severity":         {"severity", "panic", "it is one of page"},
		"bytes that are no text":   {"tags", "\xff", "no text that anything could match"},
		"too many":                 {"lines", strings.Join(manyNumbers(51), ","), "at most 50 of a kind"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(2))
			form := url.Values{c.field: {c.value}}
			for field, value := range ok {
				if field != c.field {
					form[field] = value
				}
			}
			got := h.enter(t).post("/silences", form)
			page := says(got)
			if got.status != http.StatusBadRequest || !strings.Contains(page, c.want) || len(h.ledger.silences) != 0 {
				t.Errorf("status %d, want 400, no silence and %q:\n%s", got.status, c.want, page)
			}
			for field := range ok {
				if field != "for" && !strings.Contains(page, `name="`+field+`" value="`+form.Get(field)+`"`) {
					t.Errorf("what was typed into %s is lost", field)
				}
			}
			if strings.Contains(got.body, "<script>alert") {
				t.Error("markup is not escaped")
			}
		})
	}
}

func manyNumbers(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("+493012345%04d", i))
	}
	return all
}

func TestAFormThatIsOnlyFilledInDoesNotComplainOfWhatIsMissing(t *testing.T) {
	t.Parallel()
	v := alerting().enter(t)
	page := v.get("/silences?hosts=www.example.com&for=2h")
	if page.status != http.StatusOK || strings.Contains(page.body, "say why") || !strings.Contains(says(page), `It would hush <a href="/incidents/14">`) {
		t.Errorf("status %d: %s", page.status, page.body)
	}
	if page := v.get("/silences?hosts=nowhere.example"); !strings.Contains(page.body, "No incident that is open now would be hushed") {
		t.Error("it does not say that nothing would be hushed")
	}
}
