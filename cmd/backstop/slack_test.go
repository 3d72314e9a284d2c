package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"
)

// slackServer plays Slack: a webhook, and the few methods of its API that a
// bot needs.
type slackServer struct {
	*httptest.Server

	mu       sync.Mutex
	posts    []slackPost
	status   int           // what it answers instead; 0: as it should
	hang     chan struct{} // closed when it goes on; nil: it does not hang
	attempts int
}

// slackPost is what somebody in the channel sees.
type slackPost struct {
	method string // "webhook", "chat.postMessage", "chat.update"
	text   string
	body   string // everything, as it was sent
	ts     string
	thread string
}

func (p slackPost) firstLine() string {
	line, _, _ := strings.Cut(p.text, "\n")
	return strings.Trim(line, "*")
}

const (
	slackToken   = "xoxb-1234-abcdefgh"
	slackChannel = "C0123456789"
)

func newSlack(t *testing.T) *slackServer {
	t.Helper()
	s := &slackServer{}
	s.Server = httptest.NewServer(s.handler())
	t.Cleanup(func() { s.set(func() { s.goOn() }); s.Close() })
	return s
}

func (s *slackServer) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /services/T000/B000/{secret}", s.troubled(s.webhook))
	mux.HandleFunc("POST /api/{method}", s.troubled(s.api))
	return mux
}

// webhookSettings tell Backstop to post there in the simple mode.
func (s *slackServer) webhookSettings() settings {
	return settings{"SLACK_WEBHOOK_URL": s.URL + "/services/T000/B000/secret"}
}

// botSettings tell Backstop to post there as a bot; the file has to name the
// address of the API.
func (*slackServer) botSettings() settings {
	return settings{"SLACK_BOT_TOKEN": slackToken, "SLACK_CHANNEL": slackChannel}
}

func (s *slackServer) botFile() string {
	return "notifiers: [{name: slack, slack: {api_url: \"" + s.URL + "/api/\"}}]\n"
}

func (s *slackServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// answers has it answer with that status, 0 for as it should; hangs has it say
// nothing until then.
func (s *slackServer) answers(status int) { s.set(func() { s.goOn(); s.status = status }) }

func (s *slackServer) hangs() { s.set(func() { s.hang = make(chan struct{}) }) }

func (s *slackServer) goOn() {
	if s.hang != nil {
		close(s.hang)
		s.hang = nil
	}
}

// tried is how often somebody tried to post.
func (s *slackServer) tried() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

func (s *slackServer) got() []slackPost {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]slackPost(nil), s.posts...)
}

// await returns the first post whose first line has all the words.
func (s *slackServer) await(t *testing.T, within time.Duration, words ...string) slackPost {
	t.Helper()
	var found slackPost
	var lines []string
	if !patiently(within, func() bool {
		lines = nil
		for _, one := range s.got() {
			lines = append(lines, one.firstLine())
			if isAbout(one.firstLine(), words) {
				found = one
				return true
			}
		}
		return false
	}) {
		t.Fatalf("no post within %s whose first line has %q, but %q", within, words, lines)
	}
	if n := utf8.RuneCountInString(found.firstLine()); n > 70 && found.thread == "" && found.method != "webhook" { // whose text is all of the message
		t.Errorf("the first line has %d characters, 70 at most: %q", n, found.firstLine())
	}
	return found
}

func (s *slackServer) troubled(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		status, hang := s.status, s.hang
		s.attempts++
		s.mu.Unlock()
		if hang != nil {
			select {
			case <-hang:
			case <-r.Context().Done():
			}
			panic(http.ErrAbortHandler)
		}
		if status != 0 {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(status)
			return
		}
		next(w, r)
	}
}

func (s *slackServer) webhook(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var message struct{ Text string }
	if err := json.Unmarshal(raw, &message); err != nil || message.Text == "" {
		http.Error(w, "invalid_payload", http.StatusBadRequest)
		return
	}
	s.keep(slackPost{method: "webhook", text: message.Text, body: string(raw)})
	_, _ = io.WriteString(w, "ok")
}

func (s *slackServer) api(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if err := r.ParseForm(); err != nil || r.Form.Get("token") != slackToken && r.Header.Get("Authorization") != "Bearer "+slackToken {
		_, _ = io.WriteString(w, `{"ok":false,"error":"invalid_auth"}`)
		return
	}
	r.Form.Del("token") // known to Slack, and to nobody who reads the post
	method := r.PathValue("method")
	if method == "auth.test" {
		_, _ = io.WriteString(w, `{"ok":true,"url":"https://example.slack.com/","team":"Example","user":"backstop","team_id":"T1","user_id":"U1","bot_id":"B1"}`)
		return
	}
	post := slackPost{
		method: method, text: r.Form.Get("text"), body: r.Form.Encode() + "\n" + r.Form.Get("blocks"),
		ts: r.Form.Get("ts"), thread: r.Form.Get("thread_ts"),
	}
	if post.ts == "" {
		post.ts = fmt.Sprintf("1700000000.%06d", len(s.got())+1)
	}
	s.keep(post)
	_, _ = fmt.Fprintf(w, `{"ok":true,"channel":%q,"ts":%q,"message":{"ts":%q,"thread_ts":%q}}`, r.Form.Get("channel"), post.ts, post.ts, post.thread)
}

func (s *slackServer) keep(p slackPost) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.posts = append(s.posts, p)
}
