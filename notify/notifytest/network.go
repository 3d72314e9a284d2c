package notifytest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Unreached is an address whose listener takes no more connections: who connects
// waits, as before a firewall that swallows packets.
func Unreached(t *testing.T) string {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	err = errors.Join(unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(fd, 0))
	at, named := unix.Getsockname(fd)
	if err := errors.Join(err, named); err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", at.(*unix.SockaddrInet4).Port)
	for range 8 { // its queue holds one or two
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) {
			return address
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("it takes connections without end")
	return ""
}

// TLS are peers that speak TLS, with certificates that are not to be trusted.
func TLS(t *testing.T) []Peer {
	t.Helper()
	shows := func(until time.Time) func(net.Conn) {
		settings := &tls.Config{Certificates: []tls.Certificate{certify(t, until)}, MinVersion: tls.VersionTLS12}
		return func(c net.Conn) {
			secured := tls.Server(c, settings)
			if secured.HandshakeContext(t.Context()) == nil {
				_, _ = secured.Read(make([]byte, 16)) // a client that trusts it would ask
			}
		}
	}
	return []Peer{
		{Name: "shows a certificate that has expired", Serve: shows(time.Now().Add(-time.Hour))},
		{Name: "shows a certificate that it signed itself", Serve: shows(time.Now().Add(time.Hour))},
	}
}

func certify(t *testing.T, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: until.Add(-24 * time.Hour), NotAfter: until,
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}
