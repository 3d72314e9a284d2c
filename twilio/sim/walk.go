package sim

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	maxDocuments = 50
	longestCall  = 4 * time.Hour
	apology      = "We are sorry, an application error has occurred. Goodbye." // Twilio's own, of which we save the caller
)

// Place plays the call: it asks the fallback URL and does what the answers say until the call ends. A server that
// fails is a result with problems; the error is for an address that cannot be asked, and for a context that ended.
func (c Client) Place(ctx context.Context, fallbackURL string, call Call) (Result, error) {
	asked, err := askedURL(fallbackURL)
	if err != nil {
		return Result{}, err
	}
	s, err := c.session()
	if err != nil {
		return Result{}, err
	}
	s.public = asked.Host
	call = call.withDefaults()
	params := call.Params(c.Account.SID)
	w := walk{
		session: s, script: call.Script, rules: voiceRules(), result: Result{SID: call.SID},
		fallback: target{url: fallbackURL, method: call.Method, isFallback: true}, answered: call.Situation != Ringing,
	}
	caller := leg{who: Caller, params: params.Without(append(extraNames(), "ErrorCode", "ErrorUrl")...), inputs: call.Script.Gathers, fallsBack: true}
	first := w.fallback
	first.params = params
	w.end(w.follow(ctx, &caller, first).ending)
	if err := context.Cause(ctx); err != nil {
		return w.result, fmt.Errorf("call %s: %w", call.SID, err)
	}
	return w.result, nil
}

// walk is a call that is being played.
type walk struct {
	session
	script   Script
	rules    map[string]rule
	result   Result
	fallback target
	at       time.Duration // since the call began
	answered bool
	gone     bool // the caller has hung up

	undelivered string // error code with which replies fail
}

// leg is somebody on the call, and what Twilio says about them in every request.
type leg struct {
	who       Party
	params    Params
	inputs    []Input       // what they do at the next Gathers
	fallsBack bool          // a document that fails leads to the fallback URL
	until     time.Duration // in a queue: when somebody takes the call
}

// target is a document to ask for.
type target struct {
	url, method string
	params      Params
	isFallback  bool
}

// verdict is what a verb or a document leads to; the zero value goes on with the next verb.
type verdict struct {
	next   *target
	ending Ending
	left   bool // the queue, by Leave or because somebody took the call
}

func (v verdict) isFinal() bool {
	return v.next != nil || v.ending != "" || v.left
}

// follow asks for the document and all that it leads to.
func (w *walk) follow(ctx context.Context, l *leg, t target) verdict {
	for {
		root, document, ending := w.fetch(ctx, l, &t)
		if ending == ApplicationError {
			length := spoken(apology)
			w.note(Event{Kind: Said, Who: l.who, Text: apology, Length: length})
			w.spend(length)
		}
		if ending != "" {
			return verdict{ending: ending}
		}
		v := w.execute(ctx, l, root, document)
		if v.next == nil {
			return v
		}
		t = *v.next
	}
}

// fetch asks for t, or for the fallback if t fails, and leaves in t what was asked in the end.
func (w *walk) fetch(ctx context.Context, l *leg, t *target) (node, string, Ending) {
	for {
		if ending := w.limit(ctx); ending != "" {
			return node{}, "", ending
		}
		e := w.ask(ctx, *t)
		if w.gone {
			return node{}, "", CallerHungUp
		}
		root, problems := e.read(w.rules)
		w.result.Problems = append(w.result.Problems, problems...)
		failed := firstFatal(problems)
		if failed == nil {
			return root, e.Request.document, ""
		}
		if t.isFallback || !l.fallsBack {
			return node{}, "", ApplicationError
		}
		failedURL := withoutFragment(t.url)
		params := t.params.With("ErrorCode", strconv.Itoa(failed.Code)).With("ErrorUrl", failedURL)
		*t = w.fallback
		t.params = params
	}
}

