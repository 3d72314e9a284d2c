package pages_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// ledger is a history in memory, true to what the real one promises.
type ledger struct {
	mu         sync.Mutex
	now        func() time.Time
	failures   []history.Detail // oldest first
	incidents  []history.IncidentDetail
	callers    history.CallerPage
	notifiers  []history.NotifierStatus
	silences   []incident.Silence
	err        error         // what every question is answered with
	unwritable error         // what a reveal is answered with
	notes      []string      // what to know before sending a message
	sent       []string      // what people wanted to be sent
	looked     int64         // where a search for a number stops the first time; 0: nowhere
	hang       chan struct{} // closed when questions are answered again; heeds no context
}

func (l *ledger) ask() (func(), error) {
	if l.hang != nil {
		<-l.hang
	}
	l.mu.Lock()
	return l.mu.Unlock, l.err
}

func (l *ledger) Failures(_ context.Context, q history.Query) (history.Page, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.Page{}, err
	}
	var found []history.Row
	for _, d := range slices.Backward(l.failures) {
		if matches(d.Row, q) {
			found = append(found, d.Row)
		}
	}
	if l.looked != 0 && q.Number != "" && q.Before == 0 {
		return history.Page{Older: history.Cursor(l.looked), Further: true}, nil
	}
	limit := cmp.Or(q.Limit, history.DefaultLimit)
	start := 0
	switch {
	case q.Before != 0:
		start = len(found)
		if i := slices.IndexFunc(found, func(r history.Row) bool { return r.Serial < int64(q.Before) }); i >= 0 {
			start = i
		}
	case q.After != 0:
		newer := slices.IndexFunc(found, func(r history.Row) bool { return r.Serial <= int64(q.After) })
		if newer < 0 {
			newer = len(found)
		}
		start = max(0, newer-limit)
	}
	end := min(len(found), start+limit)
	page := history.Page{Rows: found[start:end]}
	if end < len(found) {
		page.Older = history.Cursor(found[end-1].Serial)
	}
	if start > 0 {
		page.Newer = history.Cursor(found[min(start, len(found)-1)].Serial)
	}
	return page, nil
}

func matches(r history.Row, q history.Query) bool {
	return (q.From.IsZero() || !r.ReceivedAt.Before(q.From)) && (q.To.IsZero() || r.ReceivedAt.Before(q.To)) &&
		(!q.Channel.Set || r.Channel == q.Channel.Is) && (q.Code == 0 || r.Code == q.Code) &&
		(q.Number == "" || r.From == q.Number || r.To == q.Number) && (q.SID == "" || r.SID == q.SID) &&
		(q.Host == "" || incident.Host(r.ErrorURL) == q.Host || incident.Host(r.ErrorURL) == "www."+q.Host) && (q.Incident == 0 || r.Incident == q.Incident) &&
		(q.Drills || !r.Drill)
}

func (l *ledger) Failure(_ context.Context, id incident.ID) (history.Detail, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.Detail{}, err
	}
	for _, d := range l.failures {
		if d.ID == id {
			return d, nil
		}
	}
	return history.Detail{}, fmt.Errorf("failure %s: %w", id, history.ErrNotFound)
}

func (l *ledger) Look(ctx context.Context, q history.Query, maxBuckets int) (look history.Look, err error) {
	if look.Page, err = l.Failures(ctx, q); err == nil {
		look.Bars, err = l.Histogram(ctx, q.FirstPage(), maxBuckets)
	}
	return look, err
}

