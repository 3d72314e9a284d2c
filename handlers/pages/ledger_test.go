package pages_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/replay"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio"
)

// realHouse is the pages over the real ledger: 130 failures of one night.
func realHouse(t *testing.T) (v *visitor, ledger *store.Ledger) {
	t.Helper()
	ctx := context.Background()
	now := func() time.Time { return night }
	policy := incident.DefaultPolicy()
	policy.Notifiers = []incident.Notifier{{Name: "ops-mail"}}
	ledger, err := store.OpenLedger(ctx, filepath.Join(t.TempDir(), "backstop.db"), store.LedgerOptions{
		Policy: policy, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ledger.Close() })
	var batch incident.Batch
	for _, d := range oneNight(120).failures {
		f := incident.NewFailure(d.ReceivedAt, "POST", d.Params)
		f.Drill = d.Drill
		copy(f.RequestKey[:], fmt.Sprintf("%016d", d.Serial))
		batch.Entries = append(batch.Entries, incident.Fed{Entry: incident.Entry{Failure: f, Answer: d.Answer}, JournalAt: d.JournalAt})
	}
	batch.Cursor = incident.Cursor{Journal: "j", Row: 1}
	if report, err := ledger.Feed(ctx, batch); err != nil || report.Stored != len(batch.Entries) {
		t.Fatalf("feed: %+v, %v, want %d stored", report, err, len(batch.Entries))
	}
	p, err := pages.New(pages.Options{
		Shown:   func() {},
		History: ledger, Passwords: users{"admin": hash},
		Setup:      func() pages.Setup { return pages.Setup{Notifiers: []string{"ops-mail"}, Command: "backstop"} },
		Unverified: func() pages.Unverified { return pages.Unverified{} },
		Notices:    func() []pages.Notice { return nil },
		Settings:   func() pages.Settings { return pages.Settings{Zone: berlin, Mask: history.Mask{Numbers: true}} },
		Policy:     func() incident.Policy { return policy },
		Regular:    regularly,
		Places:     func() []pages.Place { return []pages.Place{{Name: "ops-mail", Kind: "e-mail"}} },
		Replays:    replays{ledger, replaying(t)},
		Now:        now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e := gin.New()
	p.Register(e)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	v = newVisitor(t, server.URL)
	if got := v.logIn("admin", password); got.status != http.StatusSeeOther {
		t.Fatalf("log in: %d", got.status)
	}
	return v, ledger
}

// replays are what a program puts together: where it stands what is to be sent,
// and what may be.
type replays struct {
	*store.Ledger
	replay.Settings
}

func replaying(t *testing.T) replay.Settings {
	t.Helper()
	keys, err := twilio.NewKeys(twilio.KeyOptions{Accounts: []twilio.Account{{SID: account, Tokens: []string{"the-token"}}}})
	if err != nil {
		t.Fatal(err)
	}
	primaries, err := standby.Primaries{}.With("https://hooks.example.net:8443")
	if err != nil {
		t.Fatal(err)
	}
	return replay.Settings{Keys: keys, Primaries: primaries}
}

func TestDrillsAreCountedBesideTheFailuresOfTheChart(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	for query, want := range map[string]string{
		"limit=500":          ">130 failures<",
		"limit=500&drills=1": ">130 failures and 1 drill<",
		"drills=1":           ">130 failures, besides drills<",
		"drills=1&since=2m":  ">1 drill<",
	} {
		page := v.get("/history?" + query).body
		if got := regexp.MustCompile(`id="total" data-live>[^<]*<`).FindString(page); !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
}

var rowOf = regexp.MustCompile(`<a class="title" href="(/history/[0-9a-f-]{36})">`)

func TestFiltersFindInTheRealLedgerWhatTheyName(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	for query, want := range map[string]int{
		"":                                         50,
		"limit=500":                                130,
		"limit=500&drills=1":                       131,
		"channel=messaging":                        7,
		"code=11205":                               3,
		"code=11202&limit=500":                     120,
		"number=%2B491711234567":                   1,
		"number=anonymous&limit=500":               11,
		"number=whatsapp:%2B4930901820":            7,
		"sid=" + sid("SM", 2003):                   1,
		"host=hooks.example.net:8443":              7,
		"host=nowhere.example":                     0,
		"host=example.com&limit=500":               123,
		"host=www.example.com&limit=500":           123,
		"since=1h&limit=500":                       120,
		"until=2026-11-22T12:00&limit=500":         3,
		"since=2026-11-23T00:00&channel=messaging": 0,
	} {
		got := v.get("/history?" + query)
		if rows := len(rowOf.FindAllString(got.body, -1)); got.status != http.StatusOK || rows != want {
			t.Errorf("%s: status %d, %d rows, want %d", query, got.status, rows, want)
		}
	}
}

func TestBarsOfTheRealLedgerNarrowToWhatTheyCount(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	bars := regexp.MustCompile(`<a href="(/history\?[^"]+)"><title>[^<]*: (\d+) failure`)
	for _, path := range []string{"/history", "/history?since=24h&code=11202", "/history?since=1h"} {
		page := v.get(path).body
		found := bars.FindAllStringSubmatch(page, -1)
		if len(found) == 0 {
			t.Errorf("%s has no bars", path)
		}
		for _, bar := range found {
			narrow := v.get(strings.ReplaceAll(bar[1], "&amp;", "&") + "&limit=500").body
			if rows := len(rowOf.FindAllString(narrow, -1)); number(int64(rows)) != bar[2] {
				t.Errorf("%s: the bar %s says %s, and leads to %d rows", path, bar[1], bar[2], rows)
			}
		}
	}
}

func TestWhateverTimeIsAskedForIsShown(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	for _, times := range []string{
		"since=2026-11-22&until=2300-01-01", "since=2026-11-22&until=9999-12-31", "since=2000-01-01", "since=2000-01-01&until=9999-12-31", "since=2000-01-01&until=2200-01-01",
		"until=2300-01-01&number=%2B4930901820", "since=2000-01-01&until=9999-12-31&incident=1",
	} {
		if got := v.get("/history?" + times); got.status != http.StatusOK || !strings.Contains(got.body, `<td class="when">`) {
			t.Errorf("/history?%s: status %d without a failure", times, got.status)
		}
		if got := v.get("/callers?" + strings.ReplaceAll(times, "&number=%2B4930901820", "")); got.status != http.StatusOK {
			t.Errorf("/callers?%s: status %d", times, got.status)
		}
	}
}

func TestRealLedgerIsReadPageByPageBothWays(t *testing.T) {
	t.Parallel()
	v, _ := realHouse(t)
	var forth, back []string
	last := ""
	for path := "/history"; path != ""; {
		page := v.get(path).body
		forth = append(forth, rowOf.FindAllString(page, -1)...)
		last, path = path, linkOf(page, "Older")
	}
	for path := last; path != ""; {
		page := v.get(path).body
		back = append(rowOf.FindAllString(page, -1), back...)
		path = linkOf(page, "Newer")
	}
	if len(forth) != 130 || len(back) < 130 {
		t.Errorf("forth %d rows, back %d, want 130", len(forth), len(back))
	}
}

func TestPeopleActOnTheRealLedger(t *testing.T) {
	t.Parallel()
	v, ledger := realHouse(t)
	link := rowOf.FindStringSubmatch(v.get("/history?channel=messaging").body)[1]
	if page := v.get(link).body; strings.Contains(page, "appointment") || strings.Contains(page, "Who looked") {
		t.Error("the body is shown before anybody asked")
	}
	if got := v.post(link+"/reveal", url.Values{"what": {"all"}}); !strings.Contains(got.body, "appointment") {
		t.Errorf("reveal: status %d, no body", got.status)
	}
	if page := v.get(link).body; !strings.Contains(page, "<bdi>everything</bdi>") {
		t.Error("it is not recorded who looked")
	}
	if got := v.post("/history/reveal?channel=messaging", nil); !strings.Contains(got.body, "447700900003") {
		t.Errorf("reveal the numbers of a page: status %d, no number", got.status)
	}
	if page := v.get(link).body; !strings.Contains(page, "<bdi>numbers, in a list</bdi>") {
		t.Error("it is not recorded who looked at a page of numbers")
	}

	if got := v.post(link+"/send", url.Values{"after": {"0"}}); got.status != http.StatusSeeOther {
		t.Errorf("send: %d", got.status)
	}
	if page := v.get(link).body; !strings.Contains(page, "It waits for its turn, as <strong>admin</strong> asked") {
		t.Error("the message is not said to wait")
	}

	overview := v.get("/").body
	id := regexp.MustCompile(`href="(/incidents/\d+)"`).FindStringSubmatch(overview)[1]
	for _, action := range []string{"/acknowledge", "/resolve"} {
		if got := v.post(id+action, nil); got.status != http.StatusSeeOther {
			t.Errorf("%s: %d", action, got.status)
		}
	}
	page := v.get(id).body
	for _, want := range []string{"taken by <strong>admin", "resolved by <strong>admin", "ops-mail", "<svg"} {
		if !strings.Contains(page, want) {
			t.Errorf("the incident does not say %q", want)
		}
	}
	if got := v.get("/incidents/9999"); got.status != http.StatusNotFound {
		t.Errorf("no such incident: %d, want 404", got.status)
	}
	_ = ledger.Close()
	if got := v.get("/history"); got.status != http.StatusServiceUnavailable {
		t.Errorf("with the ledger closed: %d, want 503", got.status)
	}
}
