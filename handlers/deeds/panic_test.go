package deeds_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/act"
)

func TestAPanicOfTheLedgerEndsNoDeedButItsOwn(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	link := g.link(act.Acknowledge, 42)
	g.ledger.panics = true
	for range 40 { // more than may be under way at once
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, body, _ := g.do(method, link, "")
			if status < http.StatusInternalServerError || strings.Contains(body, "a bug") || !strings.Contains(body, "<h1>") {
				t.Fatalf("%s: %d %s", method, status, body)
			}
		}
	}
	g.ledger.panics = false
	if status, body, _ := g.do(http.MethodPost, link, ""); status != http.StatusOK || g.ledger.done() != "acknowledged by anna@example.com by e-mail" {
		t.Errorf("afterwards %d %q: %s", status, g.ledger.done(), body)
	}
}