func (l *ledger) Histogram(_ context.Context, q history.Query, maxBuckets int) ([]history.Bucket, error) {
	done, err := l.ask()
	defer done()
	if err != nil || len(l.failures) == 0 {
		return nil, err
	}
	from, to := q.From, q.To
	if from.IsZero() {
		from = l.failures[0].ReceivedAt
	}
	if to.IsZero() {
		to = l.now()
	}
	width := time.Minute
	for to.Sub(from.Truncate(width)) > time.Duration(maxBuckets)*width {
		width *= 2
	}
	var bars []history.Bucket
	for at := from.Truncate(width); at.Before(to); at = at.Add(width) {
		bars = append(bars, history.Bucket{Start: at, Width: width})
	}
	for _, d := range l.failures {
		i := int(d.ReceivedAt.Sub(bars[0].Start) / width)
		if d.Drill || !matches(d.Row, q) || i < 0 || i >= len(bars) {
			continue
		}
		switch d.Channel {
		case incident.Voice:
			bars[i].Voice++
		case incident.Messaging:
			bars[i].Messaging++
		case incident.Unknown:
			bars[i].Unknown++
		}
	}
	return bars, nil
}

func (l *ledger) Reveal(_ context.Context, r history.Reveal, ids ...incident.ID) error {
	done, err := l.ask()
	defer done()
	for i := range l.failures {
		if slices.Contains(ids, l.failures[i].ID) {
			l.failures[i].Reveals = append(l.failures[i].Reveals, r)
		}
	}
	return cmp.Or(err, l.unwritable)
}

func (l *ledger) Incidents(_ context.Context, q history.IncidentQuery) (history.IncidentPage, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.IncidentPage{}, err
	}
	var page history.IncidentPage
	for _, d := range slices.Backward(l.incidents) {
		in := d.Incident
		switch in.State {
		case incident.Open:
			page.Open++
			page.Callers += in.Callers
		case incident.Quiet:
			page.Quiet++
		case incident.Resolved:
		}
		if (q.State == 0 || in.State == q.State) && (q.Host == "" || in.Cause.Host == q.Host) && (q.Before == 0 || in.ID < q.Before) {
			page.Incidents = append(page.Incidents, in)
		}
	}
	if q.Urgent {
		slices.SortStableFunc(page.Incidents, func(a, b incident.Incident) int {
			return cmp.Or(cmp.Compare(rank(a.Acknowledged()), rank(b.Acknowledged())), cmp.Compare(b.Callers, a.Callers))
		})
	}
	if limit := cmp.Or(q.Limit, history.DefaultLimit); len(page.Incidents) > limit {
		page.Incidents = page.Incidents[:limit]
		page.Older = page.Incidents[limit-1].ID
	}
	return page, nil
}

func rank(later bool) int {
	if later {
		return 1
	}
	return 0
}

func (l *ledger) Incident(_ context.Context, id int64) (history.IncidentDetail, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return history.IncidentDetail{}, err
	}
	for i, d := range l.incidents {
		if d.ID == id {
			next := slices.IndexFunc(l.incidents[i+1:], func(n history.IncidentDetail) bool { return n.Cause == d.Cause })
			if next >= 0 {
				d.Next = l.incidents[i+1+next].ID
			}
			return d, nil
		}
	}
	return history.IncidentDetail{}, history.ErrNotFound
}

func (l *ledger) Acknowledge(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "acknowledged"}, func(in incident.Incident) incident.Incident {
		in, _ = in.Acknowledge(by, at)
		return in
	})
}

func (l *ledger) Resolve(ctx context.Context, id int64, by string, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "resolved"}, func(in incident.Incident) incident.Incident {
		in, _ = in.Resolve(by, at)
		return in
	})
}

func (l *ledger) Mute(ctx context.Context, id int64, by string, until time.Time, upTo int64, at time.Time) (incident.Incident, error) {
	return l.change(ctx, id, history.Event{At: at, By: by, What: "muted"}, func(in incident.Incident) incident.Incident {
		if !until.IsZero() && !until.After(at) {
			return in.Unmute(at)
		}
		in, _ = in.Mute(by, until, upTo, at)
		return in
	})
}

func (l *ledger) Silences(context.Context, time.Time) ([]incident.Silence, error) {
	done, err := l.ask()
	defer done()
	return slices.Clone(l.silences), err
}

func (l *ledger) Silence(_ context.Context, s incident.Silence) (int64, error) {
	done, err := l.ask()
	defer done()
	s.ID = int64(len(l.silences) + 1)
	l.silences = append([]incident.Silence{s}, l.silences...)
	return s.ID, err
}

