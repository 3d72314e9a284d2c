package sim

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// execute does what a document says, verb by verb.
func (w *walk) execute(ctx context.Context, l *leg, root node, document string) verdict {
	for _, n := range root.elements() {
		if ending := w.limit(ctx); ending != "" {
			return verdict{ending: ending}
		}
		v := w.verb(ctx, l, n, document)
		switch {
		case v.isFinal():
			return v
		case w.gone:
			return verdict{ending: CallerHungUp}
		case l.until > 0 && w.at >= l.until:
			return verdict{left: true}
		}
	}
	return verdict{ending: Completed}
}

func (w *walk) verb(ctx context.Context, l *leg, n node, document string) verdict {
	if n.tag != "Pause" && n.tag != "Reject" && n.tag != "Redirect" && n.tag != "Hangup" {
		w.answered = true
	}
	switch n.tag {
	case "Say", "Play", "Pause":
		w.prompt(ctx, l, n, document)
	case "Gather":
		return w.gather(ctx, l, n, document)
	case "Record":
		return w.record(ctx, l, n, document)
	case "Dial":
		return w.dial(ctx, l, n, document)
	case "Enqueue":
		return w.enqueue(ctx, l, n, document)
	case "Redirect":
		return w.redirect(l, n, document)
	case "Reject":
		if w.answered {
			w.problem(document, "<Reject> on a call that is answered already")
		}
		return verdict{ending: Rejected}
	case "Hangup":
		return verdict{ending: HungUp}
	case "Leave":
		if l.until > 0 {
			return verdict{left: true}
		}
		w.warn(document, "<Leave> where nobody waits in a queue")
	default:
		w.note(Event{Kind: Skipped, Who: l.who, Text: "<" + n.tag + "> is not played"})
	}
	return verdict{}
}

func (w *walk) redirect(l *leg, n node, document string) verdict {
	next := w.target(l, n.words(), n.value("method"), document, nil)
	return verdict{next: &next}
}

// prompt is heard: Say, Play and Pause.
func (w *walk) prompt(ctx context.Context, l *leg, n node, document string) {
	switch n.tag {
	case "Pause":
		text := ""
		if !w.answered {
			text = "the telephone rings on"
		}
		length := secondsOf(n, "length", time.Second)
		w.note(Event{Kind: Waited, Who: l.who, Text: text, Length: length})
		w.spend(length)
	case "Say":
		words := strings.Join(strings.Fields(n.words()), " ")
		length := spoken(words) * time.Duration(loops(n))
		w.note(Event{Kind: Said, Who: l.who, Text: words, Language: n.value("language"), Voice: n.value("voice"), Length: length})
		w.spend(length)
	case "Play":
		w.play(ctx, l, n, document)
	}
}

func (w *walk) play(ctx context.Context, l *leg, n node, document string) {
	if digits := n.value("digits"); digits != "" {
		length := time.Duration(len(digits)*loops(n)) * 200 * time.Millisecond
		w.note(Event{Kind: Played, Who: l.who, Text: "tones " + digits, Length: length})
		w.spend(length)
		return
	}
	if n.ownText() == "" {
		w.warn(document, "<Play> names no file")
		return
	}
	file := w.target(l, n.ownText(), "GET", document, nil)
	file.params = nil
	e := w.ask(ctx, file)
	kind := e.Header.Get("Content-Type")
	switch {
	case e.Err != nil:
		w.problem(file.url, e.Err.Error())
	case e.Status != 200:
		w.problem(file.url, fmt.Sprintf("the sound file has status %d", e.Status))
	case !strings.HasPrefix(kind, "audio/"):
		w.problem(file.url, fmt.Sprintf("the sound file is %q", kind))
	default:
		length := playing * time.Duration(loops(n))
		w.note(Event{Kind: Played, Who: l.who, Text: withoutQuery(file.url), Length: length})
		w.spend(length)
	}
}

func (w *walk) gather(ctx context.Context, l *leg, n node, document string) verdict {
	for _, child := range n.elements() {
		if w.prompt(ctx, l, child, document); w.gone {
			return verdict{}
		}
	}
	input, finishedOn := understood(n, l.nextInput())
	if input == (Input{}) {
		length := secondsOf(n, "timeout", 5*time.Second)
		w.note(Event{Kind: Entered, Who: l.who, Text: "nothing", Length: length})
		if w.spend(length); w.gone || n.value("actionOnEmptyResult") != "true" {
			return verdict{}
		}
	} else {
		const moment = 2 * time.Second
		w.note(Event{Kind: Entered, Who: l.who, Text: input.Digits + input.Speech, Length: moment})
		if w.spend(moment); w.gone {
			return verdict{}
		}
	}
	next := w.target(l, n.value("action"), n.value("method"), document, gathered(input, finishedOn))
	return verdict{next: &next}
}

func (l *leg) nextInput() Input {
	if len(l.inputs) == 0 {
		return Input{}
	}
	input := l.inputs[0]
	l.inputs = l.inputs[1:]
	return input
}

// understood is what of an input the Gather takes, and the key that ended it.
func understood(n node, input Input) (Input, string) {
	accepts := or(n.value("input"), "dtmf")
	if input.Speech != "" {
		if hasWord(accepts, "speech") {
			return input, ""
		}
		return Input{}, ""
	}
	if !hasWord(accepts, "dtmf") {
		return Input{}, ""
	}
	finish, given := n.attr("finishOnKey")
	if !given {
		finish = "#"
	}
	digits, finishedOn := input.Digits, ""
	if i := strings.IndexAny(digits, finish); i >= 0 && finish != "" {
		digits, finishedOn = digits[:i], digits[i:i+1]
	}
	if most, err := strconv.Atoi(n.value("numDigits")); err == nil && most > 0 && len(digits) > most {
		digits = digits[:most]
	}
	return Input{Digits: digits}, finishedOn
}

// secondsOf reads an attribute in whole seconds.
func secondsOf(n node, attribute string, fallback time.Duration) time.Duration {
	count, err := strconv.Atoi(n.value(attribute))
	if err != nil || count < 0 {
		return fallback
	}
	return min(time.Duration(count)*time.Second, longestCall)
}

// loops reads how often something is heard; 0 is a thousand times.
func loops(n node) int {
	const endless = 1000
	count, err := strconv.Atoi(n.value("loop"))
	switch {
	case err != nil || count < 0:
		return 1
	case count == 0 || count > endless:
		return endless
	}
	return count
}
