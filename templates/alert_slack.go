package templates

import (
	"strings"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// SlackLimit is how many characters a block's text may have:
// https://docs.slack.dev/reference/block-kit/composition-objects/text-object
const SlackLimit = 3000

// Slack is a message in Slack's markup. Nothing that a stranger wrote can
// mention anybody in it or become a link, provided that it is sent verbatim
// (blocks) or with parse=none (text).
type Slack struct {
	Line     string   // the first line, escaped: for notifications, and as all of a message that Slack finds too long
	Sections []string // the message, each within SlackLimit
	Event    string   // what is new: the reply in the incident's thread
	Buttons  []Button // below the message
}

// Button is something to press below a message.
type Button struct {
	Label  string
	Action string // names it to whoever hears that it was pressed
	Value  string // what comes with it
	First  bool   // it stands out
	// Sure is asked before it counts; "" for nothing.
	Sure string
}

// Slack writes the Slack message for m.
func (a *Alerts) Slack(m incident.Message) Slack {
	t := a.tell(m, slackItems)
	line := SlackText(t.Line)
	paragraphs := make([]string, 0, 3+len(t.Facts)+len(t.Items))
	paragraphs = append(paragraphs, "*"+SlackText(t.Whole)+"*")
	for _, i := range t.Items {
		paragraphs = append(paragraphs, "• "+slackPart(part{Text: i.Text, Link: i.Link}))
	}
	if t.More != "" {
		paragraphs = append(paragraphs, "… and "+t.More+" more")
	}
	for _, f := range t.Facts {
		paragraphs = append(paragraphs, slackFact(f))
	}
	why := SlackText("Why this message: " + t.Why)
	paragraphs = append(paragraphs, why)
	event := SlackText(t.Event)
	if !m.Alert.Kind.InPlace() {
		event += "\n" + why
	}
	return Slack{Line: line, Sections: packed(paragraphs), Event: event}
}

// OwnSlack is text, which is in Slack's markup already, as the message for m;
// its sections are cut where Slack's limit is. An empty text has no sections.
func (a *Alerts) OwnSlack(m incident.Message, text string) Slack {
	built := a.Slack(m)
	own := Slack{Line: built.Line, Event: built.Event}
	if text != "" {
		own.Sections = packed(strings.Split(text, "\n"))
	}
	const mostSections = 40 // Slack takes 50 blocks
	if len(own.Sections) > mostSections {
		own.Sections = append(own.Sections[:mostSections-1], "…")
	}
	return own
}

// Calling is s with a mention before it, in Slack's markup.
func (s Slack) Calling(mention string) Slack {
	s.Sections = append([]string{mention}, s.Sections...)
	s.Event = mention + " " + s.Event
	return s
}

func slackFact(f fact) string {
	var b strings.Builder
	b.WriteString("*" + SlackText(f.Label) + "* ")
	for _, p := range f.Parts {
		b.WriteString(slackPart(p))
	}
	return strings.TrimSpace(b.String())
}

func slackPart(p part) string {
	switch {
	case p.Text == "":
		return ""
	case p.Code:
		return "`" + slackMarkup.Replace(p.Text) + "`"
	case p.Link != "":
		return "<" + slackMarkup.Replace(p.Link) + "|" + SlackText(strings.ReplaceAll(p.Text, "|", "¦")) + ">"
	}
	return SlackText(p.Text)
}

// slackMarkup escapes the characters by which Slack's markup works and what
// would end a code span. What calls people together in servers that only
// resemble Slack gets an invisible character, so that it is no word.
var slackMarkup = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "`", "'",
	"@channel", "@\u2060channel", "@here", "@\u2060here", "@everyone", "@\u2060everyone", "@all", "@\u2060all",
)

// SlackText is s with nothing in it that Slack's markup would make of it.
func SlackText(s string) string { return strings.ReplaceAll(slackMarkup.Replace(s), "*", "∗") }

// packed joins paragraphs to as few sections as their limit allows. A
// paragraph that is longer alone is cut.
func packed(paragraphs []string) []string {
	var sections []string
	var b strings.Builder
	room := 0
	for _, p := range paragraphs {
		p = shortenMarkup(p, SlackLimit)
		need := utf8.RuneCountInString(p) + 1
		if need > room && b.Len() > 0 {
			sections = append(sections, b.String())
			b.Reset()
		}
		if b.Len() == 0 {
			room = SlackLimit + 1
		} else {
			b.WriteByte('\n')
		}
		b.WriteString(p)
		room -= need
	}
	return append(sections, b.String())
}

// shortenMarkup cuts the end off, never within "&amp;" and never leaving code
// or a link open.
func shortenMarkup(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	const room = 16 // for the mark and whatever must be closed
	s = string([]rune(s)[:limit-room])
	if i := strings.LastIndexByte(s, '&'); i >= 0 && !strings.Contains(s[i:], ";") {
		s = s[:i]
	}
	if i := strings.LastIndexByte(s, '<'); i >= 0 && !strings.Contains(s[i:], ">") {
		s = s[:i]
	}
	if strings.Count(s, "`")%2 == 1 {
		s += "…`"
		return s
	}
	return s + "…"
}
