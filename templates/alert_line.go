package templates

import (
	"strconv"
	"strings"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// line says effect, cause and age of an incident, as things stand: "12 callers
// not helped: www.example.com refuses connections, since 03:12".
func (a *Alerts) line(in incident.Incident, m incident.Message) string {
	if in.State == incident.Open && in.Cause.Kind == incident.AskedFirst {
		return a.askedFirstLine(in, m)
	}
	return a.fitted(in, func(w wording) string { return a.lineWith(in, m, w) })
}

// whole is line with all its words, however long.
func (a *Alerts) whole(in incident.Incident, m incident.Message) string {
	if in.State == incident.Open && in.Cause.Kind == incident.AskedFirst {
		return askedFirst(in) + a.age(in, m)
	}
	return a.lineWith(in, m, wording{who: wholeName(in), affected: affectedBy(in)})
}

// lineWith is the line of an incident in those words.
func (a *Alerts) lineWith(in incident.Incident, m incident.Message, w wording) string {
	switch in.State {
	case incident.Quiet:
		return "No failure since " + a.since(in.LastAt, m.Now) + ", not proven: " + w.who + enclosed(w.affected)
	case incident.Resolved:
		return "Resolved: " + w.who + comma(in, w.affected) + ", " + a.since(in.OpenedAt, m.Now) + " to " + a.since(in.LastAt, m.Now)
	case incident.Open:
	}
	return a.openWith(in, m, w)
}

func (a *Alerts) age(in incident.Incident, m incident.Message) string {
	return ", since " + a.since(in.OpenedAt, m.Now)
}

func askedFirst(in incident.Incident) string {
	return "Twilio asked us first: Backstop seems to be set as " + primaryOf(in)
}

func (a *Alerts) askedFirstLine(in incident.Incident, m incident.Message) string {
	age := a.age(in, m)
	return a.firstFitting(
		askedFirst(in)+age,
		"Twilio asked us first: we seem to be the "+primaryOf(in)+age,
		"Twilio asked us first, as "+primaryOf(in)+age,
		"Twilio asked us first: we seem to be the "+primaryOf(in),
		"Twilio asked us first: we are "+primaryOf(in),
		"Asked first: "+primaryOf(in),
		lineNumber(in.Last.To)+": Twilio asked us first",
	)
}

// openWith is the line of an open incident in those words.
func (a *Alerts) openWith(in incident.Incident, m incident.Message, w wording) string {
	prefix := ""
	switch {
	case m.Alert.Kind == incident.Late:
		prefix = "Late: "
	case in.Previous != 0:
		prefix = "Back: "
	}
	if w.affected != "" {
		prefix += helped(in, w.affected) + ": "
	}
	return prefix + causeWith(in, w) + a.age(in, m)
}

// causeSentence says what is wrong with whom: culprit, or what of it fits.
func causeSentence(in incident.Incident, who string) string {
	code := twilio.Lookup(in.Last.Code)
	switch in.Cause.Kind {
	case incident.AskedFirst:
		return "Twilio asked us first: we seem to be the " + who
	case incident.Itself:
		return "Backstop itself " + code.Phrase
	case incident.AccountWide, incident.TwilioWide:
		return who + " fail at once"
	case incident.FetchLevel, incident.DocumentLevel, incident.DrillCause:
	}
	return code.Sentence(who)
}

// causeWith says what is wrong in those words: "www.example.com: certificate
// expired", or as a sentence where it is about no host.
func causeWith(in incident.Incident, w wording) string {
	code := twilio.Lookup(in.Last.Code)
	if code.About != "" || in.Cause.Kind == incident.Itself || in.Cause.Kind == incident.AskedFirst || in.Cause.Wide() {
		return causeSentence(in, w.who)
	}
	number := strconv.Itoa(code.Number)
	switch w.cause {
	case inBrief:
		return w.who + ": " + code.Short
	case byError:
		return w.who + ": error " + number
	case byNumber:
		return w.who + ": " + number
	case asSentence:
	}
	return causeSentence(in, w.who)
}

// culprit is whom an incident is about.
func culprit(in incident.Incident) string {
	switch in.Cause.Kind {
	case incident.Itself:
		return "Backstop itself"
	case incident.AskedFirst:
		return primaryOf(in)
	case incident.AccountWide:
		return Count(int64(in.Watch.Servers)) + " servers"
	case incident.TwilioWide:
		return Count(int64(in.Watch.Servers)) + " servers of " + Count(int64(in.Watch.Accounts)) + " accounts"
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

// wholeName is whom an incident is about, with all that tells it from others.
func wholeName(in incident.Incident) string { return culprit(in) + causePath(in) }

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

// helped says how it ended for those affected, as briefly as a subject must:
// "29 of 37 callers saved", or, where affected is a mere number, "29 of 37 saved".
// While it is not known of some how it ended, nobody is "not helped": they may be on
// the line, or a reply on its way.
func helped(in incident.Incident, affected string) string {
	n, word := in.Ended.Helped(), "helped"
	if saved := in.Ended.Of(incident.Saved); saved > 0 {
		n, word = saved, "saved"
	}
	switch {
	case n == 0 && in.Ended.Of(incident.OutcomeUnknown) > 0:
		return affected + " affected"
	case n == 0:
		return affected + " not helped"
	case n == in.Callers && n == 1:
		return affected + " " + word
	case n == in.Callers:
		return affected + ", all " + word
	}
	return Count(n) + " of " + affected + " " + word
}

// people says how it ended for each of them: "37 callers (29 saved, 5 voicemail,
// 2 told, 1 not known yet)".
func people(in incident.Incident) string {
	if in.Ended.Helped() == 0 && in.Ended.Of(incident.OutcomeUnknown) == 0 {
		return affectedBy(in)
	}
	said, rest := endings(in.Ended)
	if n := in.Callers - rest; n > 0 {
		said = append(said, Count(n)+" "+Ending(incident.OutcomeUnknown))
	}
	return affectedBy(in) + " (" + strings.Join(said, ", ") + ")"
}

// endings is how many ended in each way that is known, the best first, and how many
// these are together.
func endings(e incident.Ended) (said []string, all int64) {
	for _, o := range []incident.Outcome{
		incident.Saved, incident.Voicemail, incident.CallbackRequested, incident.Told, incident.NotTold, incident.Lost,
	} {
		if n := e.Of(o); n > 0 {
			said = append(said, Count(n)+" "+Ending(o))
			all += n
		}
	}
	return said, all
}

// Ending is the word for those of a number of callers for whom it ended so, in alerts
// as on pages: "2 to call back".
func Ending(o incident.Outcome) string {
	switch o {
	case incident.CallbackRequested:
		return "to call back"
	case incident.OutcomeUnknown:
		return "not known yet"
	case incident.Saved, incident.Voicemail, incident.Told, incident.NotTold, incident.Lost:
	}
	return o.String()
}

func enclosed(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func comma(in incident.Incident, affected string) string {
	if affected == "" {
		return ""
	}
	return ", " + helped(in, affected)
}
