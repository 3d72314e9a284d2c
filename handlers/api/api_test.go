package api_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/handlers"
	"github.com/backstop-project/backstop/handlers/api"
	"github.com/backstop-project/backstop/history"
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

func TestMetricsAndDrillsAreForWhoShowsTheirToken(t *testing.T) {
	t.Parallel()
	const token, drills = "0123456789abcdef", "fedcba9876543210"
	open := func(o api.Options) http.Handler {
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("what was measured")) })
		o.Drill = func(context.Context, string) (history.DrillReport, error) {
			return history.DrillReport{Found: true}, nil
		}
		o.Notifiers = func() []string { return []string{"what was told"} }
		return handlers.Admin(handlers.Options{
			Rooms: []handlers.Room{api.New(o)}, NoWay: func(c *gin.Context) { c.Status(http.StatusNotFound) }, Log: slog.New(slog.DiscardHandler),
		})
	}
	guarded, without := open(api.Options{Token: token, DrillToken: drills}), open(api.Options{})
	for claim, c := range map[string]struct {
		house           http.Handler
		authorization   []string
		metrics, drills int
	}{
		"no token":                     {guarded, nil, http.StatusUnauthorized, http.StatusUnauthorized},
		"an empty header":              {guarded, []string{""}, http.StatusUnauthorized, http.StatusUnauthorized},
		"an empty token":               {guarded, []string{"Bearer "}, http.StatusUnauthorized, http.StatusUnauthorized},
		"a wrong token":                {guarded, []string{"Bearer 0123456789abcdeX"}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the beginning of the token":   {guarded, []string{"Bearer " + token[:8]}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token and more":           {guarded, []string{"Bearer " + token + "0"}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token alone":              {guarded, []string{token}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token by another scheme":  {guarded, []string{"Basic " + token}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token behind another one": {guarded, []string{"Bearer x", "Bearer " + token}, http.StatusUnauthorized, http.StatusUnauthorized},
		"none where there is none":     {without, []string{"Bearer "}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token":                    {guarded, []string{"Bearer " + token}, http.StatusOK, http.StatusOK},
		"the token, bearer in small":   {guarded, []string{"bearer " + token}, http.StatusOK, http.StatusOK},
		"the token of another scheme":  {guarded, []string{"Basic " + token}, http.StatusUnauthorized, http.StatusUnauthorized},
		"the token for drills":         {guarded, []string{"Bearer " + drills}, http.StatusUnauthorized, http.StatusOK},
	} {
		for path, want := range map[string]int{"/metrics": c.metrics, "/api/v1/drills/CA0123": c.drills} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
			if c.authorization != nil {
				r.Header["Authorization"] = c.authorization
			}
			w := httptest.NewRecorder()
			c.house.ServeHTTP(w, r)
			if told := strings.Contains(w.Body.String(), "what was "); w.Code != want || told != (want == http.StatusOK) {
				t.Errorf("%s: %s: %d %s, want %d", claim, path, w.Code, w.Body, want)
			}
			if asked := w.Header().Get("WWW-Authenticate") != ""; asked != (want == http.StatusUnauthorized) {
				t.Errorf("%s: %s: WWW-Authenticate is %q", claim, path, w.Header().Get("WWW-Authenticate"))
			}
		}
	}
}
