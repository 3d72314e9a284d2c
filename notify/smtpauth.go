package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// authenticate logs in by the best way that the server offers and the URL
// allows. Credentials go over an unencrypted connection only where the URL says
// starttls=never.
func (t transport) authenticate(ctx context.Context, client *smtp.Client) error {
	if t.server.User == "" {
		return nil
	}
	_, offer := client.Extension("AUTH")
	offered := strings.Fields(strings.ToUpper(offer))
	state, encrypted := client.TLSConnectionState()
	if !encrypted {
		if t.server.Security != NoTLS {
			return t.fault("would get the password unencrypted")
		}
		state = tls.ConnectionState{}
	}
	way := t.server.chooseAuth(offered, encrypted && state.Version != 0)
	if way == "" {
		return t.fault("offers no way to log in that Backstop knows (it offers: " + t.redact.text(oneLine(offer)) + ")")
	}
	if err := client.Auth(boundedAuth{t.server.auth(way, &state)}); err != nil {
		return t.explain(ctx, loginProblem(way, ctx.Err() != nil || isTimeout(err)), err)
	}
	return nil
}

func loginProblem(way string, silent bool) string {
	switch {
	case silent:
		return "falls silent while we log in (by " + way + ")"
	case strings.HasPrefix(way, "SCRAM"):
		return "refuses user and password (by " + way + ") (if they are right, try ?auth=plain)"
	}
	return "refuses user and password (by " + way + ")"
}

// boundedAuth refuses a SCRAM challenge that would cost minutes of CPU: no
// deadline reaches into that computation.
type boundedAuth struct{ smtp.Auth }

const mostIterations = 1_000_000

var errIterations = errors.New("it demands too many iterations of SCRAM")

func (a boundedAuth) Next(fromServer []byte, more bool) ([]byte, error) {
	if bytes.HasPrefix(fromServer, []byte("r=")) {
		for part := range bytes.SplitSeq(fromServer, []byte(",")) {
			count, ok := bytes.CutPrefix(part, []byte("i="))
			if n, err := strconv.Atoi(string(count)); ok && (err != nil || n > mostIterations) {
				return nil, errIterations
			}
		}
	}
	return a.Auth.Next(fromServer, more)
}

// Ways to log in, best first. XOAUTH2 is last: what the URL holds is taken for
// a token only where nothing else is offered, or where it says auth=xoauth2.
const (
	scramSHA256Plus = "SCRAM-SHA-256-PLUS"
	scramSHA256     = "SCRAM-SHA-256"
	scramSHA1Plus   = "SCRAM-SHA-1-PLUS"
	scramSHA1       = "SCRAM-SHA-1"
	plain           = "PLAIN"
	login           = "LOGIN"
	xoauth2         = "XOAUTH2"
)

func (s SMTPServer) chooseAuth(offered []string, encrypted bool) string {
	for _, way := range []string{scramSHA256Plus, scramSHA256, scramSHA1Plus, scramSHA1, plain, login, xoauth2} {
		bound := strings.HasSuffix(way, "-PLUS")
		if slices.Contains(offered, way) && strings.HasPrefix(way, s.Auth) && (encrypted || !bound) {
			return way
		}
	}
	return ""
}

func (s SMTPServer) auth(way string, state *tls.ConnectionState) smtp.Auth {
	const unencryptedToo = true // authenticate has looked after that
	switch way {
	case scramSHA256Plus:
		return smtp.ScramSHA256PlusAuth(s.User, s.Password, state)
	case scramSHA256:
		return smtp.ScramSHA256Auth(s.User, s.Password)
	case scramSHA1Plus:
		return smtp.ScramSHA1PlusAuth(s.User, s.Password, state)
	case scramSHA1:
		return smtp.ScramSHA1Auth(s.User, s.Password)
	case login:
		return smtp.LoginAuth(s.User, s.Password, s.Host, unencryptedToo)
	case xoauth2:
		return smtp.XOAuth2Auth(s.User, s.Password)
	}
	return smtp.PlainAuth("", s.User, s.Password, s.Host, unencryptedToo)
}
