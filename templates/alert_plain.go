package templates

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

// lines is all that t says, for places that know no layout: a line each, none
// of them empty.
func (t *telling) lines() []string {
	all := make([]string, 0, 3+len(t.Facts)+len(t.Items))
	all = append(all, t.Whole)
	for _, i := range t.Items {
		all = append(all, "- "+plainPart(part{Text: i.Text, Link: i.Link}))
	}
	if t.More != "" {
		all = append(all, "- and "+t.More+" more")
	}
	for _, f := range t.Facts {
		var b strings.Builder
		b.WriteString(f.Label)
		if !strings.HasSuffix(f.Label, "?") {
			b.WriteByte(':')
		}
		b.WriteByte(' ')
		for _, p := range f.Parts {
			b.WriteString(plainPart(p))
		}
		all = append(all, strings.TrimSpace(b.String()))
	}
	return append(all, "Why this message: "+t.Why)
}

func plainPart(p part) string {
	switch {
	case p.Text == "" || p.Link == "" || p.Link == p.Text:
		return p.Text
	}
	return p.Text + " " + p.Link
}

// Plain is a text without any layout.
type Plain struct {
	Line  string   // the first line: MaxLine characters at most
	Lines []string // all of it, the first line among them
}

// Plain writes m for services of every kind. Nothing in it calls people
// together or is a link by the markup that chats use.
func (a *Alerts) Plain(m incident.Message) Plain {
	t := a.tell(m, slackItems)
	p := Plain{Line: Inert(t.Line)}
	for _, line := range t.lines() {
		p.Lines = append(p.Lines, Inert(line))
	}
	return p
}

// Inert is s with an invisible character wherever a chat would read a mention,
// a link or a command in it: it looks the same and does nothing. Bare addresses
// stay as they are.
func Inert(s string) string { return mention.ReplaceAllString(inert.Replace(s), "@"+joiner+"$1") }

// mention is what calls somebody or everybody. What stands in a command to be
// typed (dig … @1.1.1.1) is none.
var mention = regexp.MustCompile(`@([\pL*_])`)

const joiner = "\u2060" // no width, no break

var inert = strings.NewReplacer(
	"<#", "<"+joiner+"#", "<!", "<"+joiner+"!", "<@", "<"+joiner+"@"+joiner, "](", "]"+joiner+"(",
	"<http", "<"+joiner+"http", "<users/", "<"+joiner+"users/", "<at ", "<"+joiner+"at ",
)

// SMS is m in at most two segments: the first line and the way to its page.
// Where both do not fit it is the line that is cut, with a mark. code is what a
// reply repeats, and goes before the way to the page; "" where nobody reads
// replies.
func (a *Alerts) SMS(m incident.Message, code string) string {
	t := a.tell(m, 1)
	link := a.subject(m)
	if m.Incident == nil && m.Failure == nil && len(m.Digest) == 0 {
		link = ""
	}
	if a.note != "" {
		link = strings.TrimPrefix(link+"\n(built-in text)", "\n")
	}
	tail := strings.TrimPrefix(link+replies(code), "\n")
	if code != "" && FitSMS(t.Line, tail) != gsmLike.Replace(t.Line)+"\n"+tail {
		tail = strings.TrimPrefix(replies(code), "\n") // who can answer needs the link less
	}
	return FitSMS(t.Line, tail)
}

// WithReplies is an own text in at most two segments, and what a reply may say.
func WithReplies(text, code string) string {
	return FitSMS(text, strings.TrimPrefix(replies(code), "\n"))
}

// replies says what may be answered to a text, in a line of its own.
func replies(code string) string {
	if code == "" {
		return ""
	}
	return "\nReply " + code + " to take it, " + code + " mute (1 h) or " + code + " resolve"
}

// FitSMS is text with tail in a line of its own, in at most two segments. It is
// text that is cut; a tail that would leave no room for it is left out.
func FitSMS(text, tail string) string {
	if tail != "" {
		tail = "\n" + tail
	}
	if Segments("…"+tail) > mostSegments {
		tail = ""
	}
	text = gsmLike.Replace(Shorten(text, mostSegments*gsmEach)) // no more has room, whatever it is
	if Segments(text+tail) <= mostSegments {
		return text + tail
	}
	for text != "" {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
		if cut := strings.TrimRight(text, " ") + "..."; Segments(cut+tail) <= mostSegments {
			return cut + tail
		}
	}
	return strings.TrimPrefix(tail, "\n")
}

// gsmLike replaces what would make every character of a message two bytes long
// and has its like in GSM-7.
var gsmLike = strings.NewReplacer("…", "...", "“", `"`, "”", `"`, "’", "'", "–", "-", "—", "-", "∗", "*", "`", "'", "\u00a0", " ")

// Bounds of a text message: https://www.twilio.com/docs/glossary/what-sms-character-limit
// Each of several has room for one more, and that is lost where a character of
// two places would be cut within.
const (
	mostSegments = 2
	gsmAlone     = 160
	gsmEach      = 152
	ucsAlone     = 70
	ucsEach      = 66
)

// Segments is how many messages a phone company makes of s.
func Segments(s string) int {
	septets, units := 0, 0
	gsm := true
	for _, r := range s {
		units++
		if r > 0xffff {
			units++
		}
		switch {
		case strings.ContainsRune(gsmBasic, r):
			septets++
		case strings.ContainsRune(gsmExtended, r):
			septets += 2
		default:
			gsm = false
		}
	}
	n, alone, each := units, ucsAlone, ucsEach
	if gsm {
		n, alone, each = septets, gsmAlone, gsmEach
	}
	if n <= alone {
		return 1
	}
	return (n + each - 1) / each
}

// The alphabet of GSM 03.38, and what takes two places in it.
const (
	gsmBasic    = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsmExtended = "^{}\\[~]|€\f"
)

// Spoken is the first line of m as a voice says it to somebody who was woken:
// without what only the eye reads.
func (a *Alerts) Spoken(m incident.Message) string {
	return strings.Join(strings.Fields(unspoken.Replace(a.tell(m, 1).Line)), " ")
}

var unspoken = strings.NewReplacer(
	"/…", "", "…", "", "(", ", ", ")", ", ", "<", " ", ">", " ", "&", " and ", "`", "", "*", "", "_", " ", "{", " ", "}", " ", "[", " ", "]", " ", "|", " ", "@", " at ", "•", "",
)
