package notify

import (
	"context"
	"errors"
	"fmt"

	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio/rest"
)

// explain says what err means for that number, which it does not tell in full.
func (p *Phone) explain(ctx context.Context, to string, err error) error {
	who := templates.Masked(to)
	refused, ok := errors.AsType[*rest.RefusedError](err)
	switch {
	case ok && refused.Pause > 0:
		return RetryAfter(fmt.Errorf("%s: Twilio asks for a pause of %s", who, refused.Pause), refused.Pause)
	case ok:
		return fmt.Errorf("%s: %w: %s", who, refused, phoneRemedy(refused))
	case ctx.Err() != nil || isTimeout(err):
		return fmt.Errorf("%s: Twilio did not answer in time, so that it may come twice: try to reach api.twilio.com from this machine", who)
	}
	return fmt.Errorf("%s: %w", who, newRedactor().clean(err))
}

// isUnreachable says whether Twilio has proved that nothing it sends can reach
// the number: https://www.twilio.com/docs/api/errors
func isUnreachable(err error) bool {
	refused, ok := errors.AsType[*rest.RefusedError](err)
	if !ok || refused.Status < 400 || refused.Status > 499 {
		return false
	}
	switch refused.Code {
	case 21211, 21217, 21614, 21635: // no number, or none that takes texts
		return true
	case 21610: // its owner has written STOP
		return true
	}
	return false
}

// phoneRemedy says what to do about a no of Twilio's.
func phoneRemedy(refused *rest.RefusedError) string {
	switch refused.Code {
	case 21211, 21217:
		return "that is no number; look at to, or at the on-call list"
	case 21614, 21635:
		return "that number takes no texts; name a mobile number"
	case 21610:
		return "its owner has answered STOP; START sent from it to the number of from puts that right"
	case 21212, 21401, 21606, 21603, 21659, 21660, 21210, 21213:
		return "from is not a number of that account that can send; look at from and account"
	case 21408, 21215, 13227, 21612:
		return "the account may not send or call there; allow the country in the Console under Geo permissions"
	case 21608, 21219, 10002:
		return "a trial account reaches verified numbers only; upgrade it, or verify this one in the Console"
	case 20003:
		return "Twilio does not take the account's auth token; look at it in the configuration"
	case 20005, 20006, 10001, 30002:
		return "the account is suspended or closed; look for a notice in the Console"
	}
	if refused.Status >= 500 || refused.Status == 429 {
		return "it is tried again"
	}
	if refused.Status == 401 || refused.Status == 403 {
		return "Twilio does not take account and auth token; look at them in the configuration"
	}
	return "see https://www.twilio.com/docs/api/errors for what it means; it is tried again"
}
