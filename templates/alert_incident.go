package templates

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// tellIncident says what a person who was just woken needs, in the order in
// which they need it.
func (a *Alerts) tellIncident(m incident.Message, in incident.Incident, most int) telling {
	t := telling{Line: a.line(in, m), Whole: a.whole(in, m), Mood: moodOf(in.State), Event: a.event(m, in)}
	code := twilio.Lookup(in.Last.Code)
	address := twilio.ParseErrorURL(in.Last.ErrorURL)

	t.fact("Still happening?", words(a.stillHappening(in, m.Now)))
	t.fact("Backstop asked the server itself", words(a.probed(in, m.Now)))
	if in.State == incident.Open && in.Watch.Urgency == incident.Page {
		t.fact("Urgent", words(capital(tidy(in.Because(), 200))+"."))
	}
	if in.State != incident.Resolved {
		t.fact(lastHeard(in.Last))
		t.fact("Do first", firstThing(in)...)
	}
	t.fact("What it means", a.meaning(in, code)...)
	if in.Cause.Wide() {
		t.Items, t.More = a.explained(m, most)
	} else {
		t.fact("Failed address", part{Text: Shorten(address.String(), 300), Code: true})
	}
	t.fact("Error codes", words(codes(m.Codes)))
	t.fact("How many", words(howMany(in)))
	t.fact("STOP", words(optOuts(in)))
	t.fact("Line", words(lineOf(in)))
	t.fact("Last one", a.sample(in.Last)...)
	if in.Acknowledged() {
		t.fact("Taken care of by", words(tidy(in.AcknowledgedBy, 60)+", since "+a.moment(in.AcknowledgedAt)))
	}
	if by, until := in.Watch.MutedBy, in.Watch.MutedUntil; by != "" {
		said := tidy(by, 60) + ", until it is over"
		if !until.IsZero() {
			said = tidy(by, 60) + ", until " + a.moment(until)
		}
		t.fact("Muted by", words(said))
	}
	if in.Previous != 0 {
		number := strconv.FormatInt(in.Previous, 10)
		t.fact("Was here before", a.page("/incidents/"+number, "Incident "+number)...)
	}
	number := strconv.FormatInt(in.ID, 10)
	about := a.page("/incidents/"+number, "Incident "+number)
	if !a.drill && in.State != incident.Resolved && !in.Acknowledged() {
		about = append(about, words(". Nobody has taken it: acknowledge it, so that others know you do."))
	}
	t.fact("All about it", about...)
	return t
}

func moodOf(s incident.State) mood {
	switch s {
	case incident.Quiet:
		return calm
	case incident.Resolved:
		return over
	case incident.Open:
	}
	return trouble
}

// event is what is new about the incident, in one sentence.
func (a *Alerts) event(m incident.Message, in incident.Incident) string {
	switch m.Alert.Kind {
	case incident.Growing:
		return "Growing: " + affectedBy(in) + " by now, last failure at " + a.moment(in.LastAt) + "."
	case incident.FellQuiet:
		return "Quiet: no failure since " + a.moment(in.LastAt) + ", not proven over. " + affectedBy(in) + " so far."
	case incident.Over:
		said := "Resolved" + by(in.ResolvedBy) + " at " + a.moment(in.ResolvedAt) + ". "
		if in.ResolvedBy == incident.ProvenByProbes {
			said = capital(tidy(m.Alert.Reason, 200)) + ". "
		}
		return said + affectedBy(in) + " in all."
	case incident.Late:
		return "Late: " + Plural(in.Late, "failure was", "failures were") + " verified only after the configuration had changed. " + affectedBy(in) + " by now."
	case incident.Regression:
		return "Back: it was resolved before. " + affectedBy(in) + " by now."
	case incident.Taken:
		if strings.HasPrefix(m.Alert.Reason, "muted by ") {
			return capital(tidy(m.Alert.Reason, 200)) + "."
		}
		if in.State == incident.Resolved && in.ResolvedBy == "" {
			return "Closed: no failure for a day."
		}
		return tidy(in.AcknowledgedBy, 60) + " has taken it."
	case incident.Reminder, incident.Rate, incident.Escalated, incident.Spread, incident.Raised, incident.Resumed:
		return capital(tidy(m.Alert.Reason, 200)) + ". " + affectedBy(in) + " by now, last failure at " + a.moment(in.LastAt) + "."
	case incident.Opened, incident.DrillAlert, incident.Meta, incident.Summary:
	}
	return "Opened at " + a.moment(in.OpenedAt) + ". " + affectedBy(in) + " by now."
}

