package hook_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/handlers/hook"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
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

func TestNobodyWaitsForTheLog(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.logging.Lock()
	defer r.logging.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if e := r.client.Do(ctx, r.call("/fallback/voice", sim.Call{})); e.Err != nil {
		t.Errorf("no answer while the log hangs: %v", e.Err)
	}
}

func TestTheLogHasOneMaskedLineAFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	r.ask(r.call("/fallback/voice", sim.Call{From: "+4930123456789"}))
	got := r.log()
	if strings.Count(got, "failure answered") != 1 || !strings.Contains(got, `"took_us":`) || !strings.Contains(got, `"waited_us":`) || strings.Contains(got, "+4930123456789") || strings.Contains(got, token) {
		t.Errorf("log: %s", got)
	}
}
