package templates

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

const drillMeans = "Somebody tries whether alerts arrive. No caller was affected, no incident was opened, nothing has to be done."

// tellDrill says first and last that nothing is broken.
func (a *Alerts) tellDrill(m incident.Message, e incident.Entry) telling {
	f := e.Failure
	code := twilio.Lookup(f.Code)
	address := twilio.ParseErrorURL(f.ErrorURL)
	at := ", at " + a.since(f.ReceivedAt, m.Now)
	host := address.Authority()
	t := telling{
		Mood:  practice,
		Event: "A drill. Nothing is broken.",
		Line: a.firstFitting(
			"Drill, nothing is broken: "+code.Sentence(host)+at,
			"Drill, nothing is broken: "+code.Sentence(host),
			"Drill, nothing is broken: "+code.Sentence(shortHost(host, 20)),
			"Drill, nothing is broken: "+code.Sentence(shortHost(host, 12)),
			"Drill, nothing is broken"+at,
		),
	}
	t.fact("This is a drill", words(drillMeans))
	t.fact(drillHearing(f.Channel), words(drillHeard(e)))
	t.fact("It plays", words(code.Title()+", "+f.Channel.String()))
	t.fact("Do first, were it real", advice(code.Advice(address))...)
	t.fact("Failed address", part{Text: Shorten(address.String(), 300), Code: true})
	t.fact("Line", words(titled(f.OwnLine(), e.Answer.Name)))
	t.fact("Drill", words(tidy(f.SID, 60)+" at "+a.moment(f.ReceivedAt)+", from "+history.Mask{Numbers: true}.Number(tidy(f.Person(), 80))))
	t.fact("All about it", a.page("/history/"+f.ID.String(), "This drill")...)
	return t
}

func drillHeard(e incident.Entry) string {
	if e.Answer.Step == incident.StepLastGood {
		return "The last good answer for that path: no standby server had one."
	}
	if e.Answer.Outcome == incident.Saved {
		return "What the standby server says: it was asked, and it answered (" + tidy(e.Answer.Step, 60) + ")."
	}
	if e.Answer.Heard == "" {
		return "Nothing: no reply was sent, on purpose."
	}
	return quoted(e.Answer.Heard, e.Failure.Person())
}

func drillHearing(c incident.Channel) string {
	if c == incident.Messaging {
		return "A sender would read"
	}
	return "A caller would hear"
}

// tellMeta says what Backstop has to say about itself.
func (a *Alerts) tellMeta(m incident.Message) telling {
	title := tidy(m.Alert.Title, MaxLine)
	if title == "" {
		title = "Backstop has something to say about itself"
	}
	t := telling{Line: title, Mood: trouble, Event: title}
	switch {
	case m.Alert.Topic == incident.TestTopic:
		t.Mood = practice
	case len(m.Alert.Ends) > 0:
		t.Mood = over
	}
	means, first := m.Alert.Advice()
	t.fact("Do first", advice(capital(tidy(first, 1000)))...)
	t.fact("What it means", words(tidy(means, 2000)))
	t.fact("Noticed", words(a.moment(m.Alert.At)))
	t.fact("See for yourself", a.page("/", "Backstop's page")...)
	return t
}

// capital is s with a capital at its beginning.
func capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return s
	}
	return string(unicode.ToUpper(first)) + s[size:]
}

// tellDigest names each incident, so that none is told by a number alone: those
// that hit most people first.
func (a *Alerts) tellDigest(m incident.Message, most int) telling {
	m.Digest = worstFirst(m.Digest)
	line, whole := a.digestLine(m)
	t := telling{Mood: trouble, Line: line, Whole: whole, Event: line}
	for _, in := range m.Digest {
		if len(t.Items) == most {
			break
		}
		t.Items = append(t.Items, a.digestItem(in, m.Now))
	}
	for _, other := range m.Others {
		if len(t.Items) == most {
			break
		}
		t.Items = append(t.Items, item{Text: otherTitle(other)})
	}
	if more := len(m.Digest) + len(m.Others) - len(t.Items); more > 0 {
		t.More = Count(int64(more))
	}
	if len(m.Digest) > 0 && m.Digest[0].State != incident.Resolved {
		worst, label := m.Digest[0], "Do first"
		if len(m.Digest) > 1 {
			label += ", for the first of them"
		}
		t.fact(label, firstThing(worst)...)
	}
	t.fact("All of them", a.page("/incidents", "Incidents")...)
	return t
}

