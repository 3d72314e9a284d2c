package hook_test

import (
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/sim"
)

func TestAGenuineFailureIsAnsweredAndRecordedWhole(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "POST"} {
		for _, path := range []string{"/fallback/voice", "/fallback"} {
			t.Run(method+" "+path, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, nil)
				request := r.call(path, sim.Call{Method: method, Changes: sim.Changes{Add: sim.Params{{Name: "Twice", Value: "b"}, {Name: "Twice", Value: ""}}}})
				e := r.ask(request)
				if e.Status != 200 || e.Header.Get("Content-Type") != "text/xml; charset=utf-8" || e.Header.Get("Content-Length") == "" {
					t.Errorf("got %d %v", e.Status, e.Header)
				}
				entries := r.recorder.all()
				if len(entries) != 1 {
					t.Fatalf("recorded %d entries, want 1", len(entries))
				}
				f := entries[0].Failure
				if len(f.Params) != len(request.Params) {
					t.Fatalf("recorded %d parameters, want %d", len(f.Params), len(request.Params))
				}
				for i, p := range request.Params {
					if f.Params[i].Name != p.Name || f.Params[i].Value != p.Value {
						t.Errorf("parameter %d: got %v, want %v", i, f.Params[i], p)
					}
				}
				if want := f.ID.String() + "; written=yes"; e.Failure() != want {
					t.Errorf("X-Backstop-Failure: got %q, want %q", e.Failure(), want)
				}
				if string(entries[0].Answer.Document) != string(e.Body) {
					t.Error("recorded another document than was sent")
				}
			})
		}
	}
}

func TestARetryGetsTheSameBytesAndIsRecordedOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.message("/fallback/messaging", sim.Message{})
	first, second := r.ask(request), r.ask(request)
	if string(first.Body) != string(second.Body) || first.Failure() != second.Failure() {
		t.Errorf("a retry got %q %s, want %q %s", second.Body, second.Failure(), first.Body, first.Failure())
	}
	if !strings.Contains(string(first.Body), "<Message ") {
		t.Errorf("no reply at all: %s", first.Body)
	}
	if got := len(r.recorder.all()); got != 1 {
		t.Errorf("recorded %d, want 1", got)
	}
}

func TestARetryOfARequestThatIsStuckGetsTheApologyOfItsKind(t *testing.T) {
	t.Parallel()
	for path, channel := range map[string]incident.Channel{"/fallback/messaging": incident.Messaging, "/fallback": incident.Messaging, "/fallback/voice": incident.Voice} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			request := r.message(path, sim.Message{})
			if channel == incident.Voice {
				request = r.call(path, sim.Call{})
			}
			retry, _ := r.retryStuck(request)
			if want := string(recovery.Apology(channel)); retry != want {
				t.Errorf("the retry got %s, want %s", retry, want)
			}
		})
	}
}

func TestARetryOfWhoWaitsHearsSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	retry, first := r.retryStuck(r.call("/fallback/voice", sim.Call{Situation: sim.WaitingInQueue}))
	if retry != first || !strings.Contains(retry, "stay on the line") {
		t.Errorf("the retry got %s, want %s", retry, first)
	}
}

// retryStuck asks twice, the second time while the first is stuck.
func (r *rig) retryStuck(request sim.Request) (retry, first string) {
	r.t.Helper()
	r.recorder.stuck = make(chan struct{})
	began := make(chan sim.Exchange, 1)
	go func() { began <- r.client.Do(r.t.Context(), request) }()
	<-r.recorder.stuck
	retry = string(r.ask(request).Body)
	r.recorder.stuck <- struct{}{}
	e := <-began
	if e.Err != nil || e.Status != 200 {
		r.t.Errorf("the first got %d, %v", e.Status, e.Err)
	}
	return retry, string(e.Body)
}

