// Package deeds is where people act from where they read of an incident: links
// of mails, buttons in Slack, replies by SMS and keys of a call. It opens what
// package act sealed, checks who speaks, and has the ledger do it; it knows
// neither database nor notifiers.
package deeds

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// Ledger is what deeds ask and tell. Any error but history.ErrNotFound means
// that it is away; every method may hang.
type Ledger interface {
	// LedgerID is the random id of the ledger whose numbers incidents have.
	LedgerID() (string, error)
	Incident(ctx context.Context, id int64) (history.IncidentDetail, error)
	Incidents(ctx context.Context, q history.IncidentQuery) (history.IncidentPage, error)
	Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error)
	Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error)
	Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error)
}

// SlackApp is an app whose buttons count.
type SlackApp struct {
	Notifier string   // whose messages have the buttons
	Secret   string   // the app's signing secret; "" where it speaks by its socket only
	Team     string   // T…
	App      string   // A…
	Users    []string // who may press; everybody of the team where it is empty
}

// Settings are what a reload may change, as one value.
type Settings struct {
	Zone  *time.Location
	Pages string // where people open the pages; "" for nowhere
	// Line says in one line what an incident is about.
	Line  func(incident.Incident) string
	Slack []SlackApp
	// Verifier checks Twilio's signatures. Replies says whether replies from
	// that number to that account are read: whether alerts are texted there.
	Verifier *twilio.Verifier
	Replies  func(account, number string) bool
	// Calls says whether alerts are called by that account.
	Calls func(account string) bool
	// Mask hides the numbers of those who act.
	Mask history.Mask
}

// Options are the room's parts. All are needed.
type Options struct {
	Ledger   Ledger
	Seal     *act.Seal
	Settings func() Settings
	Now      func() time.Time
	Log      *slog.Logger
}

// Room serves those who act. It serves any number of requests at once.
type Room struct {
	o       Options
	pages   *templates.Deeds
	guesses *act.Guesses
	doing   chan struct{} // holds one token per deed under way
	muting  chan struct{} // one at a time, or two would both find it unmuted
	behind  sync.WaitGroup

	// Done counts what was done, by way.
	Done [act.BySMS + 1]atomic.Int64
}

// Bounds of deeds.
const (
	waitFor     = 2 * time.Second // Slack wants its answer within 3 s
	doWithin    = time.Minute     // what is late goes on behind the answer
	doingAtMost = 32              // a ledger that hangs must not pile them up
	muteFor     = time.Hour
)

// New makes the room. An error means that the program was built wrong.
func New(o Options) (*Room, error) {
	pages, err := templates.ParseDeeds()
	if err != nil {
		return nil, err
	}
	return &Room{
		o: o, pages: pages, guesses: act.NewGuesses(),
		doing: make(chan struct{}, doingAtMost), muting: make(chan struct{}, 1),
	}, nil
}

// Register adds the routes. They want no login: what comes in proves itself by
// a seal or a signature.
func (r *Room) Register(e gin.IRouter) {
	e.GET(linkPath+"assets/:name", r.style)
	e.GET(linkPath+":token", r.show)
	e.HEAD(linkPath+":token", r.show)
	e.POST(linkPath+":token", r.press)
	e.POST("/slack/interaction", r.slack)
	e.POST("/twilio/act", r.reply)
	e.POST(keyPath+":token", r.key)
}

// Paths that addresses of ours begin with, behind PUBLIC_URL.
const (
	linkPath = "/act/"
	keyPath  = "/twilio/act/call/"
)

// LinkPath is the path of a link that carries token.
func LinkPath(token string) string { return linkPath + token }

// KeyPath is the path that Twilio tells of a key pressed on an alert's call.
func KeyPath(token string) string { return keyPath + token }

// Run waits, once ctx has ended, for the deeds that go on behind their answers.
func (r *Room) Run(ctx context.Context) error {
	<-ctx.Done()
	r.behind.Wait()
	return nil
}

// outcome is what a deed came to.
type outcome struct {
	in   incident.Incident
	none bool   // there is no such incident, or no more
	done bool   // by this deed; else somebody was first, or it is over
	by   string // who was first
	at   time.Time
	over bool // it is resolved
}

var errBusy = errors.New("too many deeds wait for the ledger")

// errLate means that a deed goes on behind the answer.
var errLate = errors.New("the ledger is slow")

// do does d in the name of by, and waits for it a little while. Where the error
// is errLate it goes on.
func (r *Room) do(ctx context.Context, d act.Deed, by string) (outcome, error) {
	return r.patiently(ctx, func(ctx context.Context) (outcome, error) { return r.doNow(ctx, d, by) })
}

