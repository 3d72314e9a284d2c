package main

import (
	"context"
	"io"

	"github.com/backstop-project/backstop/twilio/rest"
)

// recordings fetches voicemails from Twilio, with the tokens of now.
type recordings struct{ current func() *parts }

// Recording is rest.Client's.
func (r recordings) Recording(ctx context.Context, account, sid string) (io.ReadCloser, int64, error) {
	return r.current().twilio.Recording(ctx, account, sid)
}

// token is the first auth token of an account, "" where none is configured.
func (p *parts) token(account string) string {
	for _, a := range p.config.Accounts {
		if a.SID == account && len(a.Tokens) > 0 {
			return a.Tokens[0]
		}
	}
	return ""
}

func (p *parts) newTwilio() *rest.Client {
	return rest.New(rest.Options{URL: p.config.TwilioAPI, Token: p.token})
}
