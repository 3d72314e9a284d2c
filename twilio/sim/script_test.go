package sim_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/twilio/sim"
)

// script is a server that answers each path with one document, and remembers what it was asked, in order.
type script struct {
	t         *testing.T
	documents map[string]string
	mu        sync.Mutex
	asked     []asked
}

type asked struct {
	method, path string
	params       sim.Params
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	params := signed(s.t, r)
	s.mu.Lock()
	s.asked = append(s.asked, asked{r.Method, r.URL.Path, params})
	s.mu.Unlock()
	document, found := s.documents[r.URL.Path]
	switch {
	case !found:
		http.NotFound(w, r)
	case strings.HasPrefix(document, "audio/"):
		w.Header().Set("Content-Type", document)
		_, _ = w.Write([]byte("RIFF"))
	case document == "":
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, document)
	}
}

func (s *script) paths() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for _, a := range s.asked {
		paths = append(paths, a.method+" "+a.path)
	}
	return paths
}

// last is the last request for that path.
func (s *script) last(path string) sim.Params {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range slices.Backward(s.asked) {
		if a.path == path {
			return a.params
		}
	}
	s.t.Fatalf("%s was never asked for", path)
	return nil
}

// place plays a call against documents; the fallback URL is /voice.
func place(t *testing.T, call sim.Call, documents map[string]string) (sim.Result, *script) {
	t.Helper()
	server := &script{t: t, documents: documents}
	address := serve(t, server.ServeHTTP)
	result, err := sim.Client{Account: account()}.Place(t.Context(), address+"/voice", call)
	if err != nil {
		t.Fatal(err)
	}
	return result, server
}

func wantParams(t *testing.T, got sim.Params, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Value(name) != value {
			t.Errorf("%s: got %q, want %q", name, got.Value(name), value)
		}
	}
}

func wantPaths(t *testing.T, s *script, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, s.paths()); diff != "" {
		t.Error(diff)
	}
}

func wantEnding(t *testing.T, r sim.Result, want sim.Ending) {
	t.Helper()
	if r.Ending != want {
		t.Errorf("got ending %q, want %q\n%s", r.Ending, want, r)
	}
}
