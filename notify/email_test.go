package notify_test

import (
	"crypto/x509"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
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
	for _, sample := range notifytest.Samples() {
		if sample.Message.Alert.Kind.InPlace() {
			continue // no mail is sent for it
		}
		receipt, err := e.Send(t.Context(), sample.Message)
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		all := server.got()
		raw := all[len(all)-1].raw
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
	first := sample.Message.Incident != nil && !strings.HasPrefix(sample.Message.Thread, "<backstop.")
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

func TestAForeignDomainMakesNoBrokenHeader(t *testing.T) {
	t.Parallel()
	server, roots := newMailServer(t, notify.TLS)
	s, err := notify.ParseSMTPURL("smtps://" + server.address)
	if err != nil {
		t.Fatal(err)
	}
	e, err := notify.NewEmail(notify.EmailOptions{
		Name: "ops-mail", Server: s, Roots: roots, Texts: alerts(t), From: "backstop@bücher.example", To: []string{"ops@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := e.Send(t.Context(), notifytest.Samples()[0].Message)
	if err != nil || receipt.Thread != "<backstop.4f6c8a10b2d3e5f7.41@backstop.invalid>" {
		t.Errorf("%+v, %v", receipt, err)
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