func TestTheSameCallFailingAgainIsAnotherFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := sim.Call{SID: sim.NewSID("CA")}
	r.ask(r.call("/fallback/voice", c))
	r.ask(r.call("/fallback/voice", c)) // equal signature, another token
	if got := len(r.recorder.all()); got != 2 {
		t.Errorf("recorded %d, want 2", got)
	}
}

func TestWithoutTokenARetryIsKnownForTwentySeconds(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.call("/fallback/voice", sim.Call{})
	request.Header.Del("I-Twilio-Idempotency-Token")
	r.ask(request)
	r.ask(request)
	entries := r.recorder.all()
	if len(entries) != 1 || !entries[0].Failure.Tokenless {
		t.Errorf("recorded %d, tokenless %v; want one, tokenless", len(entries), entries[0].Failure.Tokenless)
	}
}

func TestOneSignatureUnderEverNewTokensIsAReplay(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.call("/fallback/voice", sim.Call{})
	for range 30 {
		request.Header.Set("I-Twilio-Idempotency-Token", sim.NewSID("xx"))
		e := r.ask(request)
		if e.Status != 200 || !strings.Contains(string(e.Body), "<Say") {
			t.Fatalf("a replay got %d %s", e.Status, e.Body)
		}
	}
	if got := len(r.recorder.all()); got != 20 {
		t.Errorf("recorded %d, want 20", got)
	}
	if got := r.hook.Stats.Replays.Load(); got != 10 {
		t.Errorf("counted %d replays, want 10", got)
	}
}

// TestWhoWaitsHearsSoEvenInAReplay: the apology says to call again, which
// somebody in a queue must not do.
func TestWhoWaitsHearsSoEvenInAReplay(t *testing.T) {
	t.Parallel()
	for claim, set := range map[string]sim.Params{
		"in a queue":           nil,
		"in a conference":      {{Name: "QueuePosition"}, {Name: "CurrentQueueSize"}, {Name: "AvgQueueTime"}, {Name: "ConferenceSid", Value: sim.NewSID("CF")}},
		"taken out of a queue": {{Name: "DequeingCallSid", Value: sim.NewSID("CA")}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			request := r.call("/fallback", sim.Call{Situation: sim.WaitingInQueue, Changes: sim.Changes{Set: set}})
			var first, last string
			for range 21 {
				request.Header.Set("I-Twilio-Idempotency-Token", sim.NewSID("xx"))
				if last = string(r.ask(request).Body); first == "" {
					first = last
				}
			}
			if first != last || strings.Contains(last, "later") {
				t.Errorf("the replay got %s, want %s", last, first)
			}
			if recorded, replays := len(r.recorder.all()), r.hook.Stats.Replays.Load(); recorded != 20 || replays != 1 {
				t.Errorf("recorded %d, counted %d replays, want 20 and 1", recorded, replays)
			}
		})
	}
}

func TestAReplayIsRememberedForADay(t *testing.T) {
	t.Parallel()
	tests := []struct {
		claim       string
		first, then int
		after       time.Duration
		want        int // recorded in all
	}{
		{"over the limit, an hour later", 25, 5, time.Hour, 20},
		{"over the limit, nearly a day later", 25, 5, 23 * time.Hour, 20},
		{"not yet over the limit: it is counted on", 15, 15, 23 * time.Hour, 20},
		{"a call that failed twice may fail again", 2, 3, time.Hour, 5},
		{"a call that failed once may fail again", 1, 19, time.Hour, 20},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				q := newQuietRig(t)
				captured := q.another()
				q.replay(captured, test.first)
				time.Sleep(test.after)
				for range 3 { // what others send does not make it forgotten
					q.replay(q.another(), 2)
				}
				q.replay(captured, test.then)
				if got := len(q.recorder.all()) - 6; got != test.want {
					t.Errorf("recorded %d, want %d", got, test.want)
				}
			})
		})
	}
}

