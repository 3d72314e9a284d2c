package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/backstop-project/backstop/twilio"
)

// RefusedError is Twilio's no to a message or a call. It holds no number and no
// token.
type RefusedError struct {
	Status int
	Code   int           // of Twilio, 0 where it gave none: https://www.twilio.com/docs/api/errors
	Pause  time.Duration // that Twilio asks for; 0 for none
}

// Error says the status and the code.
func (e *RefusedError) Error() string {
	if e.Code == 0 {
		return fmt.Sprintf("Twilio answered %d", e.Status)
	}
	return fmt.Sprintf("Twilio answered %d with error %d", e.Status, e.Code)
}

// Text sends a text message and returns its SID, "" where the answer broke off
// behind its yes. from is a number, a sender's name or the SID of a messaging
// service. Twilio knows no idempotency for
// messages: one whose answer was lost may have been sent, and is sent again by
// whoever tries again.
// https://www.twilio.com/docs/messaging/api/message-resource#create-a-message
func (c *Client) Text(ctx context.Context, account, from, to, body string) (sid string, err error) {
	form := url.Values{"To": {to}, "Body": {body}}
	sender := "From"
	if kind, _ := twilio.KindOf(from); kind == twilio.SIDMessagingService {
		sender = "MessagingServiceSid"
	}
	form.Set(sender, from)
	return c.create(ctx, account, "Messages", form)
}

// Call calls to, has Twilio do what document says, and returns the call's SID.
// What Text says of answers that were lost holds for calls, too.
// https://www.twilio.com/docs/voice/api/call-resource#create-a-call-resource
func (c *Client) Call(ctx context.Context, account, from, to string, document []byte) (sid string, err error) {
	return c.create(ctx, account, "Calls", url.Values{"To": {to}, "From": {from}, "Twiml": {string(document)}})
}

func (c *Client) create(ctx context.Context, account, what string, form url.Values) (sid string, err error) {
	token := c.o.Token(account)
	switch {
	case !twilio.IsAccountSID(account):
		return "", errors.New("that is no Account SID")
	case token == "":
		return "", ErrNoToken
	}
	address := c.o.URL + "/2010-04-01/Accounts/" + account + "/" + what + ".json"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", withoutURL(err)
	}
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	answer, err := c.send.Do(r)
	if err != nil {
		return "", fmt.Errorf("Twilio could not be asked: %w", withoutURL(err)) //nolint:staticcheck // a name
	}
	const most = 64 << 10
	raw, err := io.ReadAll(io.LimitReader(answer.Body, most))
	_ = answer.Body.Close()
	switch {
	case err != nil && answer.StatusCode == http.StatusCreated:
		return "", nil
	case err != nil:
		return "", fmt.Errorf("Twilio broke off: %w", withoutURL(err)) //nolint:staticcheck // a name
	}
	var said struct {
		SID  string
		Code int
	}
	_ = json.Unmarshal(raw, &said) // what is no JSON has neither
	if answer.StatusCode != http.StatusCreated {
		return "", &RefusedError{Status: answer.StatusCode, Code: said.Code, Pause: pauseOf(answer)}
	}
	if _, ok := twilio.KindOf(said.SID); !ok {
		return "", errors.New("what answered is not Twilio: it names no SID")
	}
	return said.SID, nil
}

// pauseOf is how long Twilio wants to be left alone.
func pauseOf(answer *http.Response) time.Duration {
	seconds, err := strconv.ParseInt(answer.Header.Get("Retry-After"), 10, 32)
	if err != nil || seconds < 0 || answer.StatusCode != http.StatusTooManyRequests && answer.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	return time.Duration(seconds) * time.Second
}