// doNow is do for whoever waits already.
func (r *Room) doNow(ctx context.Context, d act.Deed, by string) (outcome, error) {
	o, err := r.perform(ctx, d, by)
	switch {
	case err != nil:
		r.o.Log.Error("deed not done", "deed", d.Action.String(), "incident", d.Incident, "way", d.Way.String(), "err", err)
	case o.done:
		r.Done[d.Way].Add(1)
		r.o.Log.Info("deed done", "deed", d.Action.String(), "incident", d.Incident, "way", d.Way.String())
	}
	return o, err
}

// look is how it stands with what d is about.
func (r *Room) look(ctx context.Context, d act.Deed) (outcome, error) {
	return r.patiently(ctx, func(ctx context.Context) (outcome, error) { return r.stands(ctx, d) })
}

// patiently calls work, which may hang whatever its context says, and waits for
// it for waitFor. A person's deed is done even where they hang up.
func (r *Room) patiently(ctx context.Context, work func(context.Context) (outcome, error)) (outcome, error) {
	select {
	case r.doing <- struct{}{}:
	default:
		return outcome{}, errBusy
	}
	type result struct {
		outcome
		err error
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doWithin)
	came := make(chan result, 1)
	r.behind.Go(func() {
		defer func() { <-r.doing }()
		defer cancel()
		defer func() {
			if cause := recover(); cause != nil { // it would end the program, for here nobody else hears of it
				r.o.Log.Error("panic while a deed was done", "panic", fmt.Sprint(cause), "stack", string(debug.Stack()))
				came <- result{err: incident.ErrBug}
			}
		}()
		o, err := work(ctx)
		came <- result{o, err}
	})
	timer := time.NewTimer(waitFor)
	defer timer.Stop()
	select {
	case got := <-came:
		return got.outcome, got.err
	case <-timer.C:
		return outcome{}, errLate
	}
}

// stands looks whether d is done already, or cannot be any more.
func (r *Room) stands(ctx context.Context, d act.Deed) (outcome, error) {
	ledger, err := r.o.Ledger.LedgerID()
	if err != nil {
		return outcome{}, err
	}
	if ledger != d.Ledger {
		return outcome{none: true}, nil
	}
	detail, err := r.o.Ledger.Incident(ctx, d.Incident)
	if errors.Is(err, history.ErrNotFound) {
		return outcome{none: true}, nil
	}
	return found(detail.Incident, d.Action, r.o.Now()), err
}

// found is how it stands with an action on in: by is "" where nobody has done it.
func found(in incident.Incident, a act.Action, now time.Time) outcome {
	o := outcome{in: in}
	w := in.Watch
	switch {
	case in.State == incident.Resolved:
		o.over, o.by, o.at = true, in.ResolvedBy, in.ResolvedAt
	case a == act.Acknowledge && in.Acknowledged():
		o.by, o.at = in.AcknowledgedBy, in.AcknowledgedAt
	case a == act.Mute && isMuted(in, now):
		o.by, o.at = w.MutedBy, w.MutedUntil
	}
	return o
}

func isMuted(in incident.Incident, now time.Time) bool {
	w := in.Watch
	return w.MutedBy != "" && (w.MutedUntil.IsZero() || now.Before(w.MutedUntil)) && (w.MutedUpTo <= 0 || in.Callers < w.MutedUpTo)
}

// perform does d once: whoever is second learns who was first.
func (r *Room) perform(ctx context.Context, d act.Deed, by string) (outcome, error) {
	if d.Action == act.Mute {
		select {
		case r.muting <- struct{}{}:
			defer func() { <-r.muting }()
		case <-ctx.Done():
			return outcome{}, ctx.Err()
		}
	}
	before, err := r.stands(ctx, d)
	if err != nil || before.none || before.over || before.by != "" {
		return before, err
	}
	at := r.o.Now().UTC().Truncate(time.Millisecond) // as the ledger keeps it
	var in incident.Incident
	switch d.Action {
	case act.Acknowledge:
		in, err = r.o.Ledger.Acknowledge(ctx, d.Incident, by, at)
	case act.Mute:
		in, err = r.o.Ledger.Mute(ctx, d.Incident, by, at.Add(muteFor), 0, at)
	case act.Resolve:
		in, err = r.o.Ledger.Resolve(ctx, d.Incident, by, at)
	default:
		return outcome{none: true}, nil
	}
	switch {
	case errors.Is(err, history.ErrNotFound):
		return outcome{none: true}, nil
	case err != nil:
		return outcome{}, err
	}
	return after(in, d.Action, by, at), nil
}

// after is what a deed of by at that moment came to, where somebody else may have
// been faster.
func after(in incident.Incident, a act.Action, by string, at time.Time) outcome {
	o := found(in, a, at)
	switch a {
	case act.Acknowledge:
		o.done = in.AcknowledgedBy == by && in.AcknowledgedAt.Equal(at)
	case act.Mute:
		o.done = in.State != incident.Resolved && in.Watch.MutedBy == by
	case act.Resolve:
		o.done = in.ResolvedBy == by && in.ResolvedAt.Equal(at)
	}
	return o
}
