package hook_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// routes are all of Twilio's addresses, with something in the places of each.
func (r *rig) routes() (all []gin.RouteInfo) {
	engine := gin.New()
	r.hook.Register(engine)
	all = engine.Routes()
	for i := range all {
		action := "next"
		if strings.Contains(all[i].Path, "messaging") {
			action = "status"
		}
		all[i].Path = strings.NewReplacer(":action", action, ":token", strings.Repeat("A", 60)).Replace(all[i].Path)
	}
	return all
}

// requestAt is what Twilio asks at one of them.
func (r *rig) requestAt(at gin.RouteInfo) (q sim.Request, kind twiml.Kind) {
	if strings.Contains(at.Path, "messaging") {
		return r.message(at.Path, sim.Message{Method: at.Method}), twiml.Messaging
	}
	return r.call(at.Path, sim.Call{Method: at.Method}), twiml.Voice
}

func TestWhicheverPartPanicsAtWhateverAddressTwilioGetsTwiML(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"healths", "tally", "recorder", "teller", "public"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			routes := r.routes()
			if len(routes) < 12 {
				t.Fatalf("only %d addresses are tried", len(routes))
			}
			r.panics = map[string]bool{part: true}
			for _, at := range routes {
				request, kind := r.requestAt(at)
				e := r.ask(request)
				if e.Status == http.StatusNoContent && strings.Contains(at.Path, "/status") {
					continue // Twilio wants no document there
				}
				if err := twiml.Check(e.Body, kind).Err(); err != nil || e.Status != http.StatusOK || e.Header.Get("Content-Type") != twiml.ContentType {
					t.Errorf("%s %s: %d %s: %v", at.Method, at.Path, e.Status, e.Body, err)
				}
			}
		})
	}
}

func TestAPanicInDecidingOrCountingCostsNoRecord(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"healths", "tally"} {
		t.Run(part, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, nil)
			r.panics = map[string]bool{part: true}
			var sids []string
			for _, path := range []string{"/fallback/voice", "/fallback"} {
				request := r.call(path, sim.Call{})
				e := r.ask(request)
				if !strings.Contains(string(e.Body), "technical problem") || !strings.HasSuffix(e.Failure(), "; written=yes") {
					t.Errorf("%s: %q, %s", path, e.Failure(), e.Body)
				}
				if again := r.ask(request); string(again.Body) != string(e.Body) || again.Failure() != e.Failure() {
					t.Errorf("%s: a retry got %q, %s", path, again.Failure(), again.Body)
				}
				sids = append(sids, request.Params.Value("CallSid"))
			}
			got := r.recorder.all()
			if len(got) != 2 || got[0].Failure.SID != sids[0] || got[1].Failure.SID != sids[1] || got[0].Answer.Heard == "" {
				t.Errorf("written down: %v", got)
			}
			if logged := r.log(); !strings.Contains(logged, "panic") || !strings.Contains(logged, "rig_test.go") {
				t.Errorf("logged %s", logged)
			}
		})
	}
}
