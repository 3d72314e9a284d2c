package pages_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

func TestADeliverySaysOnceWhatItTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		delivery history.Delivery
		want     string
	}{
		"a drill":          {history.Delivery{Kind: incident.DrillAlert, Reason: "a drill"}, "<td><strong>drill: nothing is broken</strong></td>"},
		"an incident":      {history.Delivery{Kind: incident.Opened, Reason: "first failure with this cause"}, `<strong>opened</strong> <span class="dim">first failure with this cause</span>`},
		"about Backstop":   {history.Delivery{Kind: incident.Meta, Title: "The journal was damaged", Reason: "at most once in 15 minutes"}, `<strong>Backstop itself</strong> <span class="dim">The journal was damaged</span>`},
		"without a reason": {history.Delivery{Kind: incident.Opened}, "<td><strong>opened</strong></td>"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(3))
			c.delivery.Notifier, c.delivery.State = "ops-mail", history.Sent
			h.ledger.failures[10].Deliveries = []history.Delivery{c.delivery}
			if page := h.enter(t).get("/history/" + h.ledger.failures[10].ID.String()).body; !strings.Contains(page, c.want) {
				t.Errorf("the page does not say %s", c.want)
			}
		})
	}
}

func TestAFailureThatWasSavedSaysByWhom(t *testing.T) {
	t.Parallel()
	for step, wants := range map[string][]string{
		"failover standby": {"saved", "A standby server answered"},
		"enqueue support":  {"saved", "No words: the TwiML below says where the call or message went on."},
		"redirect standby": {"saved", "No words: the TwiML below says where the call or message went on."},
		"last good":        {"got the last good answer", "The last good answer for this path was given again"},
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d := &h.ledger.failures[0]
			d.Answer = incident.Answer{Step: step, Outcome: incident.Saved}
			d.Step, d.Outcome = step, incident.Saved
			page := h.enter(t).get("/history/" + d.ID.String()).body
			for _, want := range wants {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

func TestSilenceOnPurposeIsToldFromErasedWords(t *testing.T) {
	t.Parallel()
	const erased, silent = "were erased, because of their age or on demand", "No words: no reply, already answered"
	for name, c := range map[string]struct {
		answer    incident.Answer
		want, not string
	}{
		"words that were said":        {incident.Answer{Step: "message", Outcome: incident.Told}, "What was said, and the TwiML, " + erased, "No words"},
		"words that did not arrive":   {incident.Answer{Step: "message", Outcome: incident.NotTold}, "What was said, and the TwiML, " + erased, "No words"},
		"silence stays what it was":   {incident.Answer{Outcome: incident.NotTold, Why: "no reply, already answered"}, silent, "What was said"},
		"words from before that rule": {incident.Answer{Heard: "Please call later.", Outcome: incident.Told}, "Please call later.", "What was said"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d := &h.ledger.failures[0]
			d.Erased, d.Params, d.Answer = true, nil, c.answer
			page := h.enter(t).get("/history/" + d.ID.String()).body
			if !strings.Contains(page, c.want) || strings.Contains(page, c.not) {
				t.Errorf("want %q and not %q in %s", c.want, c.not, page)
			}
		})
	}
}

func TestAFailureSaysWhatIsSpecialAboutIt(t *testing.T) {
	t.Parallel()
	const own, slim = "one of Backstop’s own", "memory was nearly full"
	for name, c := range map[string]struct {
		change     func(*history.Detail)
		want, lack []string
	}{
		"an ordinary one":     {func(*history.Detail) {}, nil, []string{own, slim}},
		"Backstop's own":      {func(d *history.Detail) { d.Itself = true }, []string{own}, []string{slim}},
		"kept under overload": {func(d *history.Detail) { d.Slim, d.Params = true, d.Params[:4] }, []string{slim, "4, as Twilio sent them; the others were not kept"}, []string{own}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(3))
			c.change(&h.ledger.failures[10])
			page := h.enter(t).get("/history/" + h.ledger.failures[10].ID.String()).body
			for _, s := range c.want {
				if !strings.Contains(page, s) {
					t.Errorf("the page does not say %q", s)
				}
			}
			for _, s := range c.lack {
				if strings.Contains(page, s) {
					t.Errorf("the page says %q", s)
				}
			}
		})
	}
}

