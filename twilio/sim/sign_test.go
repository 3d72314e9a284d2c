package sim_test

import (
	"encoding/json"
	"net/url"
	"os"
	"testing"

	"github.com/twilio/twilio-go/client"

	"github.com/backstop-project/backstop/twilio/sim"
)

func TestSignaturesAreThePublishedOnes(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/signature-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		Name, Token, URL, Signature string
		Params                      [][2]string
	}
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors) != 17 {
		t.Errorf("got %d vectors, want 17", len(vectors))
	}
	for _, v := range vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			var params sim.Params
			for _, p := range v.Params {
				params = append(params, sim.Param{Name: p[0], Value: p[1]})
			}
			if got := sim.Sign(v.Token, v.URL, params); got != v.Signature {
				t.Errorf("got %s, want %s", got, v.Signature)
			}
		})
	}
}

// The official library keeps one value of a repeated name, so it is asked about requests without repeats.
func TestTwiliosOwnLibraryAcceptsOurRequests(t *testing.T) {
	t.Parallel()
	account := sim.Account{SID: sim.NewSID("AC"), AuthToken: "secret"}
	validator := client.NewRequestValidator(account.AuthToken)
	hostile := sim.Changes{Set: sim.Params{
		{Name: "From", Value: "\x00\xff<b>&'\"\r\n%s+ ~*"}, {Name: "", Value: "no name"}, {Name: "Ünïcode", Value: "日本"}, {Name: "Empty"},
	}}
	const address = "https://fallback.example.com/fallback/voice?line=a%20b&quote='"
	cases := []struct {
		name    string
		request func() (sim.Request, error)
	}{
		{"a call", func() (sim.Request, error) { return sim.Call{}.Request(account, address) }},
		{"a hostile call", func() (sim.Request, error) { return sim.Call{Changes: hostile}.Request(account, address) }},
		{"a call by GET", func() (sim.Request, error) {
			return sim.Call{Method: "GET", Changes: hostile}.Request(account, address)
		}},
		{"a message", func() (sim.Request, error) { return sim.Message{Body: "STOP"}.Request(account, address) }},
		{"a message by GET", func() (sim.Request, error) { return sim.Message{Method: "GET"}.Request(account, address) }},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			request, err := tc.request()
			if err != nil {
				t.Fatal(err)
			}
			form, err := url.ParseQuery(string(request.Body))
			if err != nil {
				t.Fatal(err)
			}
			params := map[string]string{}
			for name, values := range form {
				if len(values) != 1 {
					t.Fatalf("%s has %d values", name, len(values))
				}
				params[name] = values[0]
			}
			if !validator.Validate(request.URL, params, request.Header.Get("X-Twilio-Signature")) {
				t.Errorf("twilio-go refuses %s %s\n%s", request.Method, request.URL, request.Body)
			}
			params["CallSid"] = "CAother"
			if request.Method != "GET" && validator.Validate(request.URL, params, request.Header.Get("X-Twilio-Signature")) {
				t.Error("twilio-go accepts other parameters under the same signature")
			}
		})
	}
}
