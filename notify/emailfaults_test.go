package notify_test

import (
	"context"
	"encoding/base64"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
)

func TestOnlyAProvenWrongAddressIsHopeless(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reply    string
		hopeless bool
	}{
		{"550 5.1.1 <ops@example.com>: Recipient address rejected: User unknown in local recipient table", true},
		{"550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found", true},
		{"553 5.1.3 The recipient address is not a valid RFC address", true},
		{"550 No such user here", true},
		{"551 user unknown", true},
		{"550 5.7.1 Relaying denied", false},
		{"550 5.7.1 Our system has detected that this user sends unsolicited mail", false},
		{"550 Blocked: see https://spam.example/unknown", false},
		{"552 5.2.2 Mailbox full", false},
		{"554 5.7.1 <ops@example.com>: Relay access denied", false},
		{"450 4.1.1 <ops@example.com>: unknown user, temporarily", false},
		{"421 4.3.2 shutting down", false},
		{"503 bad sequence", false},
	} {
		t.Run(c.reply, func(t *testing.T) {
			t.Parallel()
			err := mailTo(t, "smtp", serve(t, script(map[string]string{"RCPT": c.reply})), "?starttls=never", nil).Check(t.Context())
			if err == nil || notify.IsPermanent(err) != c.hopeless || !strings.Contains(err.Error(), c.reply[:3]) {
				t.Errorf("hopeless %t: %v", notify.IsPermanent(err), err)
			}
		})
	}
}

// serve serves one connection after the other until the test ends.
func serve(t *testing.T, handle func(net.Conn)) (address string) {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			handle(c)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-done })
	return listener.Addr().String()
}

func TestABlockedPortIsCalledByItsName(t *testing.T) {
	t.Parallel()
	server, err := notify.ParseSMTPURL("smtp://smtp.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for name, dial := range map[string]notify.Dial{
		"a network that swallows packets": func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() },
		"a system that gives up":          func(context.Context, string, string) (net.Conn, error) { return nil, os.ErrDeadlineExceeded },
	} {
		e := newEmail(t, notify.EmailOptions{Server: server, Dial: dial, Timeout: 50 * time.Millisecond})
		err := e.Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "smtp.example.com:587") || !strings.Contains(err.Error(), "your host probably blocks outgoing mail: try port 2525") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestANameServerThatFailsIsNoWrongNameAndNoBlockedPort(t *testing.T) {
	t.Parallel()
	server, err := notify.ParseSMTPURL("smtp://smtp.example.com")
	if err != nil {
		t.Fatal(err)
	}
	for claim, c := range map[string]struct {
		why  net.DNSError
		want string
	}{
		"a name that nobody has":       {net.DNSError{Err: "no such host", IsNotFound: true}, "there is no host smtp.example.com: is SMTP_URL right?"},
		"a name server that fails":     {net.DNSError{Err: "server misbehaving", IsTemporary: true}, "the name smtp.example.com could not be looked up: do names work on this machine?"},
		"a name server that is silent": {net.DNSError{Err: "i/o timeout", IsTimeout: true}, "the name smtp.example.com could not be looked up: do names work on this machine?"},
	} {
		dial := func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Err: &c.why}
		}
		err := newEmail(t, notify.EmailOptions{Server: server, Dial: dial}).Check(t.Context())
		if err == nil || err.Error() != c.want || notify.IsPermanent(err) {
			t.Errorf("%s: got %v, want %q", claim, err, c.want)
		}
	}
}

func TestAServerThatSaysNothingIsExplained(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]string{
		"smtp://smtp.example.com:465":  "mail server smtp.example.com:465 says nothing: port 465 wants smtps://",
		"smtp://smtp.example.com:2587": "mail server smtp.example.com:2587 says nothing: your host probably blocks outgoing mail: try port 2525",
	} {
		server, err := notify.ParseSMTPURL(url)
		if err != nil {
			t.Fatal(err)
		}
		dial := func(context.Context, string, string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { _ = theirs.Close() })
			return ours, nil
		}
		err = newEmail(t, notify.EmailOptions{Server: server, Dial: dial, Timeout: 50 * time.Millisecond}).Check(t.Context())
		if err == nil || err.Error() != want || notify.IsPermanent(err) {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
	}
}

func TestALostAnswerMeansTheSameMailAgain(t *testing.T) {
	t.Parallel()
	err := mailTo(t, "smtp", serve(t, script(map[string]string{".": "hang up"})), "?starttls=never", nil).Check(t.Context())
	if err == nil || notify.IsPermanent(err) || !strings.Contains(err.Error(), "may come twice") {
		t.Errorf("got %v", err)
	}
}

// TestEmailSurvivesFaultyServers is the conformance test, for each way to
// connect.
func TestEmailSurvivesFaultyServers(t *testing.T) { //nolint:paralleltest // it counts goroutines
	plain := "\x00" + mailUser + "\x00" + mailPassword
	for _, c := range []struct{ name, scheme, query string }{
		{"plain", "smtp", "?starttls=never"}, {"STARTTLS", "smtp", ""}, {"TLS", "smtps", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := notifytest.Harness{
				New: func(t *testing.T, address string) notify.Notifier {
					t.Helper()
					return mailTo(t, c.scheme, address, c.query, nil)
				},
				Secrets: []string{mailPassword, base64.StdEncoding.EncodeToString([]byte(mailPassword)), base64.StdEncoding.EncodeToString([]byte(plain))},
			}
			switch c.name {
			case "plain":
				h.Peers = smtpFaults()
			case "TLS":
				h.Peers = notifytest.TLS(t)
			default:
				h.Peers = []notifytest.Peer{
					{Name: "speaks nonsense after STARTTLS", Serve: script(map[string]string{"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "220 go\r\nnonsense nonsense"})},
					{Name: "hangs after STARTTLS", Serve: script(map[string]string{"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "220 go"})},
					{Name: "refuses STARTTLS", Serve: script(map[string]string{"EHLO": "250-x\r\n250 STARTTLS", "STARTTLS": "454 no"})},
					{Name: "forgets STARTTLS", Serve: script(nil)},
				}
			}
			notifytest.Faults(t, h)
		})
	}
}

func smtpFaults() []notifytest.Peer {
	var peers []notifytest.Peer
	for _, word := range []string{"greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "."} {
		for _, answer := range []string{"hang", "hang up", "421 4.3.2 later", "554 5.7.1 policy", "999", "250-never ending"} {
			if word == "EHLO" && answer != "hang" && answer != "hang up" {
				continue // HELO is tried then, and that is taken
			}
			peers = append(peers, notifytest.Peer{Name: word + " is answered by " + answer, Serve: script(map[string]string{word: answer})})
		}
	}
	return append(peers,
		notifytest.Peer{Name: "repeats the password", Serve: script(map[string]string{"AUTH": "535 you said {line}"})},
		notifytest.Peer{Name: "demands a CPU's life of SCRAM", Serve: script(map[string]string{
			"EHLO": "250-x\r\n250 AUTH SCRAM-SHA-256", "AUTH": "334 " + base64.StdEncoding.EncodeToString([]byte("r=x,s=c2FsdA==,i=2000000000")),
		})},
		notifytest.Peer{Name: "offers no known login", Serve: script(map[string]string{"EHLO": "250-x\r\n250 AUTH GSSAPI"})},
		notifytest.Peer{Name: "knows no such user", Serve: script(map[string]string{"RCPT": "550 5.1.1 no such user"}), Want: notifytest.Hopeless},
	)
}
