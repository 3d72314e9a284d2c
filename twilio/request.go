package twilio

import (
	"strings"
)

// Request is one webhook request as it was received. Fill in all but Params,
// then call Parse.
type Request struct {
	Method      string
	URI         string // the request line's target, untouched: "/fallback/voice?x=1"
	Host        string // the Host header; asked only while PUBLIC_URL is unset, and in a diagnosis
	ContentType string
	Signature   string // X-Twilio-Signature
	Body        []byte // is only read, and not kept

	// X-Forwarded-Proto, X-Forwarded-Host and X-Forwarded-Port, if a proxy that is trusted set them.
	ForwardedProto, ForwardedHost, ForwardedPort string

	Params []Param // by Parse: only what a signature covers
}

// Parse sets Params from the bytes that a signature covers: the form of a POST,
// the query of anything else. A body that is no form yields none; a GET's body
// is ignored. The error is one of ParseForm.
func (r *Request) Parse(maxParams int) error { return r.ParseIn(new(Room), maxParams) }

// ParseIn is Parse with room that is used again: Params is good until the room is
// emptied or has the next request's; its names and values stay good.
func (r *Request) ParseIn(room *Room, maxParams int) (err error) {
	var raw []byte
	switch {
	case !r.isPost():
		raw = []byte(r.query())
	case r.hasForm():
		raw = r.Body
	}
	params, err := room.parse(raw, maxParams)
	if err != nil {
		return err
	}
	r.Params = params
	return nil
}

func (r *Request) isPost() bool { return r.Method == "POST" }

// hasForm says whether the body is to be read as a form. A missing type counts
// as one: proxies lose headers, and the signature covers the pairs either way.
func (r *Request) hasForm() bool {
	kind, _, _ := strings.Cut(r.ContentType, ";")
	kind = strings.TrimSpace(kind)
	return kind == "" || strings.EqualFold(kind, "application/x-www-form-urlencoded")
}

// pathAndQuery is URI, but for the scheme and authority of an absolute one
// (RFC 9112 §3.2.2 obliges a server to take them).
func (r *Request) pathAndQuery() string {
	if r.URI == "" || r.URI[0] == '/' {
		return r.URI
	}
	_, rest, ok := strings.Cut(r.URI, "://")
	if !ok {
		return r.URI
	}
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		return rest[i:]
	}
	return ""
}

func (r *Request) query() string {
	_, query, _ := strings.Cut(r.URI, "?")
	return query
}
