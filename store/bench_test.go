package store_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// storm makes calls as they come in a storm: many a millisecond, everybody
// calling once, a few lines.
type storm struct {
	rng *rand.Rand
	at  time.Time
}

func newStorm() *storm { return &storm{rng: rand.New(rand.NewPCG(1, 2)), at: start} }

func (s *storm) batch(n int) []incident.Fed {
	entries := make([]incident.Fed, n)
	for i := range entries {
		s.at = s.at.Add(100 * time.Microsecond)
		entries[i] = s.call()
	}
	return entries
}

func (s *storm) call() incident.Fed {
	from := fmt.Sprintf("+1%d", 2_000_000_000+s.rng.Int64N(7_999_999_999))
	to := fmt.Sprintf("+4930123456%02d", s.rng.IntN(20))
	zip := fmt.Sprintf("%05d", s.rng.IntN(100_000))
	city := []string{"SAN FRANCISCO", "NEW YORK", "SAN JOSE", "BOISE", "CHICAGO", "SPRINGFIELD", "TULSA"}[s.rng.IntN(7)]
	state := []string{"CA", "NY", "ID", "IL", "MA", "OK"}[s.rng.IntN(6)]
	code := []string{"11200", "11200", "11205", "11210"}[s.rng.IntN(4)]
	params := []incident.Param{
		{Name: "AccountSid", Value: account},
		{Name: "ApiVersion", Value: "2010-04-01"},
		{Name: "CallSid", Value: fmt.Sprintf("CA%016x%016x", s.rng.Uint64(), s.rng.Uint64())},
		{Name: "CallStatus", Value: "ringing"},
		{Name: "Called", Value: to},
		{Name: "CalledCity", Value: "BERLIN"},
		{Name: "CalledCountry", Value: "DE"},
		{Name: "CalledState", Value: ""},
		{Name: "CalledZip", Value: ""},
		{Name: "Caller", Value: from},
		{Name: "CallerCity", Value: city},
		{Name: "CallerCountry", Value: "US"},
		{Name: "CallerState", Value: state},
		{Name: "CallerZip", Value: zip},
		{Name: "Direction", Value: "inbound"},
		{Name: "ErrorCode", Value: code},
		{Name: "ErrorUrl", Value: "https://www.example.com/voice"},
		{Name: "From", Value: from},
		{Name: "FromCity", Value: city},
		{Name: "FromCountry", Value: "US"},
		{Name: "FromState", Value: state},
		{Name: "FromZip", Value: zip},
		{Name: "StirVerstat", Value: "TN-Validation-Passed-A"},
		{Name: "To", Value: to},
		{Name: "ToCity", Value: "BERLIN"},
		{Name: "ToCountry", Value: "DE"},
		{Name: "ToState", Value: ""},
		{Name: "ToZip", Value: ""},
		{Name: "CallerName", Value: "WIRELESS CALLER"},
	}
	f := incident.NewFailure(s.at, "POST", params)
	binary.BigEndian.PutUint64(f.RequestKey[:], s.rng.Uint64())
	return incident.Fed{
		Entry: incident.Entry{Failure: f, Answer: incident.Answer{
			Step: "message", Situation: incident.NotYetServed, Languages: []string{"en"}, Name: "Praxis Berlin",
			Heard: "You have reached Praxis Berlin. We have a technical problem.", Outcome: incident.Told,
			Document: []byte("<Response><Say>You have reached Praxis Berlin.</Say></Response>"), Took: 1234 * time.Microsecond,
		}},
		JournalAt: s.at.Add(2 * time.Millisecond),
	}
}

// cpu is what this process has used, user and system.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkFeed feeds batches of a thousand failures. With -benchtime=1000x it
// is the run of a million that docs/adr/0012 quotes.
func BenchmarkFeed(b *testing.B) {
	path := filepath.Join(b.TempDir(), "backstop.db")
	l := openLedgerAt(b, path, func(o *store.LedgerOptions) { o.Now = time.Now })
	s := newStorm()
	var used, wall time.Duration
	for i := range b.N {
		b.StopTimer()
		batch := incident.Batch{Cursor: incident.Cursor{Journal: "bench", Row: int64(i + 1)}, Entries: s.batch(1000)}
		b.StartTimer()
		began, before := time.Now(), cpu()
		if _, err := l.Feed(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
		used += cpu() - before
		wall += time.Since(began)
	}
	b.StopTimer()
	failures := float64(b.N) * 1000
	b.ReportMetric(failures/wall.Seconds(), "failures/s")
	b.ReportMetric(float64(used.Nanoseconds())/failures/1000, "cpu-µs/failure")
	pages(b, l)
	b.ReportMetric(float64(size(b, path))/failures, "B/failure")
}

// size is that of the database with all that is in its WAL, by page count.
func size(b *testing.B, path string) (n int64) {
	b.Helper()
	db, err := sql.Open("sqlite3", "file:"+path+"?mode=ro")
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(`SELECT page_count * 4096 FROM pragma_page_count`).Scan(&n); err != nil {
		b.Fatal(err)
	}
	return n
}

// pages reports what pages of the history cost after a feed.
func pages(b *testing.B, l *store.Ledger) {
	b.Helper()
	for name, q := range map[string]history.Query{
		"newest": {}, "code": {Code: 11210}, "number": {Number: "+493012345605"}, "nobody": {Number: "+15551234567"},
	} {
		began := time.Now()
		for range 20 {
			if _, err := l.Failures(context.Background(), q); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(time.Since(began).Microseconds())/20, name+"-µs/page")
	}
}

// BenchmarkRetain is one step that removes failures or erases them.
func BenchmarkRetain(b *testing.B) {
	for name, keep := range map[string]store.Retention{
		"remove": {MaxBytes: 1}, "erase": {PersonalDays: 1},
	} {
		b.Run(name, func(b *testing.B) {
			l := openLedger(b)
			s := newStorm()
			for range 100 {
				feed(b, l, s.batch(1000)...)
			}
			var steps, done int
			began := time.Now()
			for at := start.Add(2 * day); ; steps++ {
				r, err := l.Retain(context.Background(), at, keep)
				if err != nil {
					b.Fatal(err)
				}
				if done += r.Removed + r.Erased; r.Removed+r.Erased == 0 {
					break
				}
			}
			b.ReportMetric(float64(time.Since(began).Milliseconds())/float64(steps), "ms/step")
			b.ReportMetric(float64(done)/float64(steps), "failures/step")
		})
	}
}

// BenchmarkCallers is a page of the people of a week, in a ledger of a million
// failures with -callers 1000: batches of a thousand, all of that week.
func BenchmarkCallers(b *testing.B) {
	l := openLedger(b)
	s := newStorm()
	for range *callerBatches {
		feed(b, l, s.batch(1000)...)
	}
	for name, q := range map[string]history.CallerQuery{
		"week": {}, "incident": {Incident: 1}, "file": {Limit: history.MaxCallers},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if page, err := l.Callers(context.Background(), q, s.at); err != nil || page.Total == 0 {
					b.Fatal(page.Total, err)
				}
			}
		})
	}
}

var callerBatches = flag.Int("callers", 30, "thousands of failures in the ledger of BenchmarkCallers")
