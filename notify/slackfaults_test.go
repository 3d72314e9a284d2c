package notify_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/notify"
	"github.com/backstop-project/backstop/notify/notifytest"
)

func TestALayoutThatSlackRefusesDoesNotCostTheAlert(t *testing.T) {
	t.Parallel()
	server := newSlackServer(t)
	bot := newBot(t, server.url)
	server.refuse("chat.postMessage", "blocks:invalid_blocks")
	server.refuse("chat.update", "blocks:msg_too_long")
	r, err := bot.Send(t.Context(), sample(t, "opened"))
	if err != nil || server.got()[0].blocks != "" || server.got()[0].text == "" {
		t.Fatalf("%+v, %v", server.got(), err)
	}
	server.refuse("chat.postMessage", "")
	m := sample(t, "growing")
	m.Thread = r.Thread
	if _, err := bot.Send(t.Context(), m); err != nil || server.got()[0].edits != 1 || server.got()[0].blocks != "[]" {
		t.Errorf("%+v, %v", server.got(), err)
	}
}

func TestSlackTellsWhatToDo(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]string{
		"invalid_auth":      "SLACK_BOT_TOKEN",
		"token_revoked":     "SLACK_BOT_TOKEN",
		"channel_not_found": "invite the app into the channel",
		"not_in_channel":    "invite the app into the channel",
		"is_archived":       "archived",
		"missing_scope":     "chat:write",
		"ratelimited":       "tried again",
		"who_knows":         "who_knows",
	} {
		server := newSlackServer(t)
		server.refuse("chat.postMessage", code)
		err := newBot(t, server.url).Check(t.Context())
		if err == nil || !strings.Contains(err.Error(), want) || notify.IsPermanent(err) {
			t.Errorf("%s: %v", code, err)
		}
	}
	for status, want := range map[int]string{403: "make a new one", 404: "make a new one", 410: "make a new one", 302: "sends us elsewhere", 500: "tried again", 429: "tried again"} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://evil.example/")
			w.WriteHeader(status)
		}))
		err := newSlack(t, notify.SlackOptions{WebhookURL: server.URL + webhookPath}).Check(t.Context())
		server.Close()
		if err == nil || !strings.Contains(err.Error(), want) || notify.IsPermanent(err) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestSlackNamesItsPause(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "73")
		w.WriteHeader(http.StatusTooManyRequests)
	}))
	t.Cleanup(server.Close)
	for _, s := range []*notify.Slack{newBot(t, server.URL), newSlack(t, notify.SlackOptions{WebhookURL: server.URL + webhookPath})} {
		_, err := s.Send(t.Context(), sample(t, "opened"))
		if wait, ok := notify.RetryWait(err); !ok || wait != 73*time.Second {
			t.Errorf("%v: %s, %t", err, wait, ok)
		}
	}
}

func TestAPauseThatIsNonsenseIsNotPassedOn(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"-5":         "does not say how long",
		"9999999999": "does not say how long", "86400": "a pause of 1h0m0s",
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		_, err := newSlack(t, notify.SlackOptions{WebhookURL: server.URL + webhookPath}).Send(t.Context(), sample(t, "opened"))
		server.Close()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", header, err, want)
		}
	}
}

// A hotel's login page answers 200 to everything. The alert must not count as
// delivered.
func TestAPageInPlaceOfSlacksAnswerIsNoDelivery(t *testing.T) {
	t.Parallel()
	for answer, taken := range map[string]bool{
		"ok": true, "": true, `{"success":true}`: true, // Slack, and what takes its webhooks
		"\n <!DOCTYPE html><title>Log in</title>": false, "<html>": false,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) }))
		_, err := newSlack(t, notify.SlackOptions{WebhookURL: server.URL + webhookPath}).Send(t.Context(), sample(t, "opened"))
		server.Close()
		if (err == nil) != taken || err != nil && (notify.IsPermanent(err) || !strings.Contains(err.Error(), "somebody else took the message")) {
			t.Errorf("%q: %v, want taken: %v", answer, err, taken)
		}
	}
}

// TestSlackSurvivesFaultyServers is the conformance test, for webhook and bot,
// with and without TLS.
func TestSlackSurvivesFaultyServers(t *testing.T) { //nolint:paralleltest // it counts goroutines
	for _, c := range []struct {
		name, scheme string
		bot          bool
	}{
		{"webhook", "http", false}, {"webhook by TLS", "https", false}, {"bot", "http", true}, {"bot by TLS", "https", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := notifytest.Harness{
				New: func(t *testing.T, address string) notify.Notifier {
					t.Helper()
					if c.bot {
						return newBot(t, c.scheme+"://"+address)
					}
					return newSlack(t, notify.SlackOptions{WebhookURL: c.scheme + "://" + address + webhookPath})
				},
				Secrets: []string{botToken, webhookPath, "XXXXXXXXXXXXXXXXXXXXXXXX"}, Asks: true,
			}
			if c.scheme == "http" {
				h.Peers = httpFaults(c.bot)
			} else {
				h.Peers = notifytest.TLS(t)
			}
			notifytest.Faults(t, h)
		})
	}
}

