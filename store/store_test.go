package store_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// start is when everything in these tests begins.
var start = time.Date(2026, 11, 23, 3, 12, 0, 0, time.UTC)

// openLedger opens a ledger in a folder of its own, or at the given path, with
// a clock that stands still a minute after start.
func openLedger(tb testing.TB, change ...func(*store.LedgerOptions)) *store.Ledger {
	tb.Helper()
	return openLedgerAt(tb, filepath.Join(tb.TempDir(), "backstop.db"), change...)
}

func openLedgerAt(tb testing.TB, path string, change ...func(*store.LedgerOptions)) *store.Ledger {
	tb.Helper()
	o := store.LedgerOptions{
		Policy: incident.DefaultPolicy(),
		Now:    func() time.Time { return start.Add(time.Minute) },
	}
	o.Policy.Notifiers = []incident.Notifier{{Name: "mail", PerHour: incident.MailsPerHour}, {Name: "chat"}}
	o.Policy.Wide = incident.Volume{} // many servers fail in these tests
	for _, c := range change {
		c(&o)
	}
	l, err := store.OpenLedger(context.Background(), path, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := l.Close(); err != nil {
			tb.Error(err)
		}
	})
	return l
}

const account = "AC0123456789abcdef0123456789abcdef"

// sid makes the n-th SID with that prefix.
func sid(prefix string, n int) string {
	sum := sha256.Sum256(fmt.Append(nil, prefix, n))
	return fmt.Sprintf("%s%x", prefix, sum[:16])
}

// call is the n-th call that failed, in order of time, one a second.
func call(n int, change ...func(*incident.Fed)) incident.Fed {
	at := start.Add(time.Duration(n) * time.Second)
	f := incident.NewFailure(at, "POST", voiceParams(n))
	f.RequestKey = sha256key(n)
	e := incident.Fed{
		Entry: incident.Entry{Failure: f, Answer: incident.Answer{
			Step: "message", Situation: incident.NotYetServed, Languages: []string{"de", "en"}, Name: "Praxis Berlin",
			Heard: "You have reached Praxis Berlin. We have a technical problem.", Outcome: incident.Told,
			Document: []byte("<Response><Say>You have reached Praxis Berlin.</Say></Response>"), Took: 1234 * time.Microsecond,
		}},
		JournalAt: at.Add(2 * time.Millisecond),
	}
	for _, c := range change {
		c(&e)
	}
	return e
}

func sha256key(n int) (key [16]byte) {
	sum := sha256.Sum256(fmt.Append(nil, "request", n))
	copy(key[:], sum[:])
	return key
}

// voiceParams are the 29 parameters of a typical call.
func voiceParams(n int) []incident.Param {
	from := fmt.Sprintf("+1415%07d", n)
	to := "+493012345678"
	return []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "ApiVersion", Value: "2010-04-01"},
		{Name: "CallSid", Value: sid("CA", n)},
		{Name: "CallStatus", Value: "ringing"},
		{Name: "Called", Value: to},
		{Name: "CalledCity", Value: "Berlin"},
		{Name: "CalledCountry", Value: "DE"},
		{Name: "CalledState", Value: ""},
		{Name: "CalledZip", Value: ""},
		{Name: "Caller", Value: from},
		{Name: "CallerCity", Value: "SAN FRANCISCO"},
		{Name: "CallerCountry", Value: "US"},
		{Name: "CallerState", Value: "CA"},
		{Name: "CallerZip", Value: fmt.Sprintf("94%03d", n%1000)},
		{Name: "Direction", Value: "inbound"},
		{Name: "ErrorCode", Value: "11200"},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
		{Name: "From", Value: from},
		{Name: "FromCity", Value: "SAN FRANCISCO"},
		{Name: "FromCountry", Value: "US"},
		{Name: "FromState", Value: "CA"},
		{Name: "FromZip", Value: fmt.Sprintf("94%03d", n%1000)},
		{Name: "StirVerstat", Value: "TN-Validation-Passed-A"},
		{Name: "To", Value: to},
		{Name: "ToCity", Value: "Berlin"},
		{Name: "ToCountry", Value: "DE"},
		{Name: "ToState", Value: ""},
		{Name: "ToZip", Value: ""},
		{Name: "CallerName", Value: "WIRELESS CALLER"},
	}
}

// feed feeds the entries as one batch of a journal.
func feed(tb testing.TB, l *store.Ledger, entries ...incident.Fed) incident.FeedReport {
	tb.Helper()
	report, err := l.Feed(context.Background(), incident.Batch{
		Cursor: incident.Cursor{Journal: "test", Row: 1}, Entries: entries,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return report
}

// calls are the calls numbered from up to but not including to.
func calls(from, to int, change ...func(*incident.Fed)) []incident.Fed {
	entries := make([]incident.Fed, 0, to-from)
	for n := from; n < to; n++ {
		entries = append(entries, call(n, change...))
	}
	return entries
}
