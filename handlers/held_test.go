package handlers_test

import (
	"strings"
	"testing"
)

// A stranger needs no signature to send half a request. Many of them must not
// take the memory that the callers need.
func TestHalfRequestsAreBoundedInBytes(t *testing.T) {
	t.Parallel()
	const piece = 100 << 10
	for claim, half := range map[string]string{
		"headers": "GET /fallback/voice HTTP/1.1\r\nX-Long: " + strings.Repeat("x", piece),
		"bodies":  "POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("x", piece),
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, 1000)
			var flood []*client
			for range 32 << 20 / piece {
				c := h.connect()
				c.send(half)
				flood = append(flood, c)
			}
			caller := h.connect()
			caller.good(t, "a caller in the flood")
			h.eventually("half of the flood is dropped", func() bool { return h.limit.Dropped.Load() > 100 })
			if !flood[0].gone() {
				t.Error("the connection that was incomplete for longest stays")
			}
			caller.good(t, "the caller, again")
			if got := h.limit.Open(); got < 100 {
				t.Errorf("%d connections are left, want those within the bound", got)
			}
		})
	}
}
