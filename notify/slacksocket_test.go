package notify_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/notify"
)

const appToken = "xapp-1-hunter2"

// socketServer plays the part of Slack that a socket meets: it says where to
// connect, greets, sends what is pressed and hears what is acknowledged.
type socketServer struct {
	url     string
	acks    chan string // envelopes that were acknowledged
	presses chan string // payloads to send
	hangUp  chan struct{}
	opens   chan struct{} // one for each time that it is asked where to connect

	mu    sync.Mutex
	token string
	deny  bool
}

func newSocketServer(t *testing.T) *socketServer {
	t.Helper()
	s := &socketServer{acks: make(chan string, 10), presses: make(chan string, 10), hangUp: make(chan struct{}), opens: make(chan struct{}, 100)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /api/apps.connections.open", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.opens <- struct{}{}
		s.token = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		answer := map[string]any{"ok": true, "url": strings.Replace(s.url, "http", "ws", 1) + "/socket?ticket=hunter2"}
		if s.deny {
			answer = map[string]any{"ok": false, "error": "invalid_auth"}
		}
		_ = json.NewEncoder(w).Encode(answer)
	})
	mux.HandleFunc("GET /socket", s.speak)
	server := httptest.NewServer(mux)
	s.url = server.URL
	t.Cleanup(server.Close)
	return s
}

// speak is the socket, by RFC 6455 as far as short texts go.
func (s *socketServer) speak(w http.ResponseWriter, r *http.Request) {
	conn, both, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		base64.StdEncoding.EncodeToString(sum[:])+"\r\n\r\n")
	say := func(text string) {
		frame := binary.BigEndian.AppendUint16([]byte{0x81, 126}, uint16(len(text)))
		_, _ = conn.Write(append(frame, text...))
	}
	say(`{"type":"hello","num_connections":1}`)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.hear(both.Reader)
	}()
	for n := 0; ; n++ {
		select {
		case <-ended:
			return
		case <-s.hangUp:
			return
		case payload := <-s.presses:
			say(`{"type":"interactive","envelope_id":"e` + string(rune('1'+n)) + `","accepts_response_payload":true,"payload":` + payload + `}`)
		}
	}
}

// hear reads masked texts until the connection ends.
func (s *socketServer) hear(r *bufio.Reader) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return
		}
		length := int(head[1] & 0x7f)
		if length == 126 {
			var long [2]byte
			_, _ = io.ReadFull(r, long[:])
			length = int(binary.BigEndian.Uint16(long[:]))
		}
		masked := make([]byte, 4+length)
		if _, err := io.ReadFull(r, masked); err != nil {
			return
		}
		for i := range length {
			masked[4+i] ^= masked[i%4]
		}
		var said struct {
			ID string `json:"envelope_id"`
		}
		if json.Unmarshal(masked[4:], &said) == nil && said.ID != "" {
			s.acks <- said.ID
		}
	}
}

// runSocket runs a socket until the test ends; log has what it said.
func runSocket(t *testing.T, s *socketServer, deed func(context.Context, []byte) error) (log *strings.Builder, stop func()) {
	t.Helper()
	log = &strings.Builder{}
	socket := notify.NewSlackSocket(notify.SlackSocketOptions{
		Notifier: "ops", AppToken: appToken, APIURL: s.url + "/api/", Deed: deed, Log: slog.New(slog.NewTextHandler(log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := socket.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return log, stop
}

func TestTheSocketHasDoneWhatIsPressedAndSaysSo(t *testing.T) {
	t.Parallel()
	s := newSocketServer(t)
	deeds := make(chan string, 10)
	log, stop := runSocket(t, s, func(_ context.Context, payload []byte) error {
		deeds <- string(payload)
		switch {
		case strings.Contains(string(payload), "wrong"):
			return errors.New("another team")
		case strings.Contains(string(payload), "bug"):
			panic("a bug")
		}
		return nil
	})
	s.presses <- `{"type":"block_actions","value":"wrong"}`
	s.presses <- `{"type":"block_actions","value":"bug"}`
	s.presses <- `{"type":"block_actions","value":"good"}`
	if got := <-s.acks; got != "e3" {
		t.Errorf("%s was acknowledged, not what was done", got)
	}
	for range 3 {
		if got := <-deeds; !strings.HasPrefix(got, `{"type":"block_actions"`) {
			t.Errorf("got %s", got)
		}
	}
	stop()
	if s.token != appToken || strings.Contains(log.String(), "hunter2") {
		t.Errorf("token %q, log %s", s.token, log)
	}
}

func TestTheSocketComesBackAfterItWasCutOff(t *testing.T) {
	t.Parallel()
	s := newSocketServer(t)
	_, _ = runSocket(t, s, func(context.Context, []byte) error { return nil })
	s.hangUp <- struct{}{} // it has connected
	s.presses <- `{"type":"block_actions"}`
	select {
	case <-s.acks:
	case <-time.After(20 * time.Second):
		t.Fatal("it did not connect again")
	}
}

func TestASocketThatIsRefusedSaysWhyWithoutASecret(t *testing.T) {
	t.Parallel()
	s := newSocketServer(t)
	s.deny = true
	log, stop := runSocket(t, s, func(context.Context, []byte) error { return nil })
	<-s.opens
	<-s.opens // it has said why it tries again
	stop()
	if !strings.Contains(log.String(), "invalid_auth") || strings.Contains(log.String(), "hunter2") {
		t.Errorf("log: %s", log)
	}
}
