package templates

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// telling is all that an alert says, in order. Every notifier lays out the
// same one in its own way.
type telling struct {
	Line  string // effect, cause and age: MaxLine characters at most
	Whole string // the same uncut, for where there is room
	Mood  mood
	Facts []fact
	Chart []bar  // summaries only
	Items []item // digests and summaries only
	More  string // how many incidents of a digest are not among Items; "" for none
	Event string // what is new, in one sentence: the reply in a thread
	Why   string // why this alert goes out
	Deeds []DeedLink
}

// mood chooses the colour of a mail.
type mood string

const (
	trouble  mood = "trouble"
	calm     mood = "calm"
	over     mood = "over"
	practice mood = "practice"
)

// fact is a label and what there is to say.
type fact struct {
	Label string
	Parts []part
}

// part is a stretch of words: plain, to be typed, or to be clicked.
type part struct {
	Text string
	Code bool
	Link string // "" for none; only ever an address that we made
}

// item is one line of a digest.
type item struct {
	Text string
	Link string
}

func (t *telling) fact(label string, parts ...part) {
	for _, p := range parts {
		if p.Text != "" {
			t.Facts = append(t.Facts, fact{Label: label, Parts: parts})
			return
		}
	}
}

func words(s string) part { return part{Text: s} }

// advice takes a text of ours apart: at its back quotes, and at addresses of
// Twilio's pages.
func advice(s string) []part {
	var parts []part
	for i, piece := range strings.Split(s, "`") {
		switch {
		case piece == "":
		case i%2 == 1:
			parts = append(parts, part{Text: piece, Code: true})
		default:
			parts = append(parts, linked(piece)...)
		}
	}
	return parts
}

var twilioPage = regexp.MustCompile(`https://(?:console|www|status)\.twilio\.com[\w/.-]*[\w/-]`)

func linked(s string) []part {
	var parts []part
	at := 0
	for _, found := range twilioPage.FindAllStringIndex(s, -1) {
		address := s[found[0]:found[1]]
		parts = append(parts, words(s[at:found[0]]), part{Text: address, Link: address})
		at = found[1]
	}
	return append(parts, words(s[at:]))
}

// tell decides what m says.
func (a *Alerts) tell(m incident.Message, mostItems int) telling {
	if m.Now.IsZero() {
		m.Now = m.Alert.At
	}
	var t telling
	switch {
	case len(m.Digest)+len(m.Others) > 0:
		t = a.tellDigest(m, mostItems)
	case m.Report != nil:
		t = a.tellReport(*m.Report)
	case m.Incident != nil:
		t = a.tellIncident(m, *m.Incident, mostItems)
	case m.Failure != nil:
		t = a.tellDrill(m, *m.Failure)
	case m.Alert.Kind == incident.DrillAlert || m.Alert.IncidentID != 0:
		t = a.tellGone(m)
	default:
		t = a.tellMeta(m)
	}
	t.fact("Note", words(a.note))
	t.Why = a.why(m)
	if t.Whole == "" {
		t.Whole = t.Line
	}
	if a.drill {
		t.asDrill()
	}
	return t
}

// drillPrefix is what the shortest first line of a drill begins with.
const drillPrefix = "Drill: "

// asDrill has t say first that it is made up. What is told in it has its numbers in
// a history that is thrown away: no page of ours is about it.
func (t *telling) asDrill() {
	t.Mood = practice
	t.Line = firstWithin(MaxLine, "Drill, nothing is broken: "+t.Line, drillPrefix+t.Line)
	t.Whole = "Drill, nothing is broken: " + t.Whole
	t.Event = "Drill: " + t.Event
	said := fact{Label: "This is a drill", Parts: []part{words("Somebody rehearses a storm of failures: all of this is made up. No caller was affected, nothing has to be done.")}}
	t.Facts = append([]fact{said}, t.Facts...)
}

// why is the reason of the alert, and of those that it stands for.
func (a *Alerts) why(m incident.Message) string {
	reasons := make([]string, 0, 4)
	for _, folded := range m.Folded {
		reasons = append(reasons, a.reason(folded, m.Now))
	}
	reasons = append(reasons, a.reason(m.Alert, m.Now))
	const most = 3
	if n := len(reasons) - most; n > 0 {
		reasons = append([]string{Count(int64(n)) + " older ones"}, reasons[n:]...)
	}
	why := strings.Join(reasons, "; ")
	switch n := len(m.Digest) + len(m.Others); {
	case n == 1 && len(m.Digest) == 1:
		why = "so much happened lately that this had to wait for its turn"
	case len(m.Digest) > 0:
		why = "so much happened at once that one message names it all"
	}
	if m.NotSent > 0 {
		why += fmt.Sprintf(" (+%s not sent)", Count(int64(m.NotSent)))
	}
	return why
}

func (a *Alerts) reason(alert incident.Alert, now time.Time) string {
	reason := tidy(alert.Reason, 200)
	if reason == "" {
		reason = alert.Kind.String()
	}
	if alert.At.IsZero() {
		return reason
	}
	return reason + " (" + a.since(alert.At, now) + ")"
}

// page is the way to one of our pages; nil in a drill, which is on none.
func (a *Alerts) page(path, label string) []part {
	if a.drill {
		return nil
	}
	if a.pages == "" {
		return []part{words(label + ": open Backstop's page in your browser, there " + path + " (set public_url or admin_url, and this becomes a link)")}
	}
	return []part{{Text: label, Link: a.pages + path}}
}
