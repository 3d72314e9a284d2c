package history_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

var (
	now       = time.Date(2026, 11, 23, 3, 12, 45, 0, time.UTC)
	berlin, _ = time.LoadLocation("Europe/Berlin")
)

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

func TestQueryIsReadFromItsURL(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		url  string
		want history.Query
	}{
		"nothing asks for everything":       {"", history.Query{}},
		"empty fields ask for nothing":      {"code=&number=&channel=&since=", history.Query{}},
		"a day begins in the zone":          {"since=2026-11-23", history.Query{From: at("2026-11-22T23:00:00Z")}},
		"until a day includes it":           {"until=2026-11-23", history.Query{To: at("2026-11-23T23:00:00Z")}},
		"a time field is in the zone":       {"since=2026-07-01T03:12", history.Query{From: at("2026-07-01T01:12:00Z")}},
		"a time with its offset":            {"since=2026-11-23T03:12:00%2B01:00", history.Query{From: at("2026-11-23T02:12:00Z")}},
		"an offset with a typed plus":       {"since=2026-11-23T03:12:00+01:00", history.Query{From: at("2026-11-23T02:12:00Z")}},
		"a span counts back from now":       {"since=24h", history.Query{From: at("2026-11-22T03:12:45Z")}},
		"so do days":                        {"since=7d", history.Query{From: at("2026-11-16T03:12:45Z")}},
		"a channel":                         {"channel=Messaging", history.Query{Channel: history.Channel{Is: incident.Messaging, Set: true}}},
		"the unknown channel is one":        {"channel=unknown", history.Query{Channel: history.Channel{Set: true}}},
		"a code":                            {"code=11200", history.Query{Code: 11200}},
		"a number in any writing":           {"number=%2B49+(0)30+1234-56", history.Query{Number: "+4930123456"}},
		"a number whose plus was typed":     {"number=+4930123456", history.Query{Number: "+4930123456"}},
		"a name instead of a number":        {"number=ACME", history.Query{Number: "ACME"}},
		"a SID in any case":                 {"sid=ca0123456789ABCDEF0123456789ABCDEF", history.Query{SID: "CA0123456789abcdef0123456789abcdef"}},
		"a host":                            {"host=WWW.Example.com:8443", history.Query{Host: "www.example.com:8443"}},
		"a URL instead of a host":           {"host=https://www.example.com:443/voice?x=1", history.Query{Host: "www.example.com"}},
		"an incident, drills, place, limit": {"incident=12&drills=1&before=99&limit=10", history.Query{Incident: 12, Drills: true, Before: 99, Limit: 10}},
		"the search box is somebody else's": {"q=hello", history.Query{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := url.ParseQuery(c.url)
			if err != nil {
				t.Fatal(err)
			}
			got, problems := history.ParseQuery(v, now, berlin)
			if len(problems) != 0 {
				t.Errorf("problems: got %v, want none", problems)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("query (-want +got):\n%s", diff)
			}
			within := got
			within.From, within.To = now.In(berlin), now.Add(90*time.Millisecond)
			if diff := cmp.Diff(within.Values().Encode(), got.Within()(within.From, within.To)); diff != "" {
				t.Errorf("within another time (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatIsNotUnderstoodIsNamedAndTheRestStands(t *testing.T) {
	t.Parallel()
	cases := map[string]struct{ url, field string }{
		"a word for a code":            {"code=abc", "code"},
		"a negative code":              {"code=-1", "code"},
		"no such channel":              {"channel=fax", "channel"},
		"no time":                      {"since=yesterday", "since"},
		"a time before all telephones": {"since=0001-01-01", "since"},
		"a span beyond all calendars":  {"since=99999999d", "since"},
		"an incident without number":   {"incident=abc", "incident"},
		"a cursor that is none":        {"before=x", "before"},
		"a page too long":              {"limit=100000", "limit"},
		"a host with blanks":           {"host=a%20b", "host"},
		"a host with NUL":              {"host=a%00b", "host"},
		"a number with NUL":            {"number=a%00b", "number"},
		"a SID with a line break":      {"sid=a%0Ab", "sid"},
		"a SID without end":            {"sid=" + strings.Repeat("a", 101), "sid"},
		"both directions at once":      {"before=1&after=2", "after"},
		"an end before the beginning":  {"since=2026-11-23&until=2026-11-01", "since"},
		"a filter given twice":         {"drills=1&drills=0", "drills"},
		"a misspelt filter":            {"chanel=voice", "chanel"},
		"a flag that is none":          {"drills=maybe", "drills"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := url.ParseQuery(c.url + "&channel2=")
			if err != nil {
				t.Fatal(err)
			}
			v.Del("channel2")
			beside := "code"
			if c.field == "code" {
				v.Set("host", "example.com")
			} else {
				v.Set("code", "11200")
			}
			got, problems := history.ParseQuery(v, now, berlin)
			if len(problems) != 1 || problems[0].Field != c.field || problems[0].Hint == "" {
				t.Fatalf("problems: got %+v, want one about %s", problems, c.field)
			}
			if got.Code != 11200 && got.Host != "example.com" {
				t.Errorf("beside it %s was lost: %+v", beside, got)
			}
		})
	}
}

func TestAMomentIsReadAsTimesOfQueriesAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		url      string
		want     time.Time
		problems int
	}{
		"nothing":            {"", time.Time{}, 0},
		"an empty field":     {"at=", time.Time{}, 0},
		"a time in the zone": {"at=2026-07-01T03:12", at("2026-07-01T01:12:00Z"), 0},
		"a span":             {"at=24h", at("2026-11-22T03:12:45Z"), 0},
		"no time":            {"at=tonight", time.Time{}, 1},
		"two times":          {"at=24h&at=7d", at("2026-11-22T03:12:45Z"), 1},
		"somebody else's":    {"since=tonight", time.Time{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v, err := url.ParseQuery(c.url)
			if err != nil {
				t.Fatal(err)
			}
			got, problems := history.ParseMoment(v, "at", now, berlin)
			if !got.Equal(c.want) || len(problems) != c.problems {
				t.Errorf("got %s and %v, want %s and %d problems", got, problems, c.want, c.problems)
			}
		})
	}
}

func TestIncidentQueryIsReadFromItsURL(t *testing.T) {
	t.Parallel()
	v := url.Values{"state": {"Quiet"}, "host": {"https://Example.com/"}, "before": {"7"}, "limit": {"9"}}
	got, problems := history.ParseIncidentQuery(v)
	want := history.IncidentQuery{State: incident.Quiet, Host: "example.com", Before: 7, Limit: 9}
	if got != want || len(problems) != 0 {
		t.Errorf("got %+v %v, want %+v", got, problems, want)
	}
	if back, _ := history.ParseIncidentQuery(got.Values()); back != want {
		t.Errorf("read back: got %+v, want %+v", back, want)
	}
	_, problems = history.ParseIncidentQuery(url.Values{"state": {"gone"}})
	if len(problems) != 1 || problems[0].Field != "state" {
		t.Errorf("problems: got %v, want one about state", problems)
	}
}

func FuzzQuery(f *testing.F) {
	for _, s := range []string{
		"since=24h&until=2026-11-23T03:12", "number=+49301234", "host=[::1]:80", "host=EXAMPLE.com:443/%zz",
		"sid=CA0123456789abcdef0123456789abcdef&drills=on", "code=00011200", "number=client:%20x", "host=%C4%B0.com",
		"since=9999-12-31T23:59:59.999999999-14:00", "number=whatsapp:%2B49301234567", "host=a@b", "number=00 00 12345",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		v, _ := url.ParseQuery(raw)
		q, _ := history.ParseQuery(v, now, berlin)
		back, problems := history.ParseQuery(q.Values(), now.Add(time.Hour), time.UTC)
		if back != q {
			t.Errorf("%q: read back %+v, want %+v", raw, back, q)
		}
		for _, p := range problems {
			if p.Field != "since" || q.From.Before(q.To) {
				t.Errorf("%q: read back with problem %+v", raw, p)
			}
		}
	})
}
