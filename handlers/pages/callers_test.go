package pages_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// ofMessages is the list of those seven who wrote in that night.
const ofMessages = "?since=2026-11-22T20%3A00%3A00Z&until=2026-11-23T00%3A00%3A00Z"

var (
	actionOf = regexp.MustCompile(`action="(/callers/[0-9a-f-]{36}[^"#]*)#c-`)
	seenOf   = regexp.MustCompile(`name="seen" value="(\d*)"`)
)

// firstOf is where what is done about the first person of a page is sent.
func firstOf(t *testing.T, page string) string {
	t.Helper()
	found := actionOf.FindStringSubmatch(page)
	if found == nil {
		t.Fatal("there is nobody to do anything about")
	}
	return html.UnescapeString(found[1])
}

func TestTheListOfCallersIsRevealedInOneRecordedAct(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	list := "/callers" + ofMessages
	hidden := v.get(list).body
	if n := strings.Count(hidden, `<tr id="c-`); n != 7 || strings.Contains(hidden, "4477009") || strings.Contains(hidden, "appointment") || strings.Contains(hidden, "tel:") {
		t.Errorf("%d rows, want 7 without numbers and words", n)
	}
	got := v.post("/callers/reveal"+ofMessages, nil)
	page := strings.ReplaceAll(got.body, "&#43;", "+")
	for _, want := range []string{`href="tel:+447700900003"`, "Is my appointment still on?", "numbers and words of 7 people", "03:12 there: <strong class=\"wait\">wait", "<strong>admin</strong>"} {
		if !strings.Contains(page, want) {
			t.Errorf("revealed (status %d) it does not show %q", got.status, want)
		}
	}
	v.post("/callers/reveal"+ofMessages, nil)
	page = v.get(list).body
	if strings.Contains(page, "4477009") || strings.Count(page, "7 people</a>") != 1 || !strings.Contains(page, "until 04:12:45") {
		t.Error("afterwards it shows numbers, or not one act of looking at it twice")
	}
}

func TestPeopleToCallBackAreListedByWhatCameOfIt(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	const row, chip = `<tr id="c-`, `<span class="dim">What came of it</span> heard or got our message`
	all := v.get("/callers" + ofMessages).body
	told := v.get("/callers" + ofMessages + "&outcome=told").body
	if n := strings.Count(told, row); n == 0 || n != strings.Count(all, row) || !strings.Contains(told, chip) || strings.Contains(all, chip) {
		t.Errorf("of %d who were told %d are listed, or it does not say that it is of these", strings.Count(all, row), n)
	}
	if asked := v.get("/callers" + ofMessages + "&outcome=callback+requested").body; strings.Contains(asked, row) || !strings.Contains(asked, `<option value="callback requested" selected>asked for a call back`) {
		t.Error("somebody is listed who did not ask for a call, or the form does not say what it is of")
	}
}

func TestTheListHasAButtonThatPlaysAVoicemail(t *testing.T) {
	t.Parallel()
	h := newHouse(morningAfter())
	row := h.ledger.callers.Rows[0]
	want := `<form class="recording" method="post" action="/history/` + row.Newest.String() + "/recordings/" + row.Recordings[0].SID + `">`
	page := h.enter(t).get("/callers").body
	if !strings.Contains(page, want) || strings.Count(page, ">Listen</button>") != 1 {
		t.Errorf("the list does not have %s", want)
	}
}

func TestOneOfTwoWhoClaimAPersonGetsThem(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	action := firstOf(t, v.get("/callers"+ofMessages).body)
	first, second := v.post(action, url.Values{"do": {"claim"}}), v.post(action, url.Values{"do": {"claim"}})
	if first.status != http.StatusSeeOther || !strings.HasPrefix(first.location(), "/callers?") || !strings.Contains(first.location(), "#c-") {
		t.Errorf("the first: %d to %q, want back to the list", first.status, first.location())
	}
	if second.status != http.StatusConflict || !strings.Contains(second.body, "Claimed before you: by admin, 2026-11-23 04:12:45") || strings.Contains(second.body, "4477009") {
		t.Errorf("the second: %d, want to be told who has it", second.status)
	}
	if page := v.get("/callers?state=claimed&since=24h").body; strings.Count(page, `<tr id="c-`) != 1 || strings.Contains(page, ">Claim</button>") {
		t.Error("the list does not show it as claimed")
	}
}

