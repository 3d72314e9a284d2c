package notify_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
)

const chatToken = "AT0K3Nabcdefghi" // as gotify demands it

func newShoutrrr(t *testing.T, url string, change func(*notify.ShoutrrrOptions)) *notify.Shoutrrr {
	t.Helper()
	o := notify.ShoutrrrOptions{Name: "chat", URL: url, Texts: alerts(t)}
	if change != nil {
		change(&o)
	}
	s, err := notify.NewShoutrrr(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// chatURL is how shoutrrr names a service at an address of this machine.
func chatURL(scheme, address string) string {
	switch scheme {
	case "ntfy":
		return "ntfy://me:" + chatToken + "@" + address + "/alerts?scheme=http"
	case "gotify":
		return "gotify://" + address + "/" + chatToken + "?disabletls=yes"
	case "mattermost":
		return "mattermost://" + address + "/" + chatToken + "?disabletls=yes"
	case "bark":
		return "bark://:" + chatToken + "@" + address + "/?scheme=http"
	}
	return "matrix://:" + chatToken + "@" + address + "?disableTLS=yes&rooms=!room:example.com"
}

// newChat takes what those services send, and hands title and text over.
func newChat(t *testing.T) (address string, got func() [][2]string) {
	t.Helper()
	said := make(chan [2]string, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		var message struct{ Title, Message, Text, Body string }
		if json.Unmarshal(body, &message) != nil {
			message.Text = string(body) // ntfy's is bare
		}
		title := message.Title + r.Header.Get("Title")
		if text := message.Message + message.Text + message.Body; text != "" {
			said <- [2]string{title, text}
		}
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(r.URL.Path, "joined_rooms") {
			_, _ = io.WriteString(w, `{"joined_rooms":["!room:example.com"]}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":1,"event_id":"$1","code":200,"room_id":"!room:example.com"}`)
	}))
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), func() (all [][2]string) {
		for len(said) > 0 {
			all = append(all, <-said)
		}
		return all
	}
}

func TestServicesOfShoutrrrGetEveryAlertWithinTheirLimits(t *testing.T) {
	t.Parallel()
	for scheme, c := range map[string]struct {
		title        bool
		runes, bytes int
	}{
		"ntfy": {true, 4000, 4000}, "gotify": {true, 10000, 1 << 20}, "mattermost": {false, 4000, 1 << 20}, "bark": {true, 3000, 3000}, "matrix": {false, 16000, 16000},
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			address, got := newChat(t)
			chat := newShoutrrr(t, chatURL(scheme, address), nil)
			for _, s := range messages() {
				if r, err := chat.Send(t.Context(), s.Message); err != nil || r.Detail != "taken by "+scheme {
					t.Fatalf("%s: %+v, %v", s.Name, r, err)
				}
				messages := got()
				if len(messages) != 1 {
					t.Fatalf("%s: %d messages", s.Name, len(messages))
				}
				title, text := messages[0][0], messages[0][1]
				if n := utf8.RuneCountInString(text); n > c.runes || len(text) > c.bytes || !utf8.ValidString(text) || n < 20 {
					t.Errorf("%s: %d characters, %d bytes", s.Name, n, len(text))
				}
				if s.Name == "huge digest" && !strings.HasSuffix(text, "…") && c.runes <= 4000 {
					t.Errorf("cut without a mark: …%s", text[len(text)-40:])
				}
				line := alerts(t).Plain(s.Message).Line
				if c.title && title != line || !c.title && title != "" {
					t.Errorf("%s: the title is %q, want %q", s.Name, title, line)
				}
				if first, _, _ := strings.Cut(text, "\n"); c.title == (first == line) && s.Name == "opened" {
					t.Errorf("%s: it begins %q under the title %q", s.Name, first, title)
				}
				for _, bad := range []string{notifytest.Secret, "+4915112345678", "@channel", "<!channel", "](https", "<https"} {
					if strings.Contains(title+text, bad) {
						t.Errorf("%s: %q is in it", s.Name, bad)
					}
				}
			}
			if r, err := chat.Send(t.Context(), taken(t)); err != nil || len(got()) != 0 || r.Detail == "" {
				t.Errorf("that somebody has taken it: %+v, %v", r, err)
			}
		})
	}
}

