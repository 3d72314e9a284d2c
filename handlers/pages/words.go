package pages

import (
	"strings"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// failureTitle says in half a line what a failure was.
func failureTitle(code int, errorURL string, askedFirst bool) string {
	if askedFirst {
		return "Twilio asked us first"
	}
	if code == 0 {
		return "An error code that is no number"
	}
	return upperFirst(twilio.Lookup(code).Sentence(history.Visible(incident.Host(errorURL))))
}

// causeTitle says in half a line what an incident is about.
func causeTitle(in incident.Incident) string {
	switch in.Cause.Kind {
	case incident.AskedFirst:
		return "Twilio asked us first: Backstop seems to be set as the primary URL of " + primaryLine(in)
	case incident.Itself:
		return "An answer of Backstop itself failed"
	case incident.DrillCause:
		return "Drill"
	case incident.AccountWide:
		return templates.Plural(int64(in.Watch.Servers), "server", "servers") + " of one account fail at once"
	case incident.TwilioWide:
		return templates.Plural(int64(in.Watch.Servers), "server", "servers") + " of " + templates.Plural(int64(in.Watch.Accounts), "account", "accounts") + " fail at once"
	case incident.FetchLevel, incident.DocumentLevel:
	}
	return failureTitle(in.Last.Code, "//"+in.Cause.Host, false)
}

// primaryLine names the line whose setting is to be changed. It is the
// customer's own number and nobody can act without it, so it is not masked.
func primaryLine(in incident.Incident) string {
	line := history.Visible(cut(in.First.To, 80))
	switch {
	case line == "": // erased, or never sent
		return "one of your lines"
	case in.MoreLines:
		return line + " and of others"
	}
	return line
}

// lineInFull is the customer's own line, as alerts name it: without its number
// nobody knows what to mend, so it is not masked.
func lineInFull(s incident.Sample) string {
	line := address(s.To, history.Mask{})
	if name := history.Visible(cut(s.Name, 80)); name != "" && s.To != "" {
		line += " (" + name + ")"
	}
	return line
}

// lastGot is whose words an incident shows: the newest, for others may have
// got others.
func lastGot(c incident.Channel) string {
	switch c {
	case incident.Voice:
		return "The last caller heard"
	case incident.Messaging:
		return "The last sender read"
	case incident.Unknown:
	}
	return "The last one got"
}

func upperFirst(s string) string {
	if s == "" || s[0] < 'a' || s[0] > 'z' {
		return s
	}
	// A host keeps its small letters: it stands for itself.
	if word, _, _ := strings.Cut(s, " "); strings.ContainsAny(word, ".:0123456789") {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func channelWord(c incident.Channel) string {
	switch c {
	case incident.Voice:
		return "Call"
	case incident.Messaging:
		return "Message"
	case incident.Unknown:
	}
	return "Request"
}

// alertWords says what an alert told, and why.
func alertWords(d history.Delivery) (what, reason string) {
	switch d.Kind {
	case incident.DrillAlert:
		return "drill: nothing is broken", ""
	case incident.Meta:
		return "Backstop itself", history.Visible(d.Title)
	case incident.Summary:
		return "summary", history.Visible(d.Title)
	case incident.Opened, incident.Regression, incident.Growing, incident.FellQuiet, incident.Over, incident.Late, incident.Taken,
		incident.Reminder, incident.Rate, incident.Escalated, incident.Spread, incident.Raised, incident.Resumed:
	}
	return d.Kind.String(), history.Visible(d.Reason)
}

// outcomeWords says how a failure ended for the one who called or wrote.
func outcomeWords(o incident.Outcome, c incident.Channel, step string) string {
	switch o {
	case incident.Told:
		if c == incident.Messaging {
			return "got our message"
		}
		return "heard our message"
	case incident.NotTold:
		return "not told"
	case incident.Saved:
		if step == incident.StepLastGood {
			return "got the last good answer"
		}
		return "saved"
	case incident.Voicemail:
		return "left a voicemail"
	case incident.CallbackRequested:
		return "asked for a call back"
	case incident.Lost:
		return "lost"
	case incident.OutcomeUnknown:
	}
	return templates.Ending(o)
}

// outcomeKind is how good that is, as a class of the style sheet.
func outcomeKind(o incident.Outcome) string {
	switch o {
	case incident.Saved, incident.Voicemail, incident.CallbackRequested:
		return "good"
	case incident.Lost:
		return "bad"
	case incident.Told, incident.NotTold, incident.OutcomeUnknown:
	}
	return "plain"
}
