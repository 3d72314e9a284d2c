package notify_test

import (
	"context"
	"log/slog"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/notify"
)

func TestReplaceUsesNewSettingsAndForgetsTheBackoff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		wrong := &fake{name: "mail", do: func(context.Context, incident.Message) error { return notify.RetryAfter(errNo, time.Hour) }}
		right := &fake{name: "mail"}
		box.put("mail", 1, began)
		d := notify.New(box, []notify.Notifier{wrong}, notify.Options{})
		start(t, d)
		time.Sleep(time.Minute)
		d.Replace([]notify.Notifier{right})
		box.put("mail", 2, time.Now())
		d.Wake()
		synctest.Wait()
		if got := right.seen(); len(got) != 1 || got[0].message.DeliveryID != 2 {
			t.Errorf("the new settings sent %v", got)
		}
		time.Sleep(time.Hour)
		if len(right.seen()) != 2 || len(wrong.seen()) != 1 {
			t.Errorf("right %d, wrong %d", len(right.seen()), len(wrong.seen()))
		}
	})
}

func TestADispatcherThatIsRunAgainGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, mail := newOutbox(), &fake{name: "mail"}
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{})
		for n := range int64(3) {
			stop := start(t, d)
			box.put("mail", n, time.Now())
			d.Wake()
			synctest.Wait()
			if err := stop(); err != nil {
				t.Fatal(err)
			}
		}
		if len(mail.seen()) != 3 || d.Status()[0].Sent != 3 {
			t.Errorf("sent %v, status %+v", mail.seen(), d.Status())
		}
	})
}

func TestReplaceLetsTheMessageInHandFinishOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		slow := &fake{name: "mail", do: func(context.Context, incident.Message) error { time.Sleep(5 * time.Second); return nil }}
		same := &fake{name: "mail"}
		box.put("mail", 1, began)
		box.put("mail", 2, began)
		d := notify.New(box, []notify.Notifier{slow}, notify.Options{})
		start(t, d)
		synctest.Wait()
		d.Replace([]notify.Notifier{same})
		time.Sleep(6 * time.Second)
		if len(slow.seen()) != 1 || len(same.seen()) != 1 || same.seen()[0].message.DeliveryID != 2 {
			t.Errorf("slow %v, same %v", slow.seen(), same.seen())
		}
	})
}

func TestANotifierTakenAwayAndPutBackServesInOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box, began := newOutbox(), time.Now()
		slow := &fake{name: "mail", do: func(context.Context, incident.Message) error { time.Sleep(time.Second); return nil }}
		back, other := &fake{name: "mail"}, &fake{name: "chat"}
		box.put("mail", 1, began)
		box.put("mail", 2, began)
		d := notify.New(box, []notify.Notifier{slow}, notify.Options{})
		start(t, d)
		synctest.Wait()
		d.Replace([]notify.Notifier{other})
		d.Replace([]notify.Notifier{back, other, back})
		synctest.Wait()
		if len(back.seen()) != 0 {
			t.Error("began before the one in hand was finished")
		}
		time.Sleep(2 * time.Second)
		if len(slow.seen()) != 1 || len(back.seen()) != 1 {
			t.Errorf("slow %d, back %d", len(slow.seen()), len(back.seen()))
		}
		if s := d.Status(); len(s) != 2 || s[0].Name != "mail" || s[1].Name != "chat" {
			t.Errorf("status %+v", s)
		}
	})
}

func TestReplaceBeforeRunAndAfterIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		box := newOutbox()
		mail, chat := &fake{name: "mail"}, &fake{name: "chat"}
		d := notify.New(box, []notify.Notifier{mail}, notify.Options{})
		d.Replace([]notify.Notifier{chat})
		d.Replace([]notify.Notifier{mail})
		box.put("mail", 1, time.Now())
		stop := start(t, d)
		synctest.Wait()
		if len(mail.seen()) != 1 {
			t.Error("not sent")
		}
		if err := stop(); err != nil {
			t.Error(err)
		}
		d.Replace([]notify.Notifier{chat})
		d.Wake()
		d.Urgent(incident.Message{})
	})
}

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

func TestCheckAsksAllSideBySide(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		errs := notify.Check(ctx, []notify.Notifier{
			&fake{name: "hangs", do: hang},
			&fake{name: "hangs too", do: hang},
			&fake{name: "panics", do: func(context.Context, incident.Message) error { panic("oh") }},
			&fake{name: "works"},
		}, slog.New(slog.DiscardHandler))
		if errs["works"] != nil || errs["hangs"] == nil || errs["hangs too"] == nil || errs["panics"] == nil || strings.Contains(errs["panics"].Error(), "oh") {
			t.Errorf("got %v", errs)
		}
		if took := time.Since(began); took != time.Second {
			t.Errorf("took %s", took)
		}
	})
}
