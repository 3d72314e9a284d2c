package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
)

// about is what came back about an earlier failure.
func about(before incident.Fed, n int, what incident.What, outcome incident.Outcome, params ...incident.Param) incident.Fed {
	e := call(1000+n, withParams("POST", append([]incident.Param{
		{Name: "CallSid", Value: before.Failure.SID}, {Name: "AccountSid", Value: before.Failure.AccountSID},
	}, params...)...))
	e.FollowUp = incident.FollowUp{About: before.Failure.ID, What: what}
	e.Answer = incident.Answer{Step: "dial", Why: "why", Heard: "Thank you.", Outcome: outcome, Document: []byte("<Response/>")}
	return e
}

func onlyTold(e *incident.Fed) { e.Answer.Outcome = incident.Told }
func saved(e *incident.Fed)    { e.Answer.Outcome = incident.Saved }

func TestWhatComesBackSaysHowAFailureEnded(t *testing.T) {
	for name, tt := range map[string]struct {
		answered func(*incident.Fed)
		back     []incident.Outcome
		want     incident.Outcome
	}{
		"nothing came back":                      {onlyTold, nil, incident.Told},
		"a person took the call":                 {onlyTold, []incident.Outcome{incident.Saved}, incident.Saved},
		"what says nothing":                      {onlyTold, []incident.Outcome{incident.OutcomeUnknown}, incident.Told},
		"a voicemail, then the caller hangs up":  {onlyTold, []incident.Outcome{incident.Voicemail, incident.Lost}, incident.Voicemail},
		"hung up while waiting":                  {onlyTold, []incident.Outcome{incident.Lost}, incident.Lost},
		"asked to be called, and then was saved": {onlyTold, []incident.Outcome{incident.CallbackRequested, incident.Saved}, incident.Saved},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			first := call(1, tt.answered)
			feed(t, l, first)
			for i, outcome := range tt.back {
				feed(t, l, about(first, i, incident.DialEnded, outcome))
			}
			if got := failure(t, l, first.Failure.ID); got.Outcome != tt.want || len(got.FollowUps) != len(tt.back) {
				t.Errorf("outcome %v with %d follow-ups, want %v with %d", got.Outcome, len(got.FollowUps), tt.want, len(tt.back))
			}
			if got := incidents(t, l)[0].Ended; got != (incident.Ended{}).Add(tt.want) {
				t.Errorf("callers ended %v, want one %v", got, tt.want)
			}
			if got := rows(t, l, history.Query{}); len(got) != 1 || got[0].Outcome != tt.want {
				t.Errorf("the history has %d rows, want one, %v", len(got), tt.want)
			}
		})
	}
}

func TestWhatComesBackIsStoredOnce(t *testing.T) {
	l := openLedger(t)
	first := call(1, onlyTold)
	back := about(first, 1, incident.MessageLeft, incident.Voicemail,
		incident.Param{Name: "RecordingSid", Value: sid("RE", 1)}, incident.Param{Name: "RecordingDuration", Value: "12"})
	retry := back
	retry.Failure = back.Failure.Requested(back.Failure.RequestKey, false)
	retry.Failure.ReceivedAt = back.Failure.ReceivedAt.Add(time.Second)
	feed(t, l, first, back)
	report := feed(t, l, retry, about(first, 2, incident.RecordingReady, incident.OutcomeUnknown,
		incident.Param{Name: "RecordingSid", Value: sid("RE", 1)}, incident.Param{Name: "TranscriptionText", Value: "Please call me."}))
	if report.Retries != 1 || report.Stored != 0 {
		t.Errorf("got %+v, want one retry, and no failure", report)
	}
	got := failure(t, l, first.Failure.ID)
	want := []history.Recording{{
		SID: sid("RE", 1), AccountSID: first.Failure.AccountSID, At: back.Failure.ReceivedAt.Truncate(time.Millisecond), Seconds: 12, Transcript: "Please call me.",
	}}
	if diff := cmp.Diff(want, got.Recordings); diff != "" {
		t.Errorf("recordings (-want +got):\n%s", diff)
	}
	if len(got.FollowUps) != 2 || got.FollowUps[0].What != incident.MessageLeft || got.FollowUps[0].Heard != "Thank you." {
		t.Errorf("follow-ups: %+v", got.FollowUps)
	}
}

func TestWhatComesBackAboutNothingIsKeptAndHarmsNothing(t *testing.T) {
	l := openLedger(t)
	feed(t, l, about(call(1), 1, incident.DialEnded, incident.Saved), call(2, onlyTold))
	if got := incidents(t, l)[0].Ended; got != (incident.Ended{}).Add(incident.Told) {
		t.Errorf("callers ended %v", got)
	}
}

