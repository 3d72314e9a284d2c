package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// SlackOptions are what a notifier that writes to Slack needs: a webhook, or
// a bot token and a channel.
type SlackOptions struct {
	Name       string
	WebhookURL string // the simple mode: every alert is a new message
	BotToken   string // one message per incident, kept up to date, its history in the thread
	Channel    string // with BotToken: C… or #name
	APIURL     string // Slack's own where empty; for GovSlack and tests
	// Mention is who is called together for what may wake people: here, channel,
	// a member's ID (U…, W…) or a group's (S…). "" is nobody.
	Mention string
	// Buttons are what people may press below a message of a bot; nil for none.
	Buttons func(m incident.Message) []templates.Button
	Timeout time.Duration // one attempt; 18 s where zero
	Dial    Dial          // net.Dialer's where nil

	Now   func() time.Time  // time.Now where nil; only Check asks it
	Texts *templates.Alerts // the words

	Own *templates.OwnText // the message in Slack's markup; all that an Event holds comes escaped
	Log *slog.Logger       // for own templates that fail; nothing is logged where nil
}

// Validate says all that is wrong with o, one error each, and never shows a
// secret.
func (o SlackOptions) Validate() error {
	var mistakes []error
	mistake := func(text string) { mistakes = append(mistakes, errors.New(text)) }
	if o.Name == "" {
		mistake("name: is empty: give the notifier a name")
	}
	switch {
	case o.WebhookURL == "" && o.BotToken == "":
		mistake("slack: names neither webhook nor bot token: set SLACK_WEBHOOK_URL, or SLACK_BOT_TOKEN and SLACK_CHANNEL")
	case o.WebhookURL != "" && o.BotToken != "":
		mistake("slack: names both webhook and bot token: keep one of them")
	case o.WebhookURL != "" && !isSafeURL(o.WebhookURL):
		mistake("webhook: is no address of a webhook: copy it from the app's page in Slack, it begins with https://hooks.slack.com/")
	case o.BotToken != "" && !isPrintable(o.BotToken):
		mistake("bot_token: has a space or control character in it: copy it once more, it begins with xoxb-")
	}
	if o.BotToken != "" && (o.Channel == "" || !isPrintable(o.Channel)) {
		mistake("channel: names no channel: write its ID (C…, at the end of the channel's details) or #name")
	}
	if o.APIURL != "" && !isSafeURL(o.APIURL) {
		mistake("api_url: is no https address: leave it out, or write https://slack-gov.com/api/ for GovSlack")
	}
	if _, ok := mentionOf(o.Mention); !ok {
		mistake("mention: names nobody: write here, channel, a member's ID (U…) or a user group's (S…)")
	}
	return errors.Join(mistakes...)
}

var slackID = regexp.MustCompile(`^[UWS][A-Z0-9]{6,20}$`)

// mentionOf is a mention in Slack's markup: https://docs.slack.dev/messaging/formatting-message-text
func mentionOf(who string) (markup string, ok bool) {
	switch {
	case who == "":
		return "", true
	case who == "here" || who == "channel":
		return "<!" + who + ">", true
	case !slackID.MatchString(who):
		return "", false
	case who[0] == 'S':
		return "<!subteam^" + who + ">", true
	}
	return "<@" + who + ">", true
}

// isSafeURL says whether a secret may be sent there: https, or this machine.
func isSafeURL(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	here := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && here
}

// Slack is a Notifier that writes into one channel.
type Slack struct {
	name    string
	webhook string
	channel string
	mention string        // in markup; "" for nobody
	api     *slack.Client // nil with a webhook
	client  *http.Client
	timeout time.Duration
	redact  redactor
	texts   *templates.Alerts
	own     ownText
	now     func() time.Time
	buttons func(m incident.Message) []templates.Button
}

// NewSlack makes a notifier of valid options.
func NewSlack(o SlackOptions) (*Slack, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	s := &Slack{
		name: o.Name, webhook: o.WebhookURL, channel: o.Channel, timeout: o.Timeout, texts: o.Texts, now: o.Now,
		client: boundedClient(o.Dial), buttons: o.Buttons,
		redact: newRedactor(slackSecrets(o)...),
		own:    ownText{notifier: o.Name, texts: o.Texts, template: o.Own, log: o.Log},
	}
	s.mention, _ = mentionOf(o.Mention)
	if s.timeout <= 0 {
		s.timeout = defaultAttempt
	}
	if s.now == nil {
		s.now = time.Now
	}
	if o.BotToken != "" {
		options := []slack.Option{slack.OptionHTTPClient(s.client)} // its own retries are off unless asked for
		if o.APIURL != "" {
			options = append(options, slack.OptionAPIURL(strings.TrimRight(o.APIURL, "/")+"/"))
		}
		s.api = slack.New(o.BotToken, options...)
	}
	return s, nil
}

