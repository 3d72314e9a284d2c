package pages_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestTheLineThatAskedUsFirstCanBeRead(t *testing.T) {
	t.Parallel()
	askedFirst := func(change func(*incident.Incident)) *house {
		l := &ledger{now: func() time.Time { return night }}
		l.addIncident(incident.Incident{ID: 21, State: incident.Open, Cause: cause(incident.AskedFirst, 0, "", "")}, 2, 5*time.Minute, func(i int) []incident.Param {
			return []incident.Param{{Name: "AccountSid", Value: account}, {Name: "CallSid", Value: sid("CA", i)}, {Name: "From", Value: "+491711234567"}, {Name: "To", Value: line}}
		})
		change(&l.incidents[0].Incident)
		return newHouse(l)
	}
	for name, c := range map[string]struct {
		change func(*incident.Incident)
		want   string
	}{
		"one line is named":             {func(*incident.Incident) {}, "primary URL of " + line + "<"},
		"several lines are spoken of":   {func(in *incident.Incident) { in.MoreLines = true }, "primary URL of " + line + " and of others"},
		"an erased one is spoken of":    {func(in *incident.Incident) { in.First.To, in.Last.To = "", "" }, "primary URL of one of your lines"},
		"invisible text is written out": {func(in *incident.Incident) { in.First.To = "\u202e" }, "primary URL of " + history.Visible("\u202e")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := askedFirst(c.change).enter(t)
			for _, path := range []string{"/", "/incidents", "/incidents/21"} {
				page := strings.ReplaceAll(v.get(path).body, "&#43;", "+")
				if !strings.Contains(page, c.want) {
					t.Errorf("%s does not say %q", path, c.want)
				}
				if strings.Contains(page, "+491711234567") {
					t.Errorf("%s shows a caller's number", path)
				}
			}
		})
	}
}

func TestAnIncidentTellsSilenceFromErasedWords(t *testing.T) {
	t.Parallel()
	const silent, erased = "Nothing, on purpose: who had a reply within the hour", "It was erased because of its age"
	for name, c := range map[string]struct {
		erased    bool
		want, not string
	}{
		"nothing was sent":     {false, silent, erased},
		"the words are erased": {true, erased, silent},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			in := &h.ledger.incidents[0]
			in.Erased, in.Last.Heard = c.erased, ""
			page := h.enter(t).get("/incidents/" + number(in.ID)).body
			if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q in %s", c.want, c.not, page)
			}
		})
	}
}

func TestSeveralErrorCodesOfAnIncidentAreCountedAndLedTo(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	const counted, link = "412 × <a href=\"/history?code=11202&amp;incident=14\">11202: connection refused</a>", "Error codes"
	if page := h.enter(t).get("/incidents/14").body; strings.Contains(page, link) {
		t.Error("one code is counted")
	}
	for i := range h.ledger.incidents {
		h.ledger.incidents[i].Codes = []incident.CodeCount{{Code: 11202, Failures: 412}, {Failures: 3}}
	}
	page := h.enter(t).get("/incidents/14").body
	for _, want := range []string{counted, "<dd>3 × no error code"} {
		if !strings.Contains(page, want) {
			t.Errorf("want %q in %s", want, page)
		}
	}
}

func TestIncidentsAreAcknowledgedAndResolvedInSomebodysName(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	v := h.enter(t)
	for _, action := range []string{"acknowledge", "resolve"} {
		if got := v.post("/incidents/14/"+action, nil); got.status != http.StatusSeeOther || got.location() != "/incidents/14" {
			t.Errorf("%s: %d to %q", action, got.status, got.location())
		}
		if got := v.get("/incidents/14/" + action); got.status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", action, got.status)
		}
		if got := v.post("/incidents/99/"+action, nil); got.status != http.StatusNotFound {
			t.Errorf("%s what is not there: %d, want 404", action, got.status)
		}
	}
	in := h.ledger.incidents[2].Incident
	if in.AcknowledgedBy != "admin" || in.ResolvedBy != "admin" || in.State != incident.Resolved || !in.ResolvedAt.Equal(night) {
		t.Errorf("got %+v, want both by admin", in)
	}
}

