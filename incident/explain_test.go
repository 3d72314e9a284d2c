package incident_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestAVerdictSaysWhoWouldBeToldAndByWhichRoute(t *testing.T) {
	t.Parallel()
	clinic := incident.Match{Tags: []string{"clinic"}}
	pages := incident.Match{Urgency: []incident.Urgency{incident.Page}}
	silence := incident.Silence{Match: clinic, From: noon.Add(-time.Hour), Until: noon.Add(time.Hour), Reason: "moving house", By: "kim"}
	window := incident.Window{Match: incident.Match{Hosts: []string{"www.*"}}, From: noon.Add(-time.Hour), Until: noon.Add(2 * time.Hour), Reason: "new disks"}
	night := func(at time.Time) (time.Time, bool) { return at.Add(7 * time.Hour), true }
	about := func(u incident.Urgency, tags ...string) incident.Subject {
		return incident.Subject{Line: "+15550100", Tags: tags, Host: "www.example.com", Code: 11200, Channel: incident.Voice, Cause: incident.FetchLevel, Urgency: u, At: noon}
	}
	for _, test := range []struct {
		claim    string
		change   func(*incident.Policy)
		s        incident.Subject
		silences []incident.Silence
		want     string
	}{
		{"without routes everybody is told, but a pager only of pages", func(*incident.Policy) {}, about(incident.Notice), nil, "everybody: ops chat clinic, pages only pager"},
		{"a page goes to the pager too", func(*incident.Policy) {}, about(incident.Page), nil, "everybody: ops chat clinic pager"},
		{"the first route that matches is the last", func(p *incident.Policy) {
			p.Routes = []incident.Route{{Match: clinic, Notifiers: []string{"clinic"}}, {Notifiers: []string{"ops"}}}
		}, about(incident.Page, "clinic"), nil, "0: clinic"},
		{"unless it goes on", func(p *incident.Policy) {
			p.Routes = []incident.Route{{Match: clinic, Notifiers: []string{"clinic"}, Continue: true}, {Match: pages, Notifiers: []string{"pager"}}, {Notifiers: []string{"ops", "clinic"}}}
		}, about(incident.Notice, "clinic"), nil, "0 2: ops clinic"},
		{"what no route matches goes to everybody", func(p *incident.Policy) {
			p.Routes = []incident.Route{{Match: clinic, Notifiers: []string{"clinic"}}}
		}, about(incident.Page), nil, "everybody: ops chat clinic pager"},
		{"levels are those of the route", func(p *incident.Policy) {
			p.Escalation = []incident.Level{{After: time.Minute, Notifiers: []string{"ops"}}}
			p.Routes = []incident.Route{{Match: clinic, Notifiers: []string{"clinic"}, Escalation: []incident.Level{{After: time.Hour, Notifiers: []string{"pager"}}}}}
		}, about(incident.Page, "clinic"), nil, "0: clinic, after 1h0m0s [pager]"},
		{"and else the policy's", func(p *incident.Policy) {
			p.Escalation = []incident.Level{{After: time.Minute, Notifiers: []string{"pager"}}}
			p.Routes = []incident.Route{{Notifiers: []string{"ops"}}}
		}, about(incident.Page), nil, "0: ops, after 1m0s [pager]"},
		{"a notice escalates to nobody", func(p *incident.Policy) {
			p.Escalation = []incident.Level{{After: time.Minute, Notifiers: []string{"pager"}}}
			p.Routes = []incident.Route{{Notifiers: []string{"ops"}}}
		}, about(incident.Notice), nil, "0: ops"},
		{"a silence is named, by the tags that were typed in", func(p *incident.Policy) {
			p.Routes = []incident.Route{{Notifiers: []string{"ops"}}}
		}, about(incident.Page, "clinic"), []incident.Silence{silence}, "0: ops, silenced by kim (moving house) until 13:00"},
		{"but not where it does not match", func(p *incident.Policy) {
			p.Routes = []incident.Route{{Notifiers: []string{"ops"}}}
		}, about(incident.Page), []incident.Silence{silence}, "0: ops"},
		{"so is a window", func(p *incident.Policy) {
			p.Routes, p.Windows = []incident.Route{{Notifiers: []string{"ops"}}}, []incident.Window{window}
		}, about(incident.Page), nil, "0: ops, maintenance (new disks) until 14:00"},
		{"a notice waits in quiet hours", func(p *incident.Policy) {
			p.Routes, p.QuietHours = []incident.Route{{Notifiers: []string{"ops"}}}, night
		}, about(incident.Notice), nil, "0: ops, at 19:00"},
		{"a page does not", func(p *incident.Policy) {
			p.Routes, p.QuietHours = []incident.Route{{Notifiers: []string{"ops"}}}, night
		}, about(incident.Page), nil, "0: ops"},
	} {
		p := house()
		test.change(&p)
		if got := told(p.Verdict(test.s, test.silences), noon); got != test.want {
			t.Errorf("%s: got %q, want %q", test.claim, got, test.want)
		}
	}
}

