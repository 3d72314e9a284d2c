package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
)

func TestSearchLeadsToItsFilters(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	id := h.ledger.failures[0].ID.String()
	h.lines = []history.NamedLine{{Name: "Praxis Berlin", Address: line}}
	v := h.enter(t)
	for text, want := range map[string]string{
		"+49 (0)171 1234567":        "/history?number=%2B491711234567&q=",
		"11202":                     "/history?code=11202&q=",
		id:                          "/history/" + id,
		"#14":                       "/history?incident=14&q=",
		"2026-11-22":                "/history?q=2026-11-22&since=2026-11-21T23%3A00%3A00Z&until=2026-11-22T23%3A00%3A00Z",
		"https://www.example.com/x": "/history?host=www.example.com&q=",
		"praxis berlin":             "/history?number=" + url.QueryEscape(line) + "&q=",
	} {
		got := v.get("/history?q=" + url.QueryEscape(text))
		if got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), want) {
			t.Errorf("%s: %d to %q, want 303 to %s", text, got.status, got.location(), want)
			continue
		}
		if there := v.get(got.location()); there.status != http.StatusOK {
			t.Errorf("%s: its address answers %d", text, there.status)
		}
	}
}

func TestLinesThatAreCalledAlikeAreThereToChooseFrom(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	h.lines = []history.NamedLine{{Name: "Praxis Berlin", Address: line}, {Name: "Praxis <b>\u202eBonn", Address: "+4922812345600"}}
	v := h.enter(t)
	got := v.get("/history?q=praxis")
	if want := "Several lines are called so: Praxis Berlin (" + line + "), Praxis &lt;b&gt;" + history.Visible("\u202e") + "Bonn (+4922812345600)."; got.status != http.StatusBadRequest ||
		!strings.Contains(strings.ReplaceAll(got.body, "&#43;", "+"), want) {
		t.Errorf("%d, want 400 and %q in %s", got.status, want, got.body)
	}
	if strings.Contains(got.body, "was not understood") {
		t.Error("a name that was found is said not to be understood")
	}
	if there := v.get(v.get("/history?q=berlin").location()); !strings.Contains(strings.ReplaceAll(there.body, "&#43;", "+"), "Taken for Praxis Berlin, the line "+line+".") {
		t.Errorf("it is not said what was looked for: %s", there.body)
	}
}

func TestEmptyFieldsOfTheFilterLeaveTheAddress(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(3)).enter(t)
	got := v.get("/history?since=&until=&channel=voice&code=&number=&sid=&host=&incident=")
	if got.status != http.StatusSeeOther || got.location() != "/history?channel=voice" {
		t.Errorf("got %d to %q, want 303 to /history?channel=voice", got.status, got.location())
	}
}

func TestTheHistoryNamesTheLineWhereItHasAName(t *testing.T) {
	t.Parallel()
	l := &ledger{now: func() time.Time { return night }}
	for n, name := range []string{"", "Praxis <Berlin>"} {
		f := l.add(night.Add(-time.Minute), call(n, "+15005550006", "+15005550001", 11200, "https://www.example.com/voice")...)
		f.LineName = name
	}
	page := newHouse(l).enter(t).get("/history").body
	const cell = `<div class="sub line">`
	if got := strings.Count(page, cell); got != 1 || !strings.Contains(page, cell+"Praxis &lt;Berlin&gt;</div>") {
		t.Errorf("%d of two lines are named, want that with a name:\n%s", got, page)
	}
}

func TestHistoryIsReadPageByPage(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(120))
	v := h.enter(t)
	path, seen := "/history?code=11202&limit=50", 0
	for path != "" {
		page := v.get(path).body
		rows := strings.Count(page, `<td class="when">`)
		if rows == 0 || rows > 50 {
			t.Fatalf("%s has %d rows", path, rows)
		}
		seen += rows
		path = linkOf(page, "Older")
		if path != "" {
			back := v.get(path).body
			if newer := linkOf(back, "Newer"); strings.Count(v.get(newer).body, `<td class="when">`) != 50 {
				t.Errorf("newer of %s: %q does not lead back to 50 rows", path, newer)
			}
		}
	}
	if seen != 120 {
		t.Errorf("seen %d rows, want 120", seen)
	}
}

// Of a number not all failures are counted.
func TestThatNotAllOfANumberIsCountedIsSaid(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]string{
		history.MaxCounted:     ">1,000 failures<",
		history.MaxCounted + 1: ">more than 1,000 failures; the chart shows the newest of them<",
	} {
		v := newHouse(oneNight(failures)).enter(t)
		if page := v.get("/history?code=11202&number=" + url.QueryEscape(line)).body; !strings.Contains(page, want) {
			t.Errorf("of %d failures the page does not say %q", failures, want)
		}
	}
}

func TestASearchThatHasNotLookedAtEverythingGoesOnWhenAsked(t *testing.T) {
	t.Parallel()
	night := oneNight(120)
	night.looked = 100
	v := newHouse(night).enter(t)
	page := v.get("/history?number=" + url.QueryEscape(line)).body
	if !strings.Contains(page, "No failure matches so far") || !strings.Contains(page, "20,000 failures of this number were looked at") {
		t.Error("the page does not say that there may be more")
	}
	if linkOf(page, "Older") != "" {
		t.Error("the page says that there are older ones")
	}
	if further := v.get(linkOf(page, "Search further")).body; strings.Count(further, `<td class="when">`) == 0 {
		t.Error("where it goes on nothing is found")
	}
}

