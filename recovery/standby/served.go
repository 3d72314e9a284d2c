package standby

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Certificate is what a look at the certificate of one of our own addresses
// came to. It was taken from inside: what Twilio sees may be another one, which
// is why it says how much it proves.
type Certificate struct {
	Seen    bool      // a server showed one; else nothing is known
	Trouble string    // why Twilio would refuse it, as an Examiner says it; "" for a good one
	From    time.Time // it is valid since
	Until   time.Time // when it expires, or one of those that it needs
	Named   bool      // it is for the name that was asked
	Ours    bool      // behind it answers a Backstop
	Public  bool      // it was seen at an address on the internet
}

// Certificate looks at what the server at an https address shows. It takes no
// longer than Examine.
func (x *Examiner) Certificate(ctx context.Context, base string) (c Certificate) {
	at := originAt(base)
	if at.scheme != "https" {
		return Certificate{}
	}
	ctx, cancel := context.WithTimeout(ctx, examineWithin)
	defer cancel()
	anyone := &Examiner{tls: x.tls.Clone(), now: x.now, dial: x.dial}
	anyone.tls.InsecureSkipVerify = true // it is judged below; nothing secret is sent
	l := look{Examiner: anyone, exam: Exam{at: at, AllowPrivate: true}}
	conn, err := l.connect(ctx)
	if err != nil {
		return Certificate{}
	}
	defer conn.Close()
	over := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer over()
	secured, ok := conn.(*tls.Conn)
	if !ok || len(secured.ConnectionState().PeerCertificates) == 0 {
		return Certificate{}
	}
	c = x.judge(secured.ConnectionState().PeerCertificates, at.host)
	c.Public = publicEnd(conn)
	c.Ours = answersAsBackstop(ctx, conn, base)
	return c
}

// judge is what Twilio would say of these certificates, shown for that name.
func (x *Examiner) judge(shown []*x509.Certificate, host string) Certificate {
	leaf := shown[0]
	c := Certificate{Seen: true, From: leaf.NotBefore, Until: leaf.NotAfter, Named: leaf.VerifyHostname(host) == nil}
	between := x509.NewCertPool()
	for _, one := range shown[1:] {
		between.AddCert(one)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: x.tls.RootCAs, Intermediates: between, CurrentTime: x.now()})
	if err != nil {
		c.Trouble = certificateTrouble(&tls.CertificateVerificationError{UnverifiedCertificates: shown, Err: err}, x.now())
		return c
	}
	c.Until = lasts(chains)
	return c
}

// lasts is until when one of the chains holds. Its root is Twilio's own matter.
func lasts(chains [][]*x509.Certificate) (until time.Time) {
	for _, chain := range chains {
		end := chain[0].NotAfter
		for _, one := range chain[1:max(1, len(chain)-1)] {
			if one.NotAfter.Before(end) {
				end = one.NotAfter
			}
		}
		if end.After(until) {
			until = end
		}
	}
	return until
}

func publicEnd(conn net.Conn) bool {
	at, err := netip.ParseAddrPort(conn.RemoteAddr().String())
	return err == nil && isPublic(at.Addr().Unmap().WithZone(""))
}

// mostHealth is how much is read of what may be a Backstop's health.
const mostHealth = 64 << 10

// answersAsBackstop asks for what a Backstop says of its health.
func answersAsBackstop(ctx context.Context, conn net.Conn, base string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/healthz", http.NoBody)
	if err != nil {
		return false
	}
	r.Close = true
	r.Header.Set("User-Agent", "Backstop")
	answer, err := exchange(conn, r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var health struct {
		Status   string   `json:"status"`
		Degraded []string `json:"degraded"`
	}
	err = json.NewDecoder(io.LimitReader(answer.Body, mostHealth)).Decode(&health)
	return err == nil && answer.StatusCode == http.StatusOK && health.Status == "ok" && health.Degraded != nil
}
