package notify

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// EmailOptions are what a notifier that sends e-mail needs.
type EmailOptions struct {
	Name    string
	Server  SMTPServer    // see ParseSMTPURL
	From    string        // see ParseAddress
	To      []string      // at least one
	Timeout time.Duration // one attempt; 18 s where zero

	Hello string            // our name in EHLO; our address where empty
	Roots *x509.CertPool    // the system's where nil
	Dial  Dial              // net.Dialer's where nil
	Now   func() time.Time  // time.Now where nil; only Check asks it
	Texts *templates.Alerts // the words

	// Deeds are what one recipient may do about m by a click: then each gets a
	// mail of their own. nil, as none, is nothing.
	Deeds func(m incident.Message, to string) []templates.DeedLink

	Own *templates.OwnText // the text, which then has no other form; the subject stays ours
	Log *slog.Logger       // for own templates that fail; nothing is logged where nil
}

// Validate says all that is wrong with o, one error each.
func (o EmailOptions) Validate() error {
	var mistakes []error
	if o.Name == "" {
		mistakes = append(mistakes, errors.New("name: is empty: give the notifier a name"))
	}
	if o.Server.Host == "" {
		mistakes = append(mistakes, errors.New("smtp: names no server: "+smtpForm))
	}
	if _, err := ParseAddress(o.From); err != nil {
		mistakes = append(mistakes, fmt.Errorf("from: %q %w", o.From, err))
	}
	if len(o.To) == 0 {
		mistakes = append(mistakes, errors.New("to: is empty: name at least one address"))
	}
	for _, to := range o.To {
		if _, err := ParseAddress(to); err != nil {
			mistakes = append(mistakes, fmt.Errorf("to: %q %w", to, err))
		}
	}
	return errors.Join(mistakes...)
}

// Attempts end on their own a little before the dispatcher ends them, so that
// the error says what was slow.
const defaultAttempt = 18 * time.Second

// Email is a Notifier that sends e-mail through one server.
type Email struct {
	name      string
	from      *mail.Address
	to        []string // bare addresses
	timeout   time.Duration
	transport transport
	texts     *templates.Alerts
	now       func() time.Time
	own       ownText
	deeds     func(m incident.Message, to string) []templates.DeedLink
	partly    partlyTaken
}

// NewEmail makes a notifier of valid options.
func NewEmail(o EmailOptions) (*Email, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	from, err := ParseAddress(o.From)
	if err != nil {
		return nil, err
	}
	e := &Email{
		name: o.Name, from: from, timeout: o.Timeout, texts: o.Texts, now: o.Now,
		own:   ownText{notifier: o.Name, texts: o.Texts, template: o.Own, log: o.Log},
		deeds: o.Deeds,
		transport: transport{
			server: o.Server, hello: o.Hello, roots: o.Roots, dial: o.Dial,
			redact: newRedactor(smtpSecrets(o.Server)...),
		},
	}
	for _, to := range o.To {
		a, err := ParseAddress(to)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(e.to, a.Address) {
			e.to = append(e.to, a.Address)
		}
	}
	if e.timeout <= 0 {
		e.timeout = defaultAttempt
	}
	if e.now == nil {
		e.now = time.Now
	}
	if e.transport.dial == nil {
		e.transport.dial = (&net.Dialer{}).DialContext
	}
	return e, nil
}

// smtpSecrets are the password and what it is wrapped into on its way.
func smtpSecrets(s SMTPServer) []string {
	if s.Password == "" {
		return nil
	}
	return []string{
		"\x00" + s.User + "\x00" + s.Password,
		"user=" + s.User + "\x01auth=Bearer " + s.Password + "\x01\x01",
		s.Password,
	}
}

// Name is what the configuration calls it.
func (e *Email) Name() string { return e.name }

