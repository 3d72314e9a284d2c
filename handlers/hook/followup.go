package hook

import (
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery"
)

// followUp answers what came back about an earlier failure. The entry's FollowUp
// is zero where that is not worth being written down.
func (s *checked) followUp(c *gin.Context, request recovery.Request, known recovery.State) (document []byte, e incident.Entry) {
	back := s.Recovery.Open(recovery.Action(c.Param("action")), c.Param("token"), request.AccountSID)
	document, e.Answer, e.FollowUp = s.Recovery.FollowUp(c.Request.Context(), request, back, s.Rules, known)
	e.Failure = s.kept(request.Failure, "")
	return document, e
}

// callEnded notes the final status of a call that had failed: where it had gone
// on at another server, that says how it ended. Twilio tells the status of every
// call, and those that never failed are nothing to us.
// https://www.twilio.com/docs/voice/api/call-resource#statuscallback
func (s *checked) callEnded(f incident.Failure) (e incident.Entry) {
	e.Failure = s.kept(f, "")
	about, sentBack := s.Recovery.Ended(f.AccountSID, f.SID, f.ReceivedAt)
	if about == (incident.ID{}) {
		return e
	}
	status := f.Param("CallStatus")
	switch status {
	case "completed":
		e.Answer.Outcome = incident.Saved
	case "busy", "no-answer", "failed", "canceled":
		e.Answer.Outcome = incident.Lost
	default:
		return e
	}
	if !sentBack {
		e.Answer.Outcome = incident.Lost // unless something better came back: see incident.Entry.After
	}
	e.Answer.Why = "the call ended: " + status
	e.FollowUp = incident.FollowUp{About: about, What: incident.CallEnded}
	return e
}

// isFollowUp says whether an address is one of a follow-up, or of a status.
func isFollowUp(uri string) bool {
	path, _, _ := strings.Cut(uri, "?")
	return strings.Contains(path, "/fallback/voice/") || strings.Contains(path, "/fallback/messaging/")
}
