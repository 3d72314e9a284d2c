package lane

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// kept is how much room for answers a connection keeps while it is idle.
const kept = 4 << 10

// reply is the answer to a request: it is gathered, and goes out in one piece. How
// long it is and when it was made is said by the lane, whatever the handler says. A
// handler that sets Connection, to whatever, makes the answer the last one.
type reply struct {
	conn   Conn
	within time.Duration // it is to be read, unless the handler says another time
	last   atomic.Bool   // none follows on this connection
	header http.Header
	status int // 0 until there is one
	body   []byte
	out    []byte
	timed  bool // the handler said how long it may take to be read
	sent   bool
	more   bool // it was sent, and said that another may follow
}

func (r *reply) begin(last bool) {
	if r.header == nil {
		r.header = http.Header{}
	}
	clear(r.header)
	if last {
		r.last.Store(true)
	}
	r.status, r.body, r.timed, r.sent, r.more = 0, r.body[:0], false, false, false
}

// Header is the answer's header. It is read when the answer is sent.
func (r *reply) Header() http.Header { return r.header }

// WriteHeader takes the first status that is said. Nothing is sent in advance.
func (r *reply) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK {
		r.status = status
	}
}

// Write never waits.
func (r *reply) Write(b []byte) (int, error) {
	if r.sent {
		return 0, http.ErrContentLength
	}
	r.WriteHeader(http.StatusOK)
	r.body = append(r.body, b...)
	return len(b), nil
}

// SetWriteDeadline is for http.ResponseController.
func (r *reply) SetWriteDeadline(t time.Time) error {
	r.timed = true
	return r.conn.SetWriteDeadline(t)
}

// Flush sends an answer that is whole, as its Content-Length says: nobody waits for
// what the handler does afterwards. Any other goes out when the handler has returned.
func (r *reply) Flush() {
	if !r.sent && r.isWhole() {
		r.send()
	}
}

func (r *reply) isWhole() bool {
	if bodyless(r.status) {
		return true
	}
	length := r.header["Content-Length"]
	if r.status == 0 || len(length) != 1 {
		return false
	}
	n, err := strconv.Atoi(length[0])
	return err == nil && n == len(r.body)
}

// finish sends the answer, if that was not done, and says whether another request may
// follow.
func (r *reply) finish() (more bool) {
	if !r.sent {
		r.send()
	}
	return r.more
}

func (r *reply) send() {
	r.sent = true
	r.WriteHeader(http.StatusOK)
	if !r.timed {
		if err := r.conn.SetWriteDeadline(time.Now().Add(r.within)); err != nil {
			return
		}
	}
	last := r.last.Load() || len(r.header["Connection"]) > 0
	r.assemble(last)
	_, err := r.conn.Write(r.out)
	if cap(r.out) > kept {
		r.body, r.out = nil, nil
	}
	r.more = err == nil && !last
}

// bodyless says whether an answer of that status has no body.
// https://www.rfc-editor.org/rfc/rfc9110#section-6.4.1
func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified
}

func (r *reply) assemble(last bool) {
	out := append(r.out[:0], "HTTP/1.1 "...)
	out = strconv.AppendInt(out, int64(r.status), 10)
	out = append(out, ' ')
	out = append(out, http.StatusText(r.status)...)
	out = append(out, "\r\nDate: "...)
	out = time.Now().UTC().AppendFormat(out, http.TimeFormat)
	for name, values := range r.header {
		switch name {
		case "Content-Length", "Transfer-Encoding", "Trailer", "Connection", "Date":
			continue
		}
		for _, value := range values {
			out = appendField(out, name, value)
		}
	}
	if last {
		out = append(out, "\r\nConnection: close"...)
	}
	if !bodyless(r.status) {
		if len(r.body) > 0 && r.header["Content-Type"] == nil {
			out = appendField(out, "Content-Type", http.DetectContentType(r.body))
		}
		out = append(out, "\r\nContent-Length: "...)
		out = strconv.AppendInt(out, int64(len(r.body)), 10)
		out = append(out, "\r\n\r\n"...)
		r.out = append(out, r.body...)
		return
	}
	r.out = append(out, "\r\n\r\n"...)
}

// appendField keeps a value from ending its line.
func appendField(out []byte, name, value string) []byte {
	if strings.ContainsAny(value, "\r\n") {
		value = strings.NewReplacer("\r", " ", "\n", " ").Replace(value)
	}
	out = append(out, "\r\n"...)
	out = append(out, name...)
	out = append(out, ": "...)
	return append(out, value...)
}
