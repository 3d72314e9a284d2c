package notify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

const (
	botToken    = "xoxb-0123456789-abcdefghijklmnop"
	webhookPath = "/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"
)

// slackServer plays the part of Slack's API that a notifier meets: messages
// are posted, changed, answered in threads and deleted.
type slackServer struct {
	url string

	mu       sync.Mutex
	messages []*slackMessage
	hooks    []map[string]any
	errs     map[string]string // by method: what it is refused with
	calls    []string
}

type slackMessage struct {
	ts, thread, text, blocks, parse string
	edits                           int
	deleted                         bool
}

func newSlackServer(t *testing.T) *slackServer {
	t.Helper()
	s := &slackServer{errs: map[string]string{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/{method}", s.call)
	mux.HandleFunc("POST "+webhookPath, func(w http.ResponseWriter, r *http.Request) {
		var hook map[string]any
		if err := json.NewDecoder(r.Body).Decode(&hook); err != nil {
			http.Error(w, "invalid_payload", http.StatusBadRequest)
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.hooks = append(s.hooks, hook)
		fmt.Fprint(w, "ok")
	})
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *slackServer) call(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	method := r.PathValue("method")
	s.calls = append(s.calls, method)
	answer := func(fields map[string]any) {
		if err := json.NewEncoder(w).Encode(fields); err != nil {
			panic(err)
		}
	}
	refuse := func(code string) { answer(map[string]any{"ok": false, "error": code}) }
	if r.FormValue("token") != botToken {
		refuse("invalid_auth")
		return
	}
	code := s.errs[method]
	if only, ok := strings.CutPrefix(code, "blocks:"); ok {
		code = only
		if blocks := r.FormValue("blocks"); blocks == "" || blocks == "[]" {
			code = ""
		}
	}
	if code != "" {
		refuse(code)
		return
	}
	switch method {
	case "auth.test":
		answer(map[string]any{"ok": true, "user": "backstop"})
	case "chat.postMessage":
		m := &slackMessage{
			ts: fmt.Sprintf("1700000000.%06d", len(s.messages)), thread: r.FormValue("thread_ts"),
			text: r.FormValue("text"), blocks: r.FormValue("blocks"), parse: r.FormValue("parse"),
		}
		if parent := s.find(m.thread); parent == nil {
			m.thread = ""
		}
		s.messages = append(s.messages, m)
		answer(map[string]any{"ok": true, "channel": "C0123", "ts": m.ts, "message": map[string]any{"ts": m.ts, "thread_ts": m.thread}})
	case "chat.update":
		m := s.find(r.FormValue("ts"))
		if m == nil || r.FormValue("channel") != "C0123" {
			refuse("message_not_found")
			return
		}
		m.edits++
		m.text, m.blocks, m.parse = r.FormValue("text"), r.FormValue("blocks"), r.FormValue("parse")
		answer(map[string]any{"ok": true, "channel": "C0123", "ts": m.ts})
	default:
		refuse("unknown_method")
	}
}

func (s *slackServer) find(ts string) *slackMessage {
	for _, m := range s.messages {
		if m.ts == ts && !m.deleted {
			return m
		}
	}
	return nil
}

func (s *slackServer) refuse(method, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errs[method] = code
}

func (s *slackServer) got() []slackMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []slackMessage
	for _, m := range s.messages {
		list = append(list, *m)
	}
	return list
}
