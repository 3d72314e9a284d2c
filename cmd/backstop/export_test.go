package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// exported is what export writes.
func exported(t *testing.T, env settings, args ...string) string {
	t.Helper()
	code, printed, complained := command(t, env, nil, append([]string{"export"}, args...)...)
	if code != 0 || complained != "" {
		t.Fatalf("ended with %d: %s", code, complained)
	}
	return printed
}

// imported takes it in, and returns what was said.
func imported(t *testing.T, env settings, export string) string {
	t.Helper()
	code, printed, complained := command(t, env, strings.NewReader(export), "import", "-")
	if code != 0 {
		t.Fatalf("ended with %d: %s%s", code, printed, complained)
	}
	return printed
}

// anyLife makes a ledger of random failures and what came back about them, as time
// passes.
func anyLife(t *testing.T, dir string, seed uint64, failures int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 1))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	at := time.Now().Add(-time.Duration(failures) * 12 * time.Hour).Truncate(time.Millisecond)
	l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy(), Now: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}()
	var all []incident.Fed
	var next time.Time
	for n := range failures {
		at = at.Add(time.Duration(r.IntN(90_000)) * time.Millisecond)
		if r.IntN(15) == 0 {
			at = at.Add(time.Duration(r.IntN(100)) * time.Hour)
		}
		for !next.IsZero() && !next.After(at) {
			if next, _, err = l.Tick(t.Context(), next); err != nil {
				t.Fatal(err)
			}
		}
		e := anyFailure(r, at, all)
		if len(all) > 0 && r.IntN(3) == 0 {
			e = anyFollowUp(r, at, all[r.IntN(len(all))].Failure.ID)
		}
		if _, err := l.Feed(t.Context(), incident.Batch{Entries: []incident.Fed{e}}); err != nil {
			t.Fatalf("entry %d: %v", n, err)
		}
		if e.IsFailure() {
			all = append(all, e)
		}
		if next, _, err = l.Tick(t.Context(), at); err != nil {
			t.Fatal(err)
		}
	}
}

// anyText is text, or bytes that are none.
func anyText(r *rand.Rand) string {
	return []string{
		"", "hello", "=1+1", "+4930123", "-5", "@x", "a,b\"c\nd\r\n", "\x00\x01", "\xff\xfe\x80", "Grüße 👋", "\u2028<&>", "\uFFFD", strings.Repeat("long ", 40),
	}[r.IntN(13)]
}

func anyFailure(r *rand.Rand, at time.Time, before []incident.Fed) incident.Fed {
	kind := []string{"CallSid", "MessageSid", "CallSid", "SmsSid", "Other"}[r.IntN(5)]
	params := []incident.Param{
		{Name: "AccountSid", Value: accountSID},
		{Name: kind, Value: sim.NewSID("CA")},
		{Name: "From", Value: []string{"+1415000" + strconv.Itoa(1000+r.IntN(9)), "whatsapp:+14150001111", "sip:x@example.com", anyText(r)}[r.IntN(4)]},
		{Name: "To", Value: theLine},
		{Name: "Direction", Value: []string{"inbound", "outbound-api", "outbound-dial"}[r.IntN(3)]},
		{Name: "ErrorUrl", Value: fmt.Sprintf("https://www%d.example.com/a%s", r.IntN(3), []string{"", "?q=\xff", "#f"}[r.IntN(3)])},
		{Name: "Body", Value: anyText(r)},
		{Name: anyText(r), Value: anyText(r)},
		{Name: "Body", Value: ""},
	}
	if r.IntN(5) > 0 {
		params = append(params, incident.Param{Name: "ErrorCode", Value: []string{"11200", "12100", "x"}[r.IntN(3)]})
	}
	f := incident.NewFailure(at, []string{"GET", "POST"}[r.IntN(2)], params)
	for i := range f.RequestKey {
		f.RequestKey[i] = byte(r.IntN(256))
	}
	f.Late, f.Slim, f.Dropped, f.OptOut = r.IntN(20) == 0, r.IntN(20) == 0, r.IntN(20) == 0, kind == "MessageSid" && r.IntN(3) == 0
	if f.Drill = r.IntN(20) == 0; !f.Drill && r.IntN(15) == 0 {
		f = f.Anonymous()
	}
	if f.Channel == incident.Messaging && !f.Erased {
		f.Token = []string{"", "3f2504e0-4f89-41d3-9a0c-0305e82c3301", anyText(r)}[r.IntN(3)]
	}
	e := incident.Fed{JournalAt: at.Add(time.Duration(r.IntN(9)) * time.Millisecond), Entry: incident.Entry{Failure: f, Answer: incident.Answer{
		Step: []string{"message", "dial"}[r.IntN(2)], Situation: incident.Situation(1 + r.IntN(6)), Languages: []string{"de", "en"}[:r.IntN(3)], Name: anyText(r), Heard: anyText(r), Why: anyText(r),
		Outcome: incident.Outcome(r.IntN(7)), Document: []byte(anyText(r)), Took: time.Duration(r.IntN(1000)) * time.Microsecond,
	}}}
	if len(before) > 0 && r.IntN(6) == 0 {
		e.FollowUp = incident.FollowUp{About: before[r.IntN(len(before))].Failure.ID, What: incident.FailedAgain}
	}
	return e
}

