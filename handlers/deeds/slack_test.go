package deeds_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/act"
)

// pressed is what Slack sends where somebody presses a button.
func (g *rig) pressed(a act.Action, change func(map[string]any)) string {
	payload := map[string]any{
		"type": "block_actions", "api_app_id": "A0000001",
		"team": map[string]any{"id": "T0000001", "domain": "ops"},
		"user": map[string]any{"id": "U0000001", "username": "<script>", "team_id": "T0000001"},
		"actions": []any{map[string]any{
			"action_id": "backstop_" + a.String(), "block_id": "x", "type": "button",
			"value": g.seal.Token(act.Deed{Way: act.BySlack, Ledger: ledgerID, Incident: 42, Action: a, Recipient: "ops"}),
		}},
	}
	if change != nil {
		change(payload)
	}
	raw, _ := json.Marshal(payload)
	return string(raw)
}

// slackSays posts as Slack does, signed at that time by that secret.
func (g *rig) slackSays(payload, key string, at time.Time) *http.Request {
	body := url.Values{"payload": {payload}}.Encode()
	timestamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("v0:" + timestamp + ":" + body))
	r := httptest.NewRequest(http.MethodPost, "/slack/interaction", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Slack-Request-Timestamp", timestamp)
	r.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	return r
}

func TestButtonsInSlackActOnce(t *testing.T) {
	t.Parallel()
	for action, want := range map[act.Action]string{
		act.Acknowledge: "acknowledged by Slack user U0000001", act.Mute: "muted by Slack user U0000001", act.Resolve: "resolved by Slack user U0000001",
	} {
		g := newRig(t)
		for range 3 {
			if status, body, _ := g.serve(g.slackSays(g.pressed(action, nil), secret, night)); status != http.StatusOK || body != "" {
				t.Errorf("%s: got %d %q", action, status, body)
			}
		}
		if g.ledger.done() != want {
			t.Errorf("%s: done %q", action, g.ledger.done())
		}
	}
}

func TestWhatDoesNotComeFromOurSlackIsRefusedWithoutDetail(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	good := g.pressed(act.Resolve, nil)
	set := func(key string, v any) string { return g.pressed(act.Resolve, func(p map[string]any) { p[key] = v }) }
	action := func(id, value string) string {
		return set("actions", []any{map[string]any{"action_id": id, "value": value}})
	}
	link := strings.TrimPrefix(g.link(act.Resolve, 42), "/act/")
	ofOther := g.seal.Token(act.Deed{Way: act.BySlack, Ledger: ledgerID, Incident: 42, Action: act.Resolve, Recipient: "other"})
	mute := g.seal.Token(act.Deed{Way: act.BySlack, Ledger: ledgerID, Incident: 42, Action: act.Mute, Recipient: "ops"})
	for name, c := range map[string]struct {
		r    *http.Request
		want int
	}{
		"another secret":             {g.slackSays(good, "guess", night), http.StatusUnauthorized},
		"no secret":                  {g.slackSays(good, "", night), http.StatusUnauthorized},
		"another app's secret":       {g.slackSays(good, strings.Repeat("f", 32), night), http.StatusForbidden},
		"a replay after six minutes": {g.slackSays(good, secret, night.Add(-6*time.Minute)), http.StatusUnauthorized},
		"a time that is to come":     {g.slackSays(good, secret, night.Add(6*time.Minute)), http.StatusUnauthorized},
		"another team":               {g.slackSays(set("team", map[string]any{"id": "T9999999"}), secret, night), http.StatusForbidden},
		"no team":                    {g.slackSays(set("team", nil), secret, night), http.StatusForbidden},
		"another app":                {g.slackSays(set("api_app_id", "A9999999"), secret, night), http.StatusForbidden},
		"a user who may not":         {g.slackSays(set("user", map[string]any{"id": "U9999999"}), secret, night), http.StatusForbidden},
		"a guest of another team":    {g.slackSays(set("user", map[string]any{"id": "U0000001", "team_id": "T9999999"}), secret, night), http.StatusForbidden},
		"no JSON":                    {g.slackSays("{", secret, night), http.StatusBadRequest},
		"JSON of another shape":      {g.slackSays(`[1]`, secret, night), http.StatusBadRequest},
		"the value of a link":        {g.slackSays(action("backstop_resolve", link), secret, night), http.StatusForbidden},
		"a made-up value":            {g.slackSays(action("backstop_resolve", "42"), secret, night), http.StatusForbidden},
		"another notifier's button":  {g.slackSays(action("backstop_resolve", ofOther), secret, night), http.StatusForbidden},
		"another action's value":     {g.slackSays(action("backstop_resolve", mute), secret, night), http.StatusForbidden},
		"another button of the app":  {g.slackSays(action("lunch", "pizza"), secret, night), http.StatusOK},
		"something else of the app":  {g.slackSays(set("type", "view_submission"), secret, night), http.StatusOK},
		"too much":                   {g.slackSays(strings.Repeat("a", 1<<20), secret, night), http.StatusRequestEntityTooLarge},
	} {
		status, body, _ := g.serve(c.r)
		if status != c.want || body != "" {
			t.Errorf("%s: got %d %q, want %d", name, status, body, c.want)
		}
	}
	for name, headers := range map[string][2]string{"nothing": {"", ""}, "no time": {"", "v0=00"}, "no v0": {strconv.FormatInt(night.Unix(), 10), "00"}, "no hex": {"1", "v0=zz"}} {
		r := g.slackSays(good, secret, night)
		r.Header.Set("X-Slack-Request-Timestamp", headers[0])
		r.Header.Set("X-Slack-Signature", headers[1])
		if status, _, _ := g.serve(r); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d", name, status)
		}
	}
	if g.ledger.done() != "" {
		t.Errorf("done: %s", g.ledger.done())
	}
}

