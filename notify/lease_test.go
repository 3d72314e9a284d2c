package notify_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/notify"
)

// A crash leaves a message claimed and not marked. A lease that is as short as
// a send would have it sent twice without any crash; one without end, never.
func TestAMessageThatWasNeverMarkedIsSentAgainAfterTheTimeOfFourSends(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ timeout, want time.Duration }{
		"as it comes":           {0, 80 * time.Second},
		"with a timeout of 5 s": {5 * time.Second, 20 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				box, began := newOutbox(), time.Now()
				first, second := &fake{name: "mail"}, &fake{name: "mail"}
				box.put("mail", 1, began)
				for range 100 {
					box.markErrs = append(box.markErrs, errors.New("disk full"))
				}
				stop := start(t, notify.New(box, []notify.Notifier{first}, notify.Options{SendTimeout: c.timeout}))
				synctest.Wait()
				if err := stop(); err != nil {
					t.Fatal(err)
				}
				box.markErrs = nil
				start(t, notify.New(box, []notify.Notifier{second}, notify.Options{SendTimeout: c.timeout}))
				time.Sleep(5 * time.Minute)
				if got := second.after(began); len(first.seen()) != 1 || !slices.Equal(got, []time.Duration{c.want}) {
					t.Errorf("sent %d times before the crash and at %v after it, want once and at %s", len(first.seen()), got, c.want)
				}
			})
		})
	}
}
