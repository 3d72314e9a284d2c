package api_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/api"
)

// A node that answers callers stays behind its load balancer, whatever bug there is
// in finding out what else it does.
func TestABugInFindingOutWhatIsDegradedTakesNoNodeAway(t *testing.T) {
	t.Parallel()
	room := api.New(api.Options{Degraded: func() []string { panic("a bug") }, Metrics: http.NotFoundHandler()})
	handler := handlers.Admin(handlers.Options{
		Rooms: []handlers.Room{room}, NoWay: func(c *gin.Context) { c.Status(http.StatusNotFound) }, Log: slog.New(slog.DiscardHandler),
	})
	for _, path := range []string{"/healthz", "/health", "/readyz"} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		if got := w.Body.String(); w.Code != http.StatusOK || !strings.Contains(got, `{"status":"ok","degraded":["health"]}`) {
			t.Errorf("%s: %d %s", path, w.Code, got)
		}
	}
}