func TestShoutrrrKeepsToItsDeadlineAndItsSecrets(t *testing.T) {
	for _, scheme := range []string{"ntfy", "mattermost", "matrix"} {
		t.Run(scheme, func(t *testing.T) {
			notifytest.Faults(t, notifytest.Harness{
				New: func(t *testing.T, address string) notify.Notifier {
					t.Helper()
					return newShoutrrr(t, chatURL(scheme, address), nil)
				},
				Secrets: []string{chatToken}, Asks: true, Peers: ofAnyStatus(httpFaults(false)),
			})
		})
	}
}

// ofAnyStatus are those peers for who hears of no pause that is asked for, and goes
// by the status alone: to whom a login page is a yes.
func ofAnyStatus(peers []notifytest.Peer) []notifytest.Peer {
	for i := range peers {
		peers[i].Want = notifytest.Retry
	}
	return slices.DeleteFunc(peers, func(p notifytest.Peer) bool { return p.Name == "answers by a login page" })
}

// Nothing ends a send of shoutrrr's, so that only so many may hang.
func TestHangingSendsOfShoutrrrAreCounted(t *testing.T) {
	t.Parallel()
	conns := make(chan net.Conn, 100)
	address := serve(t, func(c net.Conn) {
		conns <- c
		_, _ = io.Copy(io.Discard, c)
	})
	chat := newShoutrrr(t, chatURL("mattermost", address), func(o *notify.ShoutrrrOptions) { o.Timeout = 20 * time.Millisecond })
	for i := range 8 {
		if _, err := chat.Send(t.Context(), sample(t, "opened")); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
			t.Fatalf("send %d: %v", i, err)
		}
	}
	if _, err := chat.Send(t.Context(), sample(t, "opened")); err == nil || !strings.Contains(err.Error(), "8 earlier sends have not ended") || notify.IsPermanent(err) {
		t.Fatalf("one more: %v", err)
	}
	for range 8 {
		_ = (<-conns).Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		_, err := chat.Send(ctx, sample(t, "opened"))
		if err != nil && strings.Contains(err.Error(), "did not answer") {
			return // there is room again
		}
	}
	t.Error("there is no room although all have ended")
}

func TestAnOwnTextForAChat(t *testing.T) {
	t.Parallel()
	address, got := newChat(t)
	log := &bytes.Buffer{}
	own := ownText(t, `{{(index .News 0).Title}} {{.Reason}}`)
	chat := newShoutrrr(t, chatURL("ntfy", address), func(o *notify.ShoutrrrOptions) {
		o.Own, o.Log = own, slog.New(slog.NewTextHandler(log, nil))
	})
	for _, name := range []string{"meta", "opened"} {
		if _, err := chat.Send(t.Context(), sample(t, name)); err != nil {
			t.Fatal(err)
		}
	}
	messages := got()
	if messages[0][1] != "Real callers? 12 requests for your account failed the signature check at most once in 15 minutes (03:12)" {
		t.Errorf("got %q", messages[0])
	}
	if !strings.Contains(messages[1][1], "Your own template failed") || !strings.Contains(log.String(), "own template failed") {
		t.Errorf("got %q, logged %s", messages[1], log)
	}
}