func TestWhatACapHoldsDoesNotLookStuck(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(3))
	held := history.Delivery{Notifier: "ops-mail", Kind: incident.Growing, Reason: "100 callers", State: history.Waiting, CreatedAt: night, HeldUntil: night.Add(30 * time.Minute), HeldBy: "at most one about growth in 30 min"}
	failed := held
	failed.LastError, failed.DueAt, failed.HeldBy = "no such host", night.Add(time.Minute), ""
	h.ledger.incidents[2].Deliveries = []history.Delivery{held, failed}
	h.ledger.notifiers[0].Waiting, h.ledger.notifiers[0].NextAt = 1, night.Add(30*time.Minute)
	v := h.enter(t)
	for path, wants := range map[string][]string{
		"/incidents/14": {"until <time datetime=\"2026-11-23T04:42:45.000+01:00\">2026-11-23 04:42:45 +01:00</time>: at most one about growth in 30 min<", "again <time datetime=\"2026-11-23T04:13:45.000+01:00\">"},
		"/":             {"next message <time datetime=\"2026-11-23T04:42:45.000+01:00\">"},
	} {
		page := strings.ReplaceAll(v.get(path).body, "&#43;", "+")
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s does not say %q", path, want)
			}
		}
	}
}

func TestTheTimelineContradictsNobody(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		took, journal, ledger time.Duration
		want                  string
	}{
		"as it mostly is":              {4200 * time.Microsecond, 6 * ms, 140 * ms, "answer ready +4.2 ms, to the journal +6 ms, in the ledger +140 ms"},
		"the journal's time is cut":    {350 * time.Microsecond, 0, 12 * ms, "answer ready +0.3 ms, to the journal +1 ms, in the ledger +12 ms"},
		"its cut is within the answer": {6800 * time.Microsecond, 6 * ms, 6 * ms, "answer ready +6.8 ms, to the journal +7 ms, in the ledger +7 ms"},
		"the answer took a while":      {1400 * ms, 1450 * ms, 3 * time.Second, "answer ready +1.4 s, to the journal +1.4 s, in the ledger +3.0 s"},
		"it was verified late":         {0, 2 * time.Hour, 2 * time.Hour, "to the journal +2 h, in the ledger +2 h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(oneNight(1))
			d := &h.ledger.failures[10]
			d.Deliveries = nil
			d.Answer.Took, d.JournalAt, d.LedgerAt = c.took, d.ReceivedAt.Add(c.journal), d.ReceivedAt.Add(c.ledger)
			page := strings.ReplaceAll(h.enter(t).get("/history/"+d.ID.String()).body, "&#43;", "+")
			var got []string
			for _, m := range regexp.MustCompile(`<span class="after">(\+[^<]*)</span><span class="point">([^<]*)<`).FindAllStringSubmatch(page, -1) {
				got = append(got, m[2]+" "+m[1])
			}
			if strings.Join(got, ", ") != c.want {
				t.Errorf("got %s, want %s", strings.Join(got, ", "), c.want)
			}
		})
	}
}

func TestTheTimelineIsInOrderOfTime(t *testing.T) {
	t.Parallel()
	h := newHouse(oneNight(1))
	d := &h.ledger.failures[10]
	at := func(after time.Duration, notifier string) history.Delivery {
		return history.Delivery{Notifier: notifier, State: history.Sent, SentAt: d.ReceivedAt.Add(after)}
	}
	d.Deliveries = []history.Delivery{at(44*time.Millisecond, "ops-slack"), at(266*time.Millisecond, "ops-mail"), at(100*time.Millisecond, "ops-chat")}
	page := h.enter(t).get("/history/" + d.ID.String()).body
	var got []string
	for _, m := range regexp.MustCompile(`told by ([a-z-]+)`).FindAllStringSubmatch(page, -1) {
		got = append(got, m[1])
	}
	if want := "ops-slack ops-chat ops-mail"; strings.Join(got, " ") != want {
		t.Errorf("told by %s, want %s", strings.Join(got, " "), want)
	}
}
