package deeds_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/act"
	"github.com/backstop-project/backstop/handlers/deeds"
)

// twilioSays posts as Twilio does, signed by that token.
func twilioSays(path, token string, params map[string]string) *http.Request {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte("https://fallback.example.com" + path))
	form := url.Values{}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		mac.Write([]byte(name + params[name]))
		form.Set(name, params[name])
	}
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return r
}

func texted(from, body string) map[string]string {
	return map[string]string{
		"AccountSid": accountSID, "MessageSid": "SM00000000000000000000000000000001", "From": from, "To": "+15550100", "Body": body,
	}
}

func TestRepliesBySMSAct(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]struct{ done, said string }{
		"":         {"acknowledged by +493•••56 by SMS", "the incident is yours"},
		" Mute":    {"muted by +493•••56 by SMS", "nobody is told more of it until"},
		" resolve": {"resolved by +493•••56 by SMS", "the incident is resolved"},
	} {
		g := newRig(t)
		r := twilioSays("/twilio/act", authToken, texted(anna, g.seal.Code(ledgerID, 42, anna)+text))
		status, body, header := g.serve(r)
		if status != http.StatusOK || g.ledger.done() != want.done || !strings.Contains(body, want.said) || !strings.HasPrefix(header.Get("Content-Type"), "text/xml") {
			t.Errorf("%q: got %d %s, done %q", text, status, body, g.ledger.done())
		}
		_, body, _ = g.serve(twilioSays("/twilio/act", authToken, texted(anna, g.seal.Code(ledgerID, 42, anna)+text)))
		if !strings.Contains(body, "already") || g.ledger.done() != want.done {
			t.Errorf("%q again: got %s, done %q", text, body, g.ledger.done())
		}
	}
}

func TestRepliesThatDoNothing(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	code := g.seal.Code(ledgerID, 42, anna)
	for name, c := range map[string]struct {
		from, body, want string
	}{
		"a code of somebody else":    {anna, g.seal.Code(ledgerID, 42, "+4930999999"), "knows no alert with that code"},
		"words":                      {anna, "what is going on?", "did not understand"},
		"an incident that is over":   {anna, g.seal.Code(ledgerID, 41, anna), "over already: resolved by kim"},
		"somebody who gets none":     {"+4930999999", code, "<Response/>"},
		"nobody":                     {"", code, "<Response/>"},
		"a sender's name":            {"ACME", code, "<Response/>"},
		"STOP":                       {anna, "STOP", "<Response/>"},
		"help, with a full stop":     {anna, " help. ", "<Response/>"},
		"a code with a word of ours": {anna, "000000 explode", "did not understand"},
	} {
		status, body, _ := g.serve(twilioSays("/twilio/act", authToken, texted(c.from, c.body)))
		if status != http.StatusOK || !strings.Contains(body, c.want) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
	for name, r := range map[string]*http.Request{
		"another token":   twilioSays("/twilio/act", "guess", texted(anna, code)),
		"another address": twilioSays("/twilio/act?x=1", authToken, texted(anna, code)),
		"no account":      twilioSays("/twilio/act", authToken, map[string]string{"From": anna, "Body": code}),
	} {
		if name == "another address" {
			r.URL.RawQuery, r.RequestURI = "", "/twilio/act"
		}
		if status, _, _ := g.serve(r); status != http.StatusForbidden {
			t.Errorf("%s: got %d", name, status)
		}
	}
	if g.ledger.done() != "" {
		t.Errorf("done: %s", g.ledger.done())
	}
}

func TestCodesCannotBeTried(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	code := g.seal.Code(ledgerID, 42, anna)
	for _, wrong := range []string{"000000", "000001", "000002", "000003", "000004"} {
		if wrong != code {
			g.serve(twilioSays("/twilio/act", authToken, texted(anna, wrong)))
		}
	}
	if _, body, _ := g.serve(twilioSays("/twilio/act", authToken, texted(anna, code))); !strings.Contains(body, "Too many codes") || g.ledger.done() != "" {
		t.Errorf("got %s", body)
	}
}

func TestKeysOfACallAct(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]struct{ done, said string }{
		"1": {"acknowledged by +493•••56 by a call", "It is yours"},
		"2": {"muted by +493•••56 by a call", "muted for an hour"},
		"3": {"resolved by +493•••56 by a call", "It is resolved"},
		"7": {"", "<Gather"},
		"":  {"", "<Gather"},
	} {
		g := newRig(t)
		path := deeds.KeyPath(g.seal.Token(act.Deed{Way: act.ByCall, Ledger: ledgerID, Incident: 42, Recipient: anna}))
		params := map[string]string{"AccountSid": accountSID, "CallSid": "CA00000000000000000000000000000001", "From": "+15550100", "To": anna, "Digits": digits}
		status, body, _ := g.serve(twilioSays(path, authToken, params))
		if status != http.StatusOK || !strings.Contains(body, want.said) || g.ledger.done() != want.done {
			t.Errorf("%q: got %d %s, done %q", digits, status, body, g.ledger.done())
		}
		if status, _, _ := g.serve(twilioSays(path, "guess", params)); status != http.StatusForbidden {
			t.Errorf("unsigned: got %d", status)
		}
		params["AccountSid"] = otherSID
		if _, body, _ := g.serve(twilioSays(path, otherToken, params)); !strings.Contains(body, "too old") || g.ledger.done() != want.done {
			t.Errorf("another account: got %s, done %q", body, g.ledger.done())
		}
		params["AccountSid"], params["To"] = accountSID, "+4930999999"
		if _, body, _ := g.serve(twilioSays(path, authToken, params)); !strings.Contains(body, "too old") {
			t.Errorf("another call: got %s", body)
		}
	}
}
