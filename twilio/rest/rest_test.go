package rest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/rest"
)

const (
	account = "AC00000000000000000000000000000001"
	sid     = "RE00000000000000000000000000000001"
)

func TestARecordingIsFetchedWithTheAccountsToken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		account, sid string
		status       int
		kind         string
		want, fails  string
	}{
		"as it is":             {account, sid, 200, "audio/mpeg", "sound", ""},
		"deleted":              {account, sid, 404, "text/plain", "", "no such recording"},
		"a wrong token":        {account, sid, 401, "text/plain", "", "does not take the account's auth token"},
		"a broken API":         {account, sid, 500, "text/plain", "", "answered 500"},
		"a page instead of it": {account, sid, 200, "text/html", "", "no recording"},
		"no token known":       {"AC00000000000000000000000000000002", sid, 200, "audio/mpeg", "", "no auth token"},
		"no SID":               {account, "../../Accounts", 200, "audio/mpeg", "", "no such recording"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				if user != account || password != "secret-token" || r.URL.Path != "/2010-04-01/Accounts/"+account+"/Recordings/"+sid+".mp3" {
					t.Errorf("asked for %s as %s", r.URL.Path, user)
				}
				w.Header().Set("Content-Type", tt.kind)
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, "sound")
			}))
			t.Cleanup(server.Close)
			client := rest.New(rest.Options{URL: server.URL, Token: func(of string) string {
				if of == account {
					return "secret-token"
				}
				return ""
			}})
			media, _, err := client.Recording(t.Context(), tt.account, tt.sid)
			if err != nil {
				if tt.fails == "" || !strings.Contains(err.Error(), tt.fails) || strings.Contains(err.Error(), "secret-token") {
					t.Errorf("got error %v, want one with %q", err, tt.fails)
				}
				return
			}
			defer media.Close()
			if got, err := io.ReadAll(media); err != nil || string(got) != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

func TestAnAPIThatIsAwayIsSaidWithoutItsAddress(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	client := rest.New(rest.Options{URL: server.URL, Token: func(string) string { return "x" }})
	if _, _, err := client.Recording(t.Context(), account, sid); err == nil || strings.Contains(err.Error(), account) {
		t.Errorf("got %v", err)
	}
}
