package notify_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/notify"
)

// answerWithin is what a mail server has for each of its answers, and for
// taking what it is sent.
const answerWithin = 10 * time.Second

// The attempt as a whole has its own end, and is given an hour here: an answer
// has its ten seconds whatever the attempt may take. Not listed is EHLO: where
// it is not answered HELO is said, and that may take as long again.
func TestAMailServerThatFallsSilentHoldsASendNoLongerThanOneAnswerMayTake(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		scheme, query string
		peer          map[string]string
		want          string
	}{
		"before its greeting": {"smtp", "?starttls=never", map[string]string{"greeting": "hang"}, "says nothing"},
		"before TLS":          {"smtps", "", map[string]string{"greeting": "hang"}, "by TLS"},
		"after STARTTLS":      {"smtp", "", map[string]string{"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "hang"}, "by STARTTLS"},
		"while we log in":     {"smtp", "?starttls=never", map[string]string{"AUTH": "hang"}, "falls silent while we log in"},
		"after the sender":    {"smtp", "?starttls=never", map[string]string{"MAIL": "hang"}, "mail from"},
		"after a recipient":   {"smtp", "?starttls=never", map[string]string{"RCPT": "hang"}, "mail for"},
		"before the mail":     {"smtp", "?starttls=never", map[string]string{"DATA": "hang"}, "does not take the mail"},
		"after the mail":      {"smtp", "?starttls=never", map[string]string{".": "hang"}, "may come twice"},
		"and is deaf, too":    {"smtp", "?starttls=never", map[string]string{"RCPT": "deaf"}, "does not take the mail"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				server, err := notify.ParseSMTPURL(c.scheme + "://u:pass-word@smtp.example.com:2525" + c.query)
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				err = newEmail(t, notify.EmailOptions{Server: server, Dial: dialTo(t, script(c.peer)), Timeout: time.Hour}).Check(t.Context())
				if took := time.Since(began); took != answerWithin {
					t.Errorf("held for %s, want %s", took, answerWithin)
				}
				if err == nil || !strings.Contains(err.Error(), c.want) || notify.IsPermanent(err) {
					t.Errorf("got %v, want %q in it", err, c.want)
				}
			})
		})
	}
}

// dialTo connects to peer without a network, so that time can be the test's.
func dialTo(t *testing.T, peer func(net.Conn)) notify.Dial {
	t.Helper()
	return func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() { peer(theirs); close(done) }()
		t.Cleanup(func() { _ = theirs.Close(); <-done })
		return ours, nil
	}
}
