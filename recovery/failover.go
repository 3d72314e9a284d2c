package recovery

import (
	"context"
	"slices"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// failover asks the plan's standby servers, one after the other, until one
// serves. Where none does, the answer has no Document, and tried says why not,
// each in one line.
func (r *Recovery) failover(ctx context.Context, q Request, p Plan) (a incident.Answer, tried []string) {
	ctx, cancel := context.WithTimeout(ctx, Budget)
	defer cancel()
	question := standby.Question{
		Method: q.Method, Params: q.Params, Failed: q.ErrorURL, Token: q.Token, Voice: q.Channel == incident.Voice,
		Sign: func(url string, form []incident.Param) (string, bool) { return q.Keys.Sign(q.Match, url, form) },
	}
	for _, step := range p.Steps {
		for _, target := range step.Targets {
			if !target.Serves(q.AccountSID) && !q.Drill {
				continue
			}
			if ctx.Err() != nil {
				tried = append(tried, target.Name+": no time was left for it")
				continue
			}
			document, err := r.standbys.Serve(ctx, target, &question, p.primaries)
			if err != nil {
				tried = append(tried, target.Name+": "+err.Error())
				continue
			}
			return saved(p, target.Name, document, tried), nil
		}
	}
	return incident.Answer{}, tried
}

// saved is what a standby server answered in the place of the one that failed.
func saved(p Plan, target string, document []byte, tried []string) incident.Answer {
	return incident.Answer{
		Step: string(Failover) + " " + target, Situation: p.Situation, Name: p.Wording.Name,
		Why: joinReasons(tried), Outcome: incident.Saved, Document: document,
	}
}

// asks says whether the plan asks anybody else.
func (p *Plan) asks() bool {
	return slices.ContainsFunc(p.Steps, func(s Step) bool { return len(s.Targets) > 0 })
}