// told writes a verdict in a line.
func told(v incident.Verdict, at time.Time) string {
	by := strings.Trim(fmt.Sprint(v.Routes), "[]")
	if v.Everybody {
		by += "everybody"
	}
	parts := []string{by + ": " + strings.Join(v.Told, " ")}
	if len(v.OnlyPages) > 0 {
		parts = append(parts, "pages only "+strings.Join(v.OnlyPages, " "))
	}
	for _, l := range v.Levels {
		parts = append(parts, fmt.Sprintf("after %s %v", l.After, l.Notifiers))
	}
	if v.Hushed {
		parts = append(parts, v.Hush.Why+" until "+v.Hush.Until.Format("15:04"))
	}
	if !v.DueAt.Equal(at) {
		parts = append(parts, "at "+v.DueAt.Format("15:04"))
	}
	return strings.Join(parts, ", ")
}

func TestAVerdictAgreesWithWhatIsTold(t *testing.T) {
	t.Parallel()
	routes := [][]incident.Route{
		nil,
		{{Match: incident.Match{Tags: []string{"clinic"}}, Notifiers: []string{"clinic", "pager"}}},
		{{Match: incident.Match{Lines: []string{"+4930*"}}, Notifiers: []string{"pager"}, Continue: true}, {Match: incident.Match{Codes: []incident.CodeRange{{First: 11200, Last: 11299}}}, Notifiers: []string{"chat"}}},
		{{Match: incident.Match{Urgency: []incident.Urgency{incident.Page}}, Notifiers: []string{"pager"}, Continue: true}, {Notifiers: []string{"ops"}}},
	}
	for i, r := range routes {
		for _, to := range []string{"+493012345600", "+15550100"} {
			for _, critical := range []bool{false, true} {
				p := house(r...)
				traits := p.Line
				p.Line = func(address string) incident.Traits {
					known := traits(address)
					known.Critical = critical
					return known
				}
				e := entry(noon, "+491701234567", to, 11200)
				in, alerts := incident.Begin(e, nil, p)
				want, err := p.Recipients(alerts[0], &in, func() ([]string, error) { return nil, nil })
				if err != nil {
					t.Fatal(err)
				}
				if got := p.Verdict(p.About(in, noon), nil).Told; !slices.Equal(got, want) {
					t.Errorf("routes %d, to %s, critical %v: the verdict names %v, told are %v", i, to, critical, got, want)
				}
			}
		}
	}
}

func entry(at time.Time, from, to string, code int) incident.Entry {
	return incident.Entry{Failure: incident.NewFailure(at, "POST", []incident.Param{
		{Name: "AccountSid", Value: "AC0123456789abcdef0123456789abcdef"},
		{Name: "CallSid", Value: "CA0123456789abcdef0123456789abcdef"},
		{Name: "From", Value: from},
		{Name: "To", Value: to},
		{Name: "Direction", Value: "inbound"},
		{Name: "ErrorCode", Value: strconv.Itoa(code)},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
	})}
}

func TestWhatKeepsAnIncidentQuietIsNamed(t *testing.T) {
	t.Parallel()
	p := house()
	in, _ := incident.Begin(entry(noon, "+491701234567", "+493012345600", 11200), nil, p)
	in.Parent = 7
	muted, _ := in.Mute("kim", noon.Add(time.Hour), 0, noon)
	over, _ := muted.Resolve("kim", noon)
	silences := []incident.Silence{{Match: incident.Match{Hosts: []string{"www.example.com"}}, From: noon, Until: noon.Add(time.Minute), By: "anna"}}
	for _, test := range []struct {
		claim     string
		in        incident.Incident
		at        time.Time
		explained bool
		want      string
	}{
		{"what explains it", muted, noon, true, "explained by incident 7"},
		{"a mute", muted, noon, false, "muted by kim"},
		{"not after its end", muted, noon.Add(time.Hour), false, ""},
		{"a silence", in, noon, false, "silenced by anna"},
		{"nothing is kept quiet that is over", over, noon, true, ""},
	} {
		h, ok := p.Kept(test.in, test.at, silences, test.explained)
		if h.Why != test.want || ok != (test.want != "") {
			t.Errorf("%s: got %q, want %q", test.claim, h.Why, test.want)
		}
		if got := test.in.Muted(test.at); got != (test.in.Watch.MutedBy != "" && test.at.Before(noon.Add(time.Hour)) && test.in.State != incident.Resolved) {
			t.Errorf("%s: muted is %v", test.claim, got)
		}
	}
}

