package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
)

// FetchError says why no answer came, with the code that Twilio would give to it.
type FetchError struct {
	Code int
	Err  error
}

func (e *FetchError) Error() string { return fmt.Sprintf("%v (%d)", e.Err, e.Code) }

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// Twilio's codes for requests that fail (https://www.twilio.com/docs/api/errors).
const (
	codeBadURL           = 11100
	codeFetch            = 11200
	codeConnectTimeout   = 11201
	codeRefused          = 11202
	codeTotalTimeout     = 11203
	codeReadTimeout      = 11205
	codeProtocol         = 11206
	codeHostName         = 11210
	codeTooManyRedirects = 11215
	codeBadRedirect      = 11216
	codeTLS              = 11220
	codeCertificateHost  = 11235
	codeCertificateDate  = 11236
	codeCertificateCA    = 11237
	codeTooLarge         = 11750
	codeEmpty            = 11770
)

var (
	errConnectTimeout = errors.New("the connection was not made in time")
	errReadTimeout    = errors.New("the answer did not come in time")
	errTotalTimeout   = errors.New("the request took too long in all")
)

func (e *FetchError) isConnecting() bool {
	switch e.Code {
	case codeConnectTimeout, codeRefused, codeTLS, codeCertificateHost, codeCertificateDate, codeCertificateCA, codeHostName:
		return true
	}
	return false
}

// fetchError finds the code for err, which cause (of the request's context) may explain.
func fetchError(err, cause error) *FetchError {
	for _, timeout := range []struct {
		err  error
		code int
	}{{errConnectTimeout, codeConnectTimeout}, {errReadTimeout, codeReadTimeout}, {errTotalTimeout, codeTotalTimeout}} {
		if errors.Is(cause, timeout.err) {
			return &FetchError{Code: timeout.code, Err: timeout.err}
		}
	}
	if cause != nil && errors.Is(err, context.Canceled) {
		err = cause
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // its text repeats the whole address, with the parameters of a GET
	}
	return &FetchError{Code: codeOf(err), Err: err}
}

func codeOf(err error) int {
	var (
		dns         *net.DNSError
		host        x509.HostnameError
		unknown     x509.UnknownAuthorityError
		certificate x509.CertificateInvalidError
		record      tls.RecordHeaderError
		verify      *tls.CertificateVerificationError
		alert       tls.AlertError
	)
	switch {
	case errors.As(err, &dns):
		return codeHostName
	case errors.Is(err, syscall.ECONNREFUSED):
		return codeRefused
	case errors.As(err, &host):
		return codeCertificateHost
	case errors.As(err, &certificate) && certificate.Reason == x509.Expired:
		return codeCertificateDate
	case errors.As(err, &unknown), errors.As(err, &verify):
		return codeCertificateCA
	case errors.As(err, &record), errors.As(err, &alert), errors.Is(err, http.ErrSchemeMismatch):
		return codeTLS
	case strings.Contains(err.Error(), "malformed HTTP"): // net/http has no type for it
		return codeProtocol
	default:
		return codeFetch
	}
}