func by(name string) string {
	if name == "" {
		return ""
	}
	return " by " + tidy(name, 60)
}

// stillHappening says what is known, and no more.
func (a *Alerts) stillHappening(in incident.Incident, now time.Time) string {
	last := "last failure at " + a.moment(in.LastAt) + ", " + ago(in.LastAt, now)
	switch in.State {
	case incident.Quiet:
		return "Perhaps not: no failure since " + a.moment(in.LastAt) + ", " + ago(in.LastAt, now) + ". Nothing has proven it over."
	case incident.Resolved:
		if in.ResolvedBy == "" {
			return "No: closed after a day without a failure; " + last + "."
		}
		return "No: resolved" + by(in.ResolvedBy) + " at " + a.moment(in.ResolvedAt) + "; " + last + "."
	case incident.Open:
	}
	const recent, usual = 2 * time.Minute, 10 * time.Minute
	switch age := now.Sub(in.LastAt); {
	case age <= recent:
		return "Yes: " + last + "."
	case age <= max(usual, 3*in.UsualGap):
		return "Probably: " + last + ". Nothing has proven it over."
	}
	return "Perhaps not: " + last + ". Nothing has proven it over."
}

// probed is what our own look at the server came to, "" where there was none.
func (a *Alerts) probed(in incident.Incident, now time.Time) string {
	p := in.Watch.Probe
	if p.At.IsZero() || in.State == incident.Resolved {
		return ""
	}
	return capital(tidy(p.Said, 200)) + ", at " + a.since(p.At, now) + "."
}

// explained names what an incident explains, those that hit most people first.
func (a *Alerts) explained(m incident.Message, most int) (items []item, more string) {
	all := slices.Clone(m.Explained)
	slices.SortStableFunc(all, func(a, b incident.Incident) int { return cmp.Compare(b.Callers, a.Callers) })
	for _, in := range all[:min(len(all), most)] {
		items = append(items, a.digestItem(in, m.Now))
	}
	if n := len(all) - len(items); n > 0 {
		more = Count(int64(n))
	}
	return items, more
}

// lastHeard is what somebody heard or read last, and nobody more: others in the
// incident may have got other words.
func lastHeard(s incident.Sample) (label string, what part) {
	who, how := s.Listener()
	label = "The last one got"
	switch how {
	case incident.Voice:
		label = "The last caller heard"
	case incident.Messaging:
		label = "The last sender read"
	case incident.Unknown:
	}
	switch {
	case s.Outcome == incident.Saved:
		return "The last one was saved", words(SavedBy(tidy(s.Step, 60)))
	case s.Heard != "":
		return label, words(quoted(s.Heard, who))
	case how == incident.Voice:
		return label, words("Nothing: there are no words in what was sent.")
	}
	return label, words("Nothing, on purpose: who had a reply within the hour, or wrote a word such as STOP, gets none.")
}

// quoted is what was said to from. Own templates may say the caller's number,
// which is masked here as everywhere in alerts.
func quoted(heard, from string) string {
	return "“" + tidy(history.Mask{Numbers: true}.Words(heard, from), 600) + "”"
}

// firstThing is what to do first, with the real address in it.
func firstThing(in incident.Incident) []part {
	parts := advice(Advice(in))
	if in.Cause.Wide() {
		parts = advice("Look at https://status.twilio.com, then open one of the servers named here yourself. If it answers you, the trouble lies between Twilio and your servers; if none does, with what they share.")
	}
	if in.Cause.Kind == incident.Itself {
		parts = append([]part{words("See whether Backstop can be reached from outside: name, certificate, reverse proxy. ")}, parts...)
	}
	if in.State == incident.Quiet {
		parts = append([]part{words(tryYourself(in.Last.Channel) + " If your own server answers, resolve the incident. If not: ")}, parts...)
	}
	return parts
}

// Advice is what to do first about the code of the newest failure, with the real
// address in it; where Backstop has found that the server's name is gone, about that.
func Advice(in incident.Incident) string {
	const withoutCode, unknownHost = 0, 11210
	code := in.Last.Code
	switch {
	case in.Cause.Kind == incident.AskedFirst:
		code = withoutCode
	case in.Cause.Kind == incident.FetchLevel && in.Watch.Probe.Said == incident.NameNotFound:
		code = unknownHost
	}
	return twilio.Lookup(code).Advice(twilio.ParseErrorURL(in.Last.ErrorURL))
}

func tryYourself(c incident.Channel) string {
	if c == incident.Messaging {
		return "Send a message yourself."
	}
	return "Place a call yourself."
}

