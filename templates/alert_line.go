package templates

import (
	"strings"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// line says effect, cause and age of an incident, as things stand: "12 callers
// not helped: www.example.com refuses connections, since 03:12".
func (a *Alerts) line(in incident.Incident, m incident.Message) string {
	switch in.State {
	case incident.Quiet:
		return fitted(in, func(who, affected string) string {
			return "No failure since " + a.since(in.LastAt, m.Now) + ", not proven: " + who + enclosed(affected)
		})
	case incident.Resolved:
		return fitted(in, func(who, affected string) string {
			return "Resolved: " + who + comma(affected) + ", " + a.since(in.OpenedAt, m.Now) + " to " + a.since(in.LastAt, m.Now)
		})
	case incident.Open:
	}
	return a.openLine(in, m)
}

func (a *Alerts) openLine(in incident.Incident, m incident.Message) string {
	age := ", since " + a.since(in.OpenedAt, m.Now)
	if in.Cause.Kind == incident.AskedFirst {
		return firstFitting(
			"Twilio asked us first: Backstop seems to be set as "+primaryOf(in)+age,
			"Twilio asked us first: we seem to be the "+primaryOf(in)+age,
			"Twilio asked us first: we seem to be the "+primaryOf(in),
			"Twilio asked us first: we are "+primaryOf(in),
			"Asked first: "+primaryOf(in),
			lineNumber(in.Last.To)+": Twilio asked us first",
		)
	}
	prefix := ""
	switch {
	case m.Alert.Kind == incident.Late:
		prefix = "Late: "
	case in.Previous != 0:
		prefix = "Back: "
	}
	return fitted(in, func(who, affected string) string {
		return prefix + helped(affected) + ": " + causeSentence(in, who) + age
	})
}

// causeSentence says what is wrong with whom: culprit, or what of it fits.
func causeSentence(in incident.Incident, who string) string {
	code := twilio.Lookup(in.Last.Code)
	switch in.Cause.Kind {
	case incident.AskedFirst:
		return "Twilio asked us first: we seem to be the " + who
	case incident.Itself:
		return "Backstop itself " + code.Phrase
	case incident.FetchLevel, incident.DocumentLevel, incident.DrillCause:
	}
	return code.Sentence(who)
}

// fitted asks write for ever shorter lines, until one fits: all of it, no
// "www." or "primary URL of", the end of the host, fewer words, nearly no host.
func fitted(in incident.Incident, write func(who, affected string) string) string {
	who, affected, number := culprit(in), affectedBy(in), Count(in.Callers)
	short := strings.TrimPrefix(strings.TrimPrefix(who, "www."), primaryURLOf)
	return firstFitting(
		write(who, affected),
		write(short, affected),
		write(shortenHost(short, 20), affected),
		write(short, number),
		write(shortenHost(short, 12), affected),
		write(shortenHost(short, 20), number),
		write(shortenHost(short, 12), number),
		write(shortenHost(short, 12), ""),
	)
}

// firstFitting is the first of the tries that is short enough, else the last
// one, cut.
func firstFitting(tries ...string) string {
	for _, s := range tries {
		if utf8.RuneCountInString(s) <= MaxLine {
			return s
		}
	}
	return Shorten(tries[len(tries)-1], MaxLine)
}

// culprit is whom an incident is about.
func culprit(in incident.Incident) string {
	switch in.Cause.Kind {
	case incident.Itself:
		return "Backstop itself"
	case incident.AskedFirst:
		return primaryOf(in)
	case incident.FetchLevel, incident.DocumentLevel, incident.DrillCause:
	}
	code := twilio.Lookup(in.Last.Code)
	host := twilio.ParseErrorURL(in.Last.ErrorURL).Authority()
	switch {
	case code.About != "":
		return code.About
	case host == "":
		return "your server"
	}
	return host
}

func primaryOf(in incident.Incident) string {
	return primaryURLOf + lineNumber(in.Last.To)
}

const primaryURLOf = "primary URL of "

// affectedBy counts the people: "12 callers", "3 senders", "15 people".
func affectedBy(in incident.Incident) string {
	switch {
	case in.Messages() == 0:
		return Plural(in.Callers, "caller", "callers")
	case in.Calls == 0 && in.Last.Channel == incident.Messaging:
		return Plural(in.Callers, "sender", "senders")
	}
	return Plural(in.Callers, "person", "people")
}

func helped(affected string) string {
	if affected == "" {
		return "Not helped"
	}
	return affected + " not helped"
}

func enclosed(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func comma(affected string) string {
	if affected == "" {
		return ""
	}
	return ", " + helped(affected)
}