func (l *ledger) EndSilence(_ context.Context, id int64, by string, at time.Time) error {
	done, err := l.ask()
	defer done()
	for i := range l.silences {
		if l.silences[i].ID == id {
			l.silences[i].EndedAt, l.silences[i].EndedBy = at, by
			return err
		}
	}
	return cmp.Or(err, history.ErrNotFound)
}

func (l *ledger) change(_ context.Context, id int64, e history.Event, do func(incident.Incident) incident.Incident) (incident.Incident, error) {
	done, err := l.ask()
	defer done()
	if err != nil {
		return incident.Incident{}, err
	}
	for i := range l.incidents {
		if l.incidents[i].ID == id {
			l.incidents[i].Incident = do(l.incidents[i].Incident)
			l.incidents[i].Events = append(l.incidents[i].Events, e)
			return l.incidents[i].Incident, nil
		}
	}
	return incident.Incident{}, history.ErrNotFound
}

// Callers are the same whatever is asked; what is done about them is for the
// tests over the real ledger.
func (l *ledger) Callers(_ context.Context, q history.CallerQuery, _ time.Time) (history.CallerPage, error) {
	done, err := l.ask()
	defer done()
	page := l.callers
	if q.Limit == history.MaxCallers {
		page.Older = 0
	}
	return page, err
}

func (l *ledger) ClaimCallback(context.Context, incident.ID, string, time.Time) (history.Callback, bool, error) {
	done, err := l.ask()
	defer done()
	return history.Callback{}, err == nil, err
}

func (l *ledger) ChangeCallback(context.Context, incident.ID, history.CallbackChange) (history.Callback, bool, error) {
	return l.ClaimCallback(context.Background(), incident.ID{}, "", time.Time{})
}

func (l *ledger) RevealCallers(_ context.Context, r history.CallerReveal) ([]history.CallerReveal, error) {
	done, err := l.ask()
	defer done()
	r.Until, r.Times = r.At, 1
	l.callers.Reveals = append([]history.CallerReveal{r}, l.callers.Reveals...)
	return l.callers.Reveals, cmp.Or(err, l.unwritable)
}

func (l *ledger) Notifiers(context.Context) ([]history.NotifierStatus, error) {
	done, err := l.ask()
	defer done()
	return slices.Clone(l.notifiers), err
}

func (l *ledger) Judge(d history.Detail) history.ReplayJudgement {
	if incident.Host(d.ErrorURL) != "hooks.example.net:8443" {
		return history.ReplayJudgement{Why: "the address that failed is on none of the servers that are listed as primaries"}
	}
	return history.ReplayJudgement{Server: "https://hooks.example.net:8443", OptOut: d.OptOut, Notes: l.notes}
}

func (l *ledger) AskReplay(_ context.Context, w history.ReplayWish) (bool, error) {
	done, err := l.ask()
	defer done()
	for i := range l.failures {
		if d := &l.failures[i]; d.ID == w.Failure && d.Replay.State == w.After && d.Replay.State.MayAsk() {
			d.Replay = history.Replay{State: history.ReplayWaiting, Server: w.Server, AskedAt: w.At, AskedBy: w.By}
			return true, err
		}
	}
	return false, err
}

func (l *ledger) AskReplays(_ context.Context, id int64, by string, _ time.Time) error {
	done, err := l.ask()
	defer done()
	l.sent = append(l.sent, fmt.Sprintf("all of %d by %s", id, by))
	return err
}

func (l *ledger) ResumeReplays(_ context.Context, id int64, server, by string, _ time.Time) error {
	done, err := l.ask()
	defer done()
	l.sent = append(l.sent, fmt.Sprintf("on to %s for %d by %s", server, id, by))
	return err
}

// A fixture of one bad night. All of it is made up; times count back from now.

var (
	night     = time.Date(2026, 11, 23, 3, 12, 45, 0, time.UTC)
	berlin, _ = time.LoadLocation("Europe/Berlin")
)

type param = incident.Param

var errAway = errors.New("database is locked")

func number(n int64) string { return strconv.FormatInt(n, 10) }
