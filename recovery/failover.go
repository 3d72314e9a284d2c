package recovery

import (
	"context"
	"slices"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// failover asks standby servers until one serves. Where none does, the answer
// has no Document; tried says why those did not that were asked before, each in
// one line.
func (r *Recovery) failover(ctx context.Context, q Request, p Plan, step Step) (a incident.Answer, tried []string) {
	question := standby.Question{
		Method: q.Method, Params: q.Params, Failed: q.ErrorURL, Token: q.Token, Voice: q.Channel == incident.Voice,
		Sign: func(url string, form []incident.Param) (string, bool) { return q.Keys.Sign(q.Match, url, form) },
	}
	var targets []*standby.Target
	for _, target := range step.Targets {
		if target.Serves(q.AccountSID) || q.Drill {
			targets = append(targets, target)
		}
	}
	document, from, tried := r.standbys.ServeFirst(ctx, targets, step.Hedge, &question, p.primaries)
	if from == nil {
		return incident.Answer{}, tried
	}
	return saved(p, from.Name, document), tried
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