func TestACallThatFailsAgainEndsAsItsLastFailure(t *testing.T) {
	l := openLedger(t)
	first := call(1, saved)
	second, third := call(2, onlyTold, sameCall(first)), call(3, onlyTold, sameCall(first))
	second.FollowUp = incident.FollowUp{About: first.Failure.ID, What: incident.FailedAgain}
	third.FollowUp = incident.FollowUp{About: second.Failure.ID, What: incident.FailedAgain}
	feed(t, l, first, second)
	if got := failure(t, l, first.Failure.ID).Outcome; got != incident.Told {
		t.Errorf("after the second failure the first ended %v", got)
	}
	feed(t, l, third, about(third, 4, incident.MessageLeft, incident.Voicemail))
	for _, e := range []incident.Fed{first, second, third} {
		if got := failure(t, l, e.Failure.ID).Outcome; got != incident.Voicemail {
			t.Errorf("%s ended %v, want voicemail", e.Failure.ID, got)
		}
	}
	in := incidents(t, l)[0]
	if in.Failures != 3 || in.Callers != 1 || in.Ended != (incident.Ended{}).Add(incident.Voicemail) {
		t.Errorf("%d failures of %d callers, ended %v", in.Failures, in.Callers, in.Ended)
	}
}

// sameCall has the call and the caller of another.
func sameCall(as incident.Fed) func(*incident.Fed) {
	return func(e *incident.Fed) {
		key := e.Failure.RequestKey
		e.Failure = incident.RestoreFailure(e.Failure.ID, e.Failure.ReceivedAt, "POST", as.Failure.Params)
		e.Failure.RequestKey = key
	}
}

func TestACallerWhoTriesTwiceCountsByTheBetterCall(t *testing.T) {
	l := openLedger(t)
	first := call(1, onlyTold)
	again := call(2, saved, withParams("POST", replaced(first.Failure.Params, "CallSid", sid("CA", 2))...))
	feed(t, l, first, again)
	if got := incidents(t, l)[0]; got.Callers != 1 || got.Ended != (incident.Ended{}).Add(incident.Saved) {
		t.Errorf("%d callers ended %v", got.Callers, got.Ended)
	}
	feed(t, l, about(again, 3, incident.DialEnded, incident.Voicemail), about(first, 4, incident.DialEnded, incident.Lost))
	if got := incidents(t, l)[0].Ended; got.Of(incident.Told)+got.Of(incident.Saved)+got.Of(incident.Voicemail)+got.Of(incident.Lost) != 1 {
		t.Errorf("one caller is counted as %v", got)
	}
}

func replaced(params []incident.Param, name, value string) (all []incident.Param) {
	for _, p := range params {
		if p.Name == name {
			p.Value = value
		}
		all = append(all, p)
	}
	return all
}

func TestWhatCameBackGoesWithItsFailure(t *testing.T) {
	path := t.TempDir() + "/backstop.db"
	l := openLedgerAt(t, path)
	first := call(0, onlyTold)
	feed(t, l, first, about(first, 2, incident.MessageLeft, incident.Voicemail,
		incident.Param{Name: "RecordingSid", Value: sid("RE", 1)}, incident.Param{Name: "TranscriptionText", Value: "the-secret-of-anna"}))
	feed(t, l, about(call(7), 9, incident.MessageLeft, incident.Voicemail, incident.Param{Name: "RecordingSid", Value: sid("RE", 9)})) // about nothing that is there
	resolve(t, l, 1)
	live(t, l, start, start.Add(31*day), store.Retention{PersonalDays: 30})
	got := failure(t, l, first.Failure.ID)
	if len(got.FollowUps) != 1 || got.FollowUps[0].Heard != "" || len(got.Recordings) != 1 || got.Recordings[0].Transcript != "" {
		t.Errorf("after erasing: %+v %+v", got.FollowUps, got.Recordings)
	}
	live(t, l, start.Add(31*day), start.Add(45*day), store.Retention{Days: 40})
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if mentions(t, path, "the-secret-of-anna") || mentions(t, path, sid("RE", 1)) {
		t.Error("the recording is still mentioned in the file")
	}
	var left int
	if err := raw(t, path).QueryRow(`SELECT (SELECT COUNT(*) FROM follow_ups) + (SELECT COUNT(*) FROM recordings)`).Scan(&left); err != nil || left != 0 {
		t.Errorf("%d rows are left (%v)", left, err)
	}
}

func TestAMessageThatWasLeftBeforeTheFailureIsKept(t *testing.T) {
	for name, tt := range map[string]struct {
		params []incident.Param
		want   int
	}{
		"by its address":  {[]incident.Param{{Name: "RecordingUrl", Value: "https://api.twilio.com/2010-04-01/Accounts/" + account + "/Recordings/" + sid("RE", 1)}, {Name: "RecordingDuration", Value: "7"}}, 1},
		"by its SID":      {[]incident.Param{{Name: "RecordingSid", Value: sid("RE", 1)}}, 1},
		"a conversation":  {[]incident.Param{{Name: "RecordingSid", Value: sid("RE", 1)}, {Name: "DialCallStatus", Value: "completed"}}, 0},
		"no recording":    {[]incident.Param{{Name: "RecordingUrl", Value: "https://evil.example/x"}}, 0},
		"nothing of such": {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			l := openLedger(t)
			e := call(1, withParams("POST", append([]incident.Param{{Name: "CallSid", Value: sid("CA", 1)}, {Name: "AccountSid", Value: account}}, tt.params...)...))
			feed(t, l, e)
			if got := failure(t, l, e.Failure.ID).Recordings; len(got) != tt.want {
				t.Errorf("recordings: %+v, want %d", got, tt.want)
			}
		})
	}
}
