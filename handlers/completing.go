package handlers

import (
	"io"
	"net"
	"net/http"
)

// completingBody marks its connection as complete once it has been read to
// the end: from then on it is not dropped at the cap.
type completingBody struct {
	io.ReadCloser
	limit   *ConnectionCap
	request *http.Request
}

func (b *completingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		if c, ok := b.request.Context().Value(connKey{}).(net.Conn); ok {
			b.limit.move(c, &b.limit.busy)
		}
	}
	return n, err
}