func TestWhatIsNotedAboutAPersonIsInTheList(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	list := "/callers" + ofMessages
	action := firstOf(t, v.get(list).body)
	note := url.Values{"do": {"change"}, "state": {"no answer"}, "note": {" Try +447700900999 at noon. "}, "seen": {""}}
	if got := v.post(action, note); got.status != http.StatusSeeOther {
		t.Fatalf("status %d", got.status)
	}
	page := strings.ReplaceAll(v.get(list).body, "&#43;", "+")
	if !strings.Contains(page, "no answer</span>") || !strings.Contains(page, "Try +447•••99 at noon.") || strings.Count(page, "Reveal the list to change the note") != 1 {
		t.Error("the note is not there, or shows a number")
	}
	if got := v.post(action, note); got.status != http.StatusConflict || !strings.Contains(got.body, "Not changed: meanwhile it was set to “no answer” by admin") {
		t.Errorf("a form from before: status %d, want a conflict", got.status)
	}
	seen := seenOf.FindStringSubmatch(page)[1]
	done := url.Values{"do": {"change"}, "state": {"done"}, "seen": {seen}, "revealed": {"1"}}
	got := v.post(action, done)
	if got.status != http.StatusOK || !strings.Contains(got.body, "447700900003") || strings.Count(got.body, `<tr id="c-`) != 6 {
		t.Errorf("done, in a list that is revealed: status %d, want the six others revealed", got.status)
	}
	page = strings.ReplaceAll(v.post("/callers/reveal"+ofMessages+"&all=1", nil).body, "&#43;", "+")
	if !strings.Contains(page, "Try +447700900999 at noon.</textarea>") || !strings.Contains(page, "done</span>") {
		t.Error("all of it does not show who is done with, with the note that nobody changed")
	}
}

func TestWhatNobodyCanMakeSenseOfChangesNothing(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	action := firstOf(t, v.get("/callers"+ofMessages).body)
	ok := url.Values{"do": {"change"}, "state": {"done"}}
	with := func(field, value string) url.Values {
		return url.Values{"do": ok["do"], "state": ok["state"], field: {value}}
	}
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		status int
	}{
		"a note that is too long":  {action, with("note", strings.Repeat("ä", 501)), http.StatusBadRequest},
		"a note that is no text":   {action, with("note", "\xff"), http.StatusBadRequest},
		"no such state":            {action, with("state", "asleep"), http.StatusBadRequest},
		"nothing to do":            {action, with("do", "dance"), http.StatusBadRequest},
		"seen when nobody knows":   {action, with("seen", "x"), http.StatusBadRequest},
		"a form without an end":    {action, with("note", strings.Repeat("x", 20_000)), http.StatusBadRequest},
		"a filter that is unknown": {action + "&cod=1", ok, http.StatusBadRequest},
		"no such failure":          {"/callers/00000000-0000-7000-8000-000000000000", ok, http.StatusNotFound},
		"no failure's name":        {"/callers/x", ok, http.StatusNotFound},
	} {
		if got := v.post(c.path, c.form); got.status != c.status {
			t.Errorf("%s: status %d, want %d", name, got.status, c.status)
		}
	}
	if page := v.get("/callers" + ofMessages).body; strings.Count(page, `<span class="state plain">new</span>`) != 7 {
		t.Error("something was changed")
	}
}

func TestCallersAreForThoseWhoAreLoggedInAndAskHere(t *testing.T) {
	t.Parallel()
	h := newHouse(morningAfter())
	id := h.ledger.callers.Rows[0].Newest.String()
	v := h.enter(t)
	stranger := newVisitor(t, v.base)
	for _, path := range []string{"/callers/reveal", "/callers.csv", "/callers/" + id} {
		form := url.Values{"do": {"claim"}, "revealed": {"1"}}
		if got := stranger.post(path, form); got.status != http.StatusSeeOther || !strings.HasPrefix(got.location(), "/login") {
			t.Errorf("%s of a stranger: %d to %q", path, got.status, got.location())
		}
		if got := v.do(http.MethodPost, path, form, http.Header{"Sec-Fetch-Site": {"cross-site"}}); got.status != http.StatusForbidden {
			t.Errorf("%s from another site: %d, want 403", path, got.status)
		}
		if got := v.get(path + "?incident=14"); got.status != http.StatusSeeOther || got.location() != "/callers?incident=14" {
			t.Errorf("GET %s: %d to %q, want the list", path, got.status, got.location())
		}
		h.ledger.unwritable = errAway
		header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
		if got := v.do(http.MethodPost, path, form, header); got.status != http.StatusServiceUnavailable || strings.Contains(got.body, "491711234567") {
			t.Errorf("%s that cannot be recorded: %d, want 503 and no number", path, got.status)
		}
		h.ledger.unwritable = nil
	}
	if got := stranger.get("/callers?incident=14"); got.location() != "/login?next=%2Fcallers%3Fincident%3D14" {
		t.Errorf("a stranger is sent to %q", got.location())
	}
}

