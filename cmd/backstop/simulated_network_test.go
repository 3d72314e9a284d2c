package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
)

// network is one inside a bubble: its connections are net.Pipe's.
type network struct {
	mu    sync.Mutex
	ports map[string]*port
}

func newNetwork() *network { return &network{ports: map[string]*port{}} }

// port is an address that somebody listens on. Each connection to it is a step, and
// so is whatever is sent from it: one that fails is refused, or cut before it. In
// its second way it hangs.
type port struct {
	*steps
	network  *network
	address  net.Addr
	arriving chan net.Conn
	closed   chan struct{}
}

func (n *network) listen(_ context.Context, _, address string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ports[address] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: syscall.EADDRINUSE}
	}
	p := &port{newSteps(), n, net.TCPAddrFromAddrPort(at), make(chan net.Conn), make(chan struct{})}
	n.ports[address] = p
	return p, nil
}

// at is who listens there, nil for nobody.
func (n *network) at(address string) *port {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ports[address]
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	p := n.at(address)
	if p == nil {
		return nil, refused
	}
	switch bad, hangs, healed := p.next(); {
	case bad && hangs:
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-healed:
			return nil, refused
		}
	case bad:
		return nil, refused
	}
	here, there := net.Pipe()
	select {
	case p.arriving <- &served{Conn: there, port: p, closed: make(chan struct{})}:
		return addressed{here, p.address}, nil
	case <-p.closed:
		return nil, refused
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept waits for a connection.
func (p *port) Accept() (net.Conn, error) {
	select {
	case c := <-p.arriving:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Addr is where it listens.
func (p *port) Addr() net.Addr { return p.address }

// Close has nobody listen there any more.
func (p *port) Close() error {
	p.network.mu.Lock()
	defer p.network.mu.Unlock()
	if p.network.ports[p.address.String()] == p {
		delete(p.network.ports, p.address.String())
		close(p.closed)
	}
	return nil
}

// addressed is a connection that comes from 127.0.0.1, as the other end of TCP.
type addressed struct {
	net.Conn
	address net.Addr
}

func (a addressed) RemoteAddr() net.Addr { return a.address }
func (addressed) LocalAddr() net.Addr    { return caller() }

func caller() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 49152} }

// served is the end of a connection that listened.
type served struct {
	net.Conn
	port   *port
	closed chan struct{}
	once   sync.Once
}

func (s *served) Write(b []byte) (int, error) {
	switch bad, hangs, healed := s.port.next(); {
	case bad && hangs:
		select {
		case <-s.closed:
		case <-healed:
		}
		fallthrough
	case bad:
		return 0, fmt.Errorf("cut: %w", errOf(s.Close(), io.ErrClosedPipe))
	}
	return s.Conn.Write(b)
}

func errOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

func (s *served) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.Conn.Close()
}

func (s *served) LocalAddr() net.Addr { return s.port.address }
func (*served) RemoteAddr() net.Addr  { return caller() }