func TestUnverifiedRequestsGetOneConstantApologyAndAreNotRecorded(t *testing.T) {
	t.Parallel()
	big := strings.Repeat("a", 70<<10)
	tests := []struct {
		claim, body string
		header      map[string]string
		reason      twilio.ReasonKind
		kept        bool
	}{
		{"without a signature", values("AccountSid", accountSID, "CallSid", "CA1"), nil, twilio.ReasonNoSignature, true},
		{"with rubbish for a signature", values("AccountSid", accountSID), map[string]string{"X-Twilio-Signature": "rubbish"}, twilio.ReasonBadSignature, true},
		{"with another account's name", values("AccountSid", "AC00000000000000000000000000000009"), map[string]string{"X-Twilio-Signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}, "", false},
		{"with a wrong signature", values("AccountSid", accountSID), map[string]string{"X-Twilio-Signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}, twilio.ReasonMismatch, true},
		{"with two accounts", values("AccountSid", accountSID, "AccountSid", "AC00000000000000000000000000000009"), map[string]string{"X-Twilio-Signature": "L/OH5YylLD5NRKLltdqwSvS0BnU="}, "", false},
		{"with a body over 64 KiB", "AccountSid=" + accountSID + "&Body=" + big, nil, twilio.ReasonTooLarge, true},
		{"with 201 parameters", "AccountSid=" + accountSID + strings.Repeat("&a=b", 201), nil, twilio.ReasonTooManyParams, true},
		{"with a broken form", "AccountSid=" + accountSID + "&Body=%zz", nil, twilio.ReasonMalformed, true},
		{"with nothing", "", nil, "", false},
	}
	for _, test := range tests {
		t.Run(test.claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			status, answer := r.form("/fallback/voice", test.body, test.header)
			if want := string(recovery.Apology(incident.Voice)); status != 200 || answer != want {
				t.Errorf("got %d %q, want the constant apology", status, answer)
			}
			if got := len(r.recorder.all()); got != 0 {
				t.Errorf("recorded %d, want none", got)
			}
			list := r.hook.Unverified(10)
			if (len(list) == 1) != test.kept {
				t.Fatalf("kept %d, want kept %v", len(list), test.kept)
			}
			if test.kept && list[0].Reason.Kind != test.reason {
				t.Errorf("reason: got %s, want %s", list[0].Reason.Kind, test.reason)
			}
		})
	}
}

// TestTheCommonAddressKnowsACallThatCannotBeRead: whoever is on the line must
// not hear silence because a parameter was one too many.
func TestTheCommonAddressKnowsACallThatCannotBeRead(t *testing.T) {
	t.Parallel()
	many, big := strings.Repeat("&a=b", 201), "&Body="+strings.Repeat("x", 70<<10)
	for claim, test := range map[string]struct {
		body string
		want incident.Channel
	}{
		"a call of 201 parameters":        {"AccountSid=" + accountSID + "&CallSid=CA1" + many, incident.Voice},
		"a call at its beginning":         {"CallSid=CA1" + many, incident.Voice},
		"a message of 201 parameters":     {"MessageSid=SM1" + many, incident.Messaging},
		"a message by its old name":       {"a=b&SmsSid=SM1" + many, incident.Messaging},
		"a call over 64 KiB":              {"CallSid=CA1" + big, incident.Voice},
		"a call that is malformed":        {"CallSid=CA1&Body=%zz", incident.Voice},
		"a message that names a call too": {"CallSid=CA1&MessageSid=SM1" + many, incident.Messaging},
		"another parameter that ends so":  {"ParentCallSid=CA1" + many, incident.Unknown},
		"a parameter that is empty":       {"MessageSid=&CallSid=CA1" + many, incident.Voice},
		"neither":                         {"a=b" + many, incident.Unknown},
		"a value that looks like a name":  {"Body=CallSid=CA1" + many, incident.Unknown},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			if status, answer := r.form("/fallback", test.body, nil); status != 200 || answer != string(recovery.Apology(test.want)) {
				t.Errorf("got %d %s, want the apology for %v", status, answer, test.want)
			}
		})
	}
}

func TestTheCommonAddressKnowsACallByGETThatCannotBeRead(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	response, err := r.server.Client().Get(r.server.URL + "/fallback?CallSid=CA1" + strings.Repeat("&a=b", 201))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err := io.ReadAll(response.Body); err != nil || string(answer) != string(recovery.Apology(incident.Voice)) {
		t.Errorf("got %s, %v", answer, err)
	}
}

func TestRejectedRequestsGet403(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Reject = true })
	if status, _ := r.form("/fallback/voice", values("AccountSid", accountSID), nil); status != http.StatusForbidden {
		t.Errorf("got %d, want 403", status)
	}
}

