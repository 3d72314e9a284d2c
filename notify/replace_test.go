package notify_test

import (
	"context"
	"log/slog"
	"strings"
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

func TestANotifierTakenAwayTwiceIsNotBackBeforeItsSendHasEnded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slow := &fake{name: "mail", do: func(context.Context, incident.Message) error { time.Sleep(time.Second); return nil }}
		between, last := &fake{name: "mail"}, &fake{name: "mail"}
		d := notify.New(newOutbox(), []notify.Notifier{slow}, notify.Options{})
		start(t, d)
		urgently(d, 2)
		synctest.Wait()
		for _, notifiers := range [][]notify.Notifier{nil, {between}, nil, {last}} {
			d.Replace(notifiers)
		}
		synctest.Wait()
		if got := titles(last); got != "" {
			t.Errorf("%q were sent while the first was in hand", got)
		}
		time.Sleep(time.Minute)
		if got := titles(last); got != "news 1" || len(between.seen()) != 0 {
			t.Errorf("sent %q", got)
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
