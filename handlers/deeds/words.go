package deeds

import (
	"errors"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/history"
)

// said is what a deed came to, in a sentence or two for whoever did it as by.
func (s Settings) said(o outcome, a act.Action, by string) string {
	switch {
	case o.none:
		return gone
	case o.done && a == act.Acknowledge:
		return "Done: the incident is yours, and the others see it. Nobody is reminded any more."
	case o.done && a == act.Mute:
		return "Done: nobody is told more of it until " + s.clock(o.at) + ". That it is over is told all the same."
	case o.done:
		return "Done: the incident is resolved, and whoever knew of it is told. If it fails again, a new one begins."
	case o.over && o.by == "":
		return "It is over already: nothing was changed."
	case o.over:
		return fmt.Sprintf("It is over already: resolved by %s at %s. Nothing was changed.", name(o.by, by), s.clock(o.at))
	case a == act.Mute && o.at.IsZero():
		return "It is muted already, by " + name(o.by, by) + ". Nothing was changed."
	case a == act.Mute:
		return fmt.Sprintf("It is muted already, by %s until %s. Nothing was changed.", name(o.by, by), s.clock(o.at))
	}
	return fmt.Sprintf("%s took it already, at %s. Nothing was changed.", capital(name(o.by, by)), s.clock(o.at))
}

// gone is said of what an older ledger or retention took away.
const gone = "This incident is not known here any more: the history was replaced, or it is too old. Nothing was changed."

// trouble is what whoever acts is told where the ledger did not do it.
func trouble(err error) string {
	if errors.Is(err, errLate) {
		return "Backstop's history is slow at the moment: it is being done, and you see on the incident's page when it is."
	}
	return "Backstop's history is not available at the moment: nothing was changed. Try again in a minute."
}

func name(who, you string) string {
	if who == you {
		return "you"
	}
	return history.Visible(who)
}

func capital(who string) string {
	if who == "you" {
		return "You"
	}
	return who
}

func (s Settings) clock(t time.Time) string {
	zone := s.Zone
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format("2006-01-02 15:04 -07:00")
}
