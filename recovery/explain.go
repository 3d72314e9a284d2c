package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
)

// Explanation is what would happen to a failure, in words for people. Nobody
// was asked for it.
type Explanation struct {
	Rule  string   // "Rule 1, our server is down"; "" where none matches
	Steps []string // what would be tried, in order, each with what is in its way
	// Timed says that the hour at which f came in was asked for; without it any
	// other hour has the same answer.
	Timed bool
	// Circles is why no rule is asked: the call or message goes round in circles.
	// "" where it does not.
	Circles string
}

// Explain says what would happen to f, as of when it came in, with the state that
// standbys are in now, nil for none, and what is known beside.
func (r *Rules) Explain(f incident.Failure, standbys *standby.Client, s State, now time.Time) Explanation {
	plan := Decide(f, *r, s)
	at := moment{standbys, s, now}
	e := Explanation{Circles: s.circles()}
	for i := range r.rules {
		e.Timed = e.Timed || r.rules[i].match.timed(f.Channel)
		if &r.rules[i] == plan.rule {
			e.Rule = r.rules[i].title(i)
			e.Timed = e.Timed || plan.dialsOnCall()
			break // those behind it are not looked at
		}
	}
	if f.Itself {
		if asksPerson(f.ErrorURL) {
			e.Steps = []string{"Hangs up on whoever was dialled, who could not be asked: a mailbox must not have the call."}
			return e
		}
		f.ErrorURL = cmp.Or(s.Address, f.ErrorURL) // as when it is carried out
	}
	for _, step := range plan.Steps {
		said, last := explain(f, plan, step, at)
		e.Steps = append(e.Steps, said...)
		if last {
			return e
		}
	}
	e.Steps = append(e.Steps, words(plan))
	return e
}

// timed says whether a match asks for the time at which something came in on that
// channel.
func (m *Match) timed(on incident.Channel) bool {
	return (m.Open != "" || m.Closed != "") && (m.Channel == "" || m.Channel == on.String())
}

// dialsOnCall says whether somebody of a list is rung, who depends on the hour.
func (p *Plan) dialsOnCall() bool {
	ok, _ := p.holdable()
	return ok && slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Kind == DialPeople && s.Dial.roster != nil })
}

// moment is what is known beside a failure and the rules.
type moment struct {
	standbys *standby.Client
	state    State
	now      time.Time
}

// explain is one step in words; last says that nothing behind it is tried.
func explain(f incident.Failure, p Plan, step Step, at moment) (said []string, last bool) {
	switch step.Kind {
	case Failover:
		for _, target := range step.Targets {
			said = append(said, explainTarget(f, p, target, at))
		}
		may, _ := allowed(&Request{Failure: f}, step.Targets)
		if wait := hedge(f, step.Hedge, may); wait > 0 && len(may) > 1 {
			said = append(said, "Each is asked "+wait.String()+" after the one before it, or at once where that fails, and the first answer counts.")
		}
		return said, false
	case LastGood:
		said, serves := explainLastGood(f, p, at)
		return []string{said}, serves
	case Reject:
		if p.Unanswered {
			return []string{"Rejects the call (" + step.Reason + "), unbilled."}, true
		}
		return []string{"Would reject a call that rings; this is none."}, false
	case Ignore:
		return []string{"Says nothing."}, true
	case Redirect, Retry:
		return []string{explainTried(f, p, step)}, false
	case DialPeople, Queue, Voicemail, Callback:
		return explainHolding(f, p, step)
	case Message:
	}
	return []string{words(p)}, true
}

// explainHolding is a step of ours that the call stays with.
func explainHolding(f incident.Failure, p Plan, step Step) (said []string, last bool) {
	ok, why := p.holdable()
	if !ok {
		if why != "" {
			said = append(said, string(step.Kind)+" is passed over: "+why+".")
		}
		return said, false
	}
	if step.Kind == DialPeople && step.Dial.roster != nil {
		return []string{explainOnCall(step.Dial, f.ReceivedAt)}, false
	}
	return []string{explainTried(f, p, step)}, false
}

// explainOnCall says who of an on-call list is rung at that moment.
func explainOnCall(d *Dial, at time.Time) string {
	names := namesOf(d.peopleAt(at))
	switch {
	case len(names) == 0:
		return "dial is passed over: nobody is on call (" + d.OnCall + ") at that hour."
	case d.AtOnce:
		return sentence(d.does()) + ": " + strings.Join(names, ", ") + "."
	}
	return sentence(d.does()) + ": " + inTurn(names) + "."
}

func explainTarget(f incident.Failure, p Plan, target *standby.Target, at moment) string {
	if !target.Serves(f.AccountSID) && !f.Drill {
		return target.Name + " is passed over: it does not serve this account."
	}
	address, why := target.Address(f.ErrorURL, p.primaries)
	if why != "" {
		return target.Name + " is passed over: it " + why + "."
	}
	if why := repeated(f, target); why != "" {
		return target.Name + " is passed over: " + why + "."
	}
	said := "Asks " + target.Name + " at " + twilio.ParseErrorURL(address).String() + "."
	if last := lastProbe(at.state.health(target.Name), at.now); last != "" {
		said += " " + last
	}
	if why, broken := at.standbys.Broken(target); broken {
		said += " At present it is left alone, for it failed lately: " + why + "."
	}
	return said
}

// words is what is said behind the last step.
func words(p Plan) string {
	if p.Quiet {
		return "Says nothing: " + p.Why + "."
	}
	verb := "Says"
	if p.Situation == incident.Text {
		verb = "Writes"
	}
	return fmt.Sprintf("%s the apology (%s, in %s).", verb, p.Situation, strings.Join(p.Wording.Languages, ", "))
}

// title is what a rule is called for people.
func (r *rule) title(at int) string {
	if r.name == "" {
		return fmt.Sprintf("Rule %d", at+1)
	}
	return fmt.Sprintf("Rule %d, %s", at+1, r.name)
}

// Outline is a rule for people.
type Outline struct {
	Title  string   // "Rule 1, our server is down"
	Asks   []string // "channel voice", "codes 11200-11299"; empty: everything matches
	Does   []string // "asks standby", "says the apology"
	Billed string   // whether calls cost something
}

// Outlines are all rules, in their order.
func (r *Rules) Outlines() []Outline {
	all := make([]Outline, 0, len(r.rules))
	for i := range r.rules {
		one := &r.rules[i]
		all = append(all, Outline{Title: one.title(i), Asks: one.match.asks(), Does: one.does(), Billed: one.billed()})
	}
	return all
}

// asks is what a match says, each in a few words.
func (m *Match) asks() (asks []string) {
	if m.Channel != "" {
		asks = append(asks, "channel "+m.Channel)
	}
	for _, list := range []struct {
		what string
		of   []string
	}{
		{"codes", m.Codes},
		{"lines", m.Lines},
		{"tags", m.Tags},
		{"from", m.From},
		{"to", m.To},
		{"accounts", m.Accounts},
		{"hosts", m.Hosts},
		{"paths", m.Paths},
		{"directions", m.Directions},
		{"statuses", m.Statuses},
		{"visits", oneOf(m.Visits)},
		{"health", m.Health},
	} {
		if len(list.of) > 0 {
			asks = append(asks, list.what+" "+strings.Join(list.of, ", "))
		}
	}
	return append(asks, m.asksHours()...)
}

func oneOf(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}

// sentence is a phrase with a capital.
func sentence(phrase string) string {
	if phrase == "" {
		return ""
	}
	return strings.ToUpper(phrase[:1]) + phrase[1:]
}
