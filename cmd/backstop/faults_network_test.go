package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// flood is something that strangers do to a Backstop until ctx ends; it counts in
// done how often.
type flood func(ctx context.Context, p *program, done *atomic.Int64)

// paced lets several strangers at it until ctx ends. In the quick form each takes
// a little time between two deeds: other tests run at the same time.
func paced(ctx context.Context, several int, deed func() error) {
	pause := 10 * time.Millisecond
	if torture() {
		pause = time.Microsecond
	}
	var all sync.WaitGroup
	for range several {
		all.Go(func() {
			next := time.NewTicker(pause)
			defer next.Stop()
			for ctx.Err() == nil {
				<-next.C
				_ = deed() // what becomes of it is not their concern
			}
		})
	}
	all.Wait()
}

// slowly opens connections and sends hardly anything on them, again and again
// where they are dropped.
func slowly(connections int, begins string) flood {
	return func(ctx context.Context, p *program, done *atomic.Int64) {
		open := make(chan net.Conn, connections)
		paced(ctx, 16, func() error {
			conn, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(p.base, "http://"))
			if err != nil {
				return err
			}
			done.Add(1)
			_, err = io.WriteString(conn, begins) // it may be dropped already
			for {
				select {
				case open <- conn:
					return err
				case oldest := <-open:
					_ = oldest.Close()
				}
			}
		})
		close(open)
		for conn := range open {
			_ = conn.Close()
		}
	}
}

// posting sends a request again and again, on connections that stay.
func posting(several int, path, contentType string, body []byte) flood {
	return func(ctx context.Context, p *program, done *atomic.Int64) {
		transport := &http.Transport{MaxIdleConnsPerHost: several}
		defer transport.CloseIdleConnections()
		client := &http.Client{Transport: transport, Timeout: 10 * time.Second}
		paced(ctx, several, func() error {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.base+path, bytes.NewReader(body))
			if err != nil {
				return err
			}
			done.Add(1)
			r.Header.Set("Content-Type", contentType)
			r.Header.Set("X-Twilio-Signature", "Zm9yZ2Vk")
			response, err := client.Do(r)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, response.Body)
			return errors.Join(err, response.Body.Close())
		})
	}
}

const formType = "application/x-www-form-urlencoded"

// danger is floods, and how many deeds it takes until they are there. Passwords
// are costly to guess, for us as well: how often, is bounded.
type danger struct {
	floods []flood
	from   int
	costly bool
}

// judgeCost compares what the processor takes for a genuine call, and for a deed of
// strangers.
func (d danger) judgeCost(t *testing.T, genuine, strange float64) {
	t.Helper()
	if !d.costly && strange > 5*genuine {
		t.Errorf("what strangers do takes %.3f ticks, a genuine call %.3f", strange, genuine)
	}
}

// dangers are what strangers may do, with so many clients.
func dangers(many int) map[string]danger {
	forged := []byte(url.Values{"AccountSid": {accountSID}, "CallSid": {"CA00000000000000000000000000000bad"}, "ErrorCode": {"11200"}, "ErrorUrl": {"https://x.example.com/"}}.Encode())
	login := []byte(url.Values{"username": {adminName}, "password": {"guess"}}.Encode())
	return map[string]danger{
		"slow clients":                         {[]flood{slowly(many, "POST /fallback/voice HTTP/1.1\r\nHost: x\r\nX-Slow: ")}, many, false},
		"connections on which nothing comes":   {[]flood{slowly(many, "")}, many, false},
		"bodies of 10 MB":                      {[]flood{posting(4, "/fallback/voice", formType, bytes.Repeat([]byte("a=b&"), 10<<20/4))}, 100, false},
		"forged requests":                      {[]flood{posting(8, "/fallback/voice", formType, forged)}, 200, false},
		"forged requests, and logins meantime": {[]flood{posting(6, "/fallback/voice", formType, forged), posting(6, "/login", formType, login)}, 100, true},
	}
}

func TestWhateverStrangersFloodItWithTwilioIsAnswered(t *testing.T) {
	t.Parallel()
	var turn sync.Mutex
	many := long(t, 1200, 8000) // more than there are descriptors
	for claim, d := range dangers(many) {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			if torture() { // there each takes the whole machine
				turn.Lock()
				defer turn.Unlock()
			}
			p := spawnAs(t, configured(t), func(_ *program, c *exec.Cmd) {
				c.Path, c.Args = "/bin/sh", []string{"sh", "-c", `ulimit -n 1024; exec "$0"`, c.Path} // fewer than the clients
			})
			p.awaitWritten()
			p.settle()
			atPeace := long(t, 50, 500)
			genuine := p.ticksOf(func() {
				for range atPeace {
					if err := fault(p.twilio().Do(t.Context(), p.request("/fallback/voice", sim.Call{})), twiml.Voice); err != nil {
						t.Error(err)
					}
				}
			})
			before := p.anonymous()
			ctx, stop := context.WithCancel(t.Context())
			var strangers sync.WaitGroup
			var done atomic.Int64
			for _, one := range d.floods {
				strangers.Go(func() { one(ctx, p, &done) })
			}
			strange := p.ticksOf(func() {
				eventually(t, 2*soon, "the flood is there", func() bool { return done.Load() >= int64(d.from) })
			})
			d.judgeCost(t, float64(genuine)/float64(atPeace), float64(strange)/float64(done.Load()))
			var took []time.Duration
			unserved := 0
			calls := long(t, 100, 2000)
			stalled := stall(func() {
				for range calls {
					e := p.twilio().Do(t.Context(), p.request("/fallback/voice", sim.Call{})) // on a connection of its own
					if err := fault(e, twiml.Voice); err != nil {
						unserved++
						continue
					}
					took = append(took, e.Timing.Total)
				}
			})
			after := p.anonymous()
			stop()
			strangers.Wait()
			slices.Sort(took)
			if unserved*1000 > calls {
				t.Errorf("%d of %d callers got no answer", unserved, calls)
			}
			p99 := took[len(took)*99/100]
			if limit := inTime + hops*stalled; p99 > limit {
				t.Errorf("one answer in a hundred took %s, want %s at most", p99, limit)
			}
			if after > 3*before+128<<20 {
				t.Errorf("it takes %d MB, before the flood %d", after>>20, before>>20)
			}
			p.end() // which writes what is in the WALs into the files
			if took, most := p.bytes(), int64(atPeace+calls)*4096+2<<20; took > most {
				t.Errorf("the data folder has %d bytes after %d calls, want %d at most", took, atPeace+calls, most)
			}
			count(t, "%d requests or connections of strangers, %d of %d callers without an answer, p99 %s, %d MB after %d", done.Load(), unserved, calls, p99.Round(time.Millisecond), after>>20, before>>20)
		})
	}
}
