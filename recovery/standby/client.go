package standby

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// Client asks targets. It serves any number of goroutines; nobody waits for
// anybody else.
type Client struct {
	public, private *http.Client // by whether private addresses are allowed
	breakers        breakers
	lastGood        *LastGood
	log             *slog.Logger
}

// LastGood is where what was good is kept; nil where it is not.
func (c *Client) LastGood() *LastGood {
	if c == nil {
		return nil
	}
	return c.lastGood
}

// ClientOptions are what tests need otherwise. The zero value serves.
type ClientOptions struct {
	TLS *tls.Config      // whom to trust; the system's certificates where nil
	Now func() time.Time // time.Now where nil
	// Transport stands in for the network; nil for the network itself.
	Transport http.RoundTripper
	// Dial stands in for the network below HTTP; nil for the network itself. Whom
	// it connects to is its own affair: no address is refused.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// LastGood is where what was good is to be kept; nil for nowhere.
	LastGood *LastGood
	Log      *slog.Logger // of bugs of ours; nil for nowhere
}

// Bounds of what a server may send before its document.
const (
	mostHeader = 64 << 10
	dialWithin = 2 * time.Second // of the target's own time
	// handshakeWithin ends what net/http goes on with though nobody waits any more:
	// without it a server that never finishes TLS would hold a connection of ours,
	// and a goroutine, for each time that it was asked.
	handshakeWithin = 5 * time.Second
	keepIdle        = 30 * time.Second
	idleEach        = 16
)

// NewClient makes a Client.
func NewClient(o ClientOptions) *Client {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Client{public: newHTTPClient(o, true), private: newHTTPClient(o, false), breakers: breakers{now: o.Now}, lastGood: o.LastGood, log: o.Log}
}

// newHTTPClient follows no redirect by itself, takes no proxy from the
// environment, and looks at the address that is really connected to, so that a
// name cannot lead into the house.
func newHTTPClient(o ClientOptions, publicOnly bool) *http.Client {
	transport := o.Transport
	if transport == nil {
		transport = newTransport(o, publicOnly)
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func newTransport(o ClientOptions, publicOnly bool) *http.Transport {
	dial := o.Dial
	if dial == nil {
		dial = dialer(publicOnly).DialContext
	}
	settings := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLS != nil {
		settings = o.TLS.Clone()
	}
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        settings,
		TLSHandshakeTimeout:    handshakeWithin,
		MaxResponseHeaderBytes: mostHeader,
		MaxIdleConnsPerHost:    idleEach,
		IdleConnTimeout:        keepIdle,
	}
}

// dialer connects to whatever a name leads to, or to what is public only.
func dialer(publicOnly bool) *net.Dialer {
	d := &net.Dialer{Timeout: dialWithin}
	if publicOnly {
		d.ControlContext = refusePrivate
	}
	return d
}

// privateError is what a name gets that leads into a private network.
type privateError struct{ address string }

func (e privateError) Error() string {
	return "its name leads to the private address " + e.address + ": say allow_private if that is meant"
}

func refusePrivate(_ context.Context, _, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !isPublic(at.Addr().Unmap().WithZone("")) {
		return privateError{address}
	}
	return nil
}

// notPublic are the ranges that netip does not name itself and that are no
// place on the internet: https://www.iana.org/assignments/iana-ipv4-special-registry
// and …/iana-ipv6-special-registry.
var notPublic = []netip.Prefix{ //nolint:gochecknoglobals // constant
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), // an IPv4 address within, whichever
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2002::/16"), // likewise
	netip.MustParsePrefix("2001::/32"), // likewise
	netip.MustParsePrefix("fec0::/10"),
}

func isPublic(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

func (c *Client) allowing(private bool) *http.Client {
	if private {
		return c.private
	}
	return c.public
}
