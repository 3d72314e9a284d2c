package notify

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/rest"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// PhoneOptions are what a notifier needs that texts or calls people through
// Twilio.
type PhoneOptions struct {
	Name    string
	Account string // AC…: whom Twilio charges
	From    string // a number of that account; for texts also a sender's name, a short code or a messaging service (MG…)
	// To are the numbers of whom to reach at a moment; nobody where it is empty.
	To      func(now time.Time) []string
	API     *rest.Client
	Timeout time.Duration // one attempt; 18 s where zero
	// Code is what a reply of that number repeats to act on m, and Keys whom
	// Twilio tells what was pressed; "", as nil, for nothing that can be done.
	Code, Keys func(m incident.Message, to string) string

	Own   *templates.OwnText // of texts; calls say nothing of one's own
	Log   *slog.Logger       // for own templates that fail; nothing is logged where nil
	Now   func() time.Time   // time.Now where nil
	Texts *templates.Alerts  // the words
}

func (o PhoneOptions) validate(from func(string) bool, remedy string) error {
	var mistakes []error
	mistake := func(text string) { mistakes = append(mistakes, errors.New(text)) }
	if o.Name == "" {
		mistake("name: is empty: give the notifier a name")
	}
	if !twilio.IsAccountSID(o.Account) {
		mistake("account: is no Account SID: write AC and 32 of 0-9 a-f")
	}
	if !from(o.From) {
		mistake("from: " + remedy)
	}
	if o.To == nil {
		mistake("to: names nobody: write the numbers of those who are to be reached")
	}
	return errors.Join(mistakes...)
}

// ValidateSMS says all that is wrong with o for texts, one error each.
func (o PhoneOptions) ValidateSMS() error {
	return o.validate(IsTextSender, "cannot send texts: write a number of the account such as +15550100, a sender's name, or the SID of a messaging service (MG…)")
}

// ValidateCall says all that is wrong with o for calls, one error each.
func (o PhoneOptions) ValidateCall() error {
	return o.validate(twilio.IsE164, "cannot call: write a number of the account such as +15550100")
}

// IsTextSender says whether Twilio may send texts from s.
func IsTextSender(s string) bool {
	if kind, ok := twilio.KindOf(s); ok {
		return kind == twilio.SIDMessagingService
	}
	kind := twilio.ParseAddress(s).Kind
	return kind == twilio.AddressPhone || kind == twilio.AddressShortCode || kind == twilio.AddressName
}

// Phone is a Notifier that texts or calls people through Twilio. What comes of
// a text or a call later it does not ask: that Twilio took it is all it knows.
type Phone struct {
	o      PhoneOptions
	calls  bool
	own    ownText
	partly partlyTaken
}

// NewSMS makes a notifier that texts.
func NewSMS(o PhoneOptions) (*Phone, error) {
	if err := o.ValidateSMS(); err != nil {
		return nil, err
	}
	return newPhone(o, false), nil
}

// NewCall makes a notifier that calls.
func NewCall(o PhoneOptions) (*Phone, error) {
	if err := o.ValidateCall(); err != nil {
		return nil, err
	}
	return newPhone(o, true), nil
}

func newPhone(o PhoneOptions, calls bool) *Phone {
	if o.Timeout <= 0 {
		o.Timeout = defaultAttempt
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Phone{o: o, calls: calls, own: ownText{notifier: o.Name, texts: o.Texts, template: o.Own, log: o.Log}}
}

// Name is what the configuration calls it.
func (p *Phone) Name() string { return p.o.Name }

// Send reaches everybody whom it is for at that moment. Where some could not be
// reached another attempt is made for those only; one whose answer was lost may
// be repeated, for Twilio has no idempotency for texts and calls.
//
// Where the account that would send is the one that does not work it is not
// asked: it would refuse each attempt for a day, and whoever reads "an alert did
// not get out" on top would mend the notifier. The receipt says so; that another
// notifier has to tell it is said by `backstop check`.
func (p *Phone) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	if why := p.spared(m); why != "" {
		return incident.Receipt{Detail: why}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, p.o.Timeout)
	defer cancel()
	send := p.prepared(m)
	if send == nil {
		return incident.Receipt{Detail: nothingWritten}, nil
	}
	to := p.o.To(p.o.Now())
	if len(to) == 0 {
		return incident.Receipt{}, errors.New("nobody can be reached at this hour: see who is on call on the page Rules; it is tried again")
	}
	var d delivery
	var sids []string
	for _, number := range p.partly.left(m, to) {
		sid, err := send(ctx, number)
		if err != nil {
			d.refused = append(d.refused, refusal{number, p.explain(ctx, number, err)})
			continue
		}
		d.taken = append(d.taken, number)
		sids = append(sids, cmp.Or(sid, "taken"))
	}
	if err := p.partly.settle(m, d, isUnreachable); err != nil {
		return incident.Receipt{}, err
	}
	r := incident.Receipt{Detail: strings.Join(sids, ", ") + notTaken(d)}
	if m.Incident != nil {
		r.Thread = phoneThread
	}
	return r, nil
}

