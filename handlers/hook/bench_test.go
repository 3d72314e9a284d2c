package hook_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio/sim"
)

// instant is a recorder that has always written already.
type instant struct{ done chan struct{} }

func (i instant) Record(incident.Entry) (<-chan struct{}, bool) { return i.done, false }
func (instant) Late()                                           {}

// BenchmarkAnswer compares the whole answer path, without disk and network,
// with a bare gin that sends the same document.
func BenchmarkAnswer(b *testing.B) {
	requests := make([]sim.Request, 10_000) // each may come 20 times: then it is a replay
	for i := range requests {
		var err error
		requests[i], err = sim.Call{}.Request(sim.Account{SID: accountSID, AuthToken: token}, "https://fallback.example.com/fallback/voice")
		if err != nil {
			b.Fatal(err)
		}
	}
	gin.SetMode(gin.ReleaseMode)
	bare := gin.New()
	document := recovery.Apology(incident.Voice)
	bare.POST("/fallback/voice", func(c *gin.Context) {
		c.Header("Content-Length", strconv.Itoa(len(document)))
		c.Data(http.StatusOK, "text/xml; charset=utf-8", document)
	})
	b.Run("bare gin", func(b *testing.B) { serveAll(b, bare, requests) })

	settings := newSettings(b, token)
	settings.Public = public(b, "https://fallback.example.com")
	done := make(chan struct{})
	close(done)
	h := hook.New(hook.Options{
		Settings: settings, Recorder: instant{done}, Noted: func(incident.Entry) {}, Tell: func(incident.Alert) {},
		RecordFor: time.Second, Now: time.Now, Log: slog.New(slog.NewJSONHandler(lockedWriter{&sync.Mutex{}, io.Discard}, nil)),
	})
	engine := gin.New()
	h.Register(engine)
	b.Run("backstop", func(b *testing.B) { serveAll(b, engine, requests) })
}

func serveAll(b *testing.B, h http.Handler, requests []sim.Request) {
	b.Helper()
	b.ReportAllocs()
	w := httptest.NewRecorder()
	n := 0
	for b.Loop() {
		n++
		request := requests[n%len(requests)]
		r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/fallback/voice", bytes.NewReader(request.Body))
		r.Header = request.Header
		r.Header["I-Twilio-Idempotency-Token"] = []string{strconv.Itoa(n)}
		w.Body.Reset()
		h.ServeHTTP(w, r)
	}
}
