package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"
)

// Bounds of one conversation with a mail server.
const (
	connectWithin  = 10 * time.Second
	commandWithin  = 10 * time.Second
	mostFromServer = 1 << 20 // bytes: no honest server says more
)

// Dial connects to a server. It is net.Dialer.DialContext but for tests.
type Dial func(ctx context.Context, network, address string) (net.Conn, error)

// transport delivers composed mails to one server, one connection a mail.
type transport struct {
	server SMTPServer
	hello  string // the name in EHLO; "" says our address
	roots  *x509.CertPool
	dial   Dial
	redact redactor
}

// refusal is a recipient that the server did not take.
type refusal struct {
	to  string
	err error
}

// delivery is how one conversation ended where it got as far as the mail.
type delivery struct {
	taken   []string
	refused []refusal
	broke   error // why those who are in neither have it not, or may have it; nil where there are none
}

// envelope is a mail and whom it is for.
type envelope struct {
	to  []string
	raw []byte
}

// deliver hands mails over, one after the other. Its error means that nobody got
// one, or that nobody knows; else delivery says who did.
func (t transport) deliver(ctx context.Context, from string, mails []envelope) (delivery, error) {
	client, end, err := t.connect(ctx)
	if err != nil {
		return delivery{}, err
	}
	defer end()
	var all delivery
	for _, mail := range mails {
		d, err := t.hand(ctx, client, from, mail)
		all.taken, all.refused = append(all.taken, d.taken...), append(all.refused, d.refused...)
		if err == nil && len(d.taken) == 0 && len(mails) > 1 {
			err = t.reset(ctx, client) // nothing was handed over: the next one begins anew
		}
		if err != nil && len(all.taken) == 0 {
			return delivery{}, err
		}
		if err != nil {
			all.broke = err
			return all, nil
		}
	}
	if len(all.taken) > 0 {
		_ = client.Quit()
	}
	return all, nil
}

func (t transport) reset(ctx context.Context, client *smtp.Client) error {
	if err := client.Reset(); err != nil {
		return t.explain(ctx, "broke off between two mails", err)
	}
	return nil
}

// hand hands over one mail. An error is about all of its recipients.
func (t transport) hand(ctx context.Context, client *smtp.Client, from string, mail envelope) (delivery, error) {
	client.SkipSMTPUTF8(isASCII(from + strings.Join(mail.to, "")))
	if err := client.Mail("<" + from + ">"); err != nil {
		return delivery{}, t.explain(ctx, "does not take mail from "+from, err)
	}
	var d delivery
	for _, address := range mail.to {
		if err := client.Rcpt("<" + address + ">"); err != nil {
			err = t.explain(ctx, "does not take mail for "+address, err)
			d.refused = append(d.refused, refusal{address, err})
			if !isReply(err) {
				return delivery{}, err
			}
			continue
		}
		d.taken = append(d.taken, address)
	}
	if len(d.taken) == 0 {
		return d, nil
	}
	err := t.data(ctx, client, mail.raw)
	switch {
	case err == nil:
		return d, nil
	case isReply(err) && len(d.taken) == 1: // which says nothing of the mails of others
		return delivery{refused: append(d.refused, refusal{d.taken[0], fmt.Errorf("mail for %s: %w", d.taken[0], err)})}, nil
	}
	return delivery{}, err
}

func (t transport) data(ctx context.Context, client *smtp.Client, raw []byte) error {
	w, err := client.Data()
	if err != nil {
		return t.explain(ctx, "does not take the mail", err)
	}
	if _, err := w.Write(raw); err != nil {
		return t.explain(ctx, "broke off in the middle of the mail", err)
	}
	err = w.Close()
	switch {
	case err == nil:
		return nil
	case isReply(err):
		return t.explain(ctx, "does not take the mail", err)
	}
	return t.explain(ctx, "was given the mail, but its answer was lost, so that it may come twice", err)
}

