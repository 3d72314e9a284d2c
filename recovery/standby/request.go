package standby

import (
	"context"
	"net/http"
	"net/url"
	"strings"
)

// Param is one name and value of a request, decoded.
type Param = struct{ Name, Value string }

// Question is what Twilio asked us, to be asked of a target.
type Question struct {
	Method string  // GET or POST, as Twilio asked
	Params []Param // all, in order
	Failed string  // ErrorUrl
	Token  string  // I-Twilio-Idempotency-Token; "" where Twilio sent none
	Voice  bool    // a call, not a message
	// Sign is the signature of a request to url with the key that verified
	// Twilio's; form are the parameters of a POST.
	Sign func(url string, form []Param) (signature string, ok bool)
}

// asked are the parameters that t gets.
func (q *Question) asked(t *Target) []Param {
	if t.WithError {
		return q.Params
	}
	kept := make([]Param, 0, len(q.Params))
	for _, p := range q.Params {
		if p.Name != "ErrorCode" && p.Name != "ErrorUrl" {
			kept = append(kept, p)
		}
	}
	return kept
}

// to is the request as Twilio would have made it to address.
func (q *Question) to(ctx context.Context, method, address string, params []Param) (*http.Request, error) {
	form := encode(params)
	body, signed := form, params
	if method == http.MethodGet {
		address, body, signed = withQuery(address, form), "", nil
	}
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	r.Header.Set("Accept", "*/*")
	r.Header.Set("User-Agent", "Backstop")
	if q.Token != "" {
		r.Header["I-Twilio-Idempotency-Token"] = []string{q.Token}
	}
	if signature, ok := q.Sign(address, signed); ok {
		r.Header["X-Twilio-Signature"] = []string{signature}
	}
	return r, nil
}

// encode writes a form with its parameters in their order: Values.Encode would
// sort them.
func encode(params []Param) string {
	var b strings.Builder
	for i, p := range params {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(p.Name))
		b.WriteByte('=')
		b.WriteString(url.QueryEscape(p.Value))
	}
	return b.String()
}

func withQuery(address, query string) string {
	switch {
	case query == "":
		return address
	case strings.Contains(address, "?"):
		return address + "&" + query
	}
	return address + "?" + query
}