func anyFollowUp(r *rand.Rand, at time.Time, about incident.ID) incident.Fed {
	f := incident.NewFailure(at, "POST", []incident.Param{{Name: "AccountSid", Value: accountSID}})
	if r.IntN(3) == 0 {
		f.Params = append(f.Params, incident.Param{Name: "RecordingSid", Value: sim.NewSID("RE")}, incident.Param{Name: "RecordingDuration", Value: "12"}, incident.Param{Name: "TranscriptionText", Value: anyText(r)})
	}
	f.RequestKey[0] = byte(r.IntN(256))
	return incident.Fed{JournalAt: at, Entry: incident.Entry{
		Failure: f, FollowUp: incident.FollowUp{About: about, What: incident.What(2 + r.IntN(14))},
		Answer: incident.Answer{Step: "dial", Heard: anyText(r), Why: anyText(r), Outcome: incident.Outcome(r.IntN(7))},
	}}
}

func TestWhatIsExportedAndImportedIsExportedTheSame(t *testing.T) {
	t.Parallel()
	seeds, failures := long(t, 3, 100), long(t, 150, 1000)
	for seed := range uint64(seeds) {
		env, elsewhere := configured(t), configured(t)
		anyLife(t, env["DATA_DIR"], seed, failures)
		first := exported(t, env, "--drills")
		imported(t, elsewhere, first)
		second := exported(t, elsewhere, "--drills")
		judgeSame(t, second, first)
		if first != second {
			a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d: line %d of %d and %d was\n%s\nand is\n%s", seed, i+1, len(a), len(b), a[i], b[i])
				}
			}
			t.Fatalf("seed %d: %d lines were %d", seed, len(b), len(a))
		}
		if again := imported(t, elsewhere, first); !strings.Contains(again, "Imported: 0 failures") {
			t.Errorf("seed %d: a second time it says %s", seed, again)
		}
		byCSV := configured(t)
		imported(t, byCSV, exported(t, env, "--drills", "--format", "csv"))
		if got := exported(t, byCSV, "--drills"); got != first {
			t.Errorf("seed %d: by way of CSV it is another", seed)
		}
	}
	count(t, "%d histories of %d entries exported, imported, and exported the same", seeds, failures)
}

