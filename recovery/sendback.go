package recovery

import (
	"fmt"
	"net/http"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// RetryOptions is a step that sends a call back to the address that failed.
type RetryOptions struct {
	Times int           // at most that often a call; 1 where zero
	Wait  time.Duration // after so long, and a spoken "one moment"; 0 where only a good probe is a reason
}

// MostWait is how long a caller may be made to wait for another try.
const MostWait = 30 * time.Second

// retry goes back to ErrorUrl, on a server of the customer's own, with a reason:
// it is up again, or some seconds have passed.
func (r *Recovery) retry(q *Request, p *Plan, step *Step, at Place) (served, []string) {
	failed := q.ReceivedAt
	if p.resumed {
		failed = at.began()
	}
	up := p.back(standby.PrimaryName(q.ErrorURL), failed, step.Retry.Wait > 0)
	switch {
	case p.Gone || p.Quiet:
		return served{}, nil
	case q.ErrorURL == "" && p.resumed:
		return served{}, reason("retry", "the address that failed is not known any more")
	case !p.primaries.Has(q.ErrorURL) || q.Itself && p.state.Address == "":
		return served{}, reason("retry", "the address that failed is on none of the primaries")
	case p.state.Retries >= step.Retry.Times:
		return served{}, reason("retry", "it was tried again already")
	case p.Situation == incident.Text && twilio.MayHaveActed(q.Code):
		return served{}, reason("retry", fmt.Sprintf("it may have handled the message already (%d)", q.Code))
	case q.acted != "":
		return served{}, reason("retry", q.acted+" may have handled the message already")
	case !up && step.Retry.Wait == 0:
		return served{}, reason("retry", "no probe says that the server is back")
	case !up && p.Situation == incident.Text:
		return served{}, nil // a message cannot wait
	}
	d := r.draft(q, p, at)
	if !up {
		d.add(twiml.Pause{}).say(incident.OneMoment).add(twiml.Pause{Length: step.Retry.Wait})
	}
	d.add(twiml.Redirect{URL: q.ErrorURL, Method: method(q.Method)})
	return d.sendBack("retry", up)
}

// redirect has the call go on at a target, which must be known to be up: a
// Redirect that fails is another failure.
func (r *Recovery) redirect(q *Request, p *Plan, target *standby.Target, at Place) (served, []string) {
	name := "redirect " + target.Name
	switch {
	case p.Gone || p.Quiet || !target.Serves(q.AccountSID) && !q.Drill:
		return served{}, nil
	case !p.up(target.Name):
		return served{}, reason(name, "no probe says that it is up")
	}
	if why := q.repeated(target); why != "" {
		return served{}, reason(name, why)
	}
	address, why := target.Address(q.ErrorURL, p.primaries)
	if why != "" {
		return served{}, reason(name, "it "+why)
	}
	d := r.draft(q, p, at)
	d.add(twiml.Redirect{URL: address, Method: method(q.Method)})
	return d.sendBack(name, true)
}

// sendBack is an answer whose end another server knows. Where that is known to be
// up it counts as saved: should it fail, Twilio asks again, and that counts.
func (d *draft) sendBack(step string, up bool) (served, []string) {
	outcome := incident.OutcomeUnknown
	if up {
		outcome = incident.Saved
	}
	return d.answer(step, outcome)
}

// method is what a Redirect names: nothing where it is Twilio's own.
func method(m string) string {
	if m == http.MethodGet {
		return m
	}
	return ""
}
