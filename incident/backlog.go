package incident

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Queue is how one notifier gets on with what waits for it.
type Queue struct {
	Notifier  string
	Failing   bool   // its last attempt failed
	LastError string // of that attempt
	// Waiting is how many deliveries are past their time, and Since when the first
	// of those was due that the notifier itself holds up: it fails, or an attempt
	// never ends. Since is zero where it holds up none: what caps, digests and
	// quiet hours hold is meant to wait.
	Waiting int
	Since   time.Time
	// Told says that people know of the backlog.
	Told bool
}

// BacklogAfter is how long alerts may wait for a notifier that fails until
// people are told of it by the others.
const BacklogAfter = 2 * time.Minute

// Late says whether alerts have waited too long.
func (q Queue) Late(now time.Time) bool {
	return !q.Since.IsZero() && now.Sub(q.Since) >= BacklogAfter
}

// well says whether an alert would get out that way now.
func (q Queue) well(now time.Time) bool { return !q.Failing && !q.Late(now) }

// BacklogNews is what changes about one notifier's backlog.
type BacklogNews struct {
	Notifier string
	Told     bool  // from now on
	Alert    Alert // has no Kind where there is nobody to tell
}

// Backlogs says what is new about queues: alerts that have begun to wait too
// long, which the other notifiers are told once, and that it is over. While no
// other notifier works a new backlog is none yet: it is told as soon as one does.
func (p Policy) Backlogs(queues []Queue, now time.Time) (news []BacklogNews) {
	for _, q := range queues {
		one := BacklogNews{Notifier: q.Notifier, Told: q.Late(now)}
		if one.Told == q.Told || !one.Told && q.Failing { // over is what has got out
			continue
		}
		alert := p.backlogOver(q, now)
		if one.Told {
			alert = p.backlogBegins(q, now)
		}
		switch aimed, ok := p.aim(alert, queues, now); {
		case ok:
			one.Alert = aimed
		case one.Told:
			continue
		}
		news = append(news, one)
	}
	return news
}

func (p Policy) backlogBegins(q Queue, now time.Time) Alert {
	said := "An attempt to send does not end."
	if q.LastError != "" {
		said = "Its last error: " + strings.TrimSuffix(q.LastError, ".") + "."
	}
	return Alert{
		Kind: Meta, At: now, Topic: NotifierTopic.About(q.Notifier), Except: q.Notifier, Urgency: p.weight(q.Notifier),
		Title: fit("Alerts wait: " + q.Notifier + " does not take them"),
		Detail: fmt.Sprintf("The notifier %s has taken nothing for %s; %s. %s They are tried for a day, and are on the page all the same. "+
			DoFirst+"mend what the error says, and try it with `backstop check --notify`.",
			q.Notifier, spoken(now.Sub(q.Since)), waiting(q.Waiting), said),
		Reason: "alerts wait for a notifier that fails",
	}
}

func waiting(n int) string {
	if n == 1 {
		return "one alert waits"
	}
	return fmt.Sprintf("%d alerts wait", n)
}

// backlogOver is nothing that wakes anybody.
func (Policy) backlogOver(q Queue, now time.Time) Alert {
	return Alert{
		Kind: Meta, At: now, Topic: NotifierTopic.About(q.Notifier), Except: q.Notifier,
		Title:  fit("Alerts get out again: " + q.Notifier),
		Detail: "What waited for the notifier " + q.Notifier + " has been sent. Nothing has to be done.",
		Reason: "a notifier that failed works again",
		Ends:   []Topic{NotifierTopic.About(q.Notifier)},
	}
}

// mostTitle is how long a title may be.
const mostTitle = 70

func fit(title string) string {
	if r := []rune(title); len(r) > mostTitle {
		return string(r[:mostTitle-1]) + "…"
	}
	return title
}

// weight is how urgent it is that a notifier does not work: a page where it is
// one that wakes people, for they would sleep.
func (p Policy) weight(notifier string) Urgency {
	for _, n := range p.Notifiers {
		if n.Name == notifier && (n.Wakes || n.OnlyPages) {
			return Page
		}
	}
	return Notice
}

// aim has an alert about a notifier go to those that work. Where only such are
// left as take nothing but pages, it is one. ok is false where none is left.
func (p Policy) aim(a Alert, queues []Queue, now time.Time) (aimed Alert, ok bool) {
	var only, pagers []string
	for _, n := range p.Notifiers {
		i := slices.IndexFunc(queues, func(q Queue) bool { return q.Notifier == n.Name })
		switch {
		case n.Name == a.Except || i >= 0 && !queues[i].well(now):
		case n.takes(a):
			only = append(only, n.Name)
		default:
			pagers = append(pagers, n.Name)
		}
	}
	if len(only) == 0 && len(pagers) > 0 {
		only, a.Urgency = pagers, Page
	}
	a.Only = only
	return a, len(only) > 0
}

// AboutNotifier has an alert about a notifier go to the others that work, or
// where none does, to all the others, for whenever they do again.
func (p Policy) AboutNotifier(a Alert, queues []Queue, now time.Time) Alert {
	a.Urgency = max(a.Urgency, p.weight(a.Except))
	if aimed, ok := p.aim(a, queues, now); ok {
		return aimed
	}
	return a
}

// Abandoned is what the others are told of a notifier that is configured no
// longer, and whose alerts nobody took for a day.
func Abandoned(notifier string, at time.Time) Alert {
	return Alert{
		Kind: Meta, At: at, Topic: NotifierTopic.About(notifier), Except: notifier,
		Title: fit("Alerts were given up: " + notifier + " is gone"),
		Detail: "Alerts have waited for the notifier " + notifier + " for a day and were given up: it is not configured any more. They are on the page all the same. " +
			DoFirst + "add it again under notifiers if it was removed by mistake.",
		Reason: "a notifier is gone, and alerts waited for it",
	}
}