func TestWhatLiesAheadOfAnIncident(t *testing.T) {
	t.Parallel()
	p := house()
	p.Escalation = []incident.Level{{After: 10 * time.Minute, Notifiers: []string{"pager"}}, {After: 20 * time.Minute, Notifiers: []string{"ops"}}}
	notice, _ := incident.Begin(entry(noon, "+491701234567", "+493012345600", 11200), nil, p)
	page, _ := notice.Observe(entry(noon.Add(time.Minute), "+491701234568", "+493012345600", 11200), incident.Caller{New: true}, p)
	taken, _ := page.Acknowledge("kim", noon.Add(2*time.Minute))
	over, _ := page.Resolve("kim", noon.Add(2*time.Minute))
	for _, test := range []struct {
		claim string
		in    incident.Incident
		want  string
	}{
		{"a notice is reminded of, and no more", notice, "remind 16:00, quiet 12:10"},
		{"a page escalates", page, "level 1 of 2 [pager] 12:11, remind 16:01, quiet 12:11"},
		{"what somebody has taken only falls quiet", taken, "quiet 12:11"},
		{"what is over has nothing ahead", over, ""},
	} {
		a := p.Ahead(test.in)
		var got []string
		if !a.LevelAt.IsZero() {
			got = append(got, fmt.Sprintf("level %d of %d %v %s", a.Number, a.Levels, a.Level.Notifiers, a.LevelAt.Format("15:04")))
		}
		if !a.RemindAt.IsZero() {
			got = append(got, "remind "+a.RemindAt.Format("15:04"))
		}
		if !a.QuietAt.IsZero() {
			got = append(got, "quiet "+a.QuietAt.Format("15:04"))
		}
		if strings.Join(got, ", ") != test.want {
			t.Errorf("%s: got %q, want %q", test.claim, strings.Join(got, ", "), test.want)
		}
	}
}

func TestAWindowSaysWhenItIsOpenNext(t *testing.T) {
	t.Parallel()
	weekly := func(at time.Time) (time.Time, bool) { // Saturdays from 02:13 to 03:00
		begin := time.Date(at.Year(), at.Month(), at.Day(), 2, 13, 0, 0, time.UTC)
		return begin.Add(47 * time.Minute), at.Weekday() == time.Saturday && !at.Before(begin) && at.Before(begin.Add(47*time.Minute))
	}
	saturday := noon
	for saturday.Weekday() != time.Saturday {
		saturday = saturday.AddDate(0, 0, 1)
	}
	begins := time.Date(saturday.Year(), saturday.Month(), saturday.Day(), 2, 13, 0, 0, time.UTC)
	once := incident.Window{From: noon, Until: noon.Add(time.Hour)}
	for _, test := range []struct {
		claim       string
		w           incident.Window
		at          time.Time
		open, over  bool
		until, next time.Time
	}{
		{"before it opens", once, noon.Add(-time.Hour), false, false, time.Time{}, noon},
		{"while it is open", once, noon, true, false, noon.Add(time.Hour), time.Time{}},
		{"when it has gone by", once, noon.Add(time.Hour), false, true, time.Time{}, time.Time{}},
		{"hours that come again, to the minute", incident.Window{During: weekly}, begins.Add(-50 * time.Hour), false, false, time.Time{}, begins},
		{"a minute before them", incident.Window{During: weekly}, begins.Add(-30 * time.Second), false, false, time.Time{}, begins},
		{"in the midst of them", incident.Window{During: weekly}, begins.Add(time.Minute), true, false, begins.Add(47 * time.Minute), time.Time{}},
		{"hours that never come", incident.Window{During: func(time.Time) (time.Time, bool) { return time.Time{}, false }}, noon, false, false, time.Time{}, time.Time{}},
	} {
		open, until, next := test.w.Standing(test.at)
		if open != test.open || open && !until.Equal(test.until) || !next.Equal(test.next) || test.w.Over(test.at) != test.over {
			t.Errorf("%s: got open %v until %v, next %v, over %v", test.claim, open, until, next, test.w.Over(test.at))
		}
	}
}
