package templates

import (
	"log/slog"
	"slices"
	"strings"
	"sync"
	"text/template"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// AnswerData is what a customer's own template can use: {{.Name}} and so on.
// All of it is escaped where it is put into the document. From and To are what
// Twilio sent, so a stranger may have chosen them.
type AnswerData struct {
	Name      string // what the configuration calls the line; "" where nobody said
	Line      string // our number or address
	Language  string // of this template: "fr"
	Voice     string // Twilio's name of the voice for that language
	Situation string // "not yet served", "mid-call", "after success", "outbound", "in queue" or "message"
	ErrorCode int    // of Twilio; 0 where it sent none
	CallSID   string // "" for messages
	From      string // the caller's number; for outbound calls ours
	To        string // our number; for outbound calls the listener's
	Outbound  bool   // the listener was called, by you or on your behalf, and did not call
}

// OwnError is one thing that is wrong with a template of the customer's.
type OwnError struct {
	Place   string // the file, with the line where that is known; "templates" for the folder
	Problem string
	Remedy  string
}

// Error is the mistake in one line.
func (m *OwnError) Error() string { return m.Place + ": " + m.Problem + ": " + m.Remedy }

// own is one template of the customer's.
type own struct {
	file      string
	language  string
	situation incident.Situation
	template  *template.Template
	complain  sync.Once
}

type ownKey struct {
	situation incident.Situation
	language  string
}

// tryOut renders o as it would be for several callers.
func (o *own) tryOut() error {
	for _, sample := range o.samples() {
		document, err := o.render(sample)
		if err != nil {
			return explained(o.file, err)
		}
		if _, err := o.judge(document); err != nil {
			return err
		}
	}
	return nil
}

// warn tells what Twilio would take and callers would not like.
func (o *own) warn(log *slog.Logger) {
	document, err := o.render(o.samples()[0])
	if err != nil {
		return // tried out before
	}
	if took := twiml.SpeakingTime(document); took > longest {
		log.Warn("own template takes long to say", slog.String("file", o.file), slog.Duration("takes", took), slog.Duration("better", longest))
	}
	for _, problem := range twiml.Check(document, o.kind()).Warnings() {
		log.Warn("own template has something that Twilio does not know", slog.String("file", o.file), slog.String("problem", problem.String()))
	}
}

func (o *own) samples() []AnswerData {
	_, voice := VoiceOf(o.language)
	usual := AnswerData{
		Name: "Example Ltd", Line: "+15550100", Language: o.language, Voice: voice,
		Situation: o.situation.String(), ErrorCode: 11200,
		CallSID: "CA00000000000000000000000000000000", From: "+15550123", To: "+15550100",
	}
	nothing := AnswerData{Language: o.language, Situation: o.situation.String()}
	called := usual
	called.Outbound = true
	hostile := usual
	hostile.Name = `"Smith" & 'Sons' -- <Say>`
	hostile.From = "anonymous<\x00\xff\v>]]>-->"
	hostile.To, hostile.Line = hostile.From, hostile.From
	return []AnswerData{usual, nothing, called, hostile}
}

func (o *own) kind() twiml.Kind {
	if o.situation == incident.Text {
		return twiml.Messaging
	}
	return twiml.Voice
}

// judge says whether a rendered document may be sent, and what is heard of it.
func (o *own) judge(document []byte) (heard string, err error) {
	if err := twiml.Check(document, o.kind()).Err(); err != nil {
		return "", &OwnError{o.file, "rendered, Twilio would not take it at " + err.Error(), "mend the markup there"}
	}
	outline, err := outlineOf(document)
	if err != nil {
		return "", &OwnError{o.file, err.Error(), "mend the markup there"}
	}
	if o.situation == incident.InQueue {
		for _, verb := range []string{"Hangup", "Leave", "Reject"} {
			if slices.Contains(outline.verbs, verb) {
				return "", &OwnError{o.file, "<" + verb + "> would take the caller out of the queue", "remove it"}
			}
		}
	}
	return outline.words, nil
}

// fromOwn renders the customer's template for the first of the line's
// languages that has one. It is the whole document: a line with two languages
// says both in it.
func (a *Answers) fromOwn(f incident.Failure, s incident.Situation, w incident.Wording) (incident.Answer, bool) {
	o := a.ownFor(s, w.Languages)
	if o == nil {
		return incident.Answer{}, false
	}
	document, err := o.render(dataOf(f, o, w))
	var heard string
	if err == nil {
		heard, err = o.judge(document)
	}
	if err != nil {
		a.failed.Add(1)
		o.complain.Do(func() {
			a.log.Error("own template failed, built-in text used", slog.String("file", o.file),
				slog.String("failure", f.ID.String()), slog.Any("err", err))
		})
		return incident.Answer{}, false
	}
	answer := incident.Answer{
		Situation: s, Name: w.Name, Languages: []string{o.language}, Heard: heard, Document: document,
	}
	if heard == "" {
		answer.Outcome, answer.Why = incident.NotTold, o.silence()
	}
	return answer, true
}

// silence is why nobody was told anything.
func (o *own) silence() string {
	if o.situation == incident.Text {
		return "nothing written: your template " + o.file + " has no message in it here"
	}
	return "nothing said: your template " + o.file + " has no words in it here"
}

func (a *Answers) ownFor(s incident.Situation, languages []string) *own {
	for _, language := range languages {
		if o := a.own[ownKey{s, language}]; o != nil {
			return o
		}
		base, _, _ := strings.Cut(language, "-")
		if o := a.own[ownKey{s, base}]; o != nil {
			return o
		}
	}
	return nil
}

func dataOf(f incident.Failure, o *own, w incident.Wording) AnswerData {
	data := AnswerData{
		Name: w.Name, Line: f.Line(), Language: o.language, Voice: w.Voice,
		Situation: o.situation.String(), ErrorCode: f.Code,
		From: f.From, To: f.To, Outbound: f.Outbound,
	}
	if f.Channel == incident.Voice {
		data.CallSID = f.SID
	}
	if data.Voice == "" {
		_, data.Voice = VoiceOf(o.language)
	}
	return data
}

// canonicalTag writes a language tag as it is compared: "pt-BR". ok is false
// for what is no language with or without a region.
func canonicalTag(tag string) (canonical string, ok bool) {
	base, region, regional := strings.Cut(tag, "-")
	if len(base) < 2 || len(base) > 3 || !isLetters(base) || regional && (len(region) != 2 || !isLetters(region)) {
		return "", false
	}
	canonical = strings.ToLower(base)
	if regional {
		canonical += "-" + strings.ToUpper(region)
	}
	return canonical, true
}

func isLetters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return (r|0x20) < 'a' || (r|0x20) > 'z' }) < 0
}
