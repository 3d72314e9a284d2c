package pages_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// missed is a ledger with an incident, 12, of seven messages that the customer's
// server had not had, one in each state, and a last one that waits for a server
// that is stopped. The numbers of their failures are 3 to 9.
func missed() *ledger {
	l := oneNight(3)
	at := night.Add(-time.Hour)
	asked := history.Replay{Server: "https://hooks.example.net:8443", AskedAt: at, AskedBy: "anna"}
	for i, change := range []func(*history.Replay){
		func(r *history.Replay) { *r = history.Replay{} },
		func(*history.Replay) {},
		func(r *history.Replay) { r.State, r.SentAt = history.ReplaySending, at },
		func(r *history.Replay) {
			r.State, r.SentAt, r.Status, r.Answer = history.ReplaySent, at, 200, `<Response><Message>"Hello" <script>alert(1)</script></Message></Response>`
		},
		func(r *history.Replay) {
			r.State, r.SentAt, r.Status, r.Error, r.Answer = history.ReplayRefused, at, 403, "it answered 403", "forbidden, +447700900004"
		},
		func(r *history.Replay) {
			r.State, r.SentAt, r.Error = history.ReplayUnknown, at, "no answer in time (15s at most)"
		},
		func(r *history.Replay) {
			r.Error, r.Stopped = "it refuses connections", history.ReplayStop{Server: r.Server, At: at, Why: "it failed 3 times in a row, the last time: it refuses connections"}
		},
	} {
		r := asked
		r.State = history.ReplayWaiting
		change(&r)
		l.failures[3+i].Replay = r
	}
	in := &l.incidents[1]
	in.Unseen, in.OptOuts = 6, 2
	in.Replays = history.Replays{
		Waiting: 3, Sent: 1, Refused: 1, Unknown: 1, Stopped: []history.ReplayStop{l.failures[9].Replay.Stopped},
		OptOuts: []history.Row{l.failures[4].Row, l.failures[3].Row}, Look: []history.Row{l.failures[8].Row, l.failures[7].Row},
	}
	return l
}

func TestAMessagesPageSaysWhereItStandsAndOffersWhatMayBeDone(t *testing.T) {
	t.Parallel()
	h := newHouse(missed())
	h.ledger.notes = []string{"Its idempotency token was not kept: it gets one that is made from the failure's id."}
	v := h.enter(t)
	for n, c := range map[int]struct {
		says   string
		button string
	}{
		3: {"has not had it, as far as Backstop knows", "Send it"},
		4: {"It waits for its turn, as <strong>anna</strong> asked", ""},
		5: {"It is being sent since", ""},
		6: {"It answered 200: <span class=\"mono\"><bdi>&lt;Response&gt;&lt;Message&gt;&#34;Hello&#34; &lt;script&gt;alert(1)", ""},
		7: {"Your server did not take it", "Send it again"},
		8: {"before you send it again, or your server may act on it twice", "Send it again all the same"},
		9: {"The last try did not reach the server: it refuses connections.", "It is back: go on sending"},
	} {
		page := v.get("/history/" + h.ledger.failures[n].ID.String()).body
		_, section, _ := strings.Cut(page, `id="server"`)
		section, _, _ = strings.Cut(section, "</section>")
		if !strings.Contains(section, c.says) || c.button != "" && !strings.Contains(section, "<button>"+c.button+"</button>") || c.button == "" && strings.Contains(section, "<button>") {
			t.Errorf("%d: want %q and the button %q, got\n%s", n, c.says, c.button, section)
		}
		if !strings.Contains(section, "reaches nobody") || strings.Contains(section, "+447700900004") {
			t.Errorf("%d: it raises hopes, or shows a number: %s", n, section)
		}
		offered := n == 3 || n == 7 || n == 8
		if offered != strings.Contains(section, "Its idempotency token was not kept") {
			t.Errorf("%d: what to know is said where nothing can be done, or not where it can: %s", n, section)
		}
	}
	call := v.get("/history/" + h.ledger.failures[12].ID.String()).body
	if strings.Contains(call, "Send it to your server") {
		t.Error("a call is offered to be sent")
	}
}

func TestAMessageThatCannotBeSentSaysWhy(t *testing.T) {
	t.Parallel()
	h := newHouse(missed())
	h.ledger.failures[3].ErrorURL = "https://elsewhere.example/sms"
	v := h.enter(t)
	path := "/history/" + h.ledger.failures[3].ID.String()
	page := v.get(path).body
	if !strings.Contains(page, "It cannot be sent: the address that failed is on none of the servers that are listed as primaries.") || strings.Contains(page, "<button>Send it</button>") {
		t.Errorf("got %s", page)
	}
	if got := v.post(path+"/send", url.Values{"after": {"0"}}); got.status != http.StatusSeeOther || h.ledger.failures[3].Replay.State != history.NoReplay {
		t.Errorf("it was sent all the same: %d", got.status)
	}
}

