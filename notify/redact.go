package notify

import (
	"encoding/base64"
	"errors"
	"net/textproto"
	"net/url"
	"strings"
)

// redactor hides secrets in what the other side says: it may repeat what it
// was told.
type redactor struct{ secrets []string }

const (
	hidden         = "[hidden]"
	shortestSecret = 4 // a shorter one would garble the text and hide nothing
)

// newRedactor hides each of the secrets, as it is and as it travels.
func newRedactor(secrets ...string) redactor {
	var r redactor
	for _, s := range secrets {
		if len(s) < shortestSecret {
			continue
		}
		r.secrets = append(r.secrets, s, base64.StdEncoding.EncodeToString([]byte(s)), url.QueryEscape(s))
	}
	return r
}

func (r redactor) text(s string) string {
	for _, secret := range r.secrets {
		s = strings.ReplaceAll(s, secret, hidden)
	}
	return s
}

// clean is err without secrets, addresses of requests and line breaks. What
// callers branch on stays.
func (r redactor) clean(err error) error {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return &textproto.Error{Code: reply.Code, Msg: oneLine(r.text(reply.Msg))}
	}
	if request, ok := errors.AsType[*url.Error](err); ok {
		return r.clean(request.Err)
	}
	if text := r.text(err.Error()); text != err.Error() {
		return errors.New(text)
	}
	return err
}
