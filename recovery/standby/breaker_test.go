package standby_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

// tried asks once, as a caller would, and says whether the server was asked.
func tried(b *standby.Breaker, outcome error) bool {
	ok, _ := b.Allow()
	if ok {
		b.Settle(outcome)
	}
	return ok
}

func TestAServerThatFailedThreeCallersIsLeftAloneForLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := standby.NewBreaker(time.Now)
		fault := errors.New("no answer within 3s")
		for i := range 3 {
			if !tried(b, fault) {
				t.Fatalf("left alone after %d failures", i)
			}
		}
		for _, rest := range []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
			time.Sleep(rest - time.Millisecond)
			ok, why := b.Allow()
			if ok || !strings.Contains(why, "no answer within 3s") {
				t.Fatalf("asked %s after it failed: %q", rest, why)
			}
			time.Sleep(time.Millisecond)
			if !tried(b, fault) {
				t.Fatalf("not tried after a rest of %s", rest)
			}
		}
		time.Sleep(time.Minute)
		for range 2 {
			if !tried(b, nil) {
				t.Error("a server that works again is left alone")
			}
		}
		if why, broken := b.Broken(); broken {
			t.Errorf("still broken: %s", why)
		}
		for i := range 4 {
			if tried(b, fault) != (i < 3) {
				t.Errorf("failure %d: three in a row are counted from the last success", i+1)
			}
		}
		time.Sleep(5 * time.Second)
		if !tried(b, nil) {
			t.Error("the first rest is a short one again")
		}
	})
}

func TestOneCallerTriesABrokenServerForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := standby.NewBreaker(time.Now)
		for range 3 {
			tried(b, errors.New("refuses connections"))
		}
		time.Sleep(5 * time.Second)
		if ok, _ := b.Allow(); !ok {
			t.Fatal("nobody tries")
		}
		if ok, _ := b.Allow(); ok {
			t.Error("two try at once")
		}
		b.Forget()
		if ok, _ := b.Allow(); !ok {
			t.Error("nobody tries after the first gave up for a reason of its own")
		}
		b.Settle(nil)
		if ok, _ := b.Allow(); !ok {
			t.Error("a server that works again is left alone")
		}
	})
}
