package pages

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// muteView is the form that mutes an incident, as it was typed.
type muteView struct {
	Until, UpTo string
	Zone        string
	Suggested   int64 // callers
	Problems    []history.Problem
	Open        bool // the form is unfolded
}

func (p *Pages) muteForm(in incident.Incident) *muteView {
	return &muteView{Zone: p.Settings().Zone.String(), Suggested: suggestedCallers(in.Callers)}
}

// suggestedCallers is the next round number that is well above callers.
func suggestedCallers(callers int64) int64 {
	step := int64(10)
	for step < 2*callers {
		step *= 10
		if half := step / 2; half >= 2*callers {
			return half
		}
	}
	return step
}

const (
	muteAtMost  = 30 * 24 * time.Hour
	maxMuteForm = 4 << 10
)

// muting is what somebody wants: for how long.
type muting struct {
	until time.Time
	upTo  int64
}

// mute has nobody told of an incident for a time, or until so many callers. What
// is not understood is shown again as it was typed.
func (p *Pages) mute(c *gin.Context) error {
	form, err := formOf(c, maxMuteForm)
	if err != nil {
		return err
	}
	id, err := incidentID(c)
	if err != nil {
		return err
	}
	wanted, problems := p.readMuting(form)
	if len(problems) > 0 {
		return p.showIncident(c, id, http.StatusBadRequest, func(view *incidentView) {
			view.Refresh = false // this address cannot be asked for again
			if m := view.Standing.Mute; m != nil {
				m.Problems, m.Open = visible(problems), true
				m.Until, m.UpTo = form.Get("until"), form.Get("callers")
			}
		})
	}
	return p.change(c, func(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
		return p.History.Mute(ctx, id, by, wanted.until, wanted.upTo, at)
	})
}

// unmute has people told again.
func (p *Pages) unmute(c *gin.Context) error {
	return p.change(c, func(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
		return p.History.Mute(ctx, id, by, at, 0, at)
	})
}

// readMuting reads for how long.
func (p *Pages) readMuting(form url.Values) (m muting, problems []history.Problem) {
	now := p.Now()
	if span := form.Get("for"); span != "" {
		d, ok := history.ParseSpan(span)
		if !ok || d > muteAtMost {
			return m, []history.Problem{{Field: "for", Value: span, Hint: "write how long, such as 1h, 30 days at most"}}
		}
		return muting{until: now.Add(d)}, nil
	}
	if form.Get("until") != "" {
		m.until, problems = p.readEnd(form, now)
	}
	if typed := strings.TrimSpace(form.Get("callers")); typed != "" {
		n, err := strconv.ParseInt(typed, 10, 64)
		if err != nil || n < 1 || n > 1_000_000_000 {
			problems = append(problems, history.Problem{Field: "callers", Value: typed, Hint: "write how many callers, such as " + templates.Count(100)})
		}
		m.upTo = n
	}
	if len(problems) == 0 && m == (muting{}) {
		problems = append(problems, history.Problem{Field: "until", Hint: "say until when, or until how many callers"})
	}
	return m, problems
}

// readEnd reads when something ends that keeps people from being told.
func (p *Pages) readEnd(form url.Values, now time.Time) (time.Time, []history.Problem) {
	if ahead, ok := history.ParseSpan(strings.TrimSpace(form.Get("until"))); ok && ahead <= muteAtMost {
		return now.Add(ahead), nil // elsewhere it would count back
	}
	until, problems := history.ParseMoment(url.Values{"until": {form.Get("until")}}, "until", now, p.Settings().Zone)
	switch {
	case len(problems) > 0:
		problems[0].Hint = "write a time such as 2026-11-23 14:00"
	case !until.After(now):
		problems = append(problems, history.Problem{Field: "until", Value: form.Get("until"), Hint: "this is over already: write a time to come"})
	case until.Sub(now) > muteAtMost:
		problems = append(problems, history.Problem{Field: "until", Value: form.Get("until"), Hint: "this is too far away: 30 days at most, so that nothing is forgotten"})
	}
	return until, problems
}

// formOf reads what was posted, at most that many bytes of it.
func formOf(c *gin.Context, most int64) (url.Values, error) {
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, most)
	if err := c.Request.ParseForm(); err != nil {
		return nil, badRequestError{"This form could not be read."}
	}
	return c.Request.PostForm, nil
}
