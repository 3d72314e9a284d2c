package notify_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/notify"
)

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