// worstFirst are the incidents of a digest, those that hit most people first.
func worstFirst(all []incident.Incident) []incident.Incident {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b incident.Incident) int { return cmp.Compare(b.Callers, a.Callers) })
	return all
}

func (a *Alerts) digestItem(in incident.Incident, now time.Time) item {
	i := item{Text: affectedBy(in) + ": " + causeSentence(in, shortHost(culprit(in), 60)+causePath(in)) +
		", since " + a.since(in.OpenedAt, now) + " (" + in.State.String() + a.numbered(in) + ")"}
	if in.OptOuts > 0 {
		i.Text += ": " + Count(in.OptOuts) + " wrote STOP, which your server has not seen"
	}
	if a.pages != "" {
		i.Link = a.pages + "/incidents/" + strconv.FormatInt(in.ID, 10)
	}
	return i
}

// numbered is the incident's number behind its state; "" in a drill, where others
// have the same.
func (a *Alerts) numbered(in incident.Incident) string {
	if a.drill {
		return ""
	}
	return ", incident " + strconv.FormatInt(in.ID, 10)
}

func otherTitle(alert incident.Alert) string {
	if alert.Kind == incident.DrillAlert {
		return "A drill: nothing is broken"
	}
	return strings.TrimSuffix(tidy(alert.Title, MaxLine)+": "+tidy(alert.Detail, 300), ": ")
}

// digestLine is the first line of a digest, and the same uncut.
func (a *Alerts) digestLine(m incident.Message) (line, whole string) {
	if len(m.Digest) == 0 {
		line = Plural(int64(len(m.Others)), "message of Backstop", "messages of Backstop")
		return line, line
	}
	var all incident.Incident // what they add up to
	since := m.Digest[0].OpenedAt
	for _, in := range m.Digest {
		if in.Cause.Wide() {
			continue // those that it explains are named, too
		}
		all.Callers += in.Callers
		all.Failures += in.Failures
		all.Ended = all.Ended.And(in.Ended)
		if in.OpenedAt.Before(since) {
			since = in.OpenedAt
		}
	}
	number := Plural(int64(len(m.Digest)), "incident", "incidents") + ", "
	callers := helped(all, Plural(all.Callers, "caller", "callers"))
	age := ", since " + a.since(since, m.Now)
	end, first := andOthers(m.Digest)+age, m.Digest[0]
	names := tails(culprit(first))
	if len(m.Digest) == 1 {
		names = append([]string{wholeName(first)}, names...)
	}
	whole = number + callers + ": " + names[0] + end
	var tries []string
	for _, name := range names {
		tries = append(tries, number+callers+": "+name+end, number+helped(all, Count(all.Callers))+": "+name+end)
	}
	return a.firstFitting(append(tries, number+callers+age, number[:len(number)-2]+age)...), whole
}

// andOthers is how many there are besides the first: a server many of whose
// pages fail is one, and what another of them explains is in that.
func andOthers(all []incident.Incident) string {
	ids, culprits, counted := map[int64]bool{}, map[string]bool{}, 0
	for _, in := range all {
		ids[in.ID] = true
	}
	for i, in := range all {
		if i == 0 || in.Parent == 0 || !ids[in.Parent] {
			culprits[culprit(in)] = true
			counted++
		}
	}
	switch n := int64(len(culprits) - 1); {
	case n == 0:
		return ""
	case len(culprits) < counted || counted < len(all):
		return " and " + Plural(n, "other", "others")
	default:
		return " and " + Count(n) + " more"
	}
}
