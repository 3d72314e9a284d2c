package notify

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// SMTPServer is a mail server as SMTP_URL names it. It prints without its
// password.
type SMTPServer struct {
	Host     string
	Port     string
	User     string
	Password string // or the token, with XOAUTH2
	Security SMTPSecurity
	Auth     string // SCRAM, PLAIN, LOGIN or XOAUTH2; "" takes the best that is offered
}

// SMTPSecurity says how the connection is encrypted.
type SMTPSecurity uint8

// The ways to connect.
const (
	StartTLS SMTPSecurity = iota // demanded, not merely tried
	TLS                          // from the first byte
	NoTLS                        // a relay on a trusted network, on purpose
)

// Ports where the URL names none.
const (
	submissionPort  = "587" // https://www.rfc-editor.org/rfc/rfc6409
	submissionsPort = "465" // https://www.rfc-editor.org/rfc/rfc8314
)

const smtpForm = "write smtp://user:password@host:587 or smtps://user:password@host:465" //nolint:gosec // words, no credentials

// ParseSMTPURL reads smtp://user:password@host:587 (STARTTLS demanded; with
// ?starttls=never for a relay on a trusted network) or smtps://…:465. User and
// password may be left out together; ?auth=xoauth2 and the like choose how they
// are used. An error says what to write instead and never shows the text.
func ParseSMTPURL(raw string) (SMTPServer, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return SMTPServer{}, errors.New("is no URL: " + smtpForm + "; in user and password write %25 for %, %2F for /, %23 for #, %3F for ?, %40 for @ and %3A for a colon")
	}
	s := SMTPServer{Host: u.Hostname(), Port: u.Port()}
	switch strings.ToLower(u.Scheme) {
	case "smtp":
		s.Security = StartTLS
	case "smtps":
		s.Security = TLS
	default:
		return SMTPServer{}, errors.New("must begin with smtp:// or smtps://: " + smtpForm)
	}
	if err := errors.Join(readHost(&s, u), readUser(&s, u.User), readQuery(&s, u)); err != nil {
		return SMTPServer{}, err
	}
	return s, nil
}

func readHost(s *SMTPServer, u *url.URL) error {
	switch {
	case u.Fragment != "" || (u.Path != "" && u.Path != "/") || u.Opaque != "":
		return errors.New("has something after the host: in user and password write %2F for /, %23 for # and %3F for ?")
	case s.Host == "" || !isPrintable(s.Host) || strings.Contains(s.Host, ":") && net.ParseIP(s.Host) == nil && !strings.Contains(s.Host, "%"):
		return errors.New("names no host: " + smtpForm)
	}
	if s.Port == "" {
		s.Port = submissionPort
		if s.Security == TLS {
			s.Port = submissionsPort
		}
	}
	if n, err := strconv.ParseUint(s.Port, 10, 16); err != nil || n == 0 {
		return errors.New("has a port that is none: it is a number from 1 to 65535")
	}
	return nil
}

func readUser(s *SMTPServer, user *url.Userinfo) error {
	if user == nil {
		return nil
	}
	s.User = user.Username()
	s.Password, _ = user.Password()
	switch {
	case s.User == "" || s.Password == "":
		return errors.New("names only one of user and password: give both, or none for a server that asks for none")
	case strings.ContainsRune(s.User+s.Password, 0):
		return errors.New("has a NUL byte in user or password: no mail server takes one")
	}
	return nil
}

func readQuery(s *SMTPServer, u *url.URL) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("has options that cannot be read: they are starttls=never and auth=…; in a password write %3F for ?")
	}
	var mistakes []error
	for _, name := range slices.Sorted(maps.Keys(query)) {
		value := strings.ToLower(query[name][len(query[name])-1])
		switch {
		case name == "starttls" && value == "never" && s.Security == TLS:
			mistakes = append(mistakes, errors.New("says both smtps:// and starttls=never: one of them is meant"))
		case name == "starttls" && value == "never":
			s.Security = NoTLS
		case name == "starttls" && value == "always" && s.Security != TLS:
		case name == "starttls":
			mistakes = append(mistakes, errors.New("has a starttls that is not understood: leave it out, or write starttls=never for a relay on a trusted network"))
		case name == "auth":
			mistakes = append(mistakes, readAuth(s, value))
		default:
			mistakes = append(mistakes, errors.New("has an option that is not known: there are only starttls=never and auth=…; in a password write %3F for ?"))
		}
	}
	return errors.Join(mistakes...)
}

func readAuth(s *SMTPServer, value string) error {
	switch value {
	case "plain", "login", "scram", "xoauth2":
		s.Auth = strings.ToUpper(value)
		return nil
	}
	return errors.New("has an auth that is not known: there are plain, login, scram and xoauth2")
}

// Address is host and port, to dial and to show.
func (s SMTPServer) Address() string { return net.JoinHostPort(s.Host, s.Port) }

// String is the URL with the password hidden.
func (s SMTPServer) String() string {
	scheme, user, option := "smtp", "", ""
	switch s.Security {
	case TLS:
		scheme = "smtps"
	case NoTLS:
		option = "?starttls=never"
	case StartTLS:
	}
	if s.User != "" {
		user = url.User(s.User).String() + ":…@"
	}
	return fmt.Sprintf("%s://%s%s%s", scheme, user, s.Address(), option)
}

// GoString is String, so that no verb prints the password.
func (s SMTPServer) GoString() string { return s.String() }

func isPrintable(s string) bool {
	for _, r := range s {
		if r <= ' ' || r == 0x7f || r == 0xfffd {
			return false
		}
	}
	return true
}