func TestAnExportIsMadeWhileBackstopRunsAndFindsWhatTheSearchBoxDoes(t *testing.T) {
	t.Parallel()
	const line = "+493012345699"
	env := configured(t).withFile(t, "lines: [{match: \""+line+"\", name: Praxis Berlin}]\n")
	p := spawn(t, env)
	began := time.Now().UTC()
	for range 3 {
		p.call(sim.Call{From: stays})
	}
	p.message(sim.Message{From: stays, To: line, Body: "=HYPERLINK(\"https://evil.example.com\")"})
	p.settle()
	for _, tt := range []struct {
		args []string
		want int
	}{
		{nil, 5},
		{[]string{stays}, 4},
		{[]string{"channel:messaging"}, 1},
		{[]string{"praxis berlin"}, 1},
		{[]string{"--since", "1h"}, 5},
		{[]string{"--until", began.Add(-time.Hour).Format(time.RFC3339)}, 0},
	} {
		if got := strings.Count(exported(t, env, tt.args...), "\n"); got != tt.want {
			t.Errorf("%q: %d failures, want %d", tt.args, got, tt.want)
		}
	}
	rows, err := csv.NewReader(strings.NewReader(exported(t, env, "--format", "csv"))).ReadAll()
	if err != nil || len(rows) != 6 {
		t.Fatal(len(rows), err)
	}
	for _, row := range rows[1:] {
		for n, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@\t\r") {
				t.Errorf("a spreadsheet would compute %s: %q", rows[0][n], cell)
			}
		}
	}
	for _, args := range [][]string{{"--since", "yesterday-ish"}, {"??"}, {"--format", "xml"}} {
		if code, _, complained := command(t, env, nil, append([]string{"export"}, args...)...); code == 0 || complained == "" {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestAnImportTellsNobodyAndWhatFailsAfterItIsTold(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	source := configured(t)
	p := spawn(t, source)
	p.call(sim.Call{ErrorURL: "https://old.example.com/voice"})
	p.settle()
	export := exported(t, source)
	env := configured(t).with(mails.settings())
	q := spawn(t, env)
	q.call(sim.Call{ErrorURL: "https://other.example.com/voice"})
	mails.await(t, 4*soon, "not helped", "other.example.com")
	if said := imported(t, env, export); !strings.Contains(said, "Imported: 2 failures. There already: 0.") {
		t.Errorf("it says %s", said)
	}
	q.person().await(soon, "/history?host=old.example.com", "1 failure")
	q.call(sim.Call{ErrorURL: "https://new.example.com/voice"})
	mails.await(t, 4*soon, "not helped", "new.example.com")
	if mails.about("not helped", "old.example.com") {
		t.Errorf("people were told of what was imported: %q", mails.subjects())
	}
	q.call(sim.Call{ErrorURL: "https://old.example.com/voice"}) // now it fails here, too
	mails.await(t, 4*soon, "not helped", "old.example.com")
}

func TestABadLineIsNamedAndNothingIsLost(t *testing.T) {
	t.Parallel()
	env := configured(t)
	anyLife(t, env["DATA_DIR"], 7, 40)
	whole := exported(t, env, "--drills")
	lines := strings.SplitAfter(whole, "\n")
	lines = lines[:len(lines)-1]
	for claim, tt := range map[string]struct{ harm, want string }{
		"no JSON":                  {"{nothing\n", "it is no line of an export"},
		"something unknown":        {strings.Replace(lines[5], `{"backstop":1,`, `{"backstop":1,"more":1,`, 1), `unknown field "more"`},
		"another form":             {strings.Replace(lines[5], `{"backstop":1,`, `{"backstop":2,`, 1), "use the version that exported it"},
		"no UTF-8":                 {strings.Replace(lines[5], `"channel":"`, "\"channel\":\"\xff", 1), "it is no UTF-8"},
		"no id":                    {`{"backstop":1,"id":"00000000-0000-0000-0000-000000000000","channel":"voice"}` + "\n", "is no id of a failure"},
		"empty":                    {"\n", "it is no line of an export"},
		"from the future":          {strings.Replace(lines[5], lines[5][strings.Index(lines[5], `"id":"`):][:19], `"id":"03000000-0000`, 1), "yet to come"},
		"cut short":                {lines[5][:40], ""},
		"longer than any can be":   {`{"backstop":1,"name":"` + strings.Repeat("a", history.MostExported) + "\"}\n", "it is longer than"},
		"params of what is erased": {strings.Replace(lines[5], `"params":`, `"erased":true,"params":`, 1), ""},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			elsewhere := configured(t)
			bad := strings.Join(lines[:5], "") + tt.harm + strings.Join(lines[6:], "")
			code, printed, complained := command(t, elsewhere, strings.NewReader(bad), "import", "-")
			if code != exitFailed || !strings.Contains(complained, "standard input, line 6: ") || !strings.Contains(complained, tt.want) || !strings.Contains(printed, "Imported: 5 failures") {
				t.Errorf("ended with %d: %s%s", code, printed, complained)
			}
			if said := imported(t, elsewhere, whole); !strings.Contains(said, fmt.Sprintf("Imported: %d failures. There already: 5.", len(lines)-5)) {
				t.Errorf("of the whole it says %s", said)
			}
			judgeSame(t, exported(t, elsewhere, "--drills"), whole)
		})
	}
	for claim, bad := range map[string]string{
		"a file that is not there": "", "no export": "a,b,c\n1,2,3\n",
	} {
		path := filepath.Join(t.TempDir(), "export")
		if bad != "" {
			write(t, path, bad)
		}
		if code, _, complained := command(t, env, nil, "import", path); code != exitFailed || !strings.Contains(complained, "backstop export has written") {
			t.Errorf("%s: ended with %d: %s", claim, code, complained)
		}
	}
}

