package sim

import (
	"context"
	"fmt"
	"strings"
)

// mostReplies is how many messages Twilio sends in reply to one (error 14109).
const (
	mostReplies = 10
	codeTooMany = 14109
)

// Send plays the message: it asks the fallback URL and notes what would be sent, going on where the answers redirect.
// Errors are as those of Place.
func (c Client) Send(ctx context.Context, fallbackURL string, message Message) (Result, error) {
	asked, err := askedURL(fallbackURL)
	if err != nil {
		return Result{}, err
	}
	s, err := c.session()
	if err != nil {
		return Result{}, err
	}
	s.public = asked.Host
	message = message.withDefaults()
	params := message.Params(c.Account.SID)
	w := walk{session: s, rules: messagingRules(), result: Result{SID: message.SID}, undelivered: message.Undelivered}
	w.fallback = target{url: fallbackURL, method: message.Method, isFallback: true}
	sender := leg{who: Sender, params: params.Without("ErrorCode", "ErrorUrl"), fallsBack: true}
	next := w.fallback
	next.params = params
	for more := true; more; {
		next, more = w.replies(ctx, &sender, next)
	}
	w.result.Length = w.at
	if err := context.Cause(ctx); err != nil {
		return w.result, fmt.Errorf("message %s: %w", message.SID, err)
	}
	return w.result, nil
}

// replies notes what one document sends, and returns where it leads.
func (w *walk) replies(ctx context.Context, sender *leg, t target) (target, bool) {
	root, document, ending := w.fetch(ctx, sender, &t)
	if ending != "" {
		return target{}, false
	}
	for _, n := range root.elements() {
		switch n.tag {
		case "Message":
			w.reply(ctx, sender, n, document)
		case "Redirect":
			return target{url: resolve(document, n.words()), method: n.value("method"), params: sender.params}, true
		}
	}
	return target{}, false
}

func (w *walk) reply(ctx context.Context, sender *leg, n node, document string) {
	reply := Reply{
		From: or(n.value("from"), sender.params.Value("To")),
		To:   or(n.value("to"), sender.params.Value("From")),
		Body: bodyOf(n),
	}
	for _, child := range n.elements() {
		if child.tag == "Media" {
			reply.Media = append(reply.Media, resolve(document, child.words()))
		}
	}
	switch {
	case strings.TrimSpace(reply.Body) == "" && len(reply.Media) == 0:
		w.result.Problems = append(w.result.Problems, Problem{Warning: true, Code: codeBody, URL: withoutQuery(document), Text: "<Message> has neither text nor media"})
		return
	case len(w.result.Replies) >= mostReplies:
		w.result.Problems = append(w.result.Problems, Problem{Warning: true, Code: codeTooMany, URL: withoutQuery(document), Text: "more than 10 replies to one message"})
		return
	}
	w.result.Replies = append(w.result.Replies, reply)
	w.note(Event{Kind: Replied, Who: Sender, Text: reply.Body + strings.Join(reply.Media, " ")})
	w.delivered(ctx, n, document, reply)
}

// delivered tells the status callback of a reply how it fares.
func (w *walk) delivered(ctx context.Context, n node, document string, reply Reply) {
	if n.value("action") != "" {
		w.note(Event{Kind: Skipped, Who: Sender, Text: "the action of <Message> is not played"})
	}
	callback := n.value("statusCallback")
	if callback == "" {
		return
	}
	sid := NewSID("SM")
	statuses := []string{"sent", "delivered"}
	if w.undelivered != "" {
		statuses = []string{"sent", "undelivered"}
	}
	for _, status := range statuses {
		params := Params{
			{"MessageSid", sid},
			{"SmsSid", sid},
			{"MessageStatus", status},
			{"SmsStatus", status},
			{"From", reply.From},
			{"To", reply.To},
			{"AccountSid", w.Account.SID},
			{"ApiVersion", "2010-04-01"},
		}
		if status == "undelivered" {
			params = append(params, Param{"ErrorCode", w.undelivered})
		}
		w.tell(ctx, target{url: resolve(document, callback), method: "POST", params: params})
	}
}
