package rest_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/rest"
)

func TestATextAndACallAreMadeWithTheAccountsToken(t *testing.T) {
	t.Parallel()
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		asked = append(asked, r.Method+" "+r.URL.Path+" "+user+":"+password+" "+r.FormValue("From")+r.FormValue("MessagingServiceSid")+" "+r.FormValue("To")+" "+r.FormValue("Body")+r.FormValue("Twiml"))
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, `{"sid":"SM0123456789abcdef0123456789abcdef","status":"queued"}`)
	}))
	t.Cleanup(server.Close)
	client := rest.New(rest.Options{URL: server.URL, Token: func(string) string { return "token" }})
	const service = "MG0123456789abcdef0123456789abcdef"
	for _, send := range []func() (string, error){
		func() (string, error) {
			return client.Text(t.Context(), account, "+15550100", "+15550123", "down & out")
		},
		func() (string, error) { return client.Text(t.Context(), account, service, "+15550123", "down") },
		func() (string, error) {
			return client.Call(t.Context(), account, "+15550100", "+15550123", []byte("<Response/>"))
		},
	} {
		if sid, err := send(); err != nil || sid != "SM0123456789abcdef0123456789abcdef" {
			t.Errorf("%s, %v", sid, err)
		}
	}
	want := []string{
		"POST /2010-04-01/Accounts/" + account + "/Messages.json " + account + ":token +15550100 +15550123 down & out",
		"POST /2010-04-01/Accounts/" + account + "/Messages.json " + account + ":token " + service + " +15550123 down",
		"POST /2010-04-01/Accounts/" + account + "/Calls.json " + account + ":token +15550100 +15550123 <Response/>",
	}
	if strings.Join(asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(asked, "\n"), strings.Join(want, "\n"))
	}
}

func TestANoOfTwiliosIsKnownByItsCode(t *testing.T) {
	t.Parallel()
	for claim, c := range map[string]struct {
		status int
		body   string
		retry  string
		want   string
		code   int
		pause  time.Duration
	}{
		"no number":              {400, `{"code":21211,"message":"Invalid 'To' Phone Number: +1555","status":400}`, "", "answered 400 with error 21211", 21211, 0},
		"too much at once":       {429, `{"code":20429}`, "7", "answered 429 with error 20429", 20429, 7 * time.Second},
		"broken":                 {502, `<html>`, "", "answered 502", 0, 0},
		"somebody else's yes":    {201, `{"sid":"hello"}`, "", "is not Twilio", 0, 0},
		"a yes that is not made": {200, `{"sid":"SM0123456789abcdef0123456789abcdef"}`, "", "answered 200", 0, 0},
		"elsewhere":              {307, ``, "", "answered 307", 0, 0},
	} {
		asked := 0
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Location", "/elsewhere")
			if c.retry != "" {
				w.Header().Set("Retry-After", c.retry)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.body)
		}))
		client := rest.New(rest.Options{URL: server.URL, Token: func(string) string { return "token" }})
		_, err := client.Text(t.Context(), account, "+15550100", "+15550123", "x")
		server.Close()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "1555") || asked != 1 {
			t.Errorf("%s: asked %d times, got %v, want %q", claim, asked, err, c.want)
		}
		if refused, ok := errors.AsType[*rest.RefusedError](err); ok && (refused.Code != c.code || refused.Pause != c.pause) {
			t.Errorf("%s: got %+v", claim, refused)
		}
	}
	client := rest.New(rest.Options{Token: func(string) string { return "" }})
	if _, err := client.Text(t.Context(), account, "+15550100", "+15550123", "x"); !errors.Is(err, rest.ErrNoToken) {
		t.Errorf("without a token: %v", err)
	}
	if _, err := client.Text(t.Context(), "../AC", "+15550100", "+15550123", "x"); err == nil {
		t.Error("sent for an account that is none")
	}
}