func TestOtherMethodsGet405(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, method := range []string{"PUT", "DELETE", "PATCH"} {
		request, err := http.NewRequestWithContext(t.Context(), method, r.server.URL+"/fallback/voice", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := r.server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != 405 || response.Header.Get("Allow") == "" {
			t.Errorf("%s: got %d, Allow %q", method, response.StatusCode, response.Header.Get("Allow"))
		}
	}
}

func TestAVisitorIsToldWhatTheAddressIsFor(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for _, path := range []string{"/fallback", "/fallback/voice", "/fallback/messaging"} {
		response, err := r.server.Client().Get(r.server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body := make([]byte, 4096)
		n, _ := response.Body.Read(body)
		if got := string(body[:n]); !strings.Contains(got, "<!--") || !strings.Contains(got, "Fallback URL") {
			t.Errorf("%s: got %s", path, got)
		}
	}
	if len(r.hook.Unverified(10)) != 0 {
		t.Error("a visit counts as an unverified request")
	}
}

func TestAnAddressThatIsNearlyRightIsAnsweredAllTheSame(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for path, channel := range map[string]incident.Channel{
		"/fallback/voice/": incident.Voice, "//fallback/voice": incident.Voice, "/Fallback/Voice": incident.Voice,
		"/fallback/": incident.Voice, "/fallback/messaging/": incident.Messaging,
	} {
		status, answer := r.form(path, values("AccountSid", accountSID), nil)
		if want := string(recovery.Apology(channel)); status != 200 || answer != want {
			t.Errorf("%s: got %d %q, want the apology", path, status, answer)
		}
	}
	if list := r.hook.Unverified(10); len(list) != 5 || !strings.Contains(list[0].Reason.Text, "does not exist") {
		t.Errorf("kept %+v, want 5 with the reason", list)
	}
	if status, _ := r.form("/elsewhere", "", nil); status != http.StatusNotFound {
		t.Errorf("/elsewhere: got %d", status)
	}
}

func TestWhatStrangersMakeLongIsCutBeforeItIsKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	long := strings.Repeat("A", 100<<10)
	r.form("/fallback/voice", values("AccountSid", accountSID), map[string]string{"X-Twilio-Signature": long, "I-Twilio-Idempotency-Token": "x"})
	if kept := len(r.hook.Unverified(10)); kept != 1 {
		t.Fatalf("kept %d, want 1", kept)
	}
	if got := r.hook.UnverifiedBytes(); got > 4096 {
		t.Errorf("%d bytes kept for one request", got)
	}
}

func TestASlowRequestSaysNothingAboutTheJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	request := r.call("/fallback/voice", sim.Call{})
	reader, writer := io.Pipe()
	go func() {
		half := len(request.Body) / 2
		_, _ = writer.Write(request.Body[:half])
		time.Sleep(120 * time.Millisecond) // longer than the rig waits for its journal
		_, _ = writer.Write(request.Body[half:])
		_ = writer.Close()
	}()
	slow, err := http.NewRequestWithContext(t.Context(), http.MethodPost, request.URL, reader)
	if err != nil {
		t.Fatal(err)
	}
	slow.Header, slow.ContentLength = request.Header.Clone(), int64(len(request.Body))
	response, err := r.server.Client().Do(slow)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if got := response.Header.Get("X-Backstop-Failure"); !strings.HasSuffix(got, "written=yes") || r.recorder.lates != 0 {
		t.Errorf("got %q, journal called late %d times", got, r.recorder.lates)
	}
}

