package hook_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
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

func TestSignedRequestsThatWereCutAnewAreNotVerified(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	e := r.ask(r.call("/fallback/voice", sim.Call{SID: "CAnonsense"}))
	if e.Failure() != "" || len(r.recorder.all()) != 0 {
		t.Errorf("a malformed CallSid was recorded: %q", e.Failure())
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

// heap is how many bytes the whole program keeps.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Not beside others: it looks at how much memory the whole program has.
func TestOfRequestsThatCannotBeReadHardlyAnythingIsKept(t *testing.T) { //nolint:paralleltest // as it says
	q := newQuietRig(t)
	before := heap()
	body := "AccountSid=" + accountSID + "&Body=" + strings.Repeat("x", 60<<10) + "%"
	const requests = 500
	for range requests {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/fallback/voice", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		// The texts of a request may lie in one piece with all that came with it.
		whole := "POST/fallback/voice" + strings.Repeat("x", 60<<10)
		r.Method, r.RequestURI = whole[:4], whole[4:19]
		q.engine.ServeHTTP(httptest.NewRecorder(), r)
	}
	if got := len(q.hook.Unverified(2 * requests)); got != requests {
		t.Fatalf("%d requests are kept, want %d", got, requests)
	}
	if grown := int64(heap()) - int64(before); grown > 8<<20 {
		t.Errorf("%d requests of 60 KiB take %d KiB, and are said to take %d", requests, grown>>10, q.hook.UnverifiedBytes()>>10)
	}
}
