package replay

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// A server that fails is given time, and then left alone until a person says
// that it is back.
const (
	stopAfter  = 3 // failures in a row
	waitBefore = 5 * time.Second
)

// send sends a message that is marked, and notes how that ended.
func (w *Worker) send(ctx context.Context, d history.Detail, try int, s Settings) {
	taken, err := w.try(ctx, d, s)
	result := resultOf(taken, err)
	result.Stop = w.settled(d.Replay.Server, result)
	w.settle(ctx, d, try, result)
	w.Stats.count(result.State)
	w.free(d.Replay.Server)
	w.log(d, result)
}

// survive, deferred, has a bug end neither the program nor what else is to be sent to
// that server. What became of this message nobody knows, as the next start says.
func (w *Worker) survive(d history.Detail) {
	if p := recover(); p != nil {
		w.o.Log.Error("panic while a message was sent", "failure", d.ID.String(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		w.free(d.Replay.Server)
	}
}

// log says how a try ended: what was not taken, a person has to look at, or the
// worker tries again.
func (w *Worker) log(d history.Detail, r history.ReplayResult) {
	said := w.o.Log.With("failure", d.ID.String(), "message_sid", d.SID, "server", d.Replay.Server, "state", r.State.String(), "status", r.Status)
	if r.State == history.ReplaySent {
		said.Info("message sent to the server that had not had it")
		return
	}
	said.Warn("message not taken by the server that has not had it", "err", r.Error)
}

// try is one try. A bug in it must not end the program, and leaves nobody
// knowing.
func (w *Worker) try(ctx context.Context, d history.Detail, s Settings) (taken standby.Taken, err error) {
	defer func() {
		if p := recover(); p != nil {
			w.o.Log.Error("panic while sending a message", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			taken, err = standby.Taken{Reached: true}, incident.ErrBug
		}
	}()
	return w.o.Sender.Send(ctx, s.question(d), s.AllowPrivate)
}

// resultOf says where a message stands after a try. What was surely not written
// waits again; what may have been, only a person sends again.
func resultOf(taken standby.Taken, err error) history.ReplayResult {
	r := history.ReplayResult{Status: taken.Status, Answer: taken.Begins}
	switch {
	case err != nil && !taken.Reached:
		r.State, r.Error = history.ReplayWaiting, err.Error()
	case err != nil:
		r.State, r.Error = history.ReplayUnknown, err.Error()
	case taken.OK():
		r.State = history.ReplaySent
	default:
		r.State, r.Error = history.ReplayRefused, fmt.Sprintf("it answered %d", taken.Status)
	}
	return r
}

// settle notes the result until that is done: what is sent is not sent again
// because noting it failed. Where even that ends, the next start finds a message
// of which nobody knows.
func (w *Worker) settle(ctx context.Context, d history.Detail, try int, r history.ReplayResult) {
	for {
		ledger, err := w.o.Ledger()
		if err == nil {
			err = ledger.SettleReplay(context.WithoutCancel(ctx), d.ID, try, r)
		}
		if err == nil {
			return
		}
		w.o.Log.Warn("not noted how sending a message ended, trying again", "failure", d.ID.String(), "err", err)
		if ctx.Err() != nil {
			return
		}
		w.rest(ctx, awayFor)
	}
}

func (*Worker) rest(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// busy are the servers whose next message has to wait, and how long until the
// first of them may get it.
func (w *Worker) busy(now time.Time) (names []string, wait time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	wait = pollEvery
	for name, s := range w.servers {
		if s.busy || now.Before(s.due) {
			names = append(names, name)
		}
		if !s.busy && now.Before(s.due) {
			wait = min(wait, s.due.Sub(now))
		}
	}
	return names, wait
}

// take has a server be busy, and says when it may get the next message. One that
// failed too often and gets one all the same is said by a person to be back.
func (w *Worker) take(name string, perSecond float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[name]
	if s == nil {
		s = &server{}
		w.servers[name] = s
	}
	if s.failed >= stopAfter {
		s.failed = 0
	}
	if perSecond <= 0 {
		perSecond = DefaultPerSecond
	}
	s.busy, s.due = true, w.o.Now().Add(time.Duration(float64(time.Second)/perSecond))
}

// settled gives a server time that failed, and says why it gets nothing more.
func (w *Worker) settled(name string, r history.ReplayResult) (stop string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.servers[name]
	if r.State == history.ReplaySent {
		s.failed = 0
		return ""
	}
	s.failed++
	if s.failed >= stopAfter {
		return fmt.Sprintf("it failed %d times in a row, the last time: %s", s.failed, r.Error)
	}
	if due := w.o.Now().Add(waitBefore << (s.failed - 1)); due.After(s.due) {
		s.due = due
	}
	return ""
}

func (w *Worker) free(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.servers[name].busy = false
	w.Wake()
}