func httpFaults(bot bool) []notifytest.Peer {
	answer := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			r, err := http.ReadRequest(bufio.NewReader(c))
			if err != nil {
				return
			}
			text := strings.ReplaceAll(text, "{path}", r.URL.Path+" "+r.FormValue("token"))
			_, _ = c.Write([]byte(text))
		}
	}
	peers := []notifytest.Peer{
		{Name: "takes the message and hangs up", Serve: answer("")},
		{Name: "answers 500", Serve: answer("HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n")},
		{Name: "answers 400 and repeats the secret", Serve: answer("HTTP/1.1 400 {path}\r\nContent-Length: 0\r\n\r\n")},
		{Name: "answers 429", Serve: answer("HTTP/1.1 429 no\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n"), Want: notifytest.Limited},
		{Name: "answers 429 with a Retry-After that is none", Serve: answer("HTTP/1.1 429 no\r\nRetry-After: soon\r\nContent-Length: 0\r\n\r\n")},
		{Name: "redirects", Serve: answer("HTTP/1.1 307 go\r\nLocation: http://127.0.0.1:1{path}\r\nContent-Length: 0\r\n\r\n")},
		{Name: "redirects to itself for ever", Serve: answer("HTTP/1.1 302 go\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n")},
		{Name: "answers 502 without end", Serve: answer("HTTP/1.1 502 no\r\nContent-Length: 9000000\r\n\r\n" + strings.Repeat("x", 2<<20))},
		{Name: "answers 401", Serve: answer("HTTP/1.1 401 no\r\nContent-Length: 0\r\n\r\n")},
		{Name: "answers by a login page", Serve: answer("HTTP/1.1 200 ok\r\nContent-Type: text/html\r\nContent-Length: 37\r\n\r\n<!doctype html><title>Log in</title>\n")},
		{Name: "sends headers without end", Serve: answer("HTTP/1.1 200 ok\r\nX: " + strings.Repeat("x", 1<<20))},
	}
	if !bot {
		return peers
	}
	body := func(text string) func(net.Conn) {
		return answer(fmt.Sprintf("HTTP/1.1 200 ok\r\nContent-Length: %d\r\n\r\n%s", len(text), text))
	}
	return append(peers,
		notifytest.Peer{Name: "says neither yes nor no", Serve: body(`{}`)},
		notifytest.Peer{Name: "says no without a reason", Serve: body(`{"ok":false}`)},
		notifytest.Peer{Name: "answers by a web page", Serve: body(`<html>` + botToken + `</html>`)},
		notifytest.Peer{Name: "repeats the token", Serve: body(`{"ok":false,"error":"no such token ` + botToken + `"}`)},
		notifytest.Peer{Name: "answers half", Serve: answer("HTTP/1.1 200 ok\r\nContent-Length: 100\r\n\r\n{\"ok\":")},
		notifytest.Peer{Name: "answers without end", Serve: answer("HTTP/1.1 200 ok\r\nContent-Length: 9000000\r\n\r\n\"" + strings.Repeat("x", 2<<20))},
	)
}

func TestSlackOptionsListAllMistakes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o    notify.SlackOptions
		want int
	}{
		{notify.SlackOptions{}, 2},
		{notify.SlackOptions{Name: "x", WebhookURL: "http://hooks.slack.com/hunter2"}, 1},
		{notify.SlackOptions{Name: "x", WebhookURL: "hunter2"}, 1},
		{notify.SlackOptions{Name: "x", WebhookURL: "https://x/hunter2", BotToken: "hunter2", Channel: "C1"}, 1},
		{notify.SlackOptions{Name: "x", BotToken: "hunter2 "}, 2},
		{notify.SlackOptions{Name: "x", BotToken: "hunter2", Channel: "C1", APIURL: "http://slack-gov.com/api"}, 1},
		{notify.SlackOptions{Name: "x", BotToken: "hunter2", Channel: "C1", APIURL: "https://u:hunter2@slack-gov.com/api"}, 1},
		{notify.SlackOptions{Name: "x", WebhookURL: "https://hooks.slack.com/services/hunter2"}, 0},
		{notify.SlackOptions{Name: "x", BotToken: "hunter2", Channel: "C1", APIURL: "http://127.0.0.1:1/"}, 0},
	} {
		err := c.o.Validate()
		n := 0
		if err != nil {
			n = len(strings.Split(err.Error(), "\n"))
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error shows a secret: %v", err)
			}
		}
		if n != c.want {
			t.Errorf("%d mistakes, want %d: %v", n, c.want, err)
		}
	}
}