func TestAMessageIsSentInTheNameOfWhoeverAskedAndOnlyAsTheySawIt(t *testing.T) {
	t.Parallel()
	h := newHouse(missed())
	v := h.enter(t)
	for n, c := range map[int]struct {
		after string
		want  history.ReplayState
	}{
		3: {"0", history.ReplayWaiting}, // never asked for
		8: {"0", history.ReplayUnknown}, // it had not been when the page was made
		7: {"4", history.ReplayWaiting},
		6: {"3", history.ReplaySent},
		5: {"x", history.ReplaySending},
	} {
		d := &h.ledger.failures[n]
		path := "/history/" + d.ID.String()
		got := v.post(path+"/send", url.Values{"after": {c.after}})
		if got.status != http.StatusSeeOther || got.location() != path+"#server" || d.Replay.State != c.want {
			t.Errorf("%d: got %d to %s, and it is %s", n, got.status, got.location(), d.Replay.State)
		}
		if c.want == history.ReplayWaiting && d.Replay.AskedBy != "admin" {
			t.Errorf("%d: asked for by %q", n, d.Replay.AskedBy)
		}
	}
	if got := h.visit(t).post("/history/"+h.ledger.failures[3].ID.String()+"/send", url.Values{"after": {"0"}}); got.status == http.StatusSeeOther && !strings.HasPrefix(got.location(), "/login") {
		t.Errorf("a stranger got %d to %s", got.status, got.location())
	}
}

func TestAnIncidentsPageNamesTheStopsAndCountsTheRest(t *testing.T) {
	t.Parallel()
	h := newHouse(missed())
	page := h.enter(t).get("/incidents/12").body
	for _, want := range []string{
		"<strong>6 messages</strong> your server has not seen; <strong>2 of them say STOP</strong>",
		"1 taken by your server, 3 waiting for their turn, 1 not taken by your server, 1 of which nobody knows whether they arrived.",
		`STOP from <a href="/history/` + h.ledger.failures[4].ID.String() + `">`,
		"it failed 3 times in a row", "<button>Send the others</button>", "reaches nobody",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "+447700900000") {
		t.Error("a number is not masked")
	}
	if other := h.enter(t).get("/incidents/14").body; strings.Contains(other, "Messages for your server") {
		t.Error("an incident of calls speaks of messages")
	}
}

func TestAllAreSentOfWhatIsOverOrWhereSomebodySaysTheServerIsBack(t *testing.T) {
	t.Parallel()
	h := newHouse(missed())
	v := h.enter(t)
	v.post("/incidents/12/send", nil)
	h.ledger.incidents[1].State, h.ledger.incidents[1].Replays = incident.Open, history.Replays{}
	page := v.get("/incidents/12").body
	if !strings.Contains(page, "<button>My server is back: send all of them</button>") {
		t.Error("nobody is asked whether the server is back")
	}
	v.post("/incidents/12/send", nil) // from a page of before it was open again
	v.post("/incidents/12/send", url.Values{"back": {"yes"}})
	got := v.post("/incidents/12/send-on", url.Values{"server": {"https://hooks.example.net:8443"}})
	if got.location() != "/incidents/12#messages" {
		t.Errorf("to %s", got.location())
	}
	want := []string{"all of 12 by admin", "all of 12 by admin", "on to https://hooks.example.net:8443 for 12 by admin"}
	if !slices.Equal(h.ledger.sent, want) {
		t.Errorf("got %q", h.ledger.sent)
	}
	h.ledger.incidents[1].Replays.Ordered = true
	if page := v.get("/incidents/12").body; !strings.Contains(page, "They are being looked through") || strings.Contains(page, "send all of them") {
		t.Error("an incident that is looked through is offered again")
	}
	if got := v.post("/incidents/99/send", nil); got.status != http.StatusNotFound {
		t.Errorf("an incident that is not there: %d", got.status)
	}
}

// layoutsOfMissed are the pages on which messages are sent.
func layoutsOfMissed(l *ledger) []string {
	paths := []string{"/incidents/12"}
	for _, d := range l.failures[3:10] {
		paths = append(paths, fmt.Sprintf("/history/%s", d.ID))
	}
	return paths
}
