package notify_test

import (
	"bytes"
	"context"
	"log/slog"
	"regexp"
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
		d.Urgent(incident.Message{Attempt: 7})
		time.Sleep(time.Hour)
		for i, s := range mail.seen() {
			if s.message.Attempt != i+1 {
				t.Errorf("attempt %d calls itself %d", i+1, s.message.Attempt)
			}
		}
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
			time.Sleep(900 * time.Millisecond) // at no time when one is sent
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
		d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now(), Topic: incident.LedgerTopic, Title: "old"}})
		time.Sleep(time.Hour)
		start(t, d)
		d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now(), Topic: incident.JournalTopic, Title: "new"}})
		synctest.Wait()
		if got := titles(mail); got != "new" {
			t.Errorf("sent %q", got)
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
		"while the old ones are about to be told to wait": {func(context.Context, incident.Message) error {
			time.Sleep(15 * time.Second)
			return notify.RetryAfter(errNo, time.Hour)
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

// What is being sent is on its way with the old words.
func TestANewerUrgentMessageAboutTheSameIsSentThoughOneIsUnderWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		mail := &fake{name: "mail", do: func(context.Context, incident.Message) error { time.Sleep(time.Second); return nil }}
		d := notify.New(newOutbox(), []notify.Notifier{mail}, notify.Options{})
		start(t, d)
		for _, title := range []string{"1 caller", "10 callers", "100 callers"} {
			d.Urgent(incident.Message{Alert: incident.Alert{At: time.Now(), Topic: incident.LedgerTopic, Title: title}})
			time.Sleep(400 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		if got := titles(mail); got != "1 caller, 100 callers" {
			t.Errorf("sent %q", got)
		}
	})
}

func TestOfUrgentMessagesFourAreKeptAndWhatFindsNoRoomIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		d := notify.New(newOutbox(), []notify.Notifier{&fake{name: "mail"}}, notify.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		urgently(d, 6)
		if got := dropped(&log); !slices.Equal(got, []string{"news 4", "news 5"}) {
			t.Errorf("logged as dropped: %v", got)
		}
	})
}

// urgently tells d about so many different things.
func urgently(d *notify.Dispatcher, count int) {
	for n := range count {
		urgent(d, n)
	}
}

// urgent tells d about the thing of that number.
func urgent(d *notify.Dispatcher, n int) {
	number := strconv.Itoa(n)
	d.Urgent(incident.Message{Alert: incident.Alert{Kind: incident.Meta, At: time.Now(), Topic: incident.LedgerTopic.About(number), Title: "news " + number}})
}

// titles are what n was given, in order.
func titles(n *fake) string {
	var list []string
	for _, s := range n.seen() {
		list = append(list, s.message.Alert.Title)
	}
	return strings.Join(list, ", ")
}

// dropped are the titles of what the log says was dropped.
func dropped(log *bytes.Buffer) []string {
	var list []string
	for _, m := range regexp.MustCompile(`urgent alert dropped.* notifier=mail title="([^"]*)"`).FindAllStringSubmatch(log.String(), -1) {
		list = append(list, m[1])
	}
	return list
}

// There is no outbox that would still have them.
func TestUrgentMessagesOutliveTheWorkerThatTriesThem(t *testing.T) {
	t.Parallel()
	slowly := func(context.Context, incident.Message) error { time.Sleep(time.Second); return nil }
	for name, c := range map[string]struct {
		old     func(context.Context, incident.Message) error
		succeed func(t *testing.T, d *notify.Dispatcher, stop func() error, heir *fake)
		want    string
	}{
		"a dispatcher that is run again": {fail, func(t *testing.T, d *notify.Dispatcher, stop func() error, heir *fake) {
			t.Helper()
			if err := stop(); err != nil {
				t.Error(err)
			}
			d.Replace([]notify.Notifier{heir})
			start(t, d)
		}, "news 0, news 1, news 2"},
		"a notifier that is back before its send has ended": {hang, func(_ *testing.T, d *notify.Dispatcher, _ func() error, heir *fake) {
			d.Replace(nil)
			d.Replace([]notify.Notifier{heir})
		}, "news 0, news 1, news 2"},
		"what the old one still sends is not sent again": {slowly, func(_ *testing.T, d *notify.Dispatcher, _ func() error, heir *fake) {
			d.Replace(nil)
			d.Replace([]notify.Notifier{heir})
		}, "news 1, news 2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				old, heir := &fake{name: "mail", do: c.old}, &fake{name: "mail"}
				d := notify.New(newOutbox(), []notify.Notifier{old}, notify.Options{Jitter: longest})
				stop := start(t, d)
				urgently(d, 3)
				synctest.Wait()
				c.succeed(t, d, stop, heir)
				time.Sleep(time.Minute)
				if got := titles(heir); got != c.want {
					t.Errorf("the heir of one that was given %q sent %q, want %q", titles(old), got, c.want)
				}
			})
		})
	}
}

// life is how far a dispatcher has come.
type life int

const (
	unborn life = iota
	running
	over
)

func TestUrgentMessagesOfANotifierThatIsTakenAwayAreLogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		do   func(context.Context, incident.Message) error
		life life
		want []string
	}{
		"while one is tried":           {hang, running, []string{"news 0", "news 1"}},
		"while one is tried with luck": {func(context.Context, incident.Message) error { time.Sleep(time.Second); return nil }, running, []string{"news 1"}},
		"in a pause":                   {fail, running, []string{"news 0", "news 1"}},
		"when none was needed":         {nil, running, nil},
		"between two runs":             {nil, over, []string{"news 0", "news 1"}},
		"before anything runs":         {nil, unborn, []string{"news 0", "news 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				d := notify.New(newOutbox(), []notify.Notifier{&fake{name: "mail", do: c.do}}, notify.Options{Jitter: longest, Log: slog.New(slog.NewTextHandler(&log, nil))})
				if c.life != unborn {
					stop := start(t, d)
					synctest.Wait()
					if c.life == over {
						_ = stop() // start's cleanup says what is wrong with it
					}
				}
				urgently(d, 2)
				synctest.Wait()
				d.Replace(nil)
				time.Sleep(5 * time.Second)
				synctest.Wait()
				if got := dropped(&log); !slices.Equal(got, c.want) {
					t.Errorf("logged as dropped: %v, want %v", got, c.want)
				}
			})
		})
	}
}
