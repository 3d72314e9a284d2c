package notify_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

func TestAPauseThatAnUrgentMessageDoesNotOutliveIsNotWaitedForButLogged(t *testing.T) {
	t.Parallel()
	const inWords = "its notifier asks for a longer pause than it is worth sending"
	for name, c := range map[string]struct {
		pause   time.Duration
		came    []time.Duration // one message each
		want    []time.Duration // when something was sent
		dropped []string
	}{
		"an hour, and others get their try at once": {
			time.Hour,
			[]time.Duration{0, 0, time.Minute},
			[]time.Duration{0, 0, time.Minute},
			[]string{"news 0", "news 1", "news 2"},
		},
		"as long as it is worth sending": {10 * time.Minute, []time.Duration{0}, []time.Duration{0}, []string{"news 0"}},
		"a pause that it outlives": {
			6 * time.Minute,
			[]time.Duration{0},
			[]time.Duration{0, 6 * time.Minute},
			[]string{"news 0"},
		},
		"what outlives it keeps to it, what does not has one try": {
			4 * time.Minute,
			[]time.Duration{0, time.Minute, 5 * time.Minute},
			[]time.Duration{0, 4 * time.Minute, 8 * time.Minute, 8 * time.Minute, 12 * time.Minute},
			[]string{"news 0", "news 1", "news 2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var log bytes.Buffer
				chat := &fake{name: "mail", do: func(context.Context, incident.Message) error { return notify.RetryAfter(errNo, c.pause) }}
				d := notify.New(newOutbox(), []notify.Notifier{chat}, notify.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
				start(t, d)
				for n, at := range c.came {
					time.Sleep(time.Until(began.Add(at)))
					urgent(d, n)
				}
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if got := chat.after(began); !slices.Equal(got, c.want) {
					t.Errorf("sent at %v, want %v", got, c.want)
				}
				if got := dropped(&log); !slices.Equal(got, c.dropped) || strings.Count(log.String(), inWords) != len(c.dropped) {
					t.Errorf("logged as dropped: %v, want %v by the words %q:\n%s", got, c.dropped, inWords, log.String())
				}
			})
		})
	}
}

func TestAnUrgentMessageThatGotTooOldIsLogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		startAfter time.Duration
		do         func(context.Context, incident.Message) error
	}{
		"because nothing ran":    {time.Hour, nil},
		"though it was tried":    {0, fail},
		"though it was hung on":  {0, hang},
		"when somebody was late": {10*time.Minute - time.Second, hang},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				d := notify.New(newOutbox(), []notify.Notifier{&fake{name: "mail", do: c.do}}, notify.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
				urgently(d, 1)
				time.Sleep(c.startAfter)
				start(t, d)
				time.Sleep(time.Hour)
				synctest.Wait()
				if got := dropped(&log); !slices.Equal(got, []string{"news 0"}) {
					t.Errorf("logged as dropped: %v", got)
				}
			})
		})
	}
}

func TestAnUrgentMessageThatANewerOneReplacesIsNotCalledDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error {
			time.Sleep(time.Second)
			return notify.RetryAfter(errNo, time.Hour)
		}}
		d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		start(t, d)
		for _, title := range []string{"1 caller", "10 callers"} {
			d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now(), Topic: incident.LedgerTopic, Title: title}})
			time.Sleep(500 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := dropped(&log); titles(mail) != "1 caller, 10 callers" || !slices.Equal(got, []string{"10 callers"}) {
			t.Errorf("sent %q, logged as dropped: %q", titles(mail), got)
		}
	})
}

func TestTheBackoffOfAnUrgentMessageOwesNothingToTheOneBefore(t *testing.T) {
	t.Parallel()
	limited := notify.RetryAfter(errNo, 4*time.Minute)
	for name, c := range map[string]struct {
		came []time.Duration
		errs []error // of the first attempts; all others fail
	}{
		"that was sent in the end":          {[]time.Duration{0, time.Minute}, []error{errNo, errNo, errNo, errNo, errNo, nil}},
		"that was given up":                 {[]time.Duration{0, time.Hour}, nil},
		"that was sent in spite of a pause": {[]time.Duration{0, time.Minute, 8*time.Minute + 30*time.Second}, []error{limited, limited, limited, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				mail := &fake{name: "mail"}
				mail.do = func(context.Context, incident.Message) error {
					if attempt := len(mail.seen()); attempt <= len(c.errs) {
						return c.errs[attempt-1]
					}
					return errNo
				}
				d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{Jitter: longest})
				start(t, d)
				var last time.Duration
				for n, at := range c.came {
					time.Sleep(time.Until(began.Add(at)))
					urgent(d, n)
					last = at
				}
				time.Sleep(5 * time.Second)
				got, want := mail.after(began), []time.Duration{last, last + time.Second, last + 3*time.Second}
				if tail := got[max(0, len(got)-len(want)):]; !slices.Equal(tail, want) {
					t.Errorf("the last one was tried at %v, want %v", tail, want)
				}
			})
		})
	}
}
