package recovery

import (
	"context"
	"slices"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// failover asks standby servers, one after the other, until one serves. Where
// none does, the answer has no Document; tried says why those did not that were
// asked before, each in one line.
func (r *Recovery) failover(ctx context.Context, q Request, p Plan, targets []*standby.Target) (a incident.Answer, tried []string) {
	question := standby.Question{
		Method: q.Method, Params: q.Params, Failed: q.ErrorURL, Token: q.Token, Voice: q.Channel == incident.Voice,
		Sign: func(url string, form []incident.Param) (string, bool) { return q.Keys.Sign(q.Match, url, form) },
	}
	for _, target := range targets {
		if !target.Serves(q.AccountSID) && !q.Drill {
			continue
		}
		if ctx.Err() != nil {
			tried = append(tried, target.Name+": no time was left for it")
			continue
		}
		document, err := r.standbys.Serve(ctx, target, &question, p.primaries)
		if err == nil {
			return saved(p, target.Name, document), tried
		}
		tried = append(tried, target.Name+": "+err.Error())
	}
	return incident.Answer{}, tried
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
