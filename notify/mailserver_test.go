package notify_test

import (
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/backstop-project/backstop/notify"
)

// Credentials that every test server knows.
const (
	mailUser     = "alerts@example.com"
	mailPassword = "correct horse, battery/staple"
)

// mailServer is a real SMTP server in this process.
type mailServer struct {
	address string
	ways    []string // to log in; nil asks for none
	refuse  func(to string) error
	content func(to []string) error // refuses a mail after it was given

	mu     sync.Mutex
	mails  []mail
	logins []string // the ways by which somebody logged in
}

type mail struct {
	from string
	to   []string
	raw  string
}

// certificate is one for 127.0.0.1, and the roots that trust it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.TLS.Certificates[0], roots
}

// newMailServer serves until the test ends. With StartTLS it offers that, with
// NoTLS it knows nothing of it.
func newMailServer(t *testing.T, security notify.SMTPSecurity, ways ...string) (*mailServer, *x509.CertPool) {
	t.Helper()
	s := &mailServer{ways: ways}
	cert, roots := certificate(t)
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &session{server: s}, nil
	}))
	server.Domain = "mail.example.com"
	server.ErrorLog = silent{}
	server.AllowInsecureAuth = security == notify.NoTLS
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	settings := &tls.Config{Certificates: []tls.Certificate{cert}}
	switch security {
	case notify.TLS:
		listener = tls.NewListener(listener, settings)
	case notify.StartTLS:
		server.TLSConfig = settings
	case notify.NoTLS:
	}
	done := make(chan struct{})
	go func() { _ = server.Serve(listener); close(done) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return s, roots
}

func (s *mailServer) got() []mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]mail(nil), s.mails...)
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

type session struct {
	server  *mailServer
	current mail
	loggedI bool
}

func (s *session) Reset()        { s.current = mail{} }
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.ways != nil && !s.loggedI {
		return smtp.ErrAuthRequired
	}
	s.current = mail{from: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.server.refuse != nil {
		if err := s.server.refuse(to); err != nil {
			return err
		}
	}
	s.current.to = append(s.current.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.server.content != nil {
		if err := s.server.content(s.current.to); err != nil {
			return err
		}
	}
	s.current.raw = string(raw)
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, s.current)
	return nil
}

func (s *session) AuthMechanisms() []string { return s.server.ways }

func (s *session) Auth(way string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != mailUser || password != mailPassword {
			return smtp.ErrAuthFailed
		}
		s.loggedI = true
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.server.logins = append(s.server.logins, way)
		return nil
	}
	switch way {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		return &loginServer{check: check}, nil
	case "XOAUTH2":
		return &xoauth2Server{check: check}, nil
	case "SCRAM-SHA-256":
		return &scramServer{done: func() error { return check(mailUser, mailPassword) }}, nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

type loginServer struct {
	check func(user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch l.step {
	case 1:
		return []byte("Username:"), false, nil
	case 2:
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(l.user, string(response))
}

type xoauth2Server struct {
	check func(user, token string) error
}

func (x *xoauth2Server) Next(response []byte) (challenge []byte, done bool, err error) {
	fields := strings.Split(string(response), "\x01")
	if len(fields) < 2 {
		return nil, false, errors.New("no fields")
	}
	return nil, true, x.check(strings.TrimPrefix(fields[0], "user="), strings.TrimPrefix(fields[1], "auth=Bearer "))
}

// scramServer is the server's half of SCRAM-SHA-256, from RFC 5802 and 7677.
type scramServer struct {
	done       func() error
	step       int
	bare       string
	first      string
	nonce      string
	salt       []byte
	iterations int
}

func (s *scramServer) Next(response []byte) (challenge []byte, done bool, err error) {
	s.step++
	switch s.step {
	case 1:
		if len(response) == 0 {
			s.step--
			return []byte{}, false, nil
		}
		s.bare = strings.TrimPrefix(string(response), "n,,")
		s.salt, s.iterations = []byte("salted well"), 4096
		_, nonce, _ := strings.Cut(s.bare, "r=")
		s.nonce = nonce + rand.Text()
		s.first = fmt.Sprintf("r=%s,s=%s,i=%d", s.nonce, base64.StdEncoding.EncodeToString(s.salt), s.iterations)
		return []byte(s.first), false, nil
	case 2:
		final := string(response)
		bare, proof, _ := strings.Cut(final, ",p=")
		salted, err := pbkdf2.Key(sha256.New, mailPassword, s.salt, s.iterations, sha256.Size)
		if err != nil {
			return nil, false, err
		}
		message := s.bare + "," + s.first + "," + bare
		clientKey := mac(salted, "Client Key")
		stored := sha256.Sum256(clientKey)
		signature := mac(stored[:], message)
		for i := range clientKey {
			clientKey[i] ^= signature[i]
		}
		if base64.StdEncoding.EncodeToString(clientKey) != proof {
			return nil, false, smtp.ErrAuthFailed
		}
		return []byte("v=" + base64.StdEncoding.EncodeToString(mac(mac(salted, "Server Key"), message))), false, nil
	}
	return nil, true, s.done()
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// script is an SMTP server that follows a script: what it answers to a command,
// by its first word. "hang up" does that, "hang" answers no more, and "deaf"
// does not even hear any more.
func script(answers map[string]string) func(net.Conn) {
	return func(c net.Conn) {
		if !say(c, answers, "greeting", "220 mail.example.com ESMTP") {
			return
		}
		lines := newLineReader(c)
		for {
			line, ok := lines.next()
			if !ok {
				return
			}
			word, _, _ := strings.Cut(strings.ToUpper(line), " ")
			standard := "250 ok"
			switch word {
			case "EHLO":
				standard = "250-mail.example.com\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME"
			case "AUTH":
				standard = "235 welcome"
			case "DATA":
				standard = "354 go on"
			case "QUIT":
				standard = "221 bye"
			}
			answer := strings.ReplaceAll(answers[word], "{line}", line)
			if !say(c, map[string]string{word: answer}, word, standard) {
				return
			}
			if word == "DATA" && (answers["DATA"] == "") {
				for line, ok := lines.next(); ok && line != "."; line, ok = lines.next() {
				}
				if !say(c, answers, ".", "250 taken") {
					return
				}
			}
		}
	}
}

func say(c net.Conn, answers map[string]string, word, standard string) bool {
	answer := answers[word]
	switch answer {
	case "hang up":
		return false
	case "hang":
		_, _ = io.Copy(io.Discard, c)
		return false
	case "deaf":
		_, _ = io.WriteString(c, standard+"\r\n")
		time.Sleep(time.Minute)
		return false
	case "":
		answer = standard
	}
	_, err := io.WriteString(c, answer+"\r\n")
	return err == nil
}

type lineReader struct {
	c   net.Conn
	buf []byte
}

func newLineReader(c net.Conn) *lineReader { return &lineReader{c: c} }

func (l *lineReader) next() (string, bool) {
	for {
		if i := strings.IndexByte(string(l.buf), '\n'); i >= 0 {
			line := strings.TrimRight(string(l.buf[:i]), "\r")
			l.buf = l.buf[i+1:]
			return line, true
		}
		more := make([]byte, 4096)
		_ = l.c.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := l.c.Read(more)
		l.buf = append(l.buf, more[:n]...)
		if err != nil && n == 0 {
			return "", false
		}
	}
}
