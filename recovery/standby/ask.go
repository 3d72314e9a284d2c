package standby

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/backstop-project/backstop/twilio/twiml"
)

// Ask is the TwiML that t, asked at address, has for q: checked, its URLs made
// absolute, so that the call goes on there. The error says in one line for
// people why there is none, to be put behind "standby: ". It takes no
// longer than t.Timeout, whatever the server does.
func (c *Client) Ask(ctx context.Context, t *Target, address string, q *Question) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, t.Timeout)
	defer cancel()
	ctx, reached := connected(ctx)
	doc, from, err := c.fetch(ctx, t, address, q)
	if err == nil {
		doc, err = judge(doc, from, q.Voice)
	}
	if err == nil {
		return doc, nil
	}
	err = explain(ctx, t.Timeout, err)
	if reached() {
		err = actedError{err}
	}
	return nil, err
}

// fetch follows at most one redirect, on the same server, as Twilio does: by GET.
func (c *Client) fetch(ctx context.Context, t *Target, address string, q *Question) (doc []byte, from *url.URL, err error) {
	method := q.Method
	for redirected := false; ; redirected = true {
		// What is relative in the document is so to its address, and not to the
		// call's parameters, which a GET carries there.
		from, err := url.Parse(address)
		if err != nil {
			return nil, nil, err
		}
		r, err := q.to(ctx, method, address, q.asked(t))
		if err != nil {
			return nil, nil, err
		}
		answer, err := c.allowing(t.AllowPrivate).Do(r)
		if err != nil {
			return nil, nil, err
		}
		next, err := redirect(answer, redirected)
		if err != nil {
			_ = answer.Body.Close()
			return nil, nil, err
		}
		if next == "" {
			doc, err := read64K(answer, q.Voice)
			return doc, from, err
		}
		_ = answer.Body.Close()
		method, address = http.MethodGet, next
	}
}

// redirect is where the answer sends us, "" for nowhere.
func redirect(answer *http.Response, redirected bool) (string, error) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect:
	default:
		if answer.StatusCode < 200 || answer.StatusCode > 299 {
			return "", answerError(fmt.Sprintf("it answered %d", answer.StatusCode))
		}
		return "", nil
	}
	to, err := answer.Location()
	switch {
	case err != nil:
		return "", answerError("it redirected to nowhere")
	case redirected:
		return "", answerError("it redirected more than once")
	case originOf(to) != originOf(answer.Request.URL) || to.User != nil:
		return "", answerError("it redirected to another server")
	}
	to.Fragment = ""
	return to.String(), nil
}

// read64K reads the document, unpacked, as far as Twilio would. To a message no
// content is an answer: nothing is to be said.
// https://www.twilio.com/docs/messaging/twiml#twilios-request-to-your-application
func read64K(answer *http.Response, voice bool) ([]byte, error) {
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNoContent && !voice {
		return []byte("<Response/>"), nil
	}
	doc, err := io.ReadAll(io.LimitReader(answer.Body, twiml.MaxBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(doc) > twiml.MaxBytes:
		return nil, answerError(fmt.Sprintf("its answer is larger than %d kB", twiml.MaxBytes>>10))
	case len(doc) == 0:
		return nil, answerError("its answer is empty")
	}
	return doc, nil
}

// judge is doc made fit to come from us, or why Twilio would not take it.
func judge(doc []byte, from *url.URL, voice bool) ([]byte, error) {
	kind := twiml.Messaging
	if voice {
		kind = twiml.Voice
	}
	if err := twiml.Check(doc, kind).Err(); err != nil {
		return nil, answerError("its answer is no TwiML that Twilio takes: " + err.Error())
	}
	absolute, err := twiml.Absolute(doc, from)
	if err != nil {
		return nil, answerError("its answer is no TwiML that Twilio takes: " + err.Error())
	}
	if len(absolute) > twiml.MaxBytes {
		return nil, answerError(fmt.Sprintf("its answer is larger than %d kB with its URLs made absolute", twiml.MaxBytes>>10))
	}
	return absolute, nil
}