func slackSecrets(o SlackOptions) []string {
	secrets := []string{o.BotToken, o.WebhookURL}
	if u, err := url.Parse(o.WebhookURL); err == nil {
		secrets = append(secrets, strings.TrimPrefix(u.Path, "/services/"), strings.Trim(u.Path, "/"))
	}
	return secrets
}

// Name is what the configuration calls it.
func (s *Slack) Name() string { return s.name }

// Send writes m into the channel.
func (s *Slack) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	text := s.write(m)
	if len(text.Sections) == 0 {
		return incident.Receipt{Detail: nothingWritten}, nil
	}
	if s.mention != "" && m.Wakes() {
		text = text.Calling(s.mention)
	}
	if s.api != nil && s.buttons != nil {
		text.Buttons = s.buttons(m)
	}
	var (
		r   incident.Receipt
		err error
	)
	switch {
	case s.api != nil:
		r, err = s.sendBot(ctx, m, text)
	case m.Alert.Kind.InPlace():
		r.Detail = nothingToUpdate
	default:
		r, err = s.sendWebhook(ctx, text)
	}
	return r, s.explain(err)
}

// write is the message's words: the customer's own where there is a template.
func (s *Slack) write(m incident.Message) templates.Slack {
	text, builtIn, own := s.own.write(m, templates.SlackText)
	if !own {
		return builtIn.Slack(m)
	}
	return s.texts.OwnSlack(m, text)
}

// Check connects, authenticates and sends a test message.
func (s *Slack) Check(ctx context.Context) error {
	if s.api != nil {
		if _, err := s.api.AuthTestContext(ctx); err != nil {
			return s.explain(err)
		}
	}
	return tested(s.Send(ctx, TestMessage(s.name, s.now())))
}

// Bounds of one request to Slack.
const (
	slackConnect = 10 * time.Second
	slackAnswer  = 15 * time.Second
	mostOfAnswer = 1 << 20
	mostHeaders  = 64 << 10
)

// boundedClient is an http.Client that waits for nothing for long, reads
// nothing at length, follows no redirect, uses no proxy that the environment
// names, and leaves no connection open.
func boundedClient(dial Dial) *http.Client {
	if dial == nil {
		dial = (&net.Dialer{Timeout: slackConnect}).DialContext
	}
	return &http.Client{
		Transport: boundedBodies{&http.Transport{
			Proxy:                  nil,
			DialContext:            dial,
			TLSHandshakeTimeout:    slackConnect,
			ResponseHeaderTimeout:  slackAnswer,
			MaxResponseHeaderBytes: mostHeaders,
			DisableKeepAlives:      true,
			ForceAttemptHTTP2:      false,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type boundedBodies struct{ http.RoundTripper }

// RoundTrip is the transport's, with an end to the body.
func (b boundedBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, mostOfAnswer), response.Body}
	return response, nil
}

// explain says what err means and what to do, without a secret. Everything
// that Slack objects to can be mended by somebody, so nothing is permanent.
func (s *Slack) explain(err error) error {
	if err == nil {
		return nil
	}
	var (
		limited *slack.RateLimitedError
		refused slack.SlackErrorResponse
		status  slack.StatusCodeError
	)
	switch {
	case errors.As(err, &limited):
		return asksForPause(limited.RetryAfter)
	case errors.As(err, &refused):
		return fmt.Errorf("slack refuses the message (%s): %s", s.redact.text(oneLine(refused.Err)), slackRemedy(refused))
	case errors.As(err, &status):
		return fmt.Errorf("slack answers with status %d: %s", status.Code, s.statusRemedy(status.Code))
	case isTimeout(err):
		return errors.New("slack did not answer in time: try to reach its host from this machine")
	}
	return fmt.Errorf("slack cannot be reached or understood: %w", s.redact.clean(err))
}

// asksForPause is the error of a Slack that wants to be left alone for so long;
// what it says may be nonsense.
func asksForPause(pause time.Duration) error {
	if pause <= 0 {
		return errors.New("slack asks for a pause, and does not say how long")
	}
	pause = min(pause, longestRetryAfter)
	return RetryAfter(fmt.Errorf("slack asks for a pause of %s", pause), pause)
}