// phoneThread notes that people were reached about an incident.
const phoneThread = "told"

// spared says why m is not for a telephone; "" where it is.
func (p *Phone) spared(m incident.Message) string {
	switch {
	case m.Alert.Kind.InPlace():
		return nothingToUpdate
	case p.isOfOwnAccount(m):
		return "not sent: it is the account that is failing by which this notifier sends"
	case p.calls && isNoReasonToCall(m):
		return "not called: nobody has to get up for it"
	case p.calls && isMore(m):
		return "not called: whoever was called knows of it"
	}
	return ""
}

// isNoReasonToCall says whether m has only good or old news.
func isNoReasonToCall(m incident.Message) bool {
	if m.Alert.Kind == incident.Summary || m.Incident != nil && m.Incident.State != incident.Open {
		return true
	}
	for _, in := range m.Digest {
		if in.State == incident.Open {
			return false
		}
	}
	return len(m.Digest) > 0
}

// isMore says whether m tells that there is more of what this notifier has told
// already.
func isMore(m incident.Message) bool {
	return !m.FirstTime() && (m.Alert.Kind == incident.Growing || m.Alert.Kind == incident.Rate)
}

// isOfOwnAccount says whether all that m tells is that the notifier's own
// account does not work.
func (p *Phone) isOfOwnAccount(m incident.Message) bool {
	failing := func(in incident.Incident) bool {
		return in.Cause.Account == p.o.Account && twilio.AccountStopped(in.Last.Code)
	}
	for _, in := range m.Digest {
		if !failing(in) {
			return false
		}
	}
	if len(m.Digest) > 0 {
		return len(m.Others) == 0
	}
	return m.Incident != nil && failing(*m.Incident)
}

// prepared is how m is sent to one number; nil where an own template leaves it
// out.
func (p *Phone) prepared(m incident.Message) func(ctx context.Context, to string) (sid string, err error) {
	if p.calls {
		line := p.o.Texts.Spoken(m)
		return func(ctx context.Context, to string) (string, error) {
			keys := ""
			if p.o.Keys != nil {
				keys = p.o.Keys(m, to)
			}
			return p.o.API.Call(ctx, p.o.Account, p.o.From, to, spoken(line, keys))
		}
	}
	text, builtIn, own := p.own.write(m, nil)
	if own {
		if text = strings.TrimSpace(text); text == "" {
			return nil
		}
	}
	return func(ctx context.Context, to string) (string, error) {
		code := ""
		if p.o.Code != nil {
			code = p.o.Code(m, to)
		}
		body := templates.WithReplies(text, code)
		if !own {
			body = builtIn.SMS(m, code)
		}
		return p.o.API.Text(ctx, p.o.Account, p.o.From, to, body)
	}
}

// spoken is what a call says: twice, for nobody understands the first words of
// a voice that woke them.
// Where a key does something, keys is whom Twilio tells of it.
func spoken(line, keys string) []byte {
	const hint = "Details are in your messages and on Backstop's page."
	said := []twiml.Verb{
		twiml.Pause{Length: time.Second},
		twiml.Say{Text: "This is Backstop, with an alert. " + line + ".", Language: "en-US"},
		twiml.Pause{Length: time.Second},
	}
	if keys == "" {
		return twiml.Respond(append(said, twiml.Say{Text: "Once more. " + line + ". " + hint, Language: "en-US"})...).Bytes()
	}
	choice := "Press 1 to take it, 2 to mute it for an hour, 3 if it is over."
	said = append(said,
		twiml.Say{Text: choice, Language: "en-US"},
		twiml.Pause{Length: time.Second},
		twiml.Say{Text: "Once more. " + line + ". " + choice, Language: "en-US"},
	)
	return twiml.Respond(
		twiml.Gather{Action: keys, NumDigits: 1, Timeout: 8 * time.Second, Prompt: said},
		twiml.Say{Text: hint, Language: "en-US"},
	).Bytes()
}

// Check texts or calls with a test message.
func (p *Phone) Check(ctx context.Context) error {
	return tested(p.Send(ctx, TestMessage(p.o.Name, p.o.Now())))
}
