package notify_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

// clicked are links that tell recipients apart.
func clicked(m incident.Message, to string) []templates.DeedLink {
	if m.Incident == nil || m.Incident.State == incident.Resolved {
		return nil
	}
	return []templates.DeedLink{{Label: "Acknowledge", Address: "https://fallback.example.com/act/of-" + strings.ReplaceAll(to, "@", "-at-")}}
}

func clickable(t *testing.T) (*notify.Email, *mailServer) {
	t.Helper()
	server, roots := newMailServer(t, notify.TLS, "PLAIN")
	s, err := notify.ParseSMTPURL("smtps://alerts%40example.com:correct%20horse%2C%20battery%2Fstaple@" + server.address)
	if err != nil {
		t.Fatal(err)
	}
	return newEmail(t, notify.EmailOptions{Server: s, Roots: roots, Deeds: clicked, To: []string{"anna@example.com", "bob@example.com", "kim@example.com"}}), server
}

func idOf(m mail) string {
	_, rest, _ := strings.Cut(m.raw, "Message-Id: ")
	id, _, _ := strings.Cut(rest, "\r\n")
	return id
}

func TestEachRecipientGetsLinksOfTheirOwn(t *testing.T) {
	t.Parallel()
	e, server := clickable(t)
	if _, err := e.Send(t.Context(), notifytest.Samples()[0].Message); err != nil {
		t.Fatal(err)
	}
	mails := server.got()
	if len(mails) != 3 || len(server.logins) != 1 {
		t.Fatalf("%d mails over %d connections", len(mails), len(server.logins))
	}
	for i, name := range []string{"anna", "bob", "kim"} {
		m := mails[i]
		text := strings.ReplaceAll(m.raw, "=\r\n", "")
		if !slices.Equal(m.to, []string{name + "@example.com"}) || strings.Count(text, "/act/of-"+name+"-at-") != 2 || strings.Count(text, "/act/of-") != 2 {
			t.Errorf("mail %d is for %v\n%s", i, m.to, text)
		}
		if idOf(m) == "" || idOf(m) != idOf(mails[0]) {
			t.Errorf("mail %d is %s, the first %s", i, idOf(m), idOf(mails[0]))
		}
	}
}

func TestWhereNothingCanBeDoneOneMailIsForAll(t *testing.T) {
	t.Parallel()
	e, server := clickable(t)
	if err := e.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if mails := server.got(); len(mails) != 1 || len(mails[0].to) != 3 || strings.Contains(mails[0].raw, "/act/") {
		t.Errorf("got %+v", mails)
	}
}

// A server that breaks off among several mails has taken some of them.
func TestAnAttemptThatBreaksOffIsRepeatedForTheRestOnly(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		refusal error
		again   bool
		want    string
	}{
		"one is refused for now":  {&smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}, true, "anna, kim, bob"},
		"the server goes down":    {&smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "going down"}, true, "anna, kim, bob"},
		"one is refused for ever": {&smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, false, "anna, kim"},
	} {
		e, server := clickable(t)
		refuse := true
		server.refuse = func(to string) error {
			if to == "bob@example.com" && refuse {
				return c.refusal
			}
			return nil
		}
		m := notifytest.Samples()[0].Message
		if _, err := e.Send(t.Context(), m); (err != nil) != c.again || notify.IsPermanent(err) {
			t.Errorf("%s: got %v", name, err)
		}
		refuse = false
		if c.again {
			if _, err := e.Send(t.Context(), m); err != nil {
				t.Errorf("%s, again: %v", name, err)
			}
		}
		var got []string
		for _, one := range server.got() {
			got = append(got, strings.TrimSuffix(strings.Join(one.to, "+"), "@example.com"))
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%s: got %v, want %s", name, got, c.want)
		}
	}
}

// What a server says of one mail, once it was given, says nothing of the others.
func TestAMailThatIsRefusedKeepsNobodyElseFromTheirs(t *testing.T) {
	t.Parallel()
	for _, refused := range []string{"anna@example.com", "bob@example.com", "kim@example.com"} {
		e, server := clickable(t)
		refuse := true
		server.content = func(to []string) error {
			if refuse && slices.Contains(to, refused) {
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "content refused for this mailbox"}
			}
			return nil
		}
		m := notifytest.Samples()[0].Message
		_, err := e.Send(t.Context(), m)
		if err == nil || !strings.Contains(err.Error(), "mail for "+refused) || notify.IsPermanent(err) {
			t.Errorf("%s: got %v", refused, err)
		}
		if got := server.got(); len(got) != 2 {
			t.Errorf("%s: the others got %d mails", refused, len(got))
		}
		refuse = false
		if _, err := e.Send(t.Context(), m); err != nil {
			t.Errorf("%s, again: %v", refused, err)
		}
		if got := server.got(); len(got) != 3 || !slices.Equal(got[2].to, []string{refused}) {
			t.Errorf("%s: after another attempt there are %d mails", refused, len(got))
		}
	}
}

// Where a connection ends behind the first mail, the others get theirs later.
func TestAConnectionThatEndsAmongMailsLosesNone(t *testing.T) {
	t.Parallel()
	e, server := clickable(t)
	n := 0
	server.refuse = func(string) error {
		if n++; n == 2 {
			panic("the connection ends here") // as the server does where it is killed
		}
		return nil
	}
	m := notifytest.Samples()[0].Message
	if _, err := e.Send(t.Context(), m); err == nil {
		t.Error("the first attempt went well")
	}
	if _, err := e.Send(t.Context(), m); err != nil {
		t.Error(err)
	}
	got := server.got()
	if len(got) != 3 || got[0].to[0] != "anna@example.com" || got[1].to[0] != "bob@example.com" || got[2].to[0] != "kim@example.com" {
		t.Errorf("got %+v", got)
	}
}
