package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/google/uuid"
)

// ErrURL is wrapped by errors about an address that Twilio would not ask (its error 11100).
var ErrURL = errors.New("not a URL that Twilio would ask")

// Request is one signed request, ready to be sent any number of times: sent again it is a retry, with the same
// signature and the same idempotency token.
type Request struct {
	Method string
	URL    string // what is signed: what Twilio asks for, with the query of a GET, without the fragment
	Params Params
	Header http.Header
	Body   []byte

	document string // the URL without what a GET adds: what relative addresses in the answer start from
	fragment string // of the URL: how patiently it is asked
}

// Request signs a request of that method ("" is POST) to rawURL with these parameters.
func (a Account) Request(method, rawURL string, params Params) (Request, error) {
	if method == "" {
		method = http.MethodPost
	}
	asked, err := askedURL(rawURL)
	if err != nil {
		return Request{}, err
	}
	_, fragment, _ := strings.Cut(rawURL, "#")
	r := Request{Method: method, Params: params, document: asked.String(), fragment: fragment, Header: http.Header{
		"User-Agent":                 {"TwilioProxy/1.1"},
		"Accept":                     {"*/*"},
		"I-Twilio-Idempotency-Token": {uuid.NewString()},
		"X-Home-Region":              {"us1"},
	}}
	signed := params
	if method == http.MethodGet {
		asked.RawQuery = joinQuery(asked.RawQuery, params.Encode())
		signed = nil
	} else {
		r.Body = []byte(params.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	r.URL = asked.String()
	r.Header.Set("X-Twilio-Signature", Sign(a.AuthToken, r.URL, signed))
	return r, nil
}

// Token is the idempotency token, which tells a retry from another failure of the same call.
func (r Request) Token() string {
	return r.Header.Get("I-Twilio-Idempotency-Token")
}

// HTTP returns the request for net/http's client. The credentials of a URL are not sent, as Twilio's first request
// does not send them.
func (r Request) HTTP(ctx context.Context) (*http.Request, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, r.URL, bytes.NewReader(r.Body))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	out.Header = r.Header.Clone()
	out.URL.User = nil
	return out, nil
}

// askedURL is rawURL as it goes over the wire: no fragment, a path, and nothing in the query that has to be escaped.
// Twilio signs the address in that form too: ' is %27.
func askedURL(rawURL string) (*url.URL, error) {
	asked, err := url.Parse(strings.TrimSpace(rawURL))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrURL, err)
	}
	if asked.Scheme != "http" && asked.Scheme != "https" || asked.Hostname() == "" {
		return nil, fmt.Errorf("%w: %q has no scheme http or https and host", ErrURL, rawURL)
	}
	asked.Fragment, asked.RawFragment = "", ""
	asked.RawQuery = escapeQuery(asked.RawQuery)
	if asked.Path == "" {
		asked.Path = "/"
	}
	return asked, nil
}

// escapeQuery follows https://url.spec.whatwg.org/#special-query-percent-encode-set.
func escapeQuery(query string) string {
	var out strings.Builder
	for _, c := range []byte(query) {
		if c <= ' ' || c >= 0x7F || strings.IndexByte(`"#<>'`, c) >= 0 {
			writePercent(&out, c)
		} else {
			out.WriteByte(c)
		}
	}
	return out.String()
}

func joinQuery(first, second string) string {
	if first == "" || second == "" {
		return first + second
	}
	return first + "&" + second
}
