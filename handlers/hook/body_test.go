package hook_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

// sized is a signed call whose body has size bytes, most of them fill.
func (r *rig) sized(size int, fill string) sim.Request {
	r.t.Helper()
	call := sim.Call{SID: sim.NewSID("CA")}
	filled := func(n int) sim.Request {
		call.Changes = sim.Changes{Add: sim.Params{{Name: "Filler", Value: strings.Repeat(fill, n)}}}
		return r.call("/fallback/voice", call)
	}
	request := filled(size - len(filled(0).Body))
	if got := len(request.Body); got != size {
		r.t.Fatalf("made a body of %d bytes, want %d", got, size)
	}
	return request
}

func TestBodiesOfAnySizeArriveWhole(t *testing.T) {
	t.Parallel()
	for _, size := range []int{2000, 4095, 4096, 4097, 8192, 64<<10 - 1, 64 << 10} {
		t.Run(fmt.Sprintf("%d bytes", size), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			request := r.sized(size, "a")
			if e := r.ask(request); !strings.HasSuffix(e.Failure(), "written=yes") {
				t.Fatalf("got %d %q, want it verified and written", e.Status, e.Failure())
			}
			params := r.recorder.all()[0].Failure.Params
			if len(params) != len(request.Params) {
				t.Fatalf("recorded %d parameters, want %d", len(params), len(request.Params))
			}
			for i, want := range request.Params {
				if params[i].Name != want.Name || params[i].Value != want.Value {
					t.Errorf("parameter %s: got %d bytes, want %d", want.Name, len(params[i].Value), len(want.Value))
				}
			}
		})
	}
}

func TestABodyOfOneByteMoreIsTooLargeHoweverWellSigned(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.sized(64<<10+1, "a"))
	list := r.hook.Unverified(10)
	if len(list) != 1 || list[0].Reason.Kind != twilio.ReasonTooLarge || len(r.recorder.all()) != 0 {
		t.Errorf("got %+v and %d recorded, want one request that is too large", list, len(r.recorder.all()))
	}
}

// TestABodyThatEndsTooEarlyIsUnreadable hangs up after the AccountSid, before
// and behind the first 4 KiB.
func TestABodyThatEndsTooEarlyIsUnreadable(t *testing.T) {
	t.Parallel()
	begun := "AccountSid=" + accountSID + "&Body="
	for claim, half := range map[string]string{"early": begun, "behind 4 KiB": begun + strings.Repeat("a", 6<<10)} {
		for kind, head := range map[string]string{
			"Content-Length": "Content-Length: 60000\r\n\r\n" + half,
			"chunked":        fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s", 60000, half),
			"between chunks": fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n", len(half), half),
		} {
			t.Run(claim+", "+kind, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, nil)
				answer := r.hangUpAfter("POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" + head)
				if want := string(recovery.Apology(incident.Voice)); answer != want {
					t.Errorf("got %q, want the apology", answer)
				}
				list := r.hook.Unverified(10)
				if len(list) != 1 || list[0].Reason.Kind != twilio.ReasonUnreadable {
					t.Errorf("got %+v, want one unreadable request", list)
				}
				if e := r.ask(r.call("/fallback/voice", sim.Call{})); !strings.HasSuffix(e.Failure(), "written=yes") {
					t.Errorf("the next request got %d %q", e.Status, e.Failure())
				}
			})
		}
	}
}

// hangUpAfter sends raw bytes, closes its half of the connection, and returns
// the body of what came back.
func (r *rig) hangUpAfter(raw string) string {
	r.t.Helper()
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, raw); err != nil {
		r.t.Fatal(err)
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		r.t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(body)
}

func TestRequestsAtOnceNeverSeeEachOthersBytes(t *testing.T) {
	t.Parallel()
	const senders, each = 8, 12
	r := newRig(t, nil)
	sent := map[string]string{} // by CallSid
	var senderRequests [senders][]sim.Request
	for i := range senders {
		fill := string(rune('a' + i))
		for j := range each {
			size := []int{1500, 4096, 9000, 60_000}[(i+j)%4]
			request := r.sized(size, fill)
			senderRequests[i] = append(senderRequests[i], request)
			sent[paramOf(request.Params, "CallSid")] = paramOf(request.Params, "Filler")
		}
	}
	var all sync.WaitGroup
	for _, requests := range senderRequests {
		all.Go(func() {
			for _, request := range requests {
				if e := r.client.Do(t.Context(), request); !strings.HasSuffix(e.Failure(), "written=yes") {
					t.Errorf("got %d %q %v, want it verified and written", e.Status, e.Failure(), e.Err)
				}
			}
		})
	}
	all.Wait()
	entries := r.recorder.all()
	if len(entries) != len(sent) {
		t.Errorf("recorded %d, want %d", len(entries), len(sent))
	}
	for _, entry := range entries {
		got, want := entry.Failure.Param("Filler"), sent[entry.Failure.SID]
		if got != want {
			t.Errorf("%s: recorded another's bytes: %d of them, want %d", entry.Failure.SID, len(got), len(want))
		}
	}
}

func paramOf(params sim.Params, name string) string {
	for _, p := range params {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}