func (a *Alerts) meaning(in incident.Incident, code twilio.Code) []part {
	switch in.Cause.Kind {
	case incident.AskedFirst:
		return []part{words("Twilio asked us first: Backstop seems to be set as the primary URL of " + lineNumber(in.Last.To) +
			". Your own server is not asked at all, and every caller gets only what Backstop says.")}
	case incident.Itself:
		return []part{words("The address that failed is one of Backstop's own. " + code.Means + " "), twilioSays(in.Last.Code)}
	case incident.AccountWide, incident.TwilioWide:
		return []part{words("So many servers seldom fail by themselves within minutes: it is more likely what they share (network, DNS, hosting, certificate), or the way from Twilio to them. While this is open, nobody is told of the servers one by one.")}
	case incident.FetchLevel, incident.DocumentLevel, incident.DrillCause:
	}
	return []part{words(code.Means + " "), twilioSays(in.Last.Code)}
}

func twilioSays(code int) part {
	if code == 0 {
		return part{}
	}
	return part{Text: "Twilio's page on " + strconv.Itoa(code), Link: twilio.ErrorPage(code)}
}

func howMany(in incident.Incident) string {
	var s string
	if in.Calls > 0 {
		s = Plural(in.Calls, "call", "calls")
	}
	if n := in.Messages(); n > 0 {
		kind := [2]string{"message", "messages"}
		if in.Last.Channel == incident.Unknown {
			kind = [2]string{"request", "requests"}
		}
		if s != "" {
			s += " and "
		}
		s += Plural(n, kind[0], kind[1])
	}
	s += " from " + people(in)
	if in.Late > 0 {
		s += "; " + Count(in.Late) + " of them verified late"
	}
	return s
}

// codes says how often which error was the one, where there is more than one:
// everything else is about the last.
func codes(all []incident.CodeCount) string {
	var each []string
	for _, c := range all {
		each = append(each, Count(c.Failures)+" × "+twilio.Lookup(c.Code).Title())
	}
	return strings.Join(each, "; ")
}

// optOuts says that there are people whom the customer must not write to any
// more and does not know of: not who they are.
func optOuts(in incident.Incident) string {
	switch in.OptOuts {
	case 0:
		return ""
	case 1:
		return "1 message says STOP or the like, and your server has not seen it: whom it is from is on the incident's page."
	}
	return Count(in.OptOuts) + " messages say STOP or the like, and your server has not seen them: whom they are from is on the incident's page."
}

func lineNumber(to string) string {
	if to = tidy(to, 80); to != "" {
		return to
	}
	return "one of your lines"
}

// lineOf is the line that was hit: the critical one of several, where it woke people,
// else the last one.
func lineOf(in incident.Incident) string {
	s := titled(in.Last.To, in.Last.Name)
	if w := in.Watch; w.CriticalLine != "" {
		s = titled(w.CriticalLine, w.CriticalName) + ", which is critical,"
		if !in.MoreLines {
			return strings.TrimSuffix(s, ",")
		}
	}
	if in.MoreLines && s != "" {
		s += " and others"
	}
	return s
}

// titled is a line with what callers know it as.
func titled(line, name string) string {
	line, name = tidy(line, 80), tidy(name, 80)
	switch {
	case line == "":
		return name
	case name != "":
		return line + " (" + name + ")"
	}
	return line
}

// sample names the newest failure: its SID with the Console's page, when, and
// from whom, masked.
func (a *Alerts) sample(s incident.Sample) []part {
	from := history.Mask{Numbers: true}.Number(tidy(s.From, 80))
	if from == "" || incident.Withheld(s.From) {
		from = "a withheld number"
	}
	rest := " at " + a.moment(s.At) + ", from " + from
	sid := tidy(s.SID, 60)
	if sid == "" {
		return []part{words("without a SID" + rest)}
	}
	return []part{{Text: sid, Link: twilio.ConsoleLink(s.SID)}, words(rest)}
}

// SavedBy says in a sentence what a step did for whoever was saved by it.
func SavedBy(step string) string {
	kind, who, _ := strings.Cut(step, " ")
	switch kind {
	case "dial":
		return "Somebody who was dialled took the call."
	case "enqueue":
		return "Somebody took the call out of the queue " + who + "."
	case "redirect":
		return "The call or message was sent on to " + who + ": what was heard there, Backstop does not know."
	case "retry":
		return "The call or message was sent back to the server that had failed, and did not fail again."
	}
	if step == incident.StepLastGood {
		return "With the last good answer for that path."
	}
	return "By " + step + ": what was heard there, Backstop does not know."
}
