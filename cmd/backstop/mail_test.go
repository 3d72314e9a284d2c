package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emersion/go-smtp"
)

// mailServer is a real SMTP server that may also take connections and say
// nothing.
type mailServer struct {
	address string

	mu      sync.Mutex
	mails   []received
	unknown bool // it knows no recipient
	hanging bool
	held    []net.Conn
	took    func() // called when a mail is taken, before that is said; nil for nothing
}

// received is a mail as it came over the wire.
type received struct {
	to     []string
	raw    string
	header mail.Header
	text   string // its parts, decoded
	html   string
}

func (r received) subject() string {
	subject, err := new(mime.WordDecoder).DecodeHeader(r.header.Get("Subject"))
	if err != nil {
		return r.header.Get("Subject")
	}
	return subject
}

func newMailServer(t *testing.T) *mailServer {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailServer{}
	stop := m.serve(listener)
	t.Cleanup(func() { m.heal(); stop() })
	return m
}

// serve begins to take mails there.
func (m *mailServer) serve(listener net.Listener) (stop func()) {
	m.address = listener.Addr().String()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &mailSession{server: m}, nil }))
	server.Domain, server.ErrorLog = "mail.example.com", silence{}
	done := make(chan struct{})
	go func() { _ = server.Serve(&hangable{listener, m}); close(done) }()
	return func() { _ = server.Close(); <-done }
}

// settings tell Backstop to send alerts there.
func (m *mailServer) settings() settings {
	return settings{
		"SMTP_URL":         "smtp://" + m.address + "?starttls=never",
		"ALERT_EMAIL_FROM": "Backstop <backstop@example.com>", "ALERT_EMAIL_TO": "ops@example.com",
	}
}

// hang has it take connections and say nothing, until heal.
func (m *mailServer) hang() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hanging = true
}

// knowsNobody has it refuse every recipient for good.
func (m *mailServer) knowsNobody() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.unknown = true
}

func (m *mailServer) heal() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hanging = false
	for _, c := range m.held {
		_ = c.Close()
	}
	m.held = nil
}

// holding is how many connections hang.
func (m *mailServer) holding() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.held)
}

func (m *mailServer) got() []received {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]received(nil), m.mails...)
}

// subjects are those of all mails so far.
func (m *mailServer) subjects() []string {
	var all []string
	for _, one := range m.got() {
		all = append(all, one.subject())
	}
	return all
}

// about says whether there is a mail whose subject has all the words.
func (m *mailServer) about(words ...string) bool { return m.find(words) != nil }

func (m *mailServer) find(words []string) *received {
	for _, one := range m.got() {
		if isAbout(one.subject(), words) {
			return &one
		}
	}
	return nil
}

// tells says whether all the words are in the subject and text of one mail.
func (m *mailServer) tells(words ...string) bool {
	return slices.ContainsFunc(m.got(), func(one received) bool { return hasAll(one.subject()+one.text, words) })
}

// await returns the first mail whose subject has all the words.
func (m *mailServer) await(t *testing.T, within time.Duration, words ...string) received {
	t.Helper()
	var found *received
	if !patiently(within, func() bool { found = m.find(words); return found != nil }) {
		t.Fatalf("no mail within %s whose subject has %q, but %q", within, words, m.subjects())
	}
	if n := utf8.RuneCountInString(found.subject()); n > 70 {
		t.Errorf("the subject has %d characters, 70 at most: %q", n, found.subject())
	}
	return *found
}

// isAbout says whether the line is the one that was waited for. On a busy
// machine the ledger may take so long to open that this is told, too.
func isAbout(line string, words []string) bool {
	return hasAll(line, words) && (slices.Contains(words, unavailable) || !strings.Contains(line, unavailable))
}

const unavailable = "history unavailable"

func hasAll(text string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// hangable accepts connections for a server, unless that hangs.
type hangable struct {
	net.Listener
	server *mailServer
}

func (h *hangable) Accept() (net.Conn, error) {
	for {
		conn, err := h.Listener.Accept()
		if err != nil || !h.hold(conn) {
			return conn, err
		}
	}
}

func (h *hangable) hold(conn net.Conn) bool {
	h.server.mu.Lock()
	defer h.server.mu.Unlock()
	if h.server.hanging {
		h.server.held = append(h.server.held, conn)
	}
	return h.server.hanging
}

// silence is a log of the mail server that nobody reads.
type silence struct{}

func (silence) Printf(string, ...any) {}
func (silence) Println(...any)        {}

type mailSession struct {
	server *mailServer
	to     []string
}

func (s *mailSession) Reset()                             { s.to = nil }
func (*mailSession) Logout() error                        { return nil }
func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (s *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	if s.server.unknown {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user here"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	one, err := parseMail(raw)
	if err != nil {
		return err
	}
	one.to = s.to
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mails = append(s.server.mails, one)
	if s.server.took != nil {
		s.server.took()
	}
	return nil
}

// whenTaken has something done when a mail is taken, before that is said.
func (m *mailServer) whenTaken(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took = do
}

func parseMail(raw []byte) (received, error) {
	parsed, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return received{}, err
	}
	one := received{raw: string(raw), header: parsed.Header}
	_, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil {
		return received{}, err
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return one, nil
		}
		if err != nil {
			return received{}, err
		}
		body, err := io.ReadAll(decoded(part))
		if err != nil {
			return received{}, err
		}
		if strings.HasPrefix(part.Header.Get("Content-Type"), "text/html") {
			one.html = string(body)
		} else {
			one.text = string(body)
		}
	}
}

// decoded is what a part says, however it travelled.
func decoded(part *multipart.Part) io.Reader {
	switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		return quotedprintable.NewReader(part)
	case "base64":
		return base64.NewDecoder(base64.StdEncoding, part)
	}
	return part
}

// whole is all of a mail: as it came over the wire, and what that says.
func (r received) whole() string {
	said := []string{r.raw, r.text, r.html}
	for name, values := range r.header {
		for _, value := range values {
			if plain, err := new(mime.WordDecoder).DecodeHeader(value); err == nil {
				value = plain
			}
			said = append(said, name+": "+value)
		}
	}
	return strings.Join(said, "\n")
}