func TestAnImportThatIsKilledCanBeRunAgain(t *testing.T) {
	t.Parallel()
	env := configured(t)
	anyLife(t, env["DATA_DIR"], 3, long(t, 400, 4000))
	export := exported(t, env, "--drills")
	path := filepath.Join(t.TempDir(), "export.ndjson")
	write(t, path, export)
	elsewhere := configured(t)
	kills := long(t, 6, 100)
	for n := range kills {
		killed(t, other(t, elsewhere, "", "import", path), time.Duration(n+1)*time.Second/time.Duration(kills))
	}
	imported(t, elsewhere, export)
	judgeSame(t, exported(t, elsewhere, "--drills"), export)
	judgeIntact(t, filepath.Join(elsewhere["DATA_DIR"], ledgerFile))
	count(t, "%d kills of an import of %d failures: nothing is there twice, and nothing is lost", kills, strings.Count(export, "\n"))
}

// judgeSame says whether two exports are the same but for the numbers of incidents:
// what an import that ended early has left open, it ends.
func judgeSame(t *testing.T, got, want string) {
	t.Helper()
	number := regexp.MustCompile(`"incident":\d+,`)
	is, was := strings.Split(number.ReplaceAllString(got, ""), "\n"), strings.Split(number.ReplaceAllString(want, ""), "\n")
	if len(is) != len(was) {
		t.Errorf("%d lines, want %d", len(is), len(was))
	}
	for i := range min(len(is), len(was)) {
		if is[i] != was[i] {
			t.Errorf("line %d is\n%s\nwant\n%s", i+1, is[i], was[i])
			return
		}
	}
}

func TestAnImportBringsNobodyBackWhoWasErased(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	theirs, others := livesOfTwo(t, p)
	export := exported(t, env)
	p.end()
	elsewhere := configured(t)
	imported(t, elsewhere, exported(t, env, "--until", "2020-01-01"))
	erase(t, elsewhere, erasedNumber)
	if said := imported(t, elsewhere, export); !strings.Contains(said, fmt.Sprintf("Imported: %d failures", len(theirs)+len(others)+1)) {
		t.Errorf("it says %s", said)
	}
	if left := traces(t, elsewhere["DATA_DIR"], erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
	if again := imported(t, elsewhere, export); !strings.Contains(again, "Imported: 0 failures") {
		t.Errorf("a second time it says %s", again)
	}
	all := detailsOf(t, elsewhere["DATA_DIR"])
	if d := all[theirs[0]]; !d.Erased || d.From != "" || d.Code == 0 || d.Incident == 0 {
		t.Errorf("of theirs there is %+v", d)
	}
	if d := all[others[0]]; d.Erased || d.From != stays {
		t.Errorf("of somebody else there is %+v", d)
	}
}

func TestWhatExportDoesNotUnderstandIsSaidInWordsOfTheCommandLine(t *testing.T) {
	t.Parallel()
	env := configured(t)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"a time among the filters":        {[]string{"since:1h"}, "SEARCH has no since:1h: it is an option of its own, --since 1h"},
		"beside others":                   {[]string{"channel:voice until:2026-11-28"}, "--until 2026-11-28"},
		"something else":                  {[]string{"hello world"}, `SEARCH "hello world": it takes a call or message SID`},
		"a filter that takes a number":    {[]string{"code:many"}, "SEARCH, code:many: an error code is a number such as 11200"},
		"a day that is none":              {[]string{"2026-02-31"}, `SEARCH "2026-02-31": There is no such day`},
		"an option that is no time":       {[]string{"--since", "noon"}, `--since "noon": a time is written as`},
		"a time that is not before until": {[]string{"--since", "2026-11-28", "--until", "2026-11-27"}, `--since "2026-11-28": it is not before until`},
	} {
		code, printed, complained := command(t, env, nil, append([]string{"export"}, c.args...)...)
		if code != exitFailed || printed != "" || !strings.Contains(complained, c.says) || strings.Contains(complained, "Paste") || strings.Contains(complained, " q ") {
			t.Errorf("%s: ended with %d: %s%s, want %s", name, code, printed, complained, c.says)
		}
	}
}
