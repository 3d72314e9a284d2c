package notifytest

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/backstop-project/backstop/notify"
)

// Class is what an error of a notifier asks for.
type Class int

// The classes.
const (
	Retry    Class = iota // another attempt later
	Hopeless              // none: marked by notify.Permanent
	Limited               // another attempt when the other side said: notify.RetryAfter
)

func (c Class) String() string {
	return [...]string{"retry", "hopeless", "limited"}[c]
}

// Peer is what the other side does with a connection.
type Peer struct {
	Name  string // reads as a claim: "refuses the password"
	Serve func(net.Conn)
	Want  Class
}

// Harness is a notifier to be tried against faulty peers.
type Harness struct {
	// New makes the notifier, to talk to a peer at address. Every secret of its
	// settings is in Secrets.
	New     func(t *testing.T, address string) notify.Notifier
	Secrets []string
	// Asks says that the notifier speaks first, as in HTTP: peers that talk
	// nonsense hear it before they answer.
	Asks bool
	// Peers are faults of the notifier's own protocol; those that every
	// network knows are added.
	Peers []Peer
}

const (
	deadline = 300 * time.Millisecond // of one attempt
	grace    = 2 * time.Second        // more than that is a hang, even on a busy machine
)

// Faults tries the notifier against every fault: Send and Check return within
// their deadline, with an error of the right class, without a secret in it and
// without a goroutine left behind. It is not for parallel tests.
func Faults(t *testing.T, h Harness) {
	t.Helper()
	for _, p := range append(everywhere(h.Asks), h.Peers...) {
		t.Run(p.Name, func(t *testing.T) { h.try(t, p) })
	}
	t.Run("refuses connections", func(t *testing.T) {
		address, stop := listen(t, nil)
		stop()
		h.attempt(t, address, Retry)
	})
	t.Run("takes no connection", func(t *testing.T) { h.attempt(t, Unreached(t), Retry) })
}

func (h Harness) try(t *testing.T, p Peer) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	address, stop := listen(t, p.Serve)
	h.attempt(t, address, p.Want)
	stop()
	left := goleak.Find(before)
	for range 4 { // what still ends on a busy machine is no leak
		if left == nil {
			return
		}
		left = goleak.Find(before)
	}
	if left != nil {
		t.Error(left)
	}
}

func (h Harness) attempt(t *testing.T, address string, want Class) {
	t.Helper()
	n := h.New(t, address)
	for name, call := range map[string]func(context.Context) error{
		"Send": func(ctx context.Context) error {
			_, err := n.Send(ctx, Samples()[0].Message)
			return err
		},
		"Check": n.Check,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		began := time.Now()
		err := call(ctx)
		cancel()
		if took := time.Since(began); took > deadline+grace {
			t.Errorf("%s took %s with a deadline of %s", name, took, deadline)
		}
		h.judge(t, name, err, want)
	}
}

func (h Harness) judge(t *testing.T, name string, err error, want Class) {
	t.Helper()
	if err == nil {
		t.Errorf("%s says that all is well", name)
		return
	}
	got := Retry
	if _, limited := notify.RetryWait(err); limited {
		got = Limited
	}
	if notify.IsPermanent(err) {
		got = Hopeless
	}
	if got != want {
		t.Errorf("%s: %s, want %s: %v", name, got, want, err)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%+v", err), fmt.Sprintf("%#v", err)} {
		for _, secret := range h.Secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s: a secret is in the error: %s", name, text)
			}
		}
	}
}

// everywhere are the faults that every network knows. Talkers wait for the
// first bytes of a question where there is one: what came before it would be
// the fault of somebody else's protocol, and net/http logs that.
func everywhere(asked bool) []Peer {
	answer := func(talk func(net.Conn)) func(net.Conn) {
		if !asked {
			return talk
		}
		return func(c net.Conn) {
			if _, err := c.Read(make([]byte, 1)); err == nil {
				talk(c)
			}
		}
	}
	return []Peer{
		{Name: "says nothing", Serve: func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }},
		{Name: "hangs up at once", Serve: func(net.Conn) {}},
		{Name: "hangs up after the first bytes", Serve: func(c net.Conn) { _, _ = c.Read(make([]byte, 16)) }},
		{Name: "speaks nonsense", Serve: answer(func(c net.Conn) {
			_, _ = c.Write([]byte("\x00\xff\x15\x03 nonsense\r\n\r\n"))
			_, _ = io.Copy(io.Discard, c)
		})},
		{Name: "falls silent after the first byte", Serve: answer(func(c net.Conn) {
			_, _ = c.Write([]byte("2"))
			_, _ = io.Copy(io.Discard, c)
		})},
		{Name: "resets the connection in the middle", Serve: answer(reset)},
		{Name: "drips", Serve: answer(drip)},
		{Name: "talks without end", Serve: answer(flood)},
	}
}

// reset begins to answer, and forgets the connection.
func reset(c net.Conn) {
	_, _ = c.Write([]byte("2"))
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // so that its end is RST
	}
}

// drip sends a byte now and then, so that no single wait is long.
func drip(c net.Conn) {
	for {
		time.Sleep(10 * time.Millisecond)
		if _, err := c.Write([]byte("2")); err != nil {
			return
		}
	}
}

// flood sends as much as the other side takes.
func flood(c net.Conn) {
	noise := []byte(strings.Repeat("220-", 8<<10))
	for {
		if _, err := c.Write(noise); err != nil {
			return
		}
	}
}

// listen serves connections on this machine, each by serve and then closed.
// stop waits until all are done.
func listen(t *testing.T, serve func(net.Conn)) (address string, stop func()) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		conns []net.Conn
	)
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			all.Go(func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			})
		}
	})
	return listener.Addr().String(), func() {
		_ = listener.Close()
		mu.Lock()
		for _, c := range conns {
			_ = c.Close()
		}
		mu.Unlock()
		all.Wait()
	}
}
