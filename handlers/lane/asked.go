package lane

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
)

// mostFields is how many header fields a request on the lane may have.
const mostFields = 64

// asked is a request, and the room for the next one on the same connection. What
// is said again is not copied again: of most headers that is nearly all.
type asked struct {
	request http.Request
	fresh   http.Request // what is the same for all requests
	url     url.URL
	target  string
	address url.URL // that target is
	fields  []field
	renamed bool // the names differ from those of the request before
	at      places
	header  http.Header
	body    body
}

// field is a line of the header.
type field struct {
	sent, name string // as it came, and as http.Header wants it
	value      [1]string
}

// places are where the fields stand that say how to read a request; -1: nowhere.
type places struct{ host, length, connection int }

var nowhere = places{-1, -1, -1} //nolint:gochecknoglobals // constant

// on prepares for the requests of a connection.
func (a *asked) on(ctx context.Context, c net.Conn) {
	a.header = http.Header{}
	a.at = nowhere
	a.fresh = *(&http.Request{
		Method: http.MethodPost, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		URL: &a.url, Header: a.header, Body: &a.body, RemoteAddr: c.RemoteAddr().String(),
	}).WithContext(ctx)
}

var crlf = []byte("\r\n") //nolint:gochecknoglobals // constant

// mayBeAsked says whether b looks like a request for the lane: that is known at no cost.
func mayBeAsked(b []byte, prefix string) bool {
	target, post := bytes.CutPrefix(b, []byte("POST "))
	return post && bytes.HasPrefix(target, []byte(prefix)) && bytes.Contains(target, []byte("\r\n\r\n"))
}

// read reads a request; what is not plain or not whole is not for the lane, and
// a is of no further use then. Anything that net/http might refuse, or read in
// another way, is not plain. It keeps b until the next read.
func (a *asked) read(b []byte, prefix string) (plain bool) {
	line, rest, found := bytes.Cut(b, crlf)
	if !found || !a.readTarget(line, prefix) {
		return false
	}
	a.renamed = false
	n := 0
	for ; ; n++ {
		line, rest, found = bytes.Cut(rest, crlf)
		if !found || n > mostFields {
			return false
		}
		if len(line) == 0 {
			break
		}
		if !a.readField(n, line) {
			return false
		}
	}
	if a.renamed || n < len(a.fields) {
		a.fields = a.fields[:n]
		if !a.rename() {
			return false
		}
	}
	return a.frame(rest)
}

// readTarget reads "POST /fallback/voice?a=b HTTP/1.1".
func (a *asked) readTarget(line []byte, prefix string) bool {
	target, post := bytes.CutPrefix(line, []byte("POST "))
	target, proto := bytes.CutSuffix(target, []byte(" HTTP/1.1"))
	if !post || !proto {
		return false
	}
	if a.target == string(target) && a.target != "" {
		return true
	}
	a.target = string(target)
	path, query, asks := strings.Cut(a.target, "?")
	a.address = url.URL{Path: path, RawQuery: query, ForceQuery: asks && query == ""}
	return strings.HasPrefix(path, prefix) && only(path, pathBytes) && only(query, queryBytes)
}

// readField reads the n-th line of the header.
func (a *asked) readField(n int, line []byte) bool {
	name, value, found := bytes.Cut(line, []byte(":"))
	value = bytes.Trim(value, " \t")
	if !found {
		return false
	}
	if n == len(a.fields) {
		a.fields = append(a.fields, field{})
		a.renamed = true
	}
	f := &a.fields[n]
	if f.sent != string(name) || f.sent == "" {
		f.sent = string(name)
		f.name = textproto.CanonicalMIMEHeaderKey(f.sent)
		a.renamed = true
		if f.sent == "" || !only(f.sent, nameBytes) {
			return false
		}
	}
	if f.value[0] == string(value) {
		return true
	}
	f.value[0] = string(value)
	return only(f.value[0], valueBytes)
}

// rename makes the header anew, of the fields' names. What comes twice, or has net/http
// do more than hand it on, is not for the lane.
func (a *asked) rename() bool {
	clear(a.header)
	a.at = nowhere
	for i := range a.fields {
		f := &a.fields[i]
		switch f.name {
		case "Host":
			if a.at.host >= 0 {
				return false
			}
			a.at.host = i
			continue // as net/http does: it is the request's Host
		case "Content-Length":
			a.at.length = i
		case "Connection":
			a.at.connection = i
		case "Transfer-Encoding", "Trailer", "Expect", "Upgrade", "Pragma":
			return false
		}
		if a.header[f.name] != nil {
			return false
		}
		a.header[f.name] = f.value[:]
	}
	return true
}

// frame says how the request ends, and what comes after it: nothing.
func (a *asked) frame(rest []byte) bool {
	if a.at.host < 0 || a.at.length < 0 {
		return false
	}
	host := a.fields[a.at.host].value[0]
	length := a.fields[a.at.length].value[0]
	if host == "" || !only(host, hostBytes) || !only(length, digits) {
		return false
	}
	if n, err := strconv.Atoi(length); err != nil || n != len(rest) || n == 0 {
		return false
	}
	a.body.rest = rest
	a.url = a.address
	a.request = a.fresh
	if a.at.connection >= 0 {
		switch wish := a.fields[a.at.connection].value[0]; {
		case strings.EqualFold(wish, "close"):
			a.request.Close = true
		case !strings.EqualFold(wish, "keep-alive"):
			return false
		}
	}
	a.request.RequestURI, a.request.Host, a.request.ContentLength = a.target, host, int64(len(rest))
	return true
}

// body is what is not read yet of a request's body.
type body struct{ rest []byte }

// Read never waits.
func (b *body) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close leaves the rest unread.
func (b *body) Close() error {
	b.rest = nil
	return nil
}
