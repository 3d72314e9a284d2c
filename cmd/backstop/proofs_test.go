package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestCheckLooksAtThePrimaries(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/healthz" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	t.Cleanup(server.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	env := configured(t).withFile(t, `primaries: [{url: "`+server.URL+`", health_url: /ready, allow_private: true}]`)
	code, printed, complained := command(t, env, nil, "check", "--primaries")
	if code != 0 || !strings.Contains(printed, "Primary "+server.URL+": answers 200 in ") || strings.Contains(printed, "without a health_url") {
		t.Errorf("ended with %d: %s%s", code, printed, complained)
	}
	env = configured(t).withFile(t, `
primaries:
  - {url: "`+strings.Replace(server.URL, "127.0.0.1", "localhost", 1)+`", allow_private: true}
  - {url: "`+server.URL+`", health_url: /healthz, allow_private: true}
  - {url: "`+gone.URL+`", allow_private: true}
`)
	code, printed, complained = command(t, env, nil, "check", "--primaries")
	for _, want := range []string{"ms (without a health_url that says only that it can be reached)\n", "NOT GOOD: TCP ok, answers 503\n", "NOT GOOD: connection refused\n"} {
		if !strings.Contains(printed, want) {
			t.Errorf("got %s, want %q in it", printed, want)
		}
	}
	if code != exitFailed || !strings.Contains(complained, "does not work: 2 of 3 primaries") {
		t.Errorf("ended with %d: %s", code, complained)
	}
	if code, _, complained := command(t, configured(t), nil, "check", "--primaries"); code != exitFailed || !strings.Contains(complained, "no primary is configured: ") {
		t.Errorf("with nothing to look at it ended with %d: %s", code, complained)
	}
}