func TestPublicURLIsFoundByTheFirstSignatureThatMatches(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.call("/fallback/voice", sim.Call{}))
	if len(r.found) != 1 || r.found[0] != r.server.URL {
		t.Errorf("found %v, want %s", r.found, r.server.URL)
	}
	if got := r.hook.Public().String(); got != r.server.URL {
		t.Errorf("Public: got %s, want %s", got, r.server.URL)
	}
}

func TestTheHostHeaderOfAReplayMakesNoPublicURL(t *testing.T) {
	t.Parallel()
	for claim, host := range map[string]string{
		"another port": "fallback.example.com:9999", "capitals": "FALLBACK.example.com", "the plain one": "fallback.example.com",
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.as(host, "https://fallback.example.com")
			if got := r.hook.Public().String(); got != "https://fallback.example.com" || len(r.found) != 1 || r.found[0] != got {
				t.Errorf("found %q, told %v; want what was signed", got, r.found)
			}
			r.as("inner:8080", "https://fallback.example.com")
			if got := len(r.recorder.all()); got != 2 {
				t.Errorf("recorded %d, want 2: what was found counts, whatever the Host", got)
			}
			r.as("other.example.com", "https://other.example.com")
			if got := len(r.recorder.all()); got != 3 || len(r.found) != 1 {
				t.Errorf("recorded %d, told %v; want 3 and the first address only", got, r.found)
			}
		})
	}
}

func TestBehindAProxyOnlyPublicURLCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Public = public(t, "https://fallback.example.com") })
	r.client.Via = r.server.URL
	request, err := sim.Call{}.Request(r.client.Account, "https://fallback.example.com/fallback/voice")
	if err != nil {
		t.Fatal(err)
	}
	e := r.client.Do(t.Context(), request)
	if !strings.HasSuffix(e.Failure(), "written=yes") {
		t.Errorf("signed for PUBLIC_URL: got %d %q", e.Status, e.Failure())
	}
	wrong := r.call("/fallback/voice", sim.Call{}) // signed for what the proxy calls us
	if e := r.ask(wrong); e.Failure() != "" {
		t.Errorf("signed for another address: got %q", e.Failure())
	}
}

func TestForwardedHeadersCountFromATrustedProxyOnly(t *testing.T) {
	t.Parallel()
	for _, trusted := range []bool{true, false} {
		r := newRig(t, func(s *hook.Settings) {
			if trusted {
				s.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
			}
		})
		for _, signed := range []string{"https://fallback.example.com", "https://fallback.example.com:8443"} {
			request, err := sim.Call{}.Request(r.client.Account, signed+"/fallback/voice")
			if err != nil {
				t.Fatal(err)
			}
			before := len(r.recorder.all())
			r.form("/fallback/voice", string(request.Body), map[string]string{
				"X-Twilio-Signature": request.Header.Get("X-Twilio-Signature"),
				"X-Forwarded-Proto":  "https", "X-Forwarded-Host": "fallback.example.com", "X-Forwarded-Port": "8443",
			})
			if got := len(r.recorder.all()) > before; got != trusted {
				t.Errorf("proxy trusted %v, signed for %s: recorded %v", trusted, signed, got)
			}
		}
	}
}

func TestADrillIsKnownByItsKeyAndNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Public = public(t, "https://fallback.example.com") })
	r.client.Account = sim.Account{SID: twilio.DrillAccountSID, AuthToken: drillKey}
	r.ask(r.call("/fallback/voice", sim.Call{}))
	r.client.Account.AuthToken = token // a customer's token signs no drill
	r.ask(r.call("/fallback/voice", sim.Call{}))
	entries := r.recorder.all()
	if len(entries) != 1 || !entries[0].Failure.Drill {
		t.Fatalf("recorded %d, want one drill", len(entries))
	}
	if list := r.hook.Unverified(10); len(list) != 0 {
		t.Error("a forged drill is kept as if it were a caller")
	}
}

