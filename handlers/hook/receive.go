package hook

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// Bounds of what is read. Twilio's own requests stay below 16 KiB and 100
// parameters.
const (
	maxBody   = 64 << 10
	maxParams = 200
)

// usualBody holds what Twilio nearly always sends. A larger body gets memory as
// it arrives, so that many slow senders cannot take 64 KiB each for nothing.
const usualBody = 4 << 10

// room is memory for one request, and then for another.
type room struct {
	params twilio.Room
	body   [usualBody]byte
}

// rooms are used again: of a request nothing is kept but strings and copies.
var rooms = sync.Pool{New: func() any { return new(room) }} //nolint:gochecknoglobals // a pool is shared by nature

// inRoom has a request served in a room, which is not used again where that panics.
func inRoom(serve func(*room)) {
	r := rooms.Get().(*room)
	serve(r)
	r.params.Empty()
	rooms.Put(r)
}

// receive reads a request whole and parses it. Where it cannot be read whole,
// the error is one that twilio.ReasonOf knows, and request holds what there is.
// Its body and parameters are in the room.
func (h *Hook) receive(in *room, r *http.Request, proxies []netip.Prefix) (request twilio.Request, err error) {
	request = twilio.Request{
		Method:      r.Method,
		URI:         r.RequestURI,
		Host:        r.Host,
		ContentType: r.Header.Get("Content-Type"),
		Signature:   r.Header.Get("X-Twilio-Signature"),
	}
	if len(proxies) > 0 && trusted(r.RemoteAddr, proxies) {
		request.ForwardedProto = r.Header.Get("X-Forwarded-Proto")
		request.ForwardedHost = r.Header.Get("X-Forwarded-Host")
		request.ForwardedPort = r.Header.Get("X-Forwarded-Port")
	}
	if len(r.RequestURI) > maxBody {
		return request, twilio.ErrTooLarge
	}
	if r.Method == http.MethodPost {
		if request.Body, err = in.read(r); err != nil {
			return request, err
		}
	}
	return request, request.ParseIn(&in.params, maxParams)
}

// read reads at most maxBody bytes; what is beyond stays on the wire. The end of a
// body that is not whole is io.ErrUnexpectedEOF, by net/http's promise.
func (in *room) read(r *http.Request) ([]byte, error) {
	n, err := fill(r.Body, in.body[:])
	switch {
	case err == nil:
		return readLarge(r.Body, in.body[:])
	case errors.Is(err, io.EOF):
		return in.body[:n], nil
	}
	return in.body[:n], err
}

// fill reads until b is full, or says why not.
func fill(body io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = body.Read(b[n:])
		n += more
	}
	return n, err
}

// readLarge reads on behind the bytes that there are already.
func readLarge(rest io.Reader, first []byte) ([]byte, error) {
	var body bytes.Buffer
	body.Write(first)
	_, err := body.ReadFrom(io.LimitReader(rest, maxBody+1-int64(len(first))))
	if body.Len() > maxBody {
		return body.Bytes()[:maxBody], twilio.ErrTooLarge
	}
	return body.Bytes(), err
}

// trusted says whether a request comes from a proxy we believe.
func trusted(remote string, proxies []netip.Prefix) bool {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, p := range proxies {
		if p.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

// accountIn finds an AccountSid in bytes that could not be parsed.
func accountIn(raw string) string {
	_, rest, found := strings.Cut(raw, "AccountSid=")
	if !found || len(rest) < 34 || !twilio.IsAccountSID(rest[:34]) {
		return ""
	}
	return rest[:34]
}

// channelIn tells calls from messages in bytes that could not be parsed.
func channelIn(raw string) incident.Channel {
	channel := incident.Unknown
	for pair := range strings.FieldsFuncSeq(raw, func(c rune) bool { return c == '&' || c == '?' }) {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case value == "":
		case name == "MessageSid" || name == "SmsSid":
			return incident.Messaging
		case name == "CallSid":
			channel = incident.Voice
		}
	}
	return channel
}
