package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// nameServerAt is where the program, as a test's own process, asks for names. It asks
// by Go's resolver, as the released program does, with the timeouts of the machine.
const nameServerAt = "BACKSTOP_TESTS_NAME_SERVER"

func askForNamesAt(address string) {
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", address)
		},
	}
	_ = os.Unsetenv(nameServerAt)
}

// nameServer is a DNS server that knows every name to be of this machine.
type nameServer struct {
	conn  net.PacketConn
	asked atomic.Int64
	gone  atomic.Int64 // how it does not serve
}

// How a name server serves, or does not.
const (
	serves  = iota
	refuses // by SERVFAIL, as one whose own way to the internet is gone
	silent
)

func newNameServer(t *testing.T) *nameServer {
	t.Helper()
	conn, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{conn: conn}
	done := make(chan error, 1)
	go func() { done <- s.serve() }()
	t.Cleanup(func() {
		if err := errors.Join(conn.Close(), <-done); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *nameServer) serve() error {
	packet := make([]byte, 1<<10)
	for {
		n, from, err := s.conn.ReadFrom(packet)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		s.asked.Add(1)
		if s.gone.Load() == silent {
			continue
		}
		answer, err := s.answer(packet[:n])
		if err != nil {
			return err
		}
		if _, err := s.conn.WriteTo(answer, from); err != nil {
			return err
		}
	}
}

func (s *nameServer) answer(packet []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(packet); err != nil {
		return nil, err
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	if s.gone.Load() == refuses {
		m.RCode = dnsmessage.RCodeServerFailure
		return m.Pack()
	}
	if q := m.Questions[0]; q.Type == dnsmessage.TypeA {
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class},
			Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}},
		}}
	}
	return m.Pack()
}

// counted is a standby that says which one it is, and counts who asked.
type counted struct {
	*httptest.Server

	asked atomic.Int64
}

func newCounted(t *testing.T, name string) *counted {
	t.Helper()
	c := &counted{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		c.asked.Add(1)
		_, _ = io.WriteString(w, "<Response><Say>Welcome "+name+"</Say></Response>")
	}))
	t.Cleanup(c.Close)
	return c
}

// named is an address of this machine by a name, which has to be looked up.
func named(name, address string) string {
	return strings.Replace(address, "127.0.0.1", name, 1)
}

func TestWithoutNamesCallersAreServedByAddressAndAlertsWait(t *testing.T) {
	t.Parallel()
	for claim, gone := range map[string]int64{"the name server fails": refuses, "the name server is silent": silent} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			names, byName, byAddress := newNameServer(t), newCounted(t, "by name"), newCounted(t, "by address")
			mails, slack := newMailServer(t), newSlack(t)
			names.gone.Store(gone)
			mailing := mails.settings()
			mailing["SMTP_URL"] = named("mail.example.com", mailing["SMTP_URL"])
			p := spawn(t, configured(t).with(mailing).with(slack.webhookSettings()).with(settings{nameServerAt: names.conn.LocalAddr().String()}).withFile(t, `
targets:
  by-name: {url: "`+named("standby.example.com", byName.URL)+`", probe: /healthz, probe_every: 5s, allow_private: true}
  by-address: {url: "`+byAddress.URL+`", allow_private: true}
recovery: [{name: all, match: {codes: ["11200-11299"]}, steps: [{failover: by-name}, {failover: by-address}]}]
`))
			answer := p.askWithinBudget(sim.Call{ErrorURL: "https://www.example.com/voice"})
			if !strings.Contains(string(answer.Body), "Welcome by address") {
				t.Errorf("who was to be served by the next standby got %s", answer.Body)
			}
			if byName.asked.Load() != 0 || names.asked.Load() == 0 {
				t.Fatal("names were not gone")
			}
			for range 3 { // another code, so another rule: no standby
				p.call(sim.Call{ErrorCode: "12100", ErrorURL: "https://www.example.com/voice"}) // which judges how long it takes
			}
			for range 3 {
				p.askWithinBudget(sim.Call{ErrorURL: "https://www.example.com/voice"})
			}
			p.ask(p.request("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/voice"}), twiml.Voice) // by now it is known
			who := p.person()
			page := who.await(2*soon, "/history/"+failureID(answer), "by-address")
			page.shows("by-name: its name could not be looked up")
			slack.await(t, soon, "saved", "www.example.com") // its address is no name
			who.await(4*soon, "/notifiers", "the name mail.example.com could not be looked up")
			p.reload()
			if n := len(mails.got()); n > 0 {
				t.Errorf("%d mails went out without names", n)
			}

			names.gone.Store(serves)
			mails.await(t, 8*soon, "saved", "www.example.com")
			eventually(t, 4*soon, "the standby with a name serves", func() bool {
				return strings.Contains(string(p.askWithinBudget(sim.Call{ErrorURL: "https://www.example.com/voice"}).Body), "Welcome by name")
			})
		})
	}
}

// askWithinBudget has somebody call who may have to wait for standby servers.
func (p *program) askWithinBudget(c sim.Call) sim.Exchange {
	p.t.Helper()
	var e sim.Exchange
	request := p.request("/fallback/voice", c)
	stalled := stall(func() { e = p.twilio().Do(p.t.Context(), request) })
	if err := fault(e, twiml.Voice); err != nil {
		p.t.Error(err)
	}
	if limit := recovery.Budget + inTime + hops*stalled; e.Timing.Total > limit {
		p.t.Errorf("answered after %s, want %s at most", e.Timing.Total, limit)
	}
	return e
}
