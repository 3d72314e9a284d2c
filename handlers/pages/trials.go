package pages

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// Testing sends a test through a notifier.
type Testing interface {
	// Test connects, authenticates and sends a message that says that nothing is
	// wrong. Its errors are fit for people.
	Test(ctx context.Context, notifier string) error
}

const (
	testFor   = 30 * time.Second // how long a test may take
	testEvery = 30 * time.Second // one through each notifier
)

// trial is the last test of a notifier since the start.
type trial struct {
	at    time.Time
	by    string
	err   string // "" where it went well
	under bool   // it is under way
}

// trials remember the last test of each notifier. There are as many as notifiers.
type trials struct {
	mu   sync.Mutex
	last map[string]trial
}

// begin says whether a test may begin now, and notes that it does.
func (t *trials) begin(name, by string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[name]; ok && (last.under || now.Sub(last.at) < testEvery) {
		return false
	}
	if t.last == nil {
		t.last = map[string]trial{}
	}
	t.last[name] = trial{at: now, by: by, under: true}
	return true
}

func (t *trials) end(name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.last[name]
	one.under = false
	if err != nil {
		one.err = err.Error()
	}
	t.last[name] = one
}

// trialView is how the last test went.
type trialView struct {
	At        Moment
	By        string
	Error     string
	UnderWay  bool
	StateKind string
}

// of is the last test of a notifier, nil where there was none, and why none can
// begin now.
func (t *trials) of(name string, now time.Time, zone *time.Location) (view *trialView, wait string) {
	t.mu.Lock()
	one, ok := t.last[name]
	t.mu.Unlock()
	if !ok {
		return nil, ""
	}
	view = &trialView{
		At: momentIn(one.at, zone), By: history.Visible(one.by), Error: history.Visible(cut(one.err, 500)),
		UnderWay: one.under, StateKind: "good",
	}
	switch {
	case one.under:
		view.StateKind, wait = "plain", "a test is under way"
	case one.err != "":
		view.StateKind = "bad"
	}
	if rest := testEvery - now.Sub(one.at); rest > 0 && wait == "" {
		wait = "again in " + strconv.Itoa(int((rest+time.Second-1)/time.Second)) + " s"
	}
	return view, wait
}

// testNotifier sends a test through one notifier in the name of who is logged in,
// and shows how it went.
func (p *Pages) testNotifier(c *gin.Context) error {
	name, by := c.Param("name"), c.GetString(userField)
	if !slices.ContainsFunc(p.Policy().Notifiers, func(n incident.Notifier) bool { return n.Name == name }) {
		return history.ErrNotFound
	}
	// It ends with an answer also where the browser goes away.
	if p.trials.begin(name, by, p.Now()) {
		_ = http.NewResponseController(c.Writer).SetWriteDeadline(time.Now().Add(testFor + readFor))
		p.test(context.WithoutCancel(c.Request.Context()), name, by)
	}
	c.Redirect(http.StatusSeeOther, notifiersPath+"#n-"+name)
	return nil
}

func (p *Pages) test(ctx context.Context, name, by string) {
	ctx, cancel := context.WithTimeout(ctx, testFor)
	defer cancel()
	var err error
	finished := false
	defer func() {
		if !finished { // a panic, which goes on to whoever shows it
			err = incident.ErrBug
		}
		p.trials.end(name, err)
		if err != nil {
			p.Log.Warn("test of a notifier failed", "user", shortened(by), "notifier", name, "err", err)
			return
		}
		p.Log.Info("notifier tested", "user", shortened(by), "notifier", name)
	}()
	err = p.Testing.Test(ctx, name)
	finished = true
}
