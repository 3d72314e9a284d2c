package incident_test

import (
	"testing"
	"time"

	"github.com/backstop-project/backstop/incident"
)

func TestMessagesAreUnseenUntilAServerHasHadThem(t *testing.T) {
	t.Parallel()
	entry := func(name string, outcome incident.Outcome, optOut bool) incident.Entry {
		f := incident.NewFailure(time.Now(), "POST", []incident.Param{{Name: name, Value: "X1"}, {Name: "ErrorCode", Value: "11200"}})
		f.OptOut = optOut
		return incident.Entry{Failure: f, Answer: incident.Answer{Outcome: outcome}}
	}
	in, _ := incident.Begin(entry("MessageSid", incident.NotTold, true), nil, incident.DefaultPolicy())
	for _, e := range []incident.Entry{
		entry("MessageSid", incident.Told, false),
		entry("MessageSid", incident.Saved, true), // the standby server has had it
		entry("CallSid", incident.Told, false),
	} {
		in, _ = in.Observe(e, incident.Caller{}, incident.DefaultPolicy())
	}
	for i, want := range [][2]int64{{2, 1}, {1, 1}, {0, 0}, {0, 0}} {
		if in.Unseen != want[0] || in.OptOuts != want[1] {
			t.Errorf("after %d were delivered %d are unseen, %d of them opt-outs; want %v", i, in.Unseen, in.OptOuts, want)
		}
		in = in.Seen(i > 0)
	}
}

func TestTheFirstStopThatNoServerHasHadIsTold(t *testing.T) {
	t.Parallel()
	texted := func(n int, optOut bool) incident.Entry {
		e := from(noon.Add(time.Duration(n)*time.Second), n)
		e.Failure.Channel, e.Failure.OptOut = incident.Messaging, optOut
		return e
	}
	s := begin(t, texted(1, false))
	s.observe(texted(2, true))
	s.observe(texted(3, true))
	s.want("opened(1) raised(2) growing(2) ")
	if got := s.alerts[2].Reason; got != "somebody wrote STOP, and your server has not seen it" {
		t.Errorf("the reason is %q", got)
	}
}
