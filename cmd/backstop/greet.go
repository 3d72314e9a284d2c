package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strings"
)

// greet says on the terminal where everything is, and in the log that it
// runs. The password goes to the terminal or a file, never to the log.
func (a *app) greet(listeners []listening) {
	c := a.current.Load().config
	public, admin := listeners[0], listeners[len(listeners)-1]
	a.log.Info("backstop answers", "version", versionName(), "listen", public.listener.Addr().String(), "data_dir", a.folder.path)
	for _, warning := range c.Warnings {
		a.log.Warn(warning) //nolint:sloglint // the configuration's own sentences
	}

	base := "https://YOUR-PUBLIC-ADDRESS"
	if !c.PublicURL.IsZero() {
		base = c.PublicURL.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Backstop %s\n\nPaste into Twilio as Fallback URL:\n", versionName())
	fmt.Fprintf(&b, "  voice      %s/fallback/voice\n  messaging  %s/fallback/messaging\n  both       %s/fallback\n\n", base, base, base)
	here := localURL(admin.listener.Addr())
	if page := pageURL(c); page != "" && page != here {
		fmt.Fprintf(&b, "The page: %s\nOn this machine: %s\n", page, here)
	} else {
		fmt.Fprintf(&b, "The page: %s\n", here)
	}
	switch made := a.secrets.made.Load(); {
	case made == nil:
	case made.file != "":
		fmt.Fprintf(&b, "User %s, the generated password is in %s (readable by its owner only)\n", adminName, made.file)
	case a.w.terminal:
		fmt.Fprintf(&b, "User %s, password: %s (shown only now; set another with: %s password)\n", adminName, made.text, a.command())
	}
	if missing := a.setup().Missing; len(missing) > 0 {
		fmt.Fprintf(&b, "\n%s\n", unsetSentence(missing))
	}
	if len(c.Notifiers) == 0 {
		b.WriteString("\nNo notifier is configured: nobody will be told. " + setNotifier + "\n")
	}
	fmt.Fprintf(&b, "\nTry it: %s drill", a.command())
	if at := localURL(public.listener.Addr()); c.PublicURL.IsZero() && !strings.HasSuffix(at, ":8080") { // another terminal does not know where
		b.WriteString(" --to " + at)
	}
	b.WriteByte('\n')
	_ = a.w.say("%s", b.String()) // nobody may be listening
}

// command is how this program was started, to be copied before another command.
func (a *app) command() string {
	name := commandName(os.Args[0])
	if a.configFile != "" {
		name += " --config " + quoted(a.configFile)
	}
	return name
}

// commandName is how the program is started again that was started as name.
func commandName(name string) string {
	if strings.Contains(name, "go-build") {
		return "go run ./cmd/backstop"
	}
	return quoted(name)
}

// quoted is a word as shells take it.
func quoted(word string) string {
	if word != "" && strings.Trim(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@%,") == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// setNotifier is how the environment alone makes one.
const setNotifier = "Set SMTP_URL with ALERT_EMAIL_TO and ALERT_EMAIL_FROM, or SLACK_WEBHOOK_URL."

// unsetSentence says what is missing and what that means.
func unsetSentence(missing []string) string {
	if !slices.Contains(missing, "TWILIO_AUTH_TOKEN") {
		return "PUBLIC_URL is unset: it is found out from the first request whose signature matches. Set it, so that no request is taken for a stranger's."
	}
	names := strings.Join(missing, ", ")
	if i := strings.LastIndex(names, ", "); i >= 0 {
		names = names[:i] + " and " + names[i+2:]
	}
	verb, pronoun := "are", "they are"
	if len(missing) == 1 {
		verb, pronoun = "is", "it is"
	}
	return fmt.Sprintf("%s %s unset: requests are answered but not recorded until %s set.", names, verb, pronoun)
}

// localURL is how this machine reaches an address that we listen on.
func localURL(addr net.Addr) string {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return "http://" + addr.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}
