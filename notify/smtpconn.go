package notify

import (
	"errors"
	"net"
	"time"
)

// boundedConn gives every read and write its own deadline, and ends a server
// that never stops talking.
type boundedConn struct {
	net.Conn
	left int
}

var errTalksTooMuch = errors.New("it says more than a mail server has to say")

func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTalksTooMuch
	}
	if err := c.SetReadDeadline(time.Now().Add(commandWithin)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(p)
	c.left -= n
	return n, err
}

func (c *boundedConn) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(commandWithin)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