// What a drill says of itself counts behind its key alone.
func TestWhyADrillIsPlayedIsItsOwnWord(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		says    string
		account sim.Account
		want    incident.DrillKind
	}{
		{"", drills(), incident.Asked},
		{"anything", drills(), incident.Asked},
		{"planned", drills(), incident.Planned},
		{"pulse", drills(), incident.Pulse},
		{"pulse", sim.Account{SID: accountSID, AuthToken: token}, incident.Asked},
	} {
		r := newRig(t, nil)
		r.client.Account = test.account
		e := r.ask(r.call("/fallback/voice", sim.Call{Changes: sim.Changes{Add: sim.Params{{Name: incident.DrillParam, Value: test.says}}}}))
		entries := r.recorder.all()
		if len(entries) != 1 || entries[0].Failure.DrillKind != test.want || entries[0].Failure.Drill != (test.account == drills()) {
			t.Errorf("%q: got %+v", test.says, entries)
		}
		if logged := strings.Contains(r.logged.String(), "failure answered"); logged != (test.want != incident.Pulse) {
			t.Errorf("%q: it is logged: %t", test.says, logged)
		}
		if counted := r.hook.Stats.Drills.Load() == 1; counted != (test.account == drills() && test.want != incident.Pulse) {
			t.Errorf("%q: it counts as a drill: %t", test.says, counted)
		}
		if !strings.Contains(string(e.Body), "<Say") || e.Failure() == "" {
			t.Errorf("%q: got %s", test.says, e.Body)
		}
	}
}

func drills() sim.Account { return sim.Account{SID: twilio.DrillAccountSID, AuthToken: drillKey} }

func TestSignedRequestsThatWereCutAnewAreNotVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	e := r.ask(r.call("/fallback/voice", sim.Call{SID: "CAnonsense"}))
	if e.Failure() != "" || len(r.recorder.all()) != 0 {
		t.Errorf("a malformed CallSid was recorded: %q", e.Failure())
	}
}

func TestWithNeitherSIDNothingIsSaidAndItIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	e := r.ask(r.call("/fallback", sim.Call{Changes: sim.Changes{Drop: []string{"CallSid"}}}))
	if !strings.HasSuffix(string(e.Body), "<Response/>") {
		t.Errorf("got %s, want an empty response", e.Body)
	}
	if got := r.recorder.all()[0].Failure.Channel; got != incident.Unknown {
		t.Errorf("channel: got %s, want unknown", got)
	}
}

func TestAnErrorURLOfOursIsBackstopItself(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.call("/fallback/voice", sim.Call{ErrorURL: r.server.URL + "/fallback/voice"}))
	r.ask(r.call("/fallback/voice", sim.Call{ErrorURL: "https://www.example.com/fallback/voice"}))
	entries := r.recorder.all()
	if !entries[0].Failure.Itself || entries[1].Failure.Itself {
		t.Errorf("itself: got %v and %v, want true and false", entries[0].Failure.Itself, entries[1].Failure.Itself)
	}
}

func TestAHangingJournalDelaysAnAnswerOnceAndThenNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.recorder.hang = true
	if e := r.ask(r.call("/fallback/voice", sim.Call{})); !strings.HasSuffix(e.Failure(), "written=no") || !strings.Contains(string(e.Body), "<Say") {
		t.Errorf("got %q %s", e.Failure(), e.Body)
	}
	r.ask(r.call("/fallback/voice", sim.Call{}))
	if r.recorder.lates != 1 || r.hook.Stats.Unwritten.Load() != 2 {
		t.Errorf("waited in vain %d times, unwritten %d; want 1 and 2", r.recorder.lates, r.hook.Stats.Unwritten.Load())
	}
}

