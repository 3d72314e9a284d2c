package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

func TestAHangingNotifierDelaysNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail, chat := &fake{name: "mail", do: hang}, &fake{name: "chat"}
		for i := range int64(5) {
			box.put("mail", 10+i, began)
			box.put("chat", 20+i, began)
		}
		start(t, notify.New(box, []notify.Notifier{mail, chat}, notify.Options{}))
		synctest.Wait()
		if n := len(chat.seen()); n != 5 {
			t.Errorf("chat got %d of 5 while mail hangs", n)
		}
		time.Sleep(19 * time.Second)
		if n := len(mail.seen()); n != 1 {
			t.Errorf("mail was tried %d times at once", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, s := range box.results() {
			if s.notifier == "mail" && (s.result.Error == "" || s.result.Permanent) {
				t.Errorf("a send that ran into its deadline came to %+v", s.result)
			}
		}
	})
}

func TestBackoffDoublesUpToHalfAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: fail}
		box.put("mail", 1, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{Jitter: longest}))
		time.Sleep(100 * time.Second)
		want := []time.Duration{0, 1, 3, 7, 15, 31, 61, 91}
		for i := range want {
			want[i] *= time.Second
		}
		if got := mail.after(began); !slices.Equal(got, want) {
			t.Errorf("attempts at %v, want %v", got, want)
		}
	})
}

func TestBackoffIsRandom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: fail}
		box.put("mail", 1, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		time.Sleep(time.Hour)
		at := mail.after(began)
		var gaps []time.Duration
		for i := 1; i < len(at); i++ {
			gaps = append(gaps, at[i]-at[i-1])
		}
		slices.Sort(gaps)
		if gaps[len(gaps)-1] > 30*time.Second {
			t.Errorf("a wait of %s", gaps[len(gaps)-1])
		}
		if mid := gaps[len(gaps)/2]; mid < 5*time.Second || mid > 25*time.Second {
			t.Errorf("the median wait is %s of at most 30 s", mid)
		}
	})
}

func TestRetryAfterIsObeyedWhateverWakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		chat := &fake{name: "chat", do: func(context.Context, incident.Message) error {
			return notify.RetryAfter(errNo, 10*time.Minute)
		}}
		box.put("chat", 1, began)
		d := notify.New(box, []notify.Notifier{chat}, notify.Options{})
		start(t, d)
		for range 5 {
			time.Sleep(time.Minute)
			box.put("chat", 2, time.Now())
			d.Wake()
		}
		time.Sleep(5*time.Minute + time.Second)
		if got := chat.after(began); len(got) != 2 || got[1] != 10*time.Minute {
			t.Errorf("sends at %v", got)
		}
		if s := d.Status()[0]; s.Errors != 2 || !s.PausedUntil.Equal(began.Add(20*time.Minute)) {
			t.Errorf("status %+v", s)
		}
	})
}

func TestRetryAfterHasAnEnd(t *testing.T) {
	t.Parallel()
	if wait, ok := notify.RetryWait(notify.RetryAfter(errNo, 10*365*24*time.Hour)); !ok || wait != time.Hour {
		t.Errorf("got %s, %t", wait, ok)
	}
	if wait, ok := notify.RetryWait(notify.RetryAfter(errNo, -time.Second)); ok {
		t.Errorf("a wait of %s", wait)
	}
}

func TestTheMarkIsRetriedNeverTheSend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		for range 20 {
			box.markErrs = append(box.markErrs, errors.New("disk full"))
		}
		mail := &fake{name: "mail"}
		box.put("mail", 1, began)
		box.put("mail", 2, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{Jitter: longest}))
		time.Sleep(5 * time.Minute) // longer than a lease
		if n := len(mail.seen()); n != 1 {
			t.Fatalf("%d sends while the mark fails", n)
		}
		time.Sleep(10 * time.Minute)
		var order []int64
		for _, s := range box.results() {
			order = append(order, s.delivery)
		}
		if !slices.Equal(order, []int64{1, 2}) || len(mail.seen()) != 2 {
			t.Errorf("settled %v, sent %d times", order, len(mail.seen()))
		}
	})
}

func TestADeliveryThatIsGoneHoldsUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		box.markErrs = []error{&incident.RefusedError{Err: errors.New("no such delivery")}}
		mail := &fake{name: "mail"}
		box.put("mail", 1, began)
		box.put("mail", 2, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		synctest.Wait()
		if r := box.results(); len(r) != 1 || r[0].delivery != 2 {
			t.Errorf("settled %v", r)
		}
	})
}

func TestGivenUpAfterADayAndTold(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: fail}
		box.put("mail", 1, began)
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{})
		start(t, d)
		time.Sleep(24*time.Hour - 31*time.Second)
		for _, s := range box.results() {
			if s.result.Permanent {
				t.Fatalf("given up after %s", s.result.At.Sub(began))
			}
		}
		if got := d.Status()[0].GivenUp; got != 0 {
			t.Errorf("%d count as given up before", got)
		}
		time.Sleep(time.Minute + 2*time.Second)
		last := box.results()[len(box.results())-1].result
		if !last.Permanent || !strings.HasPrefix(last.Error, "given up after 24h0m0s: no") {
			t.Errorf("after a day: %+v", last)
		}
		if got := d.Status()[0].GivenUp; got != 1 {
			t.Errorf("%d count as given up, want 1", got)
		}
		if len(box.told) != 1 || box.told[0].Except != "mail" || box.told[0].Topic != incident.NotifierTopic.About("mail") || len([]rune(box.told[0].Title)) > 70 {
			t.Errorf("told %+v", box.told)
		}
	})
}

func TestAHopelessErrorIsNotRetried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error { return notify.Permanent(errNo) }}
		box.put("mail", 1, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		time.Sleep(time.Hour)
		if r := box.results(); len(r) != 1 || !r[0].result.Permanent || len(box.told) != 1 {
			t.Errorf("settled %+v, told %+v", r, box.told)
		}
	})
}

func TestTwoBrokenNotifiersDoNotComplainForEver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error { return notify.Permanent(errNo) }}
		box.put("mail", 1, began)
		box.waiting["mail"][0].message.Alert.Topic = incident.NotifierTopic.About("slack")
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		time.Sleep(time.Minute)
		if len(box.told) != 0 || len(box.results()) != 1 {
			t.Errorf("told %+v", box.told)
		}
	})
}

func TestAPanicIsAnErrorWhoseDetailsAreInTheLogOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error { panic("nil map") }}
		box.put("mail", 1, began)
		var log bytes.Buffer
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{Jitter: longest, Log: slog.New(slog.NewTextHandler(&log, nil))})
		start(t, d)
		time.Sleep(2 * time.Second)
		if n := len(mail.seen()); n != 2 {
			t.Errorf("%d attempts", n)
		}
		if s := d.Status()[0]; s.LastError != "a bug in Backstop: its log has the details" {
			t.Errorf("status %+v", s)
		}
		if said := log.String(); !strings.Contains(said, "nil map") || !strings.Contains(said, "dispatcher_test.go") {
			t.Errorf("the log lacks what happened and where: %s", said)
		}
	})
}

func TestAPanicOfTheOutboxEndsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		box.panics = true
		mail := &fake{name: "mail"}
		box.put("mail", 1, began)
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		time.Sleep(5 * time.Second)
		if n := len(mail.seen()); n != 1 {
			t.Errorf("%d sends", n)
		}
	})
}

func TestStopBreaksOffWhatHangsAndLeavesItDueAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: hang}
		box.put("mail", 1, began)
		stop := start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		synctest.Wait()
		stopping := time.Now()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if took := time.Since(stopping); took > 4*time.Second {
			t.Errorf("stopping took %s", took)
		}
		r := box.results()
		if len(r) != 1 || r[0].result.Permanent || r[0].result.RetryAt.After(time.Now()) {
			t.Errorf("settled %+v", r)
		}
	})
}

