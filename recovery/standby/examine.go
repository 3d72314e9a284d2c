package standby

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Examiner looks at the customer's own servers stage by stage: name, connection,
// TLS, answer. It serves any number of goroutines, and each look makes its own
// connection: one that stood before would say nothing about the stages.
type Examiner struct {
	tls  *tls.Config
	now  func() time.Time
	dial func(ctx context.Context, network, address string) (net.Conn, error) // nil for the network
}

// NewExaminer makes an Examiner. Of the options it heeds TLS, Now and Dial.
func NewExaminer(o ClientOptions) *Examiner {
	x := &Examiner{tls: &tls.Config{MinVersion: tls.VersionTLS12}, now: time.Now, dial: o.Dial}
	if o.TLS != nil {
		x.tls = o.TLS.Clone()
	}
	if o.Now != nil {
		x.now = o.Now
	}
	return x
}

// examineWithin is how long a look may take.
const examineWithin = 3 * time.Second

// Examine looks at a server once, and says in one line for people how far it
// got. It takes no longer than 3 s, or than ctx has; where ctx is cancelled what
// it says means nothing. A server without a health_url works if HEAD is answered
// with any status but one of its own faults, one with it if that is answered as
// a good probe is. The finding is as old as the beginning of the look, so that
// it never proves anything about a failure that came while it went on.
func (x *Examiner) Examine(ctx context.Context, e Exam) (f incident.Finding) {
	f = incident.Finding{At: x.now(), Health: e.Health}
	began, within := time.Now(), examineWithin
	if until, ok := ctx.Deadline(); ok {
		within = min(within, time.Until(until))
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	defer func() {
		if recover() != nil {
			f.OK, f.Said = false, "looking at it went wrong here"
		}
	}()
	l := look{Examiner: x, exam: e}
	status, err := l.ask(ctx)
	switch {
	case err != nil:
		_, f.Moot = errors.AsType[privateError](err)
		f.Said = l.said(l.trouble(ctx, err, within.Round(100*time.Millisecond)))
	case !e.answeredBy(status):
		f.Said = l.said(fmt.Sprintf("answers %d", status))
	default:
		f.OK, f.Said = true, fmt.Sprintf("answers %d in %s", status, brief(time.Since(began)))
	}
	return f
}

// answeredBy says whether that status is that of a server that works. One that
// does not know HEAD answers nevertheless: RFC 9110, 15.6.2.
func (e Exam) answeredBy(status int) bool {
	if e.Health {
		return status >= 200 && status <= 299
	}
	return status < 500 || status == http.StatusNotImplemented
}

// look is one of an Examiner's, while it goes on.
type look struct {
	*Examiner

	exam                     Exam
	named, connected, secure bool // what went well so far
}

// ask is the status that the server answers with at last.
func (l *look) ask(ctx context.Context) (status int, err error) {
	if !l.exam.Health {
		answer, err := l.request(ctx, http.MethodHead, l.exam.URL)
		if err != nil {
			return 0, err
		}
		_ = answer.Body.Close()
		return answer.StatusCode, nil
	}
	address := l.exam.URL
	for redirected := false; ; redirected = true {
		answer, err := l.request(ctx, http.MethodGet, address)
		if err != nil {
			return 0, err
		}
		if l.exam.answeredBy(answer.StatusCode) {
			_, err := readMost(answer)
			return answer.StatusCode, err
		}
		next, err := "", error(nil)
		if answer.StatusCode < 400 {
			next, err = redirect(answer, redirected)
		}
		_ = answer.Body.Close()
		if err != nil || next == "" {
			return answer.StatusCode, err
		}
		address = next
	}
}

// request asks over a connection of its own, which ends with the answer's body,
// and of which nothing is read once ctx is over. The requests are written here:
// http.Transport logs what a server sends unasked.
func (l *look) request(ctx context.Context, method, address string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	r.Close = true
	r.Header.Set("User-Agent", "Backstop")
	conn, err := l.connect(ctx)
	if err != nil {
		return nil, err
	}
	over := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	answer, err := exchange(conn, r)
	if err != nil {
		over()
		_ = conn.Close()
		return nil, err
	}
	answer.Body = &body{answer.Body, conn, over}
	return answer, nil
}

// mostAnswer is how much of an answer is read.
const mostAnswer = mostHeader + twiml.MaxBytes

// exchange writes r, and reads the answer behind what only informs.
func exchange(conn net.Conn, r *http.Request) (*http.Response, error) {
	if err := r.Write(conn); err != nil {
		return nil, err
	}
	buffered := bufio.NewReader(http.MaxBytesReader(nil, conn, mostAnswer))
	for {
		answer, err := http.ReadResponse(buffered, r)
		switch {
		case err != nil:
			return nil, err
		case answer.StatusCode >= 200:
			return answer, nil
		case answer.StatusCode < 100 || answer.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("no status that can be")
		}
	}
}

// body is an answer's, whose end is that of its connection. What was not read of
// it is left.
type body struct {
	io.Reader

	conn net.Conn
	over func() bool
}

// Close ends the connection.
func (b *body) Close() error {
	b.over()
	return b.conn.Close()
}

// connect goes as far as TLS, and notes what went well. It is done here and not
// by http.Transport, which goes on with both after nobody waits any more.
func (l *look) connect(ctx context.Context) (net.Conn, error) {
	l.named, l.connected, l.secure = false, false, false
	dial := l.dial
	if dial == nil {
		dial = dialer(!l.exam.AllowPrivate).DialContext
	}
	conn, err := dial(ctx, "tcp", l.exam.at.server())
	if err != nil {
		l.named = !isDNS(err)
		return nil, err
	}
	l.named, l.connected = true, true
	if l.exam.at.scheme == "http" {
		return conn, nil
	}
	settings := l.tls.Clone()
	settings.ServerName = l.exam.at.host
	secured := tls.Client(conn, settings)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, err
	}
	l.secure = true
	return secured, nil
}
