// Package rest asks Twilio's REST API for what no request brings: recordings;
// and sends the texts and makes the calls that alert people. It keeps nothing.
package rest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/backstop-project/backstop/twilio"
)

// DefaultURL is where Twilio's API is, for accounts in the region us1:
// https://www.twilio.com/docs/usage/api
const DefaultURL = "https://api.twilio.com"

// Options are what a Client goes by.
type Options struct {
	URL string // of the API, scheme and host; DefaultURL where empty
	// Token is an auth token of an account; "" where none is known.
	Token func(account string) string
}

// Client asks Twilio. It serves any number of goroutines.
type Client struct {
	o    Options
	http *http.Client
	send *http.Client // follows nothing: who moved is not whom the token is for
}

const (
	answerWithin = 8 * time.Second // until the first byte: pages have to say so before their own time is over
	largest      = 64 << 20        // bytes: ten minutes of speech are 10 MB
)

// New makes a Client.
func New(o Options) *Client {
	if o.URL == "" {
		o.URL = DefaultURL
	}
	transport := &http.Transport{
		ResponseHeaderTimeout: answerWithin, TLSHandshakeTimeout: answerWithin, MaxResponseHeaderBytes: 64 << 10, IdleConnTimeout: time.Minute,
	}
	return &Client{
		o: o, http: &http.Client{Transport: transport},
		send: &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

// Errors that callers tell apart.
var (
	ErrNoToken  = errors.New("there is no auth token of this account in the configuration")
	ErrNotFound = errors.New("Twilio has no such recording: it may have been deleted there") //nolint:staticcheck // a name
)

// Recording is a recording as MP3, at most 64 MB of it, to be closed by the
// caller. size is -1 where Twilio did not say. Its errors are fit for people, and
// hold no token.
// https://www.twilio.com/docs/voice/api/recording#fetch-a-recordings-media-file
func (c *Client) Recording(ctx context.Context, account, sid string) (media io.ReadCloser, size int64, err error) {
	token := c.o.Token(account)
	switch {
	case !twilio.IsAccountSID(account) || !isRecording(sid):
		return nil, 0, ErrNotFound
	case token == "":
		return nil, 0, ErrNoToken
	}
	address := c.o.URL + "/2010-04-01/Accounts/" + account + "/Recordings/" + sid + ".mp3"
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, 0, err
	}
	r.SetBasicAuth(account, token)
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, 0, fmt.Errorf("Twilio could not be asked: %w", withoutURL(err)) //nolint:staticcheck // a name
	}
	switch {
	case answer.StatusCode == http.StatusNotFound:
		err = ErrNotFound
	case answer.StatusCode == http.StatusUnauthorized:
		err = errors.New("Twilio does not take the account's auth token") //nolint:staticcheck // a name
	case answer.StatusCode != http.StatusOK:
		err = fmt.Errorf("Twilio answered %d", answer.StatusCode) //nolint:staticcheck // a name
	case !strings.HasPrefix(answer.Header.Get("Content-Type"), "audio/"):
		err = errors.New("what came is no recording") // whatever it is, it is not shown in our name
	}
	if err != nil {
		return nil, 0, errors.Join(err, answer.Body.Close())
	}
	return limited{io.LimitReader(answer.Body, largest), answer.Body}, answer.ContentLength, nil
}

// withoutURL is err without the address, which holds the account.
func withoutURL(err error) error {
	if step, ok := errors.AsType[*url.Error](err); ok {
		return step.Err
	}
	return err
}

func isRecording(sid string) bool {
	kind, _ := twilio.KindOf(sid)
	return kind == twilio.SIDRecording
}

type limited struct {
	io.Reader
	io.Closer
}

// DeleteRecording has Twilio delete a recording. One that is not there is
// ErrNotFound. Its errors are fit for people, and hold no token.
// https://www.twilio.com/docs/voice/api/recording#delete-a-recording-resource
func (c *Client) DeleteRecording(ctx context.Context, account, sid string) error {
	token := c.o.Token(account)
	switch {
	case !twilio.IsAccountSID(account) || !isRecording(sid):
		return ErrNotFound
	case token == "":
		return ErrNoToken
	}
	ctx, stop := context.WithTimeout(ctx, 2*answerWithin)
	defer stop()
	address := c.o.URL + "/2010-04-01/Accounts/" + account + "/Recordings/" + sid + ".json"
	r, err := http.NewRequestWithContext(ctx, http.MethodDelete, address, http.NoBody)
	if err != nil {
		return withoutURL(err)
	}
	r.SetBasicAuth(account, token)
	answer, err := c.send.Do(r)
	if err != nil {
		return fmt.Errorf("Twilio could not be asked: %w", withoutURL(err)) //nolint:staticcheck // a name
	}
	_ = answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusNoContent:
		return nil
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusUnauthorized:
		return errors.New("Twilio does not take the account's auth token") //nolint:staticcheck // a name
	}
	return &RefusedError{Status: answer.StatusCode, Pause: pauseOf(answer)}
}
