package notify_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

// outbox is one in memory: strictly in order, one message at a time per
// notifier.
type outbox struct {
	mu       sync.Mutex
	waiting  map[string][]*row
	settled  []settled
	told     []incident.Alert
	claimErr error
	markErrs []error // one each for the next calls of Settle
	claims   int
	panics   bool
}

type row struct {
	message incident.Message
	due     time.Time
	lease   time.Time
}

type settled struct {
	notifier string
	delivery int64
	result   incident.Result
}

func newOutbox() *outbox { return &outbox{waiting: map[string][]*row{}} }

func (o *outbox) put(notifier string, delivery int64, at time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiting[notifier] = append(o.waiting[notifier], &row{
		due: at,
		message: incident.Message{
			Ledger: "ledger", DeliveryID: delivery, QueuedAt: at,
			Alert: incident.Alert{ID: delivery, Kind: incident.Opened, At: at},
		},
	})
}

func (o *outbox) Claim(_ context.Context, notifier string, now time.Time, lease time.Duration) (m incident.Message, wait time.Time, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims++
	if o.panics {
		o.panics = false
		panic("nil map")
	}
	if o.claimErr != nil {
		return m, wait, false, o.claimErr
	}
	for _, r := range o.waiting[notifier] {
		from := r.due
		if r.lease.After(from) {
			from = r.lease
		}
		if !now.Before(from) {
			r.message.Attempt++
			r.message.Now = now
			r.lease = now.Add(lease)
			return r.message, time.Time{}, true, nil
		}
		if wait.IsZero() || from.Before(wait) {
			wait = from
		}
	}
	return m, wait, false, nil
}

func (o *outbox) Settle(_ context.Context, notifier string, delivery int64, r incident.Result) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.markErrs) > 0 {
		err := o.markErrs[0]
		o.markErrs = o.markErrs[1:]
		return err
	}
	o.settled = append(o.settled, settled{notifier, delivery, r})
	rows := o.waiting[notifier]
	for i, row := range rows {
		if row.message.DeliveryID != delivery {
			continue
		}
		if r.Error == "" || r.Permanent {
			o.waiting[notifier] = append(rows[:i:i], rows[i+1:]...)
			return nil
		}
		row.due, row.lease = r.RetryAt, time.Time{}
	}
	return nil
}

func (o *outbox) Tell(_ context.Context, a incident.Alert) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.told = append(o.told, a)
	return true, nil
}

func (o *outbox) results() []settled {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]settled(nil), o.settled...)
}

// fake is a notifier that does what it is told.
type fake struct {
	name string
	do   func(ctx context.Context, m incident.Message) error

	mu    sync.Mutex
	sends []sent
}

type sent struct {
	at      time.Time
	message incident.Message
}

func (f *fake) Name() string { return f.name }

func (f *fake) Send(ctx context.Context, m incident.Message) (incident.Receipt, error) {
	f.mu.Lock()
	f.sends = append(f.sends, sent{time.Now(), m})
	f.mu.Unlock()
	if f.do == nil {
		return incident.Receipt{Detail: "taken by " + f.name}, nil
	}
	return incident.Receipt{}, f.do(ctx, m)
}

func (f *fake) Check(ctx context.Context) error {
	_, err := f.Send(ctx, notify.TestMessage(f.name, time.Now()))
	return err
}

func (f *fake) seen() []sent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sent(nil), f.sends...)
}

// after is when each send came, counted from start.
func (f *fake) after(start time.Time) []time.Duration {
	var list []time.Duration
	for _, s := range f.seen() {
		list = append(list, s.at.Sub(start))
	}
	return list
}

func hang(ctx context.Context, _ incident.Message) error {
	<-ctx.Done()
	return ctx.Err()
}

var errNo = errors.New("no")

func fail(context.Context, incident.Message) error { return errNo }

// longest is a Jitter without chance: it waits as long as it may.
func longest(most time.Duration) time.Duration { return most }

// start runs a dispatcher until the test ends or stop is called, which waits
// for it.
func start(t *testing.T, d *notify.Dispatcher) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	var once sync.Once
	var err error
	stop = func() error {
		once.Do(func() {
			cancel()
			err = <-done
		})
		return err
	}
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}
