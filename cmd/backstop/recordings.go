package main

import (
	"context"
	"io"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/twilio/rest"
)

// recordings fetches voicemails from Twilio, with the tokens of now.
type recordings struct{ current func() *parts }

// Recording is rest.Client's.
func (r recordings) Recording(ctx context.Context, account, sid string) (io.ReadCloser, int64, error) {
	return r.current().twilio.Recording(ctx, account, sid)
}

// newTwilio asks Twilio with the first auth token of each account.
func newTwilio(cfg config.Config) *rest.Client {
	return rest.New(rest.Options{URL: cfg.TwilioAPI, Token: func(account string) string {
		for _, a := range cfg.Accounts {
			if a.SID == account && len(a.Tokens) > 0 {
				return a.Tokens[0]
			}
		}
		return "" // none is configured
	}})
}
