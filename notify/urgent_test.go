package notify_test

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

func TestUrgentGoesToAllAtOnceBesideTheOutbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		stuck, chat, pager := &fake{name: "mail", do: hang}, &fake{name: "chat"}, &fake{name: "pager"}
		box.put("chat", 1, began)
		d := notify.New(box, []notify.Notifier{stuck, chat, pager}, notify.Options{Jitter: longest})
		start(t, d)
		synctest.Wait()
		m := incident.Message{Alert: incident.Alert{Kind: incident.Meta, Title: "history unavailable: disk full", Except: "pager"}}
		for n := range 9 {
			m.Alert.Topic = incident.LedgerTopic.About(strconv.Itoa(n))
			d.Urgent(m)
		}
		synctest.Wait()
		urgent := 0
		for _, s := range chat.seen() {
			if s.message.Alert.Title != "" && s.message.DeliveryID == 0 && !s.message.Now.IsZero() {
				urgent++
			}
		}
		if urgent < 4 {
			t.Errorf("chat got %d urgent messages while mail hangs", urgent)
		}
		if len(pager.seen()) != 0 {
			t.Error("the excepted one got it")
		}
		if len(box.results()) != 1 {
			t.Errorf("an urgent message was settled: %+v", box.results())
		}
		time.Sleep(10 * time.Minute)
		if n := len(stuck.seen()); n < 3 || n > 15 {
			t.Errorf("the hanging one was tried %d times", n)
		}
	})
}

// A server that has a hiccup must not cost the only alert there is.
func TestUrgentIsTriedForTenMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mail := &fake{name: "mail", do: fail}
		d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{Jitter: longest})
		start(t, d)
		d.Urgent(incident.Message{})
		time.Sleep(time.Hour)
		got := mail.after(began)
		if len(got) < 20 || got[2] != 3*time.Second || got[len(got)-1] > 10*time.Minute || got[len(got)-1] < 9*time.Minute {
			t.Errorf("attempts at %v, want them to go on for ten minutes", got)
		}
	})
}

func TestANewerUrgentMessageReplacesOneAboutTheSame(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		broken.Store(true)
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error {
			if broken.Load() {
				return errNo
			}
			return nil
		}}
		d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{Jitter: longest})
		start(t, d)
		say := func(topic incident.Topic, title string) {
			d.Urgent(incident.Message{Alert: incident.Alert{Kind: incident.Meta, At: time.Now(), Topic: topic, Title: title}})
			time.Sleep(time.Second)
		}
		say(incident.LedgerTopic, "1 caller")
		say(incident.JournalTopic, "disk full")
		say(incident.LedgerTopic, "10 callers")
		broken.Store(false)
		before := len(mail.seen())
		time.Sleep(10 * time.Minute)
		var titles []string
		for _, s := range mail.seen()[before:] {
			titles = append(titles, s.message.Alert.Title)
		}
		if got := strings.Join(titles, ", "); got != "10 callers, disk full" {
			t.Errorf("once it works it sends %q", got)
		}
	})
}

func TestAnOldUrgentMessageIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mail := &fake{name: "mail"}
		d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{})
		d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now()}})
		time.Sleep(time.Hour)
		start(t, d)
		d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now()}})
		synctest.Wait()
		if n := len(mail.seen()); n != 1 {
			t.Errorf("%d sends", n)
		}
	})
}

func TestNewSettingsAreTriedAtOnceForAnUrgentMessageThatWaits(t *testing.T) {
	t.Parallel()
	limited := func(context.Context, incident.Message) error { return notify.RetryAfter(errNo, 5*time.Minute) }
	for name, c := range map[string]struct {
		old                 func(context.Context, incident.Message) error
		replacedAt, triedAt time.Duration
	}{
		"after a long backoff":                     {fail, 50 * time.Second, 50 * time.Second},
		"in a pause that the other side asked for": {limited, time.Minute, time.Minute},
		"while the old ones still hang":            {hang, 10 * time.Second, 20 * time.Second},
		"while the old ones are about to be told to wait": {func(ctx context.Context, m incident.Message) error {
			time.Sleep(15 * time.Second)
			return limited(ctx, m)
		}, 10 * time.Second, 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				old, replacement := &fake{name: "mail", do: c.old}, &fake{name: "mail", do: fail}
				d := notify.New(newOutbox(), []notify.Notifier{old}, notify.Options{Jitter: longest})
				start(t, d)
				d.Urgent(incident.Message{})
				time.Sleep(c.replacedAt)
				d.Replace([]notify.Notifier{replacement})
				time.Sleep(c.triedAt - c.replacedAt + 4*time.Second)
				want := []time.Duration{c.triedAt, c.triedAt + time.Second, c.triedAt + 3*time.Second}
				if got := replacement.after(began); !slices.Equal(got, want) {
					t.Errorf("tried at %v, want %v: at once, and then with a new backoff", got, want)
				}
			})
		})
	}
}
