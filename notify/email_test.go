package notify_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

var update = flag.Bool("update", false, "write the golden files anew")

func alerts(tb testing.TB) *templates.Alerts {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	a, err := templates.NewAlerts(templates.AlertOptions{Zone: zone, Pages: "https://fallback.example.com"})
	if err != nil {
		tb.Fatal(err)
	}
	return a
}

// mailTo makes a notifier that mails through address by way of scheme.
func mailTo(t *testing.T, scheme, address, query string, roots *x509.CertPool, to ...string) *notify.Email {
	t.Helper()
	server, err := notify.ParseSMTPURL(scheme + "://" + url.UserPassword(mailUser, mailPassword).String() + "@" + address + query)
	if err != nil {
		t.Fatal(err)
	}
	return newEmail(t, notify.EmailOptions{Server: server, Roots: roots, To: to})
}

func newEmail(t *testing.T, o notify.EmailOptions) *notify.Email {
	t.Helper()
	o.Name, o.Texts, o.From = "ops-mail", alerts(t), `"Backstop, Zürich" <backstop@example.com>`
	if len(o.To) == 0 {
		o.To = []string{"Ops <ops@example.com>"}
	}
	e, err := notify.NewEmail(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMailArrivesByEveryWayOfEncryptionAndLogin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		security notify.SMTPSecurity
		scheme   string
		query    string
		ways     []string
		want     string
	}{
		{"STARTTLS and PLAIN", notify.StartTLS, "smtp", "", []string{"PLAIN"}, "PLAIN"},
		{"TLS and PLAIN", notify.TLS, "smtps", "", []string{"LOGIN", "PLAIN"}, "PLAIN"},
		{"TLS and LOGIN", notify.TLS, "smtps", "", []string{"LOGIN"}, "LOGIN"},
		{"SCRAM before all others", notify.StartTLS, "smtp", "", []string{"PLAIN", "SCRAM-SHA-256", "XOAUTH2"}, "SCRAM-SHA-256"},
		{"XOAUTH2 where nothing else is offered", notify.TLS, "smtps", "", []string{"XOAUTH2"}, "XOAUTH2"},
		{"XOAUTH2 where the URL says so", notify.TLS, "smtps", "?auth=xoauth2", []string{"PLAIN", "XOAUTH2"}, "XOAUTH2"},
		{"PLAIN where the URL says so", notify.StartTLS, "smtp", "?auth=plain", []string{"SCRAM-SHA-256", "PLAIN"}, "PLAIN"},
		{"no encryption on purpose", notify.NoTLS, "smtp", "?starttls=never", []string{"PLAIN"}, "PLAIN"},
		{"a server that asks for no login", notify.StartTLS, "smtp", "", nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			server, roots := newMailServer(t, c.security, c.ways...)
			e := mailTo(t, c.scheme, server.address, c.query, roots)
			if c.ways == nil {
				s, err := notify.ParseSMTPURL(c.scheme + "://" + server.address)
				if err != nil {
					t.Fatal(err)
				}
				e = newEmail(t, notify.EmailOptions{Server: s, Roots: roots})
			}
			if _, err := e.Send(t.Context(), notifytest.Samples()[0].Message); err != nil {
				t.Fatal(err)
			}
			if err := e.Check(t.Context()); err != nil {
				t.Fatal(err)
			}
			mails := server.got()
			if len(mails) != 2 || mails[0].from != "backstop@example.com" || !slices.Equal(mails[0].to, []string{"ops@example.com"}) {
				t.Fatalf("got %+v", mails)
			}
			if c.want != "" && server.logins[0] != c.want {
				t.Errorf("logged in by %s, want %s", server.logins[0], c.want)
			}
			if !strings.Contains(mails[1].raw, "Test: alerts of Backstop arrive here") {
				t.Errorf("the test mail reads\n%s", mails[1].raw)
			}
		})
	}
}

func TestPasswordNeverTravelsUnencryptedUnlessOnPurpose(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.NoTLS, "PLAIN")
	err := mailTo(t, "smtp", server.address, "", roots).Check(t.Context())
	if err == nil || !strings.Contains(err.Error(), "offers no STARTTLS") || len(server.logins) != 0 {
		t.Errorf("got %v, logins %v", err, server.logins)
	}
}