// connect opens a connection that is as safe and as authenticated as the
// server's URL demands. end closes it, at the latest with ctx.
func (t transport) connect(ctx context.Context) (client *smtp.Client, end func(), err error) {
	raw, err := t.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	end = func() {
		stop()
		_ = raw.Close()
	}
	client, err = t.converse(ctx, &boundedConn{Conn: raw, left: mostFromServer})
	if err != nil {
		end()
		return nil, nil, err
	}
	return client, end, nil
}

func (t transport) open(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectWithin)
	defer cancel()
	started := time.Now()
	conn, err := t.dial(ctx, "tcp", t.server.Address())
	if err == nil {
		return conn, nil
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return nil, fmt.Errorf("there is no host %s: is SMTP_URL right?", t.server.Host)
	case dns != nil:
		return nil, fmt.Errorf("the name %s could not be looked up: do names work on this machine?", t.server.Host)
	case isTimeout(err):
		return nil, fmt.Errorf("mail server %s did not answer within %s: your host probably blocks outgoing mail: try port 2525", t.server.Address(), time.Since(started).Round(time.Second/10))
	}
	return nil, t.explain(ctx, "cannot be reached", err)
}

// converse greets, encrypts and authenticates.
func (t transport) converse(ctx context.Context, conn net.Conn) (*smtp.Client, error) {
	settings := &tls.Config{ServerName: t.server.Host, RootCAs: t.roots, MinVersion: tls.VersionTLS12}
	hello := t.hello
	if hello == "" {
		hello = addressLiteral(conn.LocalAddr())
	}
	if t.server.Security == TLS {
		encrypted := tls.Client(conn, settings)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, t.explain(ctx, "cannot be talked to by TLS (smtps:// is for port 465, smtp:// for 587)", err)
		}
		conn = encrypted
	}
	client, err := smtp.NewClient(conn, t.server.Host)
	switch {
	case err != nil && (isTimeout(err) || ctx.Err() != nil):
		return nil, t.fault("says nothing: " + t.silenceRemedy())
	case err != nil:
		return nil, t.explain(ctx, "does not greet as a mail server", err)
	}
	if err := client.Hello(hello); err != nil {
		return nil, t.explain(ctx, "does not answer our greeting", err)
	}
	if t.server.Security == StartTLS {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return nil, t.fault("offers no STARTTLS: use smtps://…:465, or add ?starttls=never if the network between is trusted")
		}
		if err := client.StartTLS(settings); err != nil {
			return nil, t.explain(ctx, "cannot be talked to by STARTTLS", err)
		}
	}
	return client, t.authenticate(ctx, client)
}

// silenceRemedy is what to do about a server that takes a connection and never
// speaks: it waits for TLS, or is not the mail server at all.
func (t transport) silenceRemedy() string {
	if t.server.Security != TLS && t.server.Port == submissionsPort {
		return "port 465 wants smtps://"
	}
	return "your host probably blocks outgoing mail: try port 2525"
}

// fault is an error of this server in our own words.
func (t transport) fault(what string) error {
	return fmt.Errorf("mail server %s %s", t.server.Address(), what)
}

// explain wraps err with what it stopped; a secret that the server repeated is
// hidden, and the end of ctx is called by its name.
func (t transport) explain(ctx context.Context, what string, err error) error {
	if cause := ctx.Err(); cause != nil {
		return fmt.Errorf("mail server %s %s: no end of it in time: %w", t.server.Address(), what, cause)
	}
	if isTimeout(err) {
		return fmt.Errorf("mail server %s %s: no answer in time", t.server.Address(), what)
	}
	return fmt.Errorf("mail server %s %s: %w", t.server.Address(), what, t.redact.clean(err))
}

// isReply says whether the server spoke, as opposed to a broken connection.
func isReply(err error) bool {
	var reply *textproto.Error
	return errors.As(err, &reply)
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
}

// addressLiteral is how a client without a name of its own says hello:
// https://www.rfc-editor.org/rfc/rfc5321#section-4.1.3
func addressLiteral(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	switch {
	case !ok:
		return "localhost"
	case tcp.IP.To4() != nil:
		return "[" + tcp.IP.String() + "]"
	}
	return "[IPv6:" + tcp.IP.String() + "]"
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