func TestWhatMustNotBeKeptIsDroppedBeforeTheJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Drop = map[string]bool{"Body": true} })
	e := r.ask(r.message("/fallback/messaging", sim.Message{Body: "STOP"}))
	if strings.Contains(string(e.Body), "<Message>") {
		t.Error("replied to STOP: the body was dropped before the answer was decided")
	}
	if r.recorder.all()[0].Failure.Param("Body") != "" {
		t.Error("the body went to the journal")
	}
}

// What a message needs to be sent to the customer's own server one day.
func TestOfAMessageItIsNotedWhatSendingItTakes(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(s *hook.Settings) { s.Drop = map[string]bool{"ToZip": true, "CallerName": true} })
	whole := r.message("/fallback/messaging", sim.Message{Changes: sim.Changes{Drop: []string{"ToZip"}}})
	cut := r.message("/fallback/messaging", sim.Message{Body: "Stop!"})
	long := r.message("/fallback/messaging", sim.Message{})
	long.Header.Set("I-Twilio-Idempotency-Token", strings.Repeat("t", incident.MaxToken+1))
	call := r.call("/fallback/voice", sim.Call{})
	for _, request := range []sim.Request{whole, cut, long, call} {
		r.ask(request)
	}
	type noted struct {
		Token           string
		Dropped, OptOut bool
	}
	var got []noted
	for _, e := range r.recorder.all() {
		got = append(got, noted{e.Failure.Token, e.Failure.Dropped, e.Failure.OptOut})
	}
	want := []noted{{whole.Token(), false, false}, {cut.Token(), true, true}, {"", true, false}, {"", false, false}}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTheLogHasOneMaskedLineAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.call("/fallback/voice", sim.Call{From: "+4930123456789"}))
	r.server.Close()
	got := r.logged.String()
	if strings.Count(got, "failure answered") != 1 || !strings.Contains(got, `"took_us":`) || !strings.Contains(got, `"waited_us":`) || strings.Contains(got, "+4930123456789") || strings.Contains(got, token) {
		t.Errorf("log: %s", got)
	}
}

func TestAfterAReloadUnverifiedCallersBecomeLateFailures(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.client.Account.AuthToken = "ffffffffffffffffffffffffffffffff"
	request := r.call("/fallback/voice", sim.Call{})
	before := time.Now()
	r.ask(request)
	r.ask(request) // its retry
	r.form("/fallback/voice", values("AccountSid", accountSID), nil)
	r.hook.Replace(r.settings(token, r.client.Account.AuthToken))
	entries := r.recorder.all()
	if len(entries) != 1 {
		t.Fatalf("recorded %d, want the caller once", len(entries))
	}
	f := entries[0].Failure
	if !f.Late || f.ReceivedAt.Before(before.Add(-time.Second)) || f.ReceivedAt.After(time.Now()) {
		t.Errorf("late %v, received %s", f.Late, f.ReceivedAt)
	}
	if list := r.hook.Unverified(10); len(list) != 1 {
		t.Errorf("%d still unverified, want the forged one", len(list))
	}
	if e := r.ask(request); !strings.HasSuffix(e.Failure(), "written=yes") || len(r.recorder.all()) != 1 {
		t.Error("a retry after the reload is recorded again")
	}
}

func TestPeopleAreToldOfUnverifiedRequestsWithTheReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newQuietRig(t)
		for range 12 {
			r.serveForged()
		}
		time.Sleep(20 * time.Second)
		synctest.Wait()
		told := r.alerts()
		if len(told) != 1 || !strings.Contains(told[0].Title, "12 requests for your account failed") || len(told[0].Title) > 70 {
			t.Fatalf("told %+v, want one word of 12 requests", told)
		}
		list := r.hook.Unverified(20)
		if !strings.Contains(list[0].Reason.Text, "signed for https://fallback.example.com") {
			t.Errorf("reason: got %q", list[0].Reason.Text)
		}
		r.serveForged()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := len(r.alerts()); got != 1 {
			t.Errorf("told %d times within 15 minutes", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := len(r.alerts()); got != 2 {
			t.Errorf("told %d times after 20 minutes, want 2", got)
		}
	})
}
