package handlers

import "net"

// heldMost bounds what all incomplete requests together have sent so far. The
// memory they take is a few times that. Twilio's requests are 2 kB and arrive
// at once: thousands of them fit.
const heldMost = 16 << 20

// listener bounds the memory of those who send half a request and wait: beyond
// heldMost the connections that have been incomplete for longest are dropped.
// Genuine requests are whole within milliseconds, so they are never among those.
type listener struct {
	net.Listener
	limit *ConnectionCap
}

// Accept waits for the next connection and has what comes on it counted.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &counted{Conn: c, limit: l.limit}, nil
}

// counted is a connection whose bytes count while its request is incomplete.
type counted struct {
	net.Conn
	limit *ConnectionCap
	few   int // bytes that came and are not counted yet

	again []byte // what was read, and is read once more
}

// countedFrom is how many bytes of a connection are not worth a look: it has a
// buffer of that size in any case, and a genuine request fits into it.
const countedFrom = 4 << 10

// Unread has Read give b first, which is counted already.
func (c *counted) Unread(b []byte) { c.again = b }

// Read is the connection's own. One goroutine at a time calls it.
func (c *counted) Read(b []byte) (int, error) {
	if len(c.again) > 0 {
		n := copy(b, c.again)
		if c.again = c.again[n:]; len(c.again) == 0 {
			c.again = nil
		}
		return n, nil
	}
	n, err := c.Conn.Read(b)
	if c.few += n; c.few < countedFrom {
		return n, err
	}
	for _, victim := range c.limit.hold(c, c.few) {
		_ = victim.Close() // it is gone either way
	}
	c.few = 0
	return n, err
}

// CloseWrite tells the other side that nothing more comes, so that it reads
// the answer before the connection ends: net/http asks for it.
func (c *counted) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

// hold notes that n more bytes came on c, and picks those who must go.
func (l *ConnectionCap) hold(c net.Conn, n int) (victims []net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.where[c]
	if s == nil || s.in != &l.incomplete {
		return nil
	}
	s.bytes += n
	l.held += n
	for l.held > heldMost {
		victim := l.incomplete.first
		l.leave(victim)
		l.dropped.add(victim)
		l.Dropped.Add(1)
		victims = append(victims, victim.conn)
	}
	return victims
}
