package recovery

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// failover asks standby servers until one serves. Where none does, the answer
// has no Document; tried says why those did not that were asked before, each in
// one line.
func (r *Recovery) failover(ctx context.Context, q *Request, p *Plan, step *Step) (s served, tried []string) {
	verifiedBy, keys := q.Match, q.Keys // what Sign may keep, so that q itself stays where it is
	question := standby.Question{
		Method: q.Method, Params: slices.Clone(q.Params), // who is overtaken may have them longer than the request lasts
		Failed: q.ErrorURL, Token: q.Token, Voice: q.Channel == incident.Voice,
		Sign: func(url string, form []incident.Param) (string, bool) { return keys.Sign(verifiedBy, url, form) },
	}
	targets, tried := allowed(q, step.Targets)
	found := r.standbys.ServeFirst(ctx, targets, hedge(q.Failure, step.Hedge, targets), &question, p.primaries)
	tried = append(tried, found.Tried...)
	if found.By == nil {
		return served{acted: found.Acted}, tried
	}
	r.keep(q.Failure, *p, found.Document)
	return plain(saved(*p, found.By.Name, found.Document)), tried
}

// allowed are the targets that may be asked about q, and why some may not.
func allowed(q *Request, targets []*standby.Target) (may []*standby.Target, not []string) {
	for _, target := range targets {
		if !target.Serves(q.AccountSID) && !q.Drill {
			continue
		}
		if why := q.repeated(target); why != "" {
			not = append(not, target.Name+": "+why)
			continue
		}
		may = append(may, target)
	}
	return may, not
}

// repeated is why target must not handle the message, after whoever may have
// done so; "" where it may.
func (q *Request) repeated(target *standby.Target) string {
	if why := repeated(q.Failure, target); why != "" {
		return why
	}
	return target.After(q.acted)
}

// repeated is why a message must not be handled by target after the server that
// failed; "" where it may. A call is still there, and goes on; a message that
// is handled twice is two orders.
func repeated(f incident.Failure, target *standby.Target) string {
	if f.Channel != incident.Messaging || target.RepeatOK || !twilio.MayHaveActed(f.Code) {
		return ""
	}
	return fmt.Sprintf("the primary may have handled the message already (%d): say repeat_ok if the standby can take it twice", f.Code)
}

// hedge is after how long the next target is asked, too. A message is sent to
// two of them at once only if each can take it twice.
func hedge(f incident.Failure, configured time.Duration, targets []*standby.Target) time.Duration {
	once := func(t *standby.Target) bool { return !t.RepeatOK }
	if f.Channel == incident.Messaging && slices.ContainsFunc(targets, once) {
		return 0
	}
	return configured
}

// saved is what a standby server answered in the place of the one that failed.
func saved(p Plan, target string, document []byte) incident.Answer {
	return incident.Answer{
		Step: string(Failover) + " " + target, Situation: p.Situation, Name: p.Wording.Name,
		Outcome: incident.Saved, Document: document,
	}
}

// asks says whether the plan asks anybody else.
func (p *Plan) asks() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return len(s.Targets) > 0 })
}
