package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/incident"
)

var errStopped = errors.New("broken off because Backstop is stopping")

// judge says what an attempt that has just ended came to, and keeps the
// notifier's status. broken means that the end of the process cut it short.
func (w *worker) judge(m incident.Message, receipt incident.Receipt, err error, broken bool) incident.Result {
	now := w.options.Now()
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.status.LastSuccess = now
		w.status.Errors = 0
		w.status.PausedUntil = time.Time{}
		w.status.Sent++
		return incident.Result{At: now, Receipt: receipt}
	}
	if broken {
		return incident.Result{At: now, Error: errStopped.Error(), RetryAt: now}
	}
	text := oneLine(err.Error())
	permanent := IsPermanent(err)
	if !permanent && now.Sub(queuedAt(m)) >= w.options.GiveUpAfter {
		permanent = true
		text = fmt.Sprintf("given up after %s: %s", w.options.GiveUpAfter, text)
	}
	w.status.LastFailure = now
	w.status.LastError = text
	w.status.Errors++
	w.status.Failed++
	w.status.PausedUntil = now.Add(w.waitAfter(err, w.status.Errors))
	return incident.Result{At: now, Error: text, Permanent: permanent, RetryAt: w.status.PausedUntil}
}

func queuedAt(m incident.Message) time.Time {
	if m.QueuedAt.IsZero() {
		return m.Alert.At
	}
	return m.QueuedAt
}

// waitAfter is how long to leave the notifier alone after so many errors in a
// row: what it asked for, else our own backoff.
func (w *worker) waitAfter(err error, inARow int) time.Duration {
	if wait, ok := RetryWait(err); ok {
		return wait
	}
	return w.backoff(inARow)
}

// backoff is full jitter: anything from nothing to twice the wait before, 30 s
// at most.
func (w *worker) backoff(inARow int) time.Duration {
	most := maxBackoff
	if doublings := inARow - 1; doublings < 5 {
		most = min(most, firstBackoff<<max(0, doublings))
	}
	return w.options.Jitter(most)
}

// pauseLeft is how long the notifier is to be left alone from now on.
func (w *worker) pauseLeft() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status.PausedUntil.Sub(w.options.Now())
}

func (w *worker) snapshot() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

// countGivenUp does not count what is urgent: the outbox has that as well, or
// its sender says it again.
func (w *worker) countGivenUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status.GivenUp++
}

// tellGivenUp tells the other notifiers that this one gave an alert up. An
// alert of that kind which dies itself is not told about: two broken
// notifiers must not complain about each other for ever.
func (w *worker) tellGivenUp(ctx context.Context, m incident.Message, r incident.Result) {
	if m.Alert.Topic.Is(incident.NotifierTopic) {
		return
	}
	alert := incident.Alert{
		Kind:   incident.Meta,
		At:     r.At,
		Topic:  incident.NotifierTopic.About(w.name),
		Title:  cut("An alert did not get out: "+w.name, 70),
		Detail: fmt.Sprintf("The notifier %s gave an alert up after attempt %d. Its last error: %s. The alert is on the page all the same. "+incident.DoFirst+"mend what the error says, and try it with `backstop check --notify`.", w.name, m.Attempt, strings.TrimSuffix(r.Error, ".")),
		Reason: "a notifier gave an alert up",
		Except: w.name,
	}
	telling, cancel := outlive(ctx, drainMarks)
	defer cancel()
	if _, err := w.outbox.Tell(telling, alert); err != nil {
		w.options.Log.Error("given-up alert could not be told", "notifier", w.name, "delivery", m.DeliveryID, "err", err)
	}
}

func (w *worker) log(m incident.Message, r incident.Result) {
	facts := []any{
		"notifier", w.name, "kind", m.Alert.Kind.String(), "delivery", m.DeliveryID,
		"attempt", m.Attempt, "took_ms", r.Took.Milliseconds(),
	}
	switch {
	case r.Error == "":
		w.options.Log.Info("alert sent", facts...)
	case r.Permanent:
		w.options.Log.Error("alert given up", append(facts, "err", r.Error)...)
	default:
		w.options.Log.Warn("alert not sent", append(facts, "err", r.Error, "retry_at", r.RetryAt)...)
	}
}

const longestError = 400

// oneLine makes a stranger's words fit for a log line and a table cell.
func oneLine(s string) string {
	return cut(strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "�"), isBreaking), " "), longestError)
}

func isBreaking(r rune) bool {
	return r <= ' ' || r == 0x7f || r >= 0x80 && r <= 0x9f || r == 0x2028 || r == 0x2029
}

// cut shortens s to limit runes, with a mark where something is gone.
func cut(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return string([]rune(s)[:limit-1]) + "…"
}
