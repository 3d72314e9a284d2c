package notify

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// urgentAttempts is how often an urgent message is tried. There is no outbox
// to wait in, and who sends it says it again while the trouble lasts.
const urgentAttempts = 3

// urgentKeeps is how long it is worth sending: by then it was said again.
const urgentKeeps = 10 * time.Minute

// dispatchUrgent sends urgent messages until ctx ends.
func (w *worker) dispatchUrgent(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-w.urgent:
			if at := m.Alert.At; at.IsZero() || w.options.Now().Sub(at) < urgentKeeps {
				w.sendUrgent(ctx, m)
			}
		}
	}
}

func (w *worker) sendUrgent(ctx context.Context, m incident.Message) {
	for attempt := 1; attempt <= urgentAttempts; attempt++ {
		m.Attempt = attempt
		m.Now = w.options.Now()
		sending, cancel := outlive(ctx, drainSends)
		receipt, err := w.send(sending, w.current(), m)
		broken := sending.Err() != nil
		cancel()
		r := w.judge(m, receipt, err, broken)
		r.Took = r.At.Sub(m.Now)
		w.log(m, r)
		if err == nil || IsPermanent(err) || ctx.Err() != nil {
			return
		}
		sleep(ctx, w.waitAfter(err, attempt))
	}
}