func TestURLsOfShoutrrrAreChecked(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct{ url, want string }{
		"discord":               {"discord://T0K3N-abc@123456789", ""},
		"teams":                 {"teams://11111111-4444-4444-8444-cccccccccccc@22222222-4444-4444-8444-cccccccccccc/33333333012222222222333333333344/44444444-4444-4444-8444-cccccccccccc/V2ESyij_gAljSoUQHvZoZYzlpAoAXExyOl26dlf1xHEx05?host=test.webhook.office.com", ""},
		"telegram":              {"telegram://110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw@telegram?chats=@alerts", ""},
		"pushover":              {"pushover://shoutrrr:T0K3N@USERKEY", ""},
		"opsgenie":              {"opsgenie://api.opsgenie.com/T0K3N", ""},
		"matrix":                {"matrix://me:T0K3N@matrix.example.com?rooms=!a:example.com", ""},
		"rocketchat":            {"rocketchat://chat.example.com/T0K3NA/T0K3NB/alerts", ""},
		"zulip":                 {"zulip://bot%40example.com:T0K3N@zulip.example.com?stream=alerts&topic=backstop", ""},
		"googlechat":            {"googlechat://chat.googleapis.com/v1/spaces/FOO/messages?key=T0K3N&token=T0K3N", ""},
		"pushbullet":            {"pushbullet://o.T0K3NT0K3NT0K3NT0K3NT0K3NT0K3NT0", ""},
		"join":                  {"join://shoutrrr:T0K3N@join/?devices=device", ""},
		"ifttt":                 {"ifttt://T0K3N/?events=alert", ""},
		"lark":                  {"lark://open.larksuite.com/T0K3N", ""},
		"wecom":                 {"wecom://T0K3N", ""},
		"signal":                {"signal://localhost:8080/+15550100/+15550101", ""},
		"nothing":               {"", "is no address of a service"},
		"no URL":                {"T0K3N", "is no address of a service"},
		"mail":                  {"smtp://me:T0K3N@mail.example.com", "write email: {smtp, from, to}"},
		"Slack":                 {"slack://hook:T0K3N@webhook", "write slack: {bot_token, channel}"},
		"PagerDuty":             {"pagerduty://events.pagerduty.com/T0K3N", "write pagerduty: {routing_key}"},
		"any webhook":           {"generic://example.com/T0K3N", "write webhook: {url, secret}"},
		"a web page":            {"https://discord.com/api/webhooks/123/T0K3N", "write webhook: {url, secret}"},
		"the log":               {"logger://", "the services are bark, discord, "},
		"one that nobody knows": {"carrier-pigeon://T0K3N", "the services are bark, discord, "},
		"one of another scheme": {"ntfy+https://T0K3N", "the services are bark, discord, "},
		"too little":            {"discord://T0K3N", "is not what discord takes"},
		"a wrong key":           {"ntfy://ntfy.sh/T0K3N?volume=11", "is not what ntfy takes"},
		"a wrong token":         {"telegram://T0K3N@telegram?chats=1", "is not what telegram takes"},
		"matrix with too much":  {"matrix://me:T0K3N@matrix.example.com?volume=11", "is not what matrix takes"},
	} {
		err := notify.ShoutrrrOptions{Name: "chat", URL: c.url}.Validate()
		switch {
		case c.want == "" && err == nil:
		case err == nil || c.want == "" || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "T0K3N"):
			t.Errorf("%s: got %v, want %q", claim, err, c.want)
		}
	}
	if err := (notify.ShoutrrrOptions{URL: "ntfy://ntfy.sh/alerts"}).Validate(); err == nil || !strings.Contains(err.Error(), "name: is empty") {
		t.Errorf("got %v", err)
	}
}

// Services that post by http.DefaultClient are no exception: their sends end, and
// what waits gets out once the server answers again.
func TestHangingSendsOfEveryServiceEnd(t *testing.T) {
	t.Parallel()
	healed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-healed:
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"code":200,"message":"success"}`)
		default:
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	chat := newShoutrrr(t, chatURL("bark", strings.TrimPrefix(server.URL, "http://")), func(o *notify.ShoutrrrOptions) { o.Timeout = 100 * time.Millisecond })
	var err error
	for err == nil || !strings.Contains(err.Error(), "8 earlier sends have not ended") {
		if _, err = chat.Send(t.Context(), sample(t, "opened")); err == nil {
			t.Fatal("a server that does not answer took it")
		}
	}
	close(healed)
	ctx, cancel := context.WithTimeout(t.Context(), 6*defaultClientMost)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for ctx.Err() == nil {
		<-again.C
		if _, err = chat.Send(ctx, sample(t, "opened")); err == nil {
			return
		}
	}
	t.Errorf("nothing gets out although the server answers: %v", err)
}