func TestAnUntrustedCertificateIsRefused(t *testing.T) {
	t.Parallel()
	for scheme, security := range map[string]notify.SMTPSecurity{"smtps": notify.TLS, "smtp": notify.StartTLS} {
		server, _ := newMailServer(t, security, "PLAIN")
		err := mailTo(t, scheme, server.address, "", x509.NewCertPool()).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), "certificate") || notify.IsPermanent(err) {
			t.Errorf("%s: got %v", scheme, err)
		}
	}
}

func TestAWrongPasswordIsTriedAgainAndSaid(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.TLS, "PLAIN")
	s, err := notify.ParseSMTPURL("smtps://alerts@example.com:wrong-password@" + server.address)
	if err != nil {
		t.Fatal(err)
	}
	err = newEmail(t, notify.EmailOptions{Server: s, Roots: roots}).Check(t.Context())
	if err == nil || notify.IsPermanent(err) || !strings.Contains(err.Error(), "refuses user and password") || !strings.Contains(err.Error(), "535") {
		t.Errorf("got %v", err)
	}
}

func TestEverySampleIsAMailThatOthersCanRead(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.TLS, "PLAIN")
	e := mailTo(t, "smtps", server.address, "", roots, "ops@example.com", `"Anna, the boss" <anna@example.com>`, "ops@example.com")
	for i, sample := range notifytest.Samples() {
		receipt, err := e.Send(t.Context(), sample.Message)
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		raw := server.got()[i].raw
		m, err := netmail.ReadMessage(strings.NewReader(raw))
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		checkMail(t, sample, m, receipt)
		goldenMail(t, strings.ReplaceAll(sample.Name, " ", "_")+".eml", raw)
	}
}

func checkMail(t *testing.T, sample notifytest.Sample, m *netmail.Message, receipt incident.Receipt) {
	t.Helper()
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject == "" || len([]rune(subject)) > 70 || strings.ContainsAny(subject, "\r\n\x00") {
		t.Errorf("%s: subject %q, %v", sample.Name, subject, err)
	}
	from, err := m.Header.AddressList("From")
	if err != nil || len(from) != 1 || from[0].Address != "backstop@example.com" || from[0].Name != "Backstop Zürich" {
		t.Errorf("%s: from %v, %v", sample.Name, from, err)
	}
	to, err := m.Header.AddressList("To")
	if err != nil || len(to) != 2 || to[1].Address != "anna@example.com" {
		t.Errorf("%s: to %v, %v", sample.Name, to, err)
	}
	if date, err := m.Header.Date(); err != nil || !date.Equal(sample.Message.Now.Truncate(time.Second)) || !strings.HasSuffix(m.Header.Get("Date"), "+0100") {
		t.Errorf("%s: date %q, %v", sample.Name, m.Header.Get("Date"), err)
	}
	for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Bcc": ""} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s: %s is %q", sample.Name, name, got)
		}
	}
	first := sample.Message.Incident != nil && sample.Message.Thread == ""
	if got := receipt.Thread; (got != "") != first || first && got != m.Header.Get("Message-Id") {
		t.Errorf("%s: thread %q", sample.Name, got)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, kind := range []string{"text/plain; charset=UTF-8", "text/html; charset=UTF-8"} {
		p, err := parts.NextRawPart()
		if err != nil || p.Header.Get("Content-Type") != kind {
			t.Fatalf("%s: %v, %v", sample.Name, p, err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil || len(body) == 0 || strings.Contains(string(body), notifytest.Secret) {
			t.Errorf("%s: %s: %d bytes, %v", sample.Name, kind, len(body), err)
		}
	}
}

var boundary = regexp.MustCompile(`[0-9a-f]{60}`)

// goldenMail compares a whole mail, its headers sorted and its boundary named.
func goldenMail(t *testing.T, name, raw string) {
	t.Helper()
	if strings.HasPrefix(name, "huge") {
		return // its text is compared in package templates
	}
	raw = boundary.ReplaceAllString(strings.ReplaceAll(raw, "\r\n", "\n"), "BOUNDARY")
	if strings.HasPrefix(name, "hostile") {
		raw = regexp.MustCompile(`<backstop\.[^>]*>`).ReplaceAllString(raw, "<MESSAGE-ID>")
	}
	head, body, _ := strings.Cut(raw, "\n\n")
	headers := strings.Split(strings.ReplaceAll(head, "\n ", "\x00 "), "\n")
	sort.Strings(headers)
	golden(t, filepath.Join("testdata", "mails", name), strings.ReplaceAll(strings.Join(headers, "\n"), "\x00", "\n")+"\n\n"+body)
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test -update writes it anew:\n%s", file, diff)
	}
}

func TestMailsOfAnIncidentAreOneThread(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.TLS, "PLAIN")
	e := mailTo(t, "smtps", server.address, "", roots)
	m := notifytest.Samples()[0].Message
	first, err := e.Send(t.Context(), m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := e.Send(t.Context(), m)
	if err != nil || again.Thread != first.Thread || first.Thread != "<backstop.4f6c8a10b2d3e5f7.41@example.com>" {
		t.Errorf("another attempt is %q, the first was %q, %v", again.Thread, first.Thread, err)
	}
	m.Thread, m.DeliveryID = first.Thread, 99
	if _, err := e.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	reply, err := netmail.ReadMessage(strings.NewReader(server.got()[2].raw))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"In-Reply-To", "References"} {
		if got := reply.Header.Get(name); got != first.Thread {
			t.Errorf("%s is %q", name, got)
		}
	}
	if id := reply.Header.Get("Message-Id"); id != "<backstop.4f6c8a10b2d3e5f7.99@example.com>" {
		t.Errorf("Message-ID %s", id)
	}
}

