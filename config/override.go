package config

import "fmt"

// override lets the environment have the last word. A variable that the file
// mentions as ${X} stands where it is mentioned and nowhere else.
func override(f file, env *environment, mentioned map[string]bool) file {
	o := overrider{environment: env, mentioned: mentioned}
	o.plain(&f.PublicURL, "PUBLIC_URL")
	o.plain(&f.Unverified, "UNVERIFIED")
	o.plain(&f.TimeZone, "TIME_ZONE")
	o.plain(&f.DataDir, "DATA_DIR")
	o.plain(&f.AdminListen, "ADMIN_LISTEN")
	o.plain(&f.AdminURL, "ADMIN_URL")
	o.plain(&f.LogLevel, "LOG_LEVEL")
	o.plain(&f.Listen, "LISTEN")
	o.port(&f.Listen)
	o.list(&f.TrustedProxies, o.value("TRUSTED_PROXIES"))
	o.hidden(&f.DatabaseURL, "DATABASE_URL")
	o.hidden(&f.AdminPassword, "ADMIN_PASSWORD")
	o.hidden(&f.Heartbeat.URL, "HEARTBEAT_URL")
	o.account(&f)
	o.email(&f)
	o.slack(&f)
	return f
}

type overrider struct {
	*environment
	mentioned map[string]bool
}

func (o overrider) plain(target *value, name string) { set(target, o.value(name)) }

func (o overrider) hidden(target *value, name string) { set(target, o.secret(name)) }

func set(target *value, v value) {
	if !v.absent() {
		*target = v
	}
}

func (overrider) list(target *[]value, v value) {
	if !v.absent() {
		*target = []value{v}
	}
}

// port takes PORT, which hosting platforms set, unless LISTEN says more.
func (o overrider) port(listen *value) {
	port := o.value("PORT")
	if port.set() && listen.key != "LISTEN" {
		port.text = ":" + port.text
		*listen = port
	}
}

// own is a variable that the file does not mention.
func (o overrider) own(v value) value {
	if o.mentioned[v.key] {
		return value{}
	}
	return v
}

// account puts TWILIO_AUTH_TOKEN in the place of the tokens of the account
// TWILIO_ACCOUNT_SID, or adds that account. Without a SID the token is tried
// for every account.
func (o overrider) account(f *file) {
	sid, token := o.own(o.value("TWILIO_ACCOUNT_SID")), o.own(o.secret("TWILIO_AUTH_TOKEN"))
	if sid.absent() && token.absent() {
		return
	}
	added := account{At: first(sid, token), SID: sid}
	o.list(&added.AuthTokens, token)
	for i, known := range f.Accounts {
		if sid.set() && known.SID.text == sid.text {
			o.list(&f.Accounts[i].AuthTokens, token)
			return
		}
	}
	f.Accounts = append(f.Accounts, added)
}

func (o overrider) email(f *file) {
	smtp, from, to := o.own(o.secret("SMTP_URL")), o.own(o.value("ALERT_EMAIL_FROM")), o.own(o.value("ALERT_EMAIL_TO"))
	at := first(smtp, to, from)
	if at.absent() {
		return
	}
	target := o.notifier(f, at, "email", func(n notifier) bool { return n.Email != nil })
	if target == nil {
		return
	}
	if target.Email == nil {
		target.Email = &email{At: at}
	}
	set(&target.Email.SMTP, smtp)
	set(&target.Email.From, from)
	o.list(&target.Email.To, to)
}

func (o overrider) slack(f *file) {
	webhook, token, channel := o.own(o.secret("SLACK_WEBHOOK_URL")), o.own(o.secret("SLACK_BOT_TOKEN")), o.own(o.value("SLACK_CHANNEL"))
	at := first(webhook, token, channel)
	if at.absent() {
		return
	}
	target := o.notifier(f, at, "slack", func(n notifier) bool { return n.Slack != nil })
	if target == nil {
		return
	}
	if target.Slack == nil {
		target.Slack = &slack{At: at}
	}
	set(&target.Slack.WebhookURL, webhook)
	set(&target.Slack.BotToken, token)
	set(&target.Slack.Channel, channel)
}

// notifier is the one that variables such as SMTP_URL speak of: the only one
// of its kind in the file, of several the one with that name, or a new one.
func (o overrider) notifier(f *file, at value, name string, kind func(notifier) bool) *notifier {
	var found []*notifier
	for i := range f.Notifiers {
		n := &f.Notifiers[i]
		if kind(*n) && n.Name.text == name {
			return n
		}
		if kind(*n) {
			found = append(found, n)
		}
	}
	switch len(found) {
	case 1:
		return found[0]
	case 0:
		called := value{key: fmt.Sprintf("notifiers[%d].name", len(f.Notifiers)), text: name, written: name}
		f.Notifiers = append(f.Notifiers, notifier{At: at, Name: called})
		return &f.Notifiers[len(f.Notifiers)-1]
	}
	o.review.mistake(at, fmt.Sprintf("could belong to any of %d notifiers", len(found)),
		fmt.Sprintf("call one of them %q, or write ${%s} where it belongs", name, at.key))
	return nil
}

// first is the first of some values that was written at all.
func first(values ...value) value {
	for _, v := range values {
		if !v.absent() {
			return v
		}
	}
	return value{}
}
