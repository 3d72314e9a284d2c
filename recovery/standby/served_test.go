package standby_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/backstop-project/backstop/recovery/standby"
)

func TestABackstopIsKnownByItsHealth(t *testing.T) {
	t.Parallel()
	for answer, ours := range map[string]bool{
		`{"status":"ok","degraded":[]}`:         true,
		`{"status":"ok","degraded":["reload"]}`: true,
		`{"status":"ok"}`:                       false,
		`<html>Router</html>`:                   false,
		``:                                      false,
	} {
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/backstop/healthz" {
				http.NotFound(w, r)
				return
			}
			_, _ = io.WriteString(w, answer)
		}))
		t.Cleanup(server.Close)
		trusted := x509.NewCertPool()
		trusted.AddCert(server.Certificate())
		x := standby.NewExaminer(standby.ClientOptions{TLS: &tls.Config{RootCAs: trusted}})
		if c := x.Certificate(t.Context(), server.URL+"/backstop"); c.Ours != ours || !c.Seen || c.Trouble != "" {
			t.Errorf("%s: got %+v", answer, c)
		}
	}
}

func TestWhereNoCertificateIsSeenNothingIsSaid(t *testing.T) {
	t.Parallel()
	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	x := standby.NewExaminer(standby.ClientOptions{})
	for _, base := range []string{plain.URL, "https://" + plain.Listener.Addr().String(), "https://" + gone.Addr().String(), "https://nobody.invalid", ""} {
		if c := x.Certificate(t.Context(), base); c != (standby.Certificate{}) {
			t.Errorf("%s: got %+v", base, c)
		}
	}
}
