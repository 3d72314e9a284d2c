package main

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// TestWhatWasSentOrBegunBeforeARestoreDoesNothingAfterIt follows a link and comes
// with a cookie, both of before, while the keys in DATA_DIR stay the same; a chat
// that took nothing before does now.
func TestWhatWasSentOrBegunBeforeARestoreDoesNothingAfterIt(t *testing.T) {
	t.Parallel()
	mails, slack := newMailServer(t), newSlack(t)
	env := configured(t).with(mails.settings()).with(slack.webhookSettings())
	slack.answers(http.StatusServiceUnavailable)
	p := start(t, env)
	p.call(sim.Call{ErrorURL: "https://before.example.com/voice"})
	links := actLink.FindAllStringSubmatch(mails.await(t, 4*soon, "not helped").text, -1)
	if len(links) == 0 {
		t.Fatal("no link was sent")
	}
	before := p.person()
	eventually(t, 2*soon, "it is known that the mail was sent", func() bool { return strings.Contains(before.get("/incidents/1").source, ">sent</span>") })
	folder := backup(t, env)
	p.end()
	restored(t, env, folder)
	slack.answers(0)

	p = start(t, env)
	before.base = p.base
	if at := before.get("/incidents/1"); at.path != "/login" {
		t.Errorf("a session of before is at %s", at.path)
	}
	p.person().await(3*soon, "/incidents/1", "before.example.com") // the history is open
	for _, link := range links {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			if status, page := p.raw(method, link[1], nil, ""); status != http.StatusOK || !strings.Contains(page, "not known here any more") || strings.Contains(page, "<button") {
				t.Errorf("a link of before, by %s: got %d\n%s", method, status, page)
			}
		}
	}
	p.call(sim.Call{ErrorURL: "https://now.example.com/voice"})
	slack.await(t, 4*soon, "now.example.com")
	if slices.ContainsFunc(slack.got(), func(post slackPost) bool { return strings.Contains(post.body, "before.example.com") }) {
		t.Error("the chat is told of what was long ago")
	}
	p.end()
	judgeRestored(t, p.dir)
}

// judgeRestored says whether the first incident is as it was in a backup, with
// nothing on its way any more.
func judgeRestored(t *testing.T, dir string) {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	in, err := l.Incident(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if in.AcknowledgedBy != "" || in.ResolvedBy != "" || in.State != incident.Open {
		t.Errorf("a link of before has acted: %+v", in.Incident)
	}
	states := map[history.DeliveryState]int{}
	for _, d := range in.Deliveries {
		states[d.State]++
		if d.State == history.Dead && !strings.Contains(d.LastError, "not sent after it was restored") {
			t.Errorf("why it was given up: %q", d.LastError)
		}
	}
	if states[history.Sent] != 1 || states[history.Dead] != 1 || len(in.Deliveries) != 2 {
		t.Errorf("of the mail and the post of before: %v", states)
	}
}

// TestABackupHasWhatOnlyTheJournalKnewAndARestoreFeedsIt makes a backup while the
// history takes nothing.
func TestABackupHasWhatOnlyTheJournalKnewAndARestoreFeedsIt(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	p.settle()
	release := locked(t, p.path(ledgerFile))
	var late []string
	for range 3 {
		late = append(late, p.awaitWritten().SID)
	}
	folder := backup(t, env)
	release()
	looked := t.TempDir() // a look changes the file
	if err := copyFile(filepath.Join(folder, backedUpLedger), filepath.Join(looked, ledgerFile)); err != nil {
		t.Fatal(err)
	}
	if had := stored(t, looked); len(had) == 0 || slices.ContainsFunc(late, func(sid string) bool { return had[sid] > 0 }) {
		t.Fatalf("the history of the backup has %v: this test needs one that has not been fed", had)
	}
	elsewhere := configured(t)
	restored(t, elsewhere, folder)
	for sid, n := range stored(t, elsewhere["DATA_DIR"]) {
		late = slices.DeleteFunc(late, func(one string) bool { return one == sid && n == 1 })
	}
	if len(late) > 0 {
		t.Errorf("%q are not in the history once", late)
	}
}
