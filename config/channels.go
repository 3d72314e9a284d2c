package config

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/notify"
)

// email checks who is mailed, by whom and through which server.
func (r *review) email(name string, e email) *notify.EmailOptions {
	if e.At.invalid {
		return nil
	}
	r.required(e.At, e.SMTP, "smtp", "SMTP_URL", "write the mail server as smtp://user:password@host:587 or smtps://user:password@host:465")
	r.required(e.At, e.From, "from", "ALERT_EMAIL_FROM", "write the address that alerts come from, one that the mail server may send for")
	r.required(e.At, first(e.To...), "to", "ALERT_EMAIL_TO", "write who is to be told, several separated by commas")
	return &notify.EmailOptions{Name: name, Server: r.smtp(e.SMTP), From: r.mailAddress(e.From), To: r.mailAddresses(e.To)}
}

func (r *review) smtp(v value) notify.SMTPServer {
	if !v.set() {
		return notify.SMTPServer{}
	}
	server, err := notify.ParseSMTPURL(v.text)
	if err != nil {
		r.refused(v, err, "write smtp://user:password@host:587 or smtps://user:password@host:465")
	}
	r.hide(server.Password)
	switch {
	case server.Port == "465" && server.Security != notify.TLS:
		r.warn(v, "names port 465, which wants smtps://")
	case server.Port == "587" && server.Security == notify.TLS:
		r.warn(v, "names port 587, which wants smtp://")
	}
	return server
}

func (r *review) mailAddress(v value) string {
	if !v.set() {
		return ""
	}
	if _, err := notify.ParseAddress(v.text); err != nil {
		r.refused(v, err, "write name@example.com or Name <name@example.com>")
	}
	return v.text
}

// mailAddresses reads addresses, each value one or several with commas.
func (r *review) mailAddresses(written []value) []string {
	var addresses []string
	for _, v := range written {
		if !v.set() {
			continue
		}
		list, err := mail.ParseAddressList(v.text)
		if err != nil {
			r.mistake(v, "is no list of e-mail addresses", "write name@example.com, several separated by commas")
			continue
		}
		for _, address := range list {
			one := v
			one.text = address.String()
			if one.text = r.mailAddress(one); !slices.Contains(addresses, one.text) {
				addresses = append(addresses, one.text)
			}
		}
	}
	return addresses
}

var channelName = regexp.MustCompile(`^(?:[CGD][A-Z0-9]{6,20}|#[^\s#,]{1,80})$`)

// slack is a webhook, or a bot's token and the channel it writes to.
func (r *review) slack(name string, s slack) *notify.SlackOptions {
	if s.At.invalid {
		return nil
	}
	switch {
	case !s.WebhookURL.absent() && !s.BotToken.absent():
		r.mistake(s.WebhookURL, "stands beside a bot token", "choose one: a bot token updates its messages, a webhook only posts")
	case !s.WebhookURL.absent():
		r.slackHook(s)
	default:
		r.bot(s)
	}
	return &notify.SlackOptions{
		Name: name, WebhookURL: s.WebhookURL.text, BotToken: s.BotToken.text,
		Channel: s.Channel.text, APIURL: r.apiURL(s.APIURL), Mention: r.mention(s.Mention),
	}
}

var mentionForm = regexp.MustCompile(`^(?:here|channel|[UWS][A-Z0-9]{6,20})$`)

// mention is who is called together in Slack.
func (r *review) mention(v value) string {
	if v.set() && !mentionForm.MatchString(v.text) {
		r.mistake(v, "names nobody", "write here, channel, a member's ID (U…, in their profile) or a user group's (S…)")
		return ""
	}
	return v.text
}

func (r *review) slackHook(s slack) {
	if !s.Channel.absent() {
		r.mistake(s.Channel, "stands beside a webhook, which has its own channel", "leave the channel out, or use a bot token")
	}
	if !s.WebhookURL.set() {
		return
	}
	const remedy = "copy it from the settings of your Slack app: https://hooks.slack.com/services/…"
	u, err := url.Parse(s.WebhookURL.text)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || !validPort(u.Port()):
		r.mistake(s.WebhookURL, "is no URL of a Slack webhook", remedy)
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		r.mistake(s.WebhookURL, "is not https://", remedy)
	}
}

func (r *review) bot(s slack) {
	r.required(s.At, s.BotToken, "bot_token", "SLACK_BOT_TOKEN", "write the Bot User OAuth Token of your Slack app (xoxb-…), or use a webhook")
	r.required(s.At, s.Channel, "channel", "SLACK_CHANNEL", "write the channel's id (C…), or its name with # before it")
	if s.BotToken.set() && (!strings.HasPrefix(s.BotToken.text, "xoxb-") || strings.ContainsFunc(s.BotToken.text, unprintable)) {
		r.mistake(s.BotToken, "is no bot token", "write the Bot User OAuth Token of your Slack app: it begins with xoxb-")
	}
	if s.Channel.set() && !channelName.MatchString(s.Channel.text) {
		r.mistake(s.Channel, "is no channel", "write the channel's id (C…, at the end of its details in Slack), or its name with # before it")
	}
}

// unprintable is what stands in no token.
func unprintable(c rune) bool { return c <= ' ' || c >= 0x7f }

// apiURL is another Slack API than slack.com's: GovSlack, or one for tests.
func (r *review) apiURL(v value) string {
	if at := r.tokenURL(v, "https://slack-gov.com/api/"); at != "" {
		return at + "/"
	}
	return ""
}

// tokenURL is an address that a token goes to, without a slash at its end.
func (r *review) tokenURL(v value, example string) string {
	u := r.webURL(v, "write it as "+example)
	switch {
	case u == nil:
		return ""
	case u.Scheme == "http" && !loopback(u.Hostname()):
		r.mistake(v, "is not https://", "the token would cross the network in the clear: write it as "+example)
	}
	return strings.TrimRight(u.String(), "/")
}
