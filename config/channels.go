package config

import (
	"net/url"
	"regexp"
	"strings"
)

// Notifier is a place where alerts go: exactly one of its pointers is set.
type Notifier struct {
	Name  string
	Email *Email
	Slack *Slack
}

// Email is where e-mails go.
type Email struct {
	SMTP Secret
	From string
	To   []string
}

// Slack is where Slack messages go.
type Slack struct {
	WebhookURL Secret
	BotToken   Secret
	Channel    string
	APIURL     string
}

func (r *review) email(e email) *Email {
	if e.At.invalid {
		return nil
	}
	r.required(e.At, e.SMTP, "smtp", "SMTP_URL", "write the mail server as smtp://user:password@host:587 or smtps://user:password@host:465")
	r.required(e.At, e.From, "from", "ALERT_EMAIL_FROM", "write the address that alerts come from, one that the mail server may send for")
	if len(e.To) == 0 {
		r.required(e.At, value{}, "to", "ALERT_EMAIL_TO", "write who is to be told, several separated by commas")
	}
	return &Email{SMTP: r.smtp(e.SMTP), From: r.mailAddress(e.From), To: r.mailAddresses(e.To)}
}

func (r *review) smtp(v value) Secret {
	return Secret(v.text)
}

var channelName = regexp.MustCompile(`^(?:[CGD][A-Z0-9]{6,20}|#[^\s#,]{1,80})$`)

// slack is a webhook, or a bot's token and the channel it writes to.
func (r *review) slack(s slack) *Slack {
	if s.At.invalid {
		return nil
	}
	switch {
	case !s.WebhookURL.absent() && !s.BotToken.absent():
		r.mistake(s.WebhookURL, "stands beside a bot token", "choose one: a bot token updates its messages, a webhook only posts")
	case !s.WebhookURL.absent():
		r.webhook(s.WebhookURL)
		if !s.Channel.absent() {
			r.mistake(s.Channel, "stands beside a webhook, which has its own channel", "leave the channel out, or use a bot token")
		}
	default:
		r.bot(s)
	}
	return &Slack{
		WebhookURL: Secret(s.WebhookURL.text), BotToken: Secret(s.BotToken.text),
		Channel: s.Channel.text, APIURL: r.apiURL(s.APIURL),
	}
}

func (r *review) webhook(v value) {
	if !v.set() {
		return
	}
	const remedy = "copy it from the settings of your Slack app: https://hooks.slack.com/services/…"
	u, err := url.Parse(v.text)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || !validPort(u.Port()):
		r.mistake(v, "is no URL of a Slack webhook", remedy)
	case u.Scheme != "https" && (u.Scheme != "http" || !local(u.Hostname())):
		r.mistake(v, "is not https://", remedy)
	}
}

func (r *review) bot(s slack) {
	r.required(s.At, s.BotToken, "bot_token", "SLACK_BOT_TOKEN", "write the Bot User OAuth Token of your Slack app (xoxb-…), or use a webhook_url")
	r.required(s.At, s.Channel, "channel", "SLACK_CHANNEL", "write the channel's id (C…), or its name with # before it")
	if s.BotToken.set() && (!strings.HasPrefix(s.BotToken.text, "xoxb-") || strings.ContainsFunc(s.BotToken.text, func(c rune) bool { return c <= ' ' || c >= 0x7f })) {
		r.mistake(s.BotToken, "is no bot token", "write the Bot User OAuth Token of your Slack app: it begins with xoxb-")
	}
	if s.Channel.set() && !channelName.MatchString(s.Channel.text) {
		r.mistake(s.Channel, "is no channel", "write the channel's id (C…, at the end of its details in Slack), or its name with # before it")
	}
}

// apiURL is another Slack API than slack.com's: GovSlack, or one for tests.
func (r *review) apiURL(v value) string {
	u := r.webURL(v, "write it as https://slack-gov.com/api/")
	switch {
	case u == nil:
		return ""
	case u.Scheme == "http" && !local(u.Hostname()):
		r.mistake(v, "is not https://", "the token would cross the network in the clear: write it as https://slack-gov.com/api/")
	}
	return strings.TrimRight(u.String(), "/") + "/"
}