func TestTheOverviewHidesNoBigIncidentBehindNewOnes(t *testing.T) {
	t.Parallel()
	l := &ledger{now: func() time.Time { return night }}
	open := func(id int64, callers int, takenBy string) {
		in := incident.Incident{ID: id, State: incident.Open, Cause: cause(incident.DocumentLevel, 12100, "www.example.com", "/"+number(id))}
		if takenBy != "" {
			in, _ = in.Acknowledge(takenBy, night)
		}
		l.addIncident(in, callers, time.Hour-time.Duration(id)*time.Second, func(i int) []param {
			return call(int(id)*1000+i, "+4917112345"+number(id), line, 12100, "https://www.example.com/"+number(id))
		})
	}
	open(1, 30, "")
	open(2, 60, "anna")
	for id := range int64(12) {
		open(10+id, 2, "")
	}
	page := newHouse(l).enter(t).get("/").body
	var got []string
	for _, m := range regexp.MustCompile(`<td class="when"><a href="/incidents/(\d+)">`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1])
	}
	if want := "1 21 20 19 18 17 16 15 14 13"; strings.Join(got, " ") != want {
		t.Errorf("incidents: got %s, want %s", strings.Join(got, " "), want)
	}
	for _, want := range []string{"14 incidents are open: 107 callers, counted for each incident", `<a href="/incidents?state=open">All open incidents</a>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

func TestAnIncidentSaysWhatTheLastOneGotAndWhichLineItWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*incident.Sample)
		want   []string
	}{
		"a call":    {func(*incident.Sample) {}, []string{"<h2 id=\"hear\">The last caller heard</h2>", "<bdi>+4930901820 (Praxis Berlin)</bdi>"}},
		"a message": {func(s *incident.Sample) { s.Channel, s.To = incident.Messaging, "whatsapp:"+line }, []string{">The last sender read<", "<bdi>whatsapp:+4930901820 (Praxis Berlin)</bdi>"}},
		"silence after words": {func(s *incident.Sample) {
			s.Channel, s.Heard, s.HeardOn, s.HeardBy = incident.Messaging, "Hello anna.smith.", incident.Voice, "client:anna.smith"
		}, []string{">The last caller heard<", "<p>Hello a•••.</p>"}},
		"nobody knows what":   {func(s *incident.Sample) { s.Channel, s.Name = incident.Unknown, "" }, []string{">The last one got<", "<bdi>+4930901820</bdi>"}},
		"an erased line":      {func(s *incident.Sample) { s.To = "" }, []string{"<bdi>–</bdi>"}},
		"a line from outside": {func(s *incident.Sample) { s.To, s.Name = "\u202e<b>", "\x00" }, []string{"<bdi>⟨U+202E⟩&lt;b&gt; (⟨U+0000⟩)</bdi>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			c.change(&h.ledger.incidents[2].Last)
			page := strings.ReplaceAll(h.enter(t).get("/incidents/14").body, "&#43;", "+")
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

func TestAResolvedIncidentLeadsToTheOneThatGoesOn(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(1)).enter(t)
	for path, goesOn := range map[string]bool{"/incidents/11": true, "/incidents/14": false} {
		if page := v.get(path).body; strings.Contains(page, `its cause came back: it goes on in <a href="/incidents/14">#14</a>`) != goesOn {
			t.Errorf("%s leads to the next one: %v, want %v", path, !goesOn, goesOn)
		}
	}
}

func TestAUsualGapBelowASecondIsLeftOut(t *testing.T) {
	t.Parallel()
	for gap, want := range map[time.Duration]bool{2400 * time.Microsecond: false, time.Second: true, time.Minute: true} {
		h := newHouse(oneNight(1))
		h.ledger.incidents[2].UsualGap = gap
		if page := h.enter(t).get("/incidents/14").body; strings.Contains(page, "Usual gap") != want {
			t.Errorf("a gap of %s is shown: %v, want %v", gap, !want, want)
		}
	}
}
