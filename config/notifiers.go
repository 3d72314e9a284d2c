package config

import (
	"net/mail"
	"regexp"
	"slices"
	"strings"
)

var notifierName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$`)

// notifiers are the places where alerts go.
func (r *review) notifiers(written []notifier) []Notifier {
	var notifiers []Notifier
	names := make(map[string]value)
	for _, n := range written {
		if n.At.invalid {
			continue
		}
		r.notifierName(n)
		r.once(names, n.Name, "give each notifier a name of its own")
		one := Notifier{Name: n.Name.text}
		switch {
		case n.Email != nil && n.Slack != nil:
			r.missing(n.At, n.At.key, "is e-mail and Slack at once", "make two notifiers of it, each with its own name")
		case n.Email != nil:
			one.Email = r.email(*n.Email)
		case n.Slack != nil:
			one.Slack = r.slack(*n.Slack)
		default:
			r.missing(n.At, n.At.key, "says nowhere to send to", "add email: {smtp, from, to} or slack: {webhook_url} or slack: {bot_token, channel}")
		}
		notifiers = append(notifiers, one)
	}
	return notifiers
}

func (r *review) notifierName(n notifier) {
	const remedy = "write a short name of letters, digits, dots and hyphens, such as ops-mail: pages, metrics and alerts use it"
	switch {
	case n.Name.absent():
		r.missing(n.At, n.At.key+".name", "is missing", remedy)
	case n.Name.set() && !notifierName.MatchString(n.Name.text):
		r.mistake(n.Name, "is no name for a notifier", remedy)
	}
}

// required notes that v is missing, under the name by which it is known where
// the notifier comes from.
func (r *review) required(at, v value, key, variable, remedy string) {
	if !v.absent() {
		return
	}
	name := variable
	if at.file != "" {
		name = at.key + "." + key
	}
	r.missing(at, name, "is missing", remedy)
}

// mailAddress reads one address as net/mail does.
func (r *review) mailAddress(v value) string {
	if !v.set() {
		return ""
	}
	address, err := mail.ParseAddress(v.text)
	if err != nil || strings.ContainsAny(address.Address, "\r\n\x00") {
		r.mistake(v, "is no e-mail address", "write it as ops@example.com or Operations <ops@example.com>")
		return ""
	}
	return address.String()
}

// mailAddresses reads addresses, each entry one or several with commas.
func (r *review) mailAddresses(written []value) []string {
	var addresses []string
	for _, v := range written {
		if !v.set() {
			continue
		}
		list, err := mail.ParseAddressList(v.text)
		if err != nil {
			r.mistake(v, "is no list of e-mail addresses", "write addresses as ops@example.com, separated by commas")
			continue
		}
		for _, address := range list {
			if s := address.String(); !slices.Contains(addresses, s) {
				addresses = append(addresses, s)
			}
		}
	}
	return addresses
}