// Send mails m to all recipients. Where the server took it for some and may
// take it for others later, another attempt goes only to those.
func (e *Email) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	if m.Alert.Kind.InPlace() {
		return incident.Receipt{Detail: nothingToUpdate}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	id := messageID(m, domainOf(e.from.Address))
	mails, err := e.mails(m, id)
	if err != nil {
		return incident.Receipt{}, err
	}
	if len(mails) == 0 {
		return incident.Receipt{Detail: nothingWritten}, nil
	}
	d, err := e.transport.deliver(ctx, e.from.Address, mails)
	if err != nil {
		return incident.Receipt{}, err
	}
	if err := e.partly.settle(m, d, isUnknownRecipient); err != nil {
		return incident.Receipt{}, err
	}
	receipt := incident.Receipt{Detail: "mail " + id + notTaken(d)}
	if m.Incident != nil && !isMessageID(m.Thread) {
		receipt.Thread = id
	}
	return receipt, nil
}

// mails are those that are to be handed over: one for all who have not had it,
// or where there is something to do about m one for each, for the links in it
// act in somebody's name. All have the same ID, as one message that a list
// sends to many, so that replies of each stand in everybody's thread. None is
// where an own template leaves m out.
func (e *Email) mails(m incident.Message, id string) ([]envelope, error) {
	var mails []envelope
	alike := map[string]int{} // by what can be done: its place in mails
	for _, to := range e.partly.left(m, e.to) {
		var deeds []templates.DeedLink
		if e.deeds != nil {
			deeds = e.deeds(m, to)
		}
		key := fmt.Sprint(deeds)
		if i, known := alike[key]; known {
			mails[i].to = append(mails[i].to, to)
			continue
		}
		text, err := e.write(m, deeds)
		if err != nil || text.Text == "" {
			return nil, err
		}
		raw, err := e.compose(m, text, id)
		if err != nil {
			return nil, err
		}
		alike[key] = len(mails)
		mails = append(mails, envelope{to: []string{to}, raw: raw})
	}
	return mails, nil
}

// write is the mail's words: the customer's own where there is a template.
func (e *Email) write(m incident.Message, deeds []templates.DeedLink) (templates.Mail, error) {
	text, builtIn, own := e.own.write(m, nil)
	if !own {
		return builtIn.Mail(m, deeds...)
	}
	if text != "" {
		text += templates.PlainDeeds(deeds)
	}
	return templates.Mail{Subject: e.texts.Event(m).Line, Text: text}, nil
}

func notTaken(d delivery) string {
	var b strings.Builder
	for _, r := range d.refused {
		b.WriteString("; " + r.err.Error())
	}
	return b.String()
}

// Check connects, authenticates and sends a test message.
func (e *Email) Check(ctx context.Context) error {
	return tested(e.Send(ctx, TestMessage(e.name, e.now())))
}

// Replies that prove an address wrong. A 5xx alone proves nothing: the same
// number stands for a full disk, a policy, a bad reputation.
var (
	badMailbox  = regexp.MustCompile(`^5\.1\.(0|1|2|3|6|10)\b`) // https://www.rfc-editor.org/rfc/rfc3463#section-3.2
	anyEnhanced = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)
	saysUnknown = regexp.MustCompile(`(?i)\b(unknown|no such|does ?n.t exist|does not exist|not exist|invalid|not found|unrouteable)\b.{0,40}\b(user|recipient|mailbox|address|account)|\b(user|recipient|mailbox|address|account)\b.{0,60}\b(unknown|does ?n.t exist|does not exist|not exist|invalid|not found|disabled)\b|\bno such\b`)
)

func isUnknownRecipient(err error) bool {
	var reply *textproto.Error
	if !errors.As(err, &reply) || reply.Code != 550 && reply.Code != 551 && reply.Code != 553 {
		return false
	}
	if anyEnhanced.MatchString(reply.Msg) {
		return badMailbox.MatchString(reply.Msg)
	}
	return saysUnknown.MatchString(reply.Msg)
}