func TestStopLetsAGoodSendFinish(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail", do: func(ctx context.Context, _ incident.Message) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}}
		box.put("mail", 1, began)
		box.put("mail", 2, began)
		stop := start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		synctest.Wait()
		if err := stop(); err != nil {
			t.Error(err)
		}
		if r := box.results(); len(r) != 1 || r[0].result.Error != "" {
			t.Errorf("settled %+v", r)
		}
	})
}

func TestStopDoesNotWaitForANotifierThatIgnoresIt(t *testing.T) {
	t.Parallel()
	box := newOutbox()
	block, sending := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(block) })
	mail := &fake{name: "mail", do: func(context.Context, incident.Message) error {
		close(sending)
		<-block
		return nil
	}}
	box.put("mail", 1, time.Now())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- notify.New(box, []notify.Notifier{mail}, notify.Options{}).Run(ctx)
	}()
	<-sending
	cancel()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "did not stop") {
		t.Errorf("got %v", err)
	}
}

func TestWakeSendsAtOnceAndWaitIsKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail"}
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{})
		start(t, d)
		time.Sleep(90 * time.Second)
		box.put("mail", 1, time.Now())
		box.put("mail", 2, time.Now().Add(20*time.Second))
		d.Wake()
		time.Sleep(40 * time.Second)
		want := []time.Duration{90 * time.Second, 110 * time.Second}
		if got := mail.after(began); !slices.Equal(got, want) {
			t.Errorf("sends at %v, want %v", got, want)
		}
	})
}

func TestAMissedWakeCostsAMinuteAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		mail := &fake{name: "mail"}
		start(t, notify.New(box, []notify.Notifier{mail}, notify.Options{}))
		synctest.Wait()
		box.put("mail", 1, time.Now())
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(mail.seen()) != 1 {
			t.Error("not sent")
		}
	})
}

// claimPause is how soon an outbox that is back is asked again.
const claimPause = 200 * time.Millisecond

func TestAnOutboxThatIsAwayIsAskedGentlyAndLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		box := newOutbox()
		box.claimErr = errors.New("disk full")
		mail := &fake{name: "mail"}
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{Jitter: longest, Log: slog.New(slog.NewTextHandler(&log, nil))})
		stop := start(t, d)
		time.Sleep(time.Minute)
		box.mu.Lock()
		if box.claims > 10 {
			t.Errorf("asked %d times in a minute", box.claims)
		}
		box.mu.Unlock()
		for range 1000 {
			time.Sleep(10 * time.Millisecond)
			d.Wake()
		}
		box.mu.Lock()
		if box.claims > 70 {
			t.Errorf("asked %d times in ten seconds of waking", box.claims)
		}
		box.claimErr = nil
		box.mu.Unlock()
		box.put("mail", 1, time.Now())
		d.Wake()
		time.Sleep(claimPause)
		synctest.Wait()
		if len(mail.seen()) != 1 {
			t.Error("not sent once the outbox was back")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "disk full"); n != 1 {
			t.Errorf("logged %d times", n)
		}
	})
}

func TestStatusFollowsTheAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		mail := &fake{name: "mail"}
		mail.do = func(_ context.Context, m incident.Message) error {
			if m.Attempt < 3 {
				return errors.New("line one\r\nline two\x00")
			}
			return nil
		}
		box.put("mail", 1, began)
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{Jitter: longest})
		start(t, d)
		time.Sleep(1500 * time.Millisecond)
		s := d.Status()[0]
		if s.Errors != 2 || s.LastError != "line one line two" || !s.LastSuccess.IsZero() || !s.LastFailure.Equal(began.Add(time.Second)) {
			t.Errorf("after two failures: %+v", s)
		}
		time.Sleep(2 * time.Second)
		s = d.Status()[0]
		if s.Errors != 0 || !s.LastSuccess.Equal(began.Add(3*time.Second)) || s.Sent != 1 || s.Failed != 2 || !s.PausedUntil.IsZero() {
			t.Errorf("after the success: %+v", s)
		}
	})
}
