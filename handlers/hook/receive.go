package hook

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"

	"github.com/backstop-project/backstop/twilio"
)

// Bounds of what is read. Twilio's own requests stay below 16 KiB and 100
// parameters.
const (
	maxBody   = 64 << 10
	maxParams = 200
)

// buffers hold bodies while they are read.
var buffers = sync.Pool{New: func() any { //nolint:gochecknoglobals // a pool is shared by nature
	b := make([]byte, maxBody+1)
	return &b
}}

// receive reads a request whole and parses it. Where it cannot be read whole,
// the error is one that twilio.ReasonOf knows, and request holds what there is.
func (h *Hook) receive(r *http.Request, proxies []netip.Prefix) (request twilio.Request, err error) {
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
	}
	if len(r.RequestURI) > maxBody {
		return request, twilio.ErrTooLarge
	}
	if r.Method == http.MethodPost {
		if request.Body, err = readBody(r); err != nil {
			return request, err
		}
	}
	return request, request.Parse(maxParams)
}

// readBody reads at most maxBody bytes; what is beyond stays on the wire.
func readBody(r *http.Request) (string, error) {
	buffer := buffers.Get().(*[]byte)
	defer buffers.Put(buffer)
	n, err := io.ReadFull(r.Body, *buffer)
	switch {
	case n > maxBody:
		return string((*buffer)[:maxBody]), twilio.ErrTooLarge
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && whole(r, n):
		return string((*buffer)[:n]), nil
	}
	return string((*buffer)[:n]), err
}

// whole says whether the body ended where it should: io.ReadFull calls a short
// read and a broken connection by the same name.
func whole(r *http.Request, n int) bool {
	return r.ContentLength < 0 || r.ContentLength == int64(n)
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
