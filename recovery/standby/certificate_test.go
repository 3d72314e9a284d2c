package standby_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

// issuer signs certificates: an authority, or one that it has signed.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// issue signs what template says; nil signs itself.
func (by *issuer) issue(t *testing.T, template x509.Certificate) *issuer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.BasicConstraintsValid = true
	template.KeyUsage = x509.KeyUsageDigitalSignature
	if template.IsCA {
		template.KeyUsage = x509.KeyUsageCertSign
	}
	signer, with := &template, key
	if by != nil {
		signer, with = by.certificate, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, signer, &key.PublicKey, with)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{certificate, key}
}

func TestWhatIsWrongWithACertificateIsToldApart(t *testing.T) {
	t.Parallel()
	now := time.Now()
	authority := x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, NotBefore: now.AddDate(-9, 0, 0), NotAfter: now.AddDate(9, 0, 0), IsCA: true}
	between := authority
	between.Subject.CommonName = "between"
	between.IssuingCertificateURL = []string{"http://authority.invalid/root.der"}
	leaf := x509.Certificate{
		Subject: pkix.Name{CommonName: "www"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: now.AddDate(-3, 0, 0), NotAfter: now.AddDate(0, 0, 30),
		IssuingCertificateURL: []string{"http://authority.invalid/between.der"},
	}
	changed := func(change func(*x509.Certificate)) x509.Certificate {
		other := leaf
		change(&other)
		return other
	}
	day := func(at time.Time) string {
		if at.UTC().Year() == now.UTC().Year() {
			return at.UTC().Format("2 Jan")
		}
		return at.UTC().Format("2 Jan 2006")
	}
	root := (*issuer)(nil).issue(t, authority)
	stranger := (*issuer)(nil).issue(t, authority)
	middle := root.issue(t, between)
	old := between
	old.NotAfter = now.AddDate(0, 0, -2)
	outdated := root.issue(t, old)
	for name, c := range map[string]struct {
		by   *issuer
		leaf x509.Certificate
		sent []*issuer // behind the server's own
		want string    // "" for a good one
	}{
		"whole":                       {middle, leaf, []*issuer{middle}, ""},
		"expired a day ago":           {middle, changed(func(c *x509.Certificate) { c.NotAfter = now.AddDate(0, 0, -1) }), []*issuer{middle}, "certificate expired on " + day(now.AddDate(0, 0, -1))},
		"expired two years ago":       {middle, changed(func(c *x509.Certificate) { c.NotAfter = now.AddDate(-2, 0, 0) }), []*issuer{middle}, "certificate expired on " + now.AddDate(-2, 0, 0).UTC().Format("2 Jan 2006")},
		"not yet valid":               {middle, changed(func(c *x509.Certificate) { c.NotBefore = now.AddDate(0, 0, 1) }), []*issuer{middle}, "certificate is not valid before " + day(now.AddDate(0, 0, 1))},
		"of an expired authority":     {outdated, leaf, []*issuer{outdated}, "certificate of its authority expired on " + day(now.AddDate(0, 0, -2))},
		"for another name":            {middle, changed(func(c *x509.Certificate) { c.IPAddresses = nil; c.DNSNames = []string{"evil.example"} }), []*issuer{middle}, "certificate is for another name"},
		"without what is between":     {middle, leaf, nil, "chain incomplete: the certificate of its issuer is not sent"},
		"signed by itself":            {nil, leaf, nil, "certificate is signed by itself"},
		"of an authority nobody knew": {stranger, leaf, []*issuer{stranger}, "certificate is of an unknown authority"},
		"of a house's own authority":  {stranger, changed(func(c *x509.Certificate) { c.IssuingCertificateURL = nil }), nil, "certificate is of an unknown authority"},
		"not for servers":             {middle, changed(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning} }), []*issuer{middle}, "certificate is not valid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			own := c.by.issue(t, c.leaf)
			chain := tls.Certificate{Certificate: [][]byte{own.certificate.Raw}, PrivateKey: own.key}
			for _, one := range c.sent {
				chain.Certificate = append(chain.Certificate, one.certificate.Raw)
			}
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
			server.TLS = &tls.Config{Certificates: []tls.Certificate{chain}}
			server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug) // of refused certificates
			server.StartTLS()
			t.Cleanup(server.Close)
			trusted := x509.NewCertPool()
			trusted.AddCert(root.certificate)
			x := standby.NewExaminer(standby.ClientOptions{TLS: &tls.Config{RootCAs: trusted}})
			f := x.Examine(t.Context(), exam(t, server.URL, standby.ProbeOptions{AllowPrivate: true}))
			if c.want == "" && !isGood(f, "answers 200") || c.want != "" && (f.OK || f.Said != "TCP ok, TLS: "+c.want) {
				t.Errorf("got %+v, want %q", f, c.want)
			}
			seen := x.Certificate(t.Context(), server.URL)
			if !seen.Seen || seen.Trouble != c.want || seen.Named != (name != "for another name") || seen.Ours || seen.Public || !seen.From.Equal(own.certificate.NotBefore) {
				t.Errorf("got %+v, want %q", seen, c.want)
			}
			if c.want == "" && !seen.Until.Equal(own.certificate.NotAfter) {
				t.Errorf("it is said to expire on %s", seen.Until)
			}
		})
	}
}