func TestTheTimeOfDayWherePeopleAre(t *testing.T) {
	t.Parallel()
	at := func(clock string) time.Time {
		at, err := time.Parse(time.RFC3339, "2026-11-23T"+clock+":00Z")
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, c := range map[string]struct {
		who  string
		now  time.Time
		want string
	}{
		"night":                       {"+4930123456", at("02:40"), `<div class="sub">03:40 there: <strong class="wait">wait</strong></div>`},
		"the last minute of it":       {"+4930123456", at("06:59"), `<div class="sub">07:59 there: <strong class="wait">wait</strong></div>`},
		"morning":                     {"+4930123456", at("07:00"), `<div class="sub">08:00 there</div>`},
		"evening":                     {"+4930123456", at("20:00"), `<div class="sub">21:00 there: <strong class="wait">wait</strong></div>`},
		"several zones by day":        {"+12125550123", at("18:00"), `<div class="sub">between 10:00 and 13:00 there</div>`},
		"several zones at night":      {"+12125550123", at("10:40"), `<div class="sub">between 02:40 and 05:40 there: <strong class="wait">wait</strong></div>`},
		"several zones, night in one": {"+12125550123", at("14:00"), `<div class="sub">between 06:00 and 09:00 there: <strong class="wait">perhaps wait</strong></div>`},
		"a number behind a scheme":    {"whatsapp:+4930123456", at("11:00"), `<div class="sub">12:00 there</div>`},
		"a name":                      {"client:anna", at("02:00"), `</strong></td>`},
	} {
		h := newHouse(morningAfter())
		h.now = c.now
		h.ledger.callers.Rows = h.ledger.callers.Rows[:1]
		h.ledger.callers.Rows[0].Person = c.who
		if page := h.enter(t).get("/callers").body; !strings.Contains(page, c.want) {
			t.Errorf("%s: the page does not say %s", name, c.want)
		}
	}
}

// TestNoTextBecomesAFormulaWhateverSeparates reads the file as programs do that
// were told another separator, for which its quotes hold nothing together.
func TestNoTextBecomesAFormulaWhateverSeparates(t *testing.T) {
	t.Parallel()
	h := newHouse(morningAfter())
	row := &h.ledger.callers.Rows[0]
	row.Wrote, row.Channel = "hello\n=2+3;=1+1, @SUM(1);\"=4\"\t-5", incident.Messaging
	row.Recordings[0].Transcript = `hello ;  =HYPERLINK("http://evil.example")` + "\r=6"
	row.Callback.Note = "a;+7"
	file := strings.TrimPrefix(h.enter(t).post("/callers.csv", nil).body, "\ufeff")
	for _, separators := range []string{",", ";", "\t", ",;\t", "\n"} {
		cells := strings.FieldsFunc(file, func(r rune) bool { return strings.ContainsRune(separators+"\r\n", r) })
		for _, cell := range cells {
			if bare := strings.TrimLeft(cell, " \t\""); bare != "" && strings.ContainsRune("=@-＝", rune(bare[0])) {
				t.Errorf("separated by %q: the cell %q", separators, cell)
			}
		}
	}
}

func TestAListOfCallersIsAFileThatSpreadsheetsTake(t *testing.T) {
	t.Parallel()
	h := newHouse(morningAfter())
	row := &h.ledger.callers.Rows[0]
	row.Name, row.Wrote, row.Channel, row.Outcome = `=HYPERLINK("https://evil.example")`, "\t=1+1\r\nsecond \"line\"", incident.Messaging, incident.Told
	row.Callback = history.Callback{State: history.CallbackCalled, Note: " @SUM(1)", By: "-ada", At: night, ClaimedBy: "＋ada", ClaimedAt: night}
	row.Recordings[0].Transcript = "+1 for you"
	h.ledger.callers.Rows = append(h.ledger.callers.Rows[:1], h.ledger.callers.Rows[3])
	got := h.enter(t).post("/callers.csv?incident=14", nil)
	want := "\ufeff" +
		`"Number","Line","Name of the line","Calls","Messages","First","Last","Outcome","Wrote","Voicemail","Transcript","State","Note","Claimed by","Changed by","Changed","Failure"` + "\r\n" +
		"\"\t+491711234567\",\"\t+4930901820\",\"'=HYPERLINK(\"\"https://evil.example\"\")\",3,0,\"2026-11-23 03:45:45 +01:00\",\"2026-11-23 03:52:45 +01:00\"," +
		"\"got our message\",\"'\t'=1+1 ⏎ second \"\"line\"\"\",\"voicemail, 12 s\",\"'+1 for you\",\"called\",\" '@SUM(1)\",\"'＋ada\",\"'-ada\",\"2026-11-23 04:12:45 +01:00\"," +
		`"` + row.Newest.String() + `"` + "\r\n" +
		"\"client:anna\",\"\t+4930901820\",\"Praxis Berlin\",1,0,\"2026-11-23 03:52:45 +01:00\",\"2026-11-23 03:52:45 +01:00\",\"lost\",\"\",\"\",\"\",\"new\"," +
		`"Spoke to her assistant.","","ben","2026-11-23 03:47:45 +01:00","` + h.ledger.callers.Rows[1].Newest.String() + `"` + "\r\n"
	if got.body != want {
		t.Errorf("got:\n%q\nwant:\n%q", got.body, want)
	}
	if got.header.Get("Content-Type") != "text/csv; charset=utf-8" || got.header.Get("Content-Disposition") != `attachment; filename="callers-2026-11-23.csv"` || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers: %v", got.header)
	}
	if acts := h.ledger.callers.Reveals; len(acts) != 3 || acts[0].What != "as a file" || acts[0].By != "admin" || acts[0].People != 2 || acts[0].List != "incident=14" {
		t.Errorf("recorded: %+v", acts)
	}
}
