package standby

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// said is why a look ended behind what went well: "DNS ok, connection refused".
// An address that is no name was not looked up.
func (l *look) said(why string) string {
	var all []string
	if _, err := netip.ParseAddr(l.exam.at.host); err != nil && l.named {
		all = append(all, "DNS ok")
	}
	if l.connected {
		all = append(all, "TCP ok")
	}
	if l.secure {
		all = append(all, "TLS ok")
	}
	return strings.Join(append(all, why), ", ")
}

// trouble is err in a few words of our own: what the server has sent is in none
// of them, nor is an address.
func (l *look) trouble(ctx context.Context, err error, within time.Duration) string {
	late := ctx.Err() != nil || isTimeout(err)
	secured := l.secure || l.exam.at.scheme == "http"
	switch {
	case !l.named && late:
		return "DNS: no answer within " + brief(within)
	case !l.named:
		return lookupTrouble(err)
	case !l.connected && late:
		return "no connection within " + brief(within)
	case !l.connected:
		return connectTrouble(err)
	case !secured && late:
		return "TLS: no answer within " + brief(within)
	case !secured:
		return "TLS: " + l.tlsTrouble(err)
	case late:
		return "no answer within " + brief(within)
	}
	return httpTrouble(err)
}

func isDNS(err error) bool {
	_, is := errors.AsType[*net.DNSError](err)
	return is
}

func lookupTrouble(err error) string {
	if dns, is := errors.AsType[*net.DNSError](err); is && dns.IsNotFound {
		return incident.NameNotFound
	}
	return "DNS: the name could not be looked up"
}

func connectTrouble(err error) string {
	_, private := errors.AsType[privateError](err)
	switch {
	case private:
		return "its name leads to a private address: say allow_private if that is meant"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "no route to it"
	}
	return "no connection"
}

func (l *look) tlsTrouble(err error) string {
	_, record := errors.AsType[tls.RecordHeaderError](err)
	remote, _ := errors.AsType[*net.OpError](err)
	verification, refused := errors.AsType[*tls.CertificateVerificationError](err)
	switch {
	case refused:
		return certificateTrouble(verification, l.now())
	case record:
		return "what answers does not speak TLS"
	case remote != nil && remote.Op == "remote error": // so crypto/tls calls an alert
		return "the server refuses"
	case brokenOff(err):
		return "connection broken off"
	}
	return "no agreement with the server"
}

func httpTrouble(err error) string {
	var bad answerError
	switch {
	case errors.As(err, &bad):
		return bad.Error()
	case brokenOff(err):
		return "connection broken off"
	}
	return "what answers is no HTTP"
}

func brokenOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// certificateTrouble is why a certificate is not trusted.
func certificateTrouble(err *tls.CertificateVerificationError, now time.Time) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err.Err, &invalid) && invalid.Reason == x509.Expired:
		return expiry(invalid.Cert, now)
	case errors.As(err.Err, &host):
		return "certificate is for another name"
	case errors.As(err.Err, &unknown):
		return chainTrouble(err.UnverifiedCertificates)
	}
	return "certificate is not valid"
}

// expiry names the day, and the year where it is another one.
func expiry(c *x509.Certificate, now time.Time) string {
	whose := "certificate"
	if c.IsCA {
		whose = "certificate of its authority"
	}
	day := func(t time.Time) string {
		if t.UTC().Year() != now.UTC().Year() {
			return t.UTC().Format("2 Jan 2006")
		}
		return t.UTC().Format("2 Jan")
	}
	if now.Before(c.NotBefore) {
		return whose + " is not valid before " + day(c.NotBefore)
	}
	return whose + " expired on " + day(c.NotAfter)
}

// chainTrouble tells a server that does not send all of its chain from one whose
// authority nobody knows. Public authorities write into each certificate where
// its issuer's is; we do not go there, for that would be another host.
func chainTrouble(sent []*x509.Certificate) string {
	last := sent[len(sent)-1]
	selfSigned := bytes.Equal(last.RawIssuer, last.RawSubject)
	switch {
	case selfSigned && len(sent) == 1:
		return "certificate is signed by itself"
	case !selfSigned && len(last.IssuingCertificateURL) > 0:
		return "chain incomplete: the certificate of its issuer is not sent"
	}
	return "certificate is of an unknown authority"
}

// brief is a time as people say it: "80 ms", "1.5 s".
func brief(d time.Duration) string {
	if d < 950*time.Millisecond {
		return fmt.Sprintf("%d ms", max(d.Round(time.Millisecond).Milliseconds(), 1))
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", d.Seconds()), ".0") + " s"
}
