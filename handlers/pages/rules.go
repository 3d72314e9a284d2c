package pages

import (
	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/recovery"
)

const rulesPath = "/rules"

type rulesView struct {
	Frame
	Rules    []recovery.Outline
	Standing recovery.Standing // now
	Probed   []string          // how servers are
	Problems []history.Problem
	Asked    askedView
	Verdict  *verdictView // nil where nothing was asked, or not understood
}

// rules shows what callers get, and what would happen to one of them.
func (p *Pages) rules(c *gin.Context) error {
	view := rulesView{
		Rules: visibleRules(p.Rules()), Standing: visibleStanding(p.Standing(p.Now())),
		Probed: visibleAll(p.Probed()),
	}
	view.Frame, _ = p.framed(c.Request.Context(), c, "Rules", "rules")
	asked, problems := p.asked(c)
	verdict, more := p.verdict(c.Request.Context(), asked)
	if problems = append(problems, more...); len(problems) == 0 {
		view.Verdict = verdict
	}
	view.Asked, view.Problems = asked, visible(problems)
	return p.render(c, statusFor(problems), "rules", view)
}

// visibleRules are the rules with whatever an operator wrote made visible.
func visibleRules(rules []recovery.Outline) []recovery.Outline {
	for i := range rules {
		rules[i].Title = history.Visible(rules[i].Title)
		rules[i].Asks = visibleAll(rules[i].Asks)
	}
	return rules
}

// visibleStanding is likewise for hours and on-call lists.
func visibleStanding(s recovery.Standing) recovery.Standing {
	for i := range s.Hours {
		s.Hours[i].Name = history.Visible(s.Hours[i].Name)
	}
	for i := range s.OnCall {
		one := &s.OnCall[i]
		one.Name, one.People, one.Next = history.Visible(one.Name), visibleAll(one.People), visibleAll(one.Next)
	}
	return s
}

func visibleAll(texts []string) []string {
	shown := make([]string, len(texts))
	for i, text := range texts {
		shown[i] = history.Visible(text)
	}
	return shown
}
