package standby_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

func contextFor(tb testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	tb.Helper()
	return context.WithTimeout(tb.Context(), d)
}

// on are targets on real servers, by name.
func on(tb testing.TB, url, name string) *standby.Target {
	tb.Helper()
	one, err := standby.NewTarget(name, standby.Options{URL: url + "/voice", AllowPrivate: true})
	if err != nil {
		tb.Fatal(err)
	}
	return &one
}

// refusing is the address of a server that refuses connections.
func refusing(tb testing.TB) string {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	return "http://" + listener.Addr().String()
}

func TestAServerThatHangsIsLetGoOfWhenTheNextHasAnswered(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	hung := serving(t, func(w http.ResponseWriter, r *http.Request) {
		hang(w, r)
		close(gone)
	})
	live := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	targets := []*standby.Target{on(t, hung.URL, "hung"), on(t, live.URL, "live")}
	began := time.Now()
	from := standby.NewClient(standby.ClientOptions{}).ServeFirst(t.Context(), targets, 100*time.Millisecond, question("POST"), nil).By
	if took := time.Since(began); from != targets[1] || took > 2*time.Second {
		t.Errorf("served by %v after %s", from, took)
	}
	<-gone
}

// work is what a standby takes for an answer, network included.
const work = 5 * time.Millisecond

// BenchmarkHedgedFailover compares a healthy target alone with the same behind a
// dead one, in turns. After the first callers the dead one costs nothing that
// is worth mentioning: the ratio is to be below 1.3.
func BenchmarkHedgedFailover(b *testing.B) {
	live := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(work)
		_, _ = io.WriteString(w, good)
	}))
	defer live.Close()
	var hanging atomic.Int64
	hung := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hanging.Add(1)
		hang(w, r)
	}))
	defer hung.Close()
	for _, dead := range []struct{ name, url string }{{"refuses", refusing(b)}, {"hangs", hung.URL}} {
		b.Run(dead.name, func(b *testing.B) {
			benchmarkHedged(b, on(b, dead.url, "dead"), on(b, live.URL, "live"))
		})
	}
}

func benchmarkHedged(b *testing.B, dead, live *standby.Target) {
	b.Helper()
	const hedge, before = 50 * time.Millisecond, 3
	c := standby.NewClient(standby.ClientOptions{})
	ask := func(targets ...*standby.Target) time.Duration {
		began := time.Now()
		if found := c.ServeFirst(b.Context(), targets, hedge, question("POST"), nil); found.By != live {
			b.Fatalf("not served: %q", found.Tried)
		}
		return time.Since(began)
	}
	ask(live) // a connection is open, as in the middle of an outage
	var first []time.Duration
	for range before {
		first = append(first, ask(dead, live))
	}
	var alone, hedged []time.Duration
	for b.Loop() {
		alone = append(alone, ask(live))
		hedged = append(hedged, ask(dead, live))
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(milliseconds(slices.Max(first)), fmt.Sprintf("first-%d-max-ms", before))
	b.ReportMetric(median(alone, nil), "alone-p99-ms")
	b.ReportMetric(median(hedged, nil), "hedged-p99-ms")
	b.ReportMetric(median(hedged, alone), "ratio")
}

// round is how many make a p99.
const round = 100

// median is that of the p99s of each round, in milliseconds, or of their ratio to
// those of the same rounds of other: the machine is shared, and slower for moments
// at a time.
func median(took, other []time.Duration) float64 {
	var all []float64
	for at := 0; at == 0 || at+round <= len(took); at += round {
		one := milliseconds(p99(took[at:min(at+round, len(took))]))
		if other != nil {
			one /= milliseconds(p99(other[at:min(at+round, len(other))]))
		}
		all = append(all, one)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// p99 is the time that one in a hundred took longer than.
func p99(took []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(took))[(len(took)-1)*99/100]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