// linkOf is where a link with these words leads, "" where there is none.
func linkOf(page, words string) string {
	before, _, ok := strings.Cut(page, ">"+words+"</a>")
	if !ok {
		return ""
	}
	_, link, _ := strings.Cut(before[strings.LastIndex(before, "<a "):], `href="`)
	link, _, _ = strings.Cut(link, `"`)
	return strings.NewReplacer("&amp;", "&", "&#43;", "+").Replace(link)
}

func BenchmarkHistoryOfFiftyRows(b *testing.B) {
	v := newHouse(oneNight(120)).enter(b)
	b.ReportAllocs()
	for b.Loop() {
		if got := v.get("/history"); got.status != http.StatusOK {
			b.Fatal(got.status)
		}
	}
}

func TestAnEmptyHistoryLeadsToItsDrills(t *testing.T) {
	t.Parallel()
	const try, show = "Play a failure through the whole house", `<a href="/history?drills=1">show them</a>`
	for name, h := range map[string]*house{
		"before it is set up": emptyHouse(),
		"set up":              newHouse(&ledger{now: func() time.Time { return night }}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := h.enter(t)
			if page := v.get("/history").body; !strings.Contains(page, try) || strings.Contains(page, show) {
				t.Error("without a drill the page does not say how to make one, or leads to one")
			}
			h.ledger.add(night.Add(-time.Minute), call(1, "+15005550006", "+15005550001", 11200, "https://drill.invalid/voice")...).Drill = true
			page := v.get("/history").body
			if !strings.Contains(page, show) || !strings.Contains(page, "<h2>No failure yet</h2>") || strings.Contains(page, try) || strings.Contains(page, "Nothing is recorded") {
				t.Errorf("with a drill the page does not lead to it, or speaks as if there were none:\n%s", page)
			}
		})
	}
}

func TestAShortTimeIsShownWithTheTimeAroundIt(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(30)).enter(t)
	const all = `<a href="/history?since=2026-11-23T02%3A45%3A00Z&amp;until=2026-11-23T03%3A10%3A00Z">show all of it</a>`
	pale := regexp.MustCompile(`<path class="beside" d="([^"]*)"/>`)
	for name, c := range map[string]struct{ query, bars, all string }{
		"one bar":         {"since=2026-11-23T02:57:00Z&until=2026-11-23T02:58:00Z", "0-11 13-24", all},
		"a part of a bar": {"since=2026-11-23T02:57:20Z&until=2026-11-23T02:57:40Z", "0-11 13-24", all},
		"two bars":        {"since=2026-11-23T02:57:00Z&until=2026-11-23T02:59:00Z", "0-11 14-25", `until=2026-11-23T03%3A11%3A00Z">show all of it</a>`},
		"the last minute": {"since=2026-11-23T03:12:00Z", "0-11", `until=2026-11-23T03%3A12%3A45Z">show all of it</a>`},
		"half an hour":    {"since=2026-11-23T02:45:00Z&until=2026-11-23T03:15:00Z", "", ""},
	} {
		page := v.get("/history?" + c.query).body
		got := ""
		if found := pale.FindStringSubmatch(page); found != nil {
			got = barsOf(found[1])
		}
		if got != c.bars || !strings.Contains(page, c.all) || !strings.Contains(page, `<svg class="bars"`) || strings.Contains(page, "show all of it") != (c.all != "") {
			t.Errorf("%s: bars %q are pale, want %q and a link %q", name, got, c.bars, c.all)
		}
	}
}

// barsOf names the bars that a shape covers: "0-11 13-24".
func barsOf(shape string) string {
	var runs []string
	begun, last := 0, -2
	for _, m := range regexp.MustCompile(`M(\d+) 0h`).FindAllStringSubmatch(shape, -1) {
		x, _ := strconv.Atoi(m[1])
		bar := x / 10
		if bar == last+1 {
			runs[len(runs)-1] = fmt.Sprintf("%d-%d", begun, bar)
		} else {
			runs, begun = append(runs, strconv.Itoa(bar)), bar
		}
		last = bar
	}
	return strings.Join(runs, " ")
}

func TestABarThatEndsOnAnotherDaySaysWhich(t *testing.T) {
	t.Parallel()
	v := newHouse(oneNight(30)).enter(t)
	days := 0
	for _, since := range []string{"2025-01-01", "2025-09-01", "2026-05-01", "2026-09-01", "2026-10-01", "2026-11-01", "2026-11-15"} {
		page := v.get("/history?since=" + since + "&until=2026-11-23").body
		for _, label := range regexp.MustCompile(`\d+ [A-Z][a-z]+ \d\d:\d\d – [^:]*:\d\d`).FindAllString(page, -1) {
			start, end, _ := strings.Cut(label, " – ")
			hours := start[len(start)-len("15:04"):]
			switch named := len(end) > len(hours); {
			case named:
				days++
			case end <= hours:
				t.Errorf("%q ends before it begins", label)
			}
		}
	}
	if days == 0 {
		t.Error("no bar ends on another day: this tests nothing")
	}
}
