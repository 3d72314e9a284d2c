package standby

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

// answerError is an answer that a call cannot go on with.
type answerError string

func (e answerError) Error() string { return string(e) }

// actedError is why a server has no answer that may have done what it was asked for
// nevertheless: the request was on its way to it.
type actedError struct{ error }

// explain is err in one line for people, without addresses, which may hold what
// is personal.
func explain(ctx context.Context, within time.Duration, err error) error {
	var bad answerError
	var private privateError
	switch {
	case errors.As(err, &bad):
		return bad
	case errors.As(err, &private):
		return private
	case isDNS(err):
		return errors.New(trouble(err))
	case ctx.Err() != nil || isTimeout(err):
		return errors.New("no answer in time (" + within.String() + " at most)")
	}
	return errors.New(trouble(err))
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func trouble(err error) string {
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case isDNS(err):
		return nameTrouble(err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return "it refuses connections"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "its certificate has expired"
	case errors.As(err, &invalid), errors.As(err, &unknown):
		return "its certificate is not trusted"
	case errors.As(err, &host):
		return "its certificate is for another name"
	case errors.Is(err, http.ErrSchemeMismatch):
		return "it does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return "it broke the connection off"
	}
	if step, ok := errors.AsType[*url.Error](err); ok {
		err = step.Err
	}
	return "it could not be asked: " + err.Error()
}

// nameTrouble tells a name that nobody has from names that cannot be asked for.
func nameTrouble(err error) string {
	if dns, _ := errors.AsType[*net.DNSError](err); dns.IsNotFound {
		return "there is no host of its name"
	}
	return "its name could not be looked up"
}