func (w *walk) limit(ctx context.Context) Ending {
	most := w.MaxDocuments
	if most == 0 {
		most = maxDocuments
	}
	switch {
	case ctx.Err() != nil:
		return TooLong
	case len(w.result.Exchanges) >= most:
		w.problem("", fmt.Sprintf("it asked for %d documents and does not end", most))
		return TooLong
	case w.at >= longestCall:
		w.problem("", fmt.Sprintf("the call takes over %v", longestCall))
		return TooLong
	}
	return ""
}

func firstFatal(problems []Problem) *Problem {
	for _, p := range problems {
		if !p.Warning {
			return &p
		}
	}
	return nil
}

// ask sends one request and notes it.
func (w *walk) ask(ctx context.Context, t target) Exchange {
	r, err := w.Account.Request(strings.ToUpper(t.method), t.url, t.params)
	shown := withoutQuery(t.url)
	w.note(Event{Kind: Asked, Who: Twilio, Text: or(r.Method, http.MethodPost) + " " + shown})
	var e Exchange
	if err != nil {
		e = Exchange{Request: Request{document: shown}, Err: &FetchError{Code: codeBadURL, Err: err}}
	} else {
		e = w.do(ctx, r)
	}
	w.result.Exchanges = append(w.result.Exchanges, e)
	w.spend(e.Timing.Total)
	w.note(Event{Kind: Got, Who: Twilio, Text: e.summary()})
	return e
}

func (e Exchange) summary() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	text := fmt.Sprintf("%d, %d bytes of %s", e.Status, len(e.Body), or(e.Header.Get("Content-Type"), "no type"))
	if failure := e.Failure(); failure != "" {
		text += ", failure " + failure
	}
	return text
}

func (w *walk) note(e Event) {
	e.At = w.at
	e.Length, _ = w.within(e.Length)
	w.result.Events = append(w.result.Events, e)
}

func (w *walk) problem(url, text string) {
	w.result.Problems = append(w.result.Problems, Problem{URL: withoutQuery(url), Text: text})
}

func (w *walk) warn(url, text string) {
	w.result.Problems = append(w.result.Problems, Problem{URL: withoutQuery(url), Text: text, Warning: true})
}

// spend lets time pass, and returns how much of it did before the caller hung up.
func (w *walk) spend(length time.Duration) time.Duration {
	length, hungUp := w.within(length)
	w.gone = w.gone || hungUp
	w.at += length
	return length
}

// within is how much of the time from now on passes before the caller hangs up,
// and whether that is in it.
func (w *walk) within(length time.Duration) (passes time.Duration, hungUp bool) {
	end := w.script.HangUpAfter
	if w.gone || end == 0 || w.at+length < end {
		return length, false
	}
	return max(0, end-w.at), true
}

func (w *walk) end(ending Ending) {
	w.result.Ending, w.result.Length = ending, w.at
	w.note(Event{Kind: Ended, Who: Twilio, Text: string(ending)})
}

// status is the call's CallStatus now.
func (w *walk) status() string {
	switch {
	case w.gone:
		return "completed"
	case w.answered:
		return "in-progress"
	default:
		return "ringing"
	}
}

// target is the address that n names in that attribute or else the document's own, with what the verb adds.
func (w *walk) target(l *leg, reference, method, document string, extras Params) target {
	params := append(l.params.With("CallStatus", w.status()), extras...)
	return target{url: resolve(document, reference), method: or(method, http.MethodPost), params: params}
}

// tell sends a request whose answer is not executed: the call has ended, or it is a status callback.
func (w *walk) tell(ctx context.Context, t target) {
	e := w.ask(ctx, t)
	switch {
	case e.Err != nil:
		w.problem(t.url, e.Err.Error())
	case e.Status < 200 || e.Status > 299:
		w.problem(t.url, fmt.Sprintf("status %d", e.Status))
	}
}

func withoutFragment(address string) string {
	before, _, _ := strings.Cut(address, "#")
	return before
}
