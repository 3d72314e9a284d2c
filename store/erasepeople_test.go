package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// erased is whom these tests erase.
const erased = "+14150000001" // of call(1)

func erasePeople(t *testing.T, l *store.Ledger, until time.Time) store.PeopleErased {
	t.Helper()
	who, _, err := history.ReadPerson(erased, until)
	if err != nil {
		t.Fatal(err)
	}
	done, err := l.ErasePeople(t.Context(), who)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func TestErasingSomebodyLeavesNoTextThatNamesThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "backstop.db")
	l := openLedgerAt(t, path)
	theirs, other := call(1), call(2, func(e *incident.Fed) { e.Answer.Document = []byte("<Response><Say>" + erased + "</Say></Response>") })
	theirs.Answer.Heard, theirs.Answer.Document = "Hello "+erased, []byte("<Response><Say>Hello "+erased+"</Say></Response>")
	other.Failure.Params = replaced(other.Failure.Params, "ErrorUrl", "https://www.example.com/voice/"+erased[1:]+"?of="+erased[1:])
	other.Failure = incident.RestoreFailure(other.Failure.ID, other.Failure.ReceivedAt, "POST", other.Failure.Params)
	feed(t, l, theirs, other)
	at := start.Add(time.Minute)
	for _, deed := range []func() error{
		func() error {
			_, _, err := l.ChangeCallback(t.Context(), theirs.Failure.ID, history.CallbackChange{State: history.CallbackDone, Note: "reached at " + erased, By: "kim", At: at})
			return err
		},
		func() error {
			_, _, err := l.ChangeCallback(t.Context(), other.Failure.ID, history.CallbackChange{State: history.CallbackDone, Note: "wants " + erased, By: "kim", At: at})
			return err
		},
		func() error {
			_, err := l.Tell(t.Context(), incident.Alert{Kind: incident.Meta, Topic: incident.TestTopic, At: at, Title: "Of " + erased, Detail: "about " + erased, Reason: "for " + erased})
			return err
		},
		func() error {
			_, err := l.Silence(t.Context(), incident.Silence{Match: incident.Match{Hosts: []string{"a.example.com"}}, From: at, Until: at.Add(time.Hour), Reason: "because of " + erased, By: "kim"})
			return err
		},
		func() error { return l.SetAside(t.Context(), []byte("raw "+erased), "of "+erased, at) },
		func() error { return l.Remember(t.Context(), "thing", "about "+erased, at) },
		func() error {
			_, err := l.RevealCallers(t.Context(), history.CallerReveal{At: at, By: "kim", What: "numbers", List: "number=%2B" + erased[1:]})
			return err
		},
	} {
		if err := deed(); err != nil {
			t.Fatal(err)
		}
	}
	done := erasePeople(t, l, at.Add(time.Hour))
	if done.Failures != 1 || done.Mentions != 1 || done.Callbacks != 1 || done.Answers != 1 || done.Incidents == 0 || done.Texts == 0 {
		t.Errorf("erased %+v", done)
	}
	if d := failure(t, l, theirs.Failure.ID); !d.Erased || d.From != "" || d.Answer.Heard != "" || len(d.Answer.Document) > 0 {
		t.Errorf("of theirs there is %+v", d)
	}
	d := failure(t, l, other.Failure.ID)
	if d.From != "+14150000002" || d.ErrorURL != "https://www.example.com/voice/[erased]?of=[erased]" || d.Params[15].Value == "" || (incident.Failure{Params: d.Params}).Param("ErrorUrl") != d.ErrorURL {
		t.Errorf("of somebody else there is %+v", d)
	}
	for _, suffix := range []string{"", "-wal"} {
		raw, err := os.ReadFile(path + suffix)
		if err == nil && bytes.Contains(raw, []byte(erased[1:])) {
			i := bytes.Index(raw, []byte(erased[1:]))
			t.Errorf("%s has it: %q", path+suffix, raw[max(0, i-60):min(len(raw), i+60)])
		}
	}
	if again := erasePeople(t, l, at.Add(time.Hour)); again.Failures+again.Mentions+again.Texts+again.Incidents+again.Callbacks > 0 {
		t.Errorf("a second time it erased %+v", again)
	}
}

func TestErasingSomebodyLeavesWhatOthersWereAnswered(t *testing.T) {
	l := openLedger(t)
	feed(t, l, call(1), call(2), call(3))
	erasePeople(t, l, start.Add(time.Hour))
	for _, e := range []incident.Fed{call(2), call(3)} {
		page, err := l.Failures(t.Context(), history.Query{SID: e.Failure.SID})
		if err != nil || len(page.Rows) != 1 {
			t.Fatal(page, err)
		}
		if d := failure(t, l, page.Rows[0].ID); d.Erased || string(d.Answer.Document) != string(e.Answer.Document) || d.Answer.Heard != e.Answer.Heard {
			t.Errorf("of somebody else there is %+v", d)
		}
	}
	feed(t, l, call(4)) // with the same answer: it is there still
	if in := incidents(t, l)[0]; in.Failures != 4 || in.Callers != 4 {
		t.Errorf("%d failures of %d callers, want 4 of 4: who was erased counts still", in.Failures, in.Callers)
	}
}