func TestEachRecipientIsServedOnce(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.TLS, "PLAIN")
	e := mailTo(t, "smtps", server.address, "", roots, "a@example.com", "b@example.com", "gone@example.com")
	greylisted := true
	server.refuse = func(to string) error {
		switch {
		case to == "b@example.com" && greylisted:
			return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "try later"}
		case to == "gone@example.com":
			return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	}
	m := notifytest.Samples()[0].Message
	if _, err := e.Send(t.Context(), m); err == nil || notify.IsPermanent(err) || !strings.Contains(err.Error(), "b@example.com") {
		t.Fatalf("got %v", err)
	}
	greylisted = false
	if _, err := e.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	var to [][]string
	for _, mail := range server.got() {
		to = append(to, mail.to)
	}
	if want := [][]string{{"a@example.com"}, {"b@example.com"}}; !cmp.Equal(to, want) {
		t.Errorf("mailed to %v, want %v", to, want)
	}
	if receipt, err := e.Send(t.Context(), m); err != nil || !strings.Contains(receipt.Detail, "gone@example.com") {
		t.Errorf("once all is done it begins anew: %+v, %v", receipt, err)
	}
}

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
	dial := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "smtp.example.com", IsNotFound: true}}
	}
	if err := newEmail(t, notify.EmailOptions{Server: server, Dial: dial}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "no host smtp.example.com") {
		t.Errorf("a wrong name: %v", err)
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
			if c.name == "plain" {
				h.Peers = smtpFaults()
			}
			if c.name == "STARTTLS" {
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

func TestEmailOptionsListAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := notify.NewEmail(notify.EmailOptions{From: "a@b\r\nBcc: x@y", To: []string{"nobody", "x@y.z, b@c.d", "\x00@x"}})
	if err == nil {
		t.Fatal("taken")
	}
	if n := len(strings.Split(err.Error(), "\n")); n != 6 {
		t.Errorf("%d mistakes:\n%v", n, err)
	}
}

func TestAddressesThatCouldBreakOutAreRefused(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		"", "ops", "ops@", "@example.com", "a@b\r\nRCPT TO:<x@y>", "a@b\x00", "a@b c@d", "a@b, c@d", `"a,b"@example.com`, `"a b"@example.com`, "<a@b>>", "a@b\x7f",
	} {
		if a, err := notify.ParseAddress(bad); err == nil {
			t.Errorf("%q is taken as %v", bad, a)
		}
	}
	for _, good := range []string{"ops@example.com", "Ops <ops@example.com>", "Öps <ops@example.com>", `"Anna, Ops" <a.b+c@example.com>`, "döner@example.com"} {
		if _, err := notify.ParseAddress(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
}

func TestParseSMTPURL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		raw  string
		want notify.SMTPServer
	}{
		{"smtp://mail.example.com", notify.SMTPServer{Host: "mail.example.com", Port: "587"}},
		{"smtp://u:p@mail.example.com:2525/", notify.SMTPServer{Host: "mail.example.com", Port: "2525", User: "u", Password: "p"}},
		{"smtps://u%40example.com:p%2Fw%23@mail.example.com", notify.SMTPServer{Host: "mail.example.com", Port: "465", User: "u@example.com", Password: "p/w#", Security: notify.TLS}},
		{"smtp://u@example.com:p@mail.example.com", notify.SMTPServer{Host: "mail.example.com", Port: "587", User: "u@example.com", Password: "p"}},
		{"SMTP://[::1]:25?starttls=never", notify.SMTPServer{Host: "::1", Port: "25", Security: notify.NoTLS}},
		{"smtps://u:t@smtp.office365.com?auth=xoauth2", notify.SMTPServer{Host: "smtp.office365.com", Port: "465", User: "u", Password: "t", Security: notify.TLS, Auth: "XOAUTH2"}},
	} {
		got, err := notify.ParseSMTPURL(c.raw)
		if err != nil || !cmp.Equal(got, c.want) {
			t.Errorf("%s: %s, %v", c.raw, cmp.Diff(c.want, got), err)
		}
	}
	for _, c := range []struct{ raw, says string }{
		{"", "smtp://"},
		{"mail.example.com:587", "smtp"},
		{"http://hunter2@x", "smtp://"},
		{"smtp://", "names no host"},
		{"smtp://:587", "names no host"},
		{"smtp://user:hunter2#@mail.example.com", "%23"},
		{"smtp://user:hunter2/x@mail.example.com", "%2F"},
		{"smtp://user:hunter2?x@mail.example.com", "%3F"},
		{"smtp://user:%hunter2@mail.example.com", "%25"},
		{"smtp://hunter2@mail.example.com", "only one of user and password"},
		{"smtp://user:@mail.example.com", "only one of user and password"},
		{"smtp://user:hunter2@mail.example.com:0", "port"},
		{"smtp://user:hunter2@mail.example.com:70000", "port"},
		{"smtp://user:hunter2@mail.example.com?starttls=no", "starttls=never"},
		{"smtps://user:hunter2@mail.example.com?starttls=never", "one of them"},
		{"smtp://user:hunter2@mail.example.com?auth=kerberos", "plain, login"},
		{"smtp://user:hunter2@mail.example.com?insecure=1", "not known"},
		{"smtp://user:hunter2@mail.example.com/path", "after the host"},
		{"smtp://us%00er:hunter2@mail.example.com", "NUL"},
	} {
		_, err := notify.ParseSMTPURL(c.raw)
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", c.raw, err)
		}
	}
}

func TestServerPrintsWithoutPassword(t *testing.T) {
	t.Parallel()
	s, err := notify.ParseSMTPURL("smtp://user:hunter2@mail.example.com?starttls=never")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.String(); got != "smtp://user:…@mail.example.com:587?starttls=never" {
		t.Errorf("got %s", got)
	}
}

func FuzzParseSMTPURL(f *testing.F) {
	for _, s := range []string{"smtp://u:p@h:587", "smtps://h?starttls=never", "smtp://[::1", "smtp://%ff@h", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		s, err := notify.ParseSMTPURL(raw)
		if err != nil {
			return
		}
		if s.Host == "" || s.Port == "" || (s.User == "") != (s.Password == "") || strings.ContainsAny(s.Host+s.Port, "\r\n\x00 ") {
			t.Errorf("%q is taken as %+v", raw, s.String())
		}
		if len(s.Password) > 3 && strings.Contains(s.String(), ":"+s.Password+"@") {
			t.Errorf("it prints its password: %s", s)
		}
		if again, err := notify.ParseSMTPURL(s.String()); s.User == "" && (err != nil || again != s && s.Auth == "") {
			t.Errorf("%s reads as %v, %v", s, again, err)
		}
	})
}
