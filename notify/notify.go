// Package notify tells people: its dispatcher carries what waits in the outbox
// to the notifiers (e-mail, Slack, webhooks …), each at its own pace. It does not know
// what is worth telling, nor where the outbox lies.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// Notifier is a place where alerts go. Send and Check may be called by two
// goroutines at a time; both return soon after their context has ended, and
// neither puts a secret into an error.
type Notifier interface {
	// Name is what the configuration calls it.
	Name() string
	// Send delivers m. An error means another attempt with the same
	// DeliveryID later, unless it is marked by Permanent; one from RetryAfter
	// says when.
	Send(ctx context.Context, m incident.Message) (incident.Receipt, error)
	// Check connects, authenticates and sends a test message.
	Check(ctx context.Context) error
}

// nothingToUpdate is the receipt for what only brings a message up to date,
// where there is none that can be changed.
const nothingToUpdate = "no message to update"

// Outbox is where alerts wait. All methods may be called by many goroutines.
type Outbox interface {
	// Claim takes the next message for a notifier, for as long as the lease
	// lasts. ok is false where nothing may go out now; wait is then when to
	// ask again, zero where nothing waits.
	Claim(ctx context.Context, notifier string, now time.Time, lease time.Duration) (m incident.Message, wait time.Time, ok bool, err error)
	// Settle notes how the attempt ended. An *incident.RefusedError means that
	// there is nothing to note it on; any other error is tried again.
	Settle(ctx context.Context, notifier string, delivery int64, r incident.Result) error
	// Tell queues an alert about Backstop itself.
	Tell(ctx context.Context, a incident.Alert) (queued bool, err error)
}

// Permanent marks an error that no retry can mend. Anything else costs a
// retry, never an alert.
func Permanent(err error) error { return &permanentError{err} }

// IsPermanent says whether err, or what it wraps, was marked by Permanent.
func IsPermanent(err error) bool {
	var marked *permanentError
	return errors.As(err, &marked)
}

type permanentError struct{ error }

func (e *permanentError) Unwrap() error { return e.error }

// RetryAfter says for how long the other side wants to be left alone.
func RetryAfter(err error, wait time.Duration) error { return &retryAfterError{err, wait} }

// RetryWait is what RetryAfter said, at most an hour: a day's silence by one
// wrong header would be worse than asking too early. ok is false where it
// said nothing.
func RetryWait(err error) (wait time.Duration, ok bool) {
	var marked *retryAfterError
	if !errors.As(err, &marked) || marked.wait <= 0 {
		return 0, false
	}
	return min(marked.wait, longestRetryAfter), true
}

const longestRetryAfter = time.Hour

type retryAfterError struct {
	error
	wait time.Duration
}

func (e *retryAfterError) Unwrap() error { return e.error }

// safely calls do; a panic is logged and an error.
func safely(log *slog.Logger, notifier string, do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			log.Error("panic in a notifier", "notifier", notifier, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			err = incident.ErrBug
		}
	}()
	return do()
}

// TestMessage is what Check sends: an alert of Backstop about itself.
func TestMessage(notifier string, now time.Time) incident.Message {
	return incident.Message{
		Now:     now,
		Attempt: 1,
		Alert: incident.Alert{
			Kind:   incident.Meta,
			Topic:  incident.TestTopic,
			At:     now,
			Title:  "Test: alerts of Backstop arrive here",
			Detail: "Nothing is wrong. This message was sent to try the notifier " + notifier + ". Real alerts come by the same way.",
			Reason: "somebody ran a check of the notifiers",
		},
	}
}