func TestSlackIsAnsweredInTimeWhileTheLedgerHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.ledger.hang = make(chan struct{})
		began := time.Now()
		status, _, _ := g.serve(g.slackSays(g.pressed(act.Acknowledge, nil), secret, night))
		if took := time.Since(began); status != http.StatusOK || took >= 3*time.Second {
			t.Errorf("got %d after %s", status, took)
		}
		close(g.ledger.hang)
		synctest.Wait()
		if want := "acknowledged by Slack user U0000001"; g.ledger.done() != want {
			t.Errorf("done %q, want %q", g.ledger.done(), want)
		}
	})
}

func TestDeedsThatWaitForTheLedgerAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newRig(t)
		g.ledger.hang = make(chan struct{})
		refused := 0
		for range 40 {
			if status, _, _ := g.serve(g.slackSays(g.pressed(act.Acknowledge, nil), secret, night)); status == http.StatusServiceUnavailable {
				refused++
			}
		}
		close(g.ledger.hang)
		if refused != 8 {
			t.Errorf("%d were refused", refused)
		}
	})
}

func TestTheSocketActsForItsOwnAppOnly(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	payload := []byte(g.pressed(act.Acknowledge, nil))
	if err := g.room.SlackSocket(t.Context(), "socket only", payload); err == nil {
		t.Error("another app's button was taken")
	}
	if err := g.room.SlackSocket(t.Context(), "nobody", payload); err == nil {
		t.Error("an unknown notifier's button was taken")
	}
	if err := g.room.SlackSocket(t.Context(), "ops", payload); err != nil || g.ledger.done() == "" {
		t.Errorf("got %v", err)
	}
}

func FuzzSlackPayload(f *testing.F) {
	g := newRig(f)
	f.Add(g.pressed(act.Mute, nil))
	f.Add(`{"type":"block_actions","actions":[null]}`)
	f.Fuzz(func(t *testing.T, payload string) {
		g := newRig(t)
		status, body, _ := g.serve(g.slackSays(payload, secret, night))
		if status >= 500 || body != "" {
			t.Errorf("%q: got %d %q", payload, status, body)
		}
	})
}
