package recovery

import (
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// VoicemailOptions is a step that records what the caller has to say.
type VoicemailOptions struct {
	Consent    bool          // the caller presses a key first
	Transcribe bool          // Twilio writes down what was said, which costs
	MaxLength  time.Duration // 120 s where zero
}

// DefaultMessage is how long a voicemail may be.
const DefaultMessage = 120 * time.Second

const keyFor = 6 * time.Second // to press a key, behind the last word

// voicemail asks for a message, or first whether it may be recorded.
func (r *Recovery) voicemail(q *Request, p *Plan, step *Step, at Place) (served, []string) {
	if ok, why := p.holdable(); !ok {
		return served{}, reason("voicemail", why)
	}
	if !step.Voicemail.Consent {
		return r.recording(q, p, step, at)
	}
	d := r.draft(q, p, at).greet(incident.Problem)
	d.add(twiml.Gather{Action: d.link(ActionConsent, at), NumDigits: 1, Timeout: keyFor, Prompt: d.phrase(incident.AskConsent)})
	return d.onwards().answer("voicemail", incident.Told)
}

// recording is the document that records. What follows the recording is heard
// where there was none.
func (r *Recovery) recording(q *Request, p *Plan, step *Step, at Place) (served, []string) {
	d := r.draft(q, p, at).greet(incident.Problem).say(incident.LeaveWords)
	record := twiml.Record{
		Action: d.link(ActionRecorded, at), MaxLength: step.Voicemail.MaxLength, FinishOnKey: "#",
		Callback: d.link(ActionRecording, at),
	}
	if step.Voicemail.Transcribe {
		record.TranscribeCallback = d.link(ActionTranscribed, at)
	}
	said := d.said
	d.add(record).say(incident.HeardNone)
	d.said = said // the rest is heard only where nothing was recorded
	return d.onwards().answer("voicemail", incident.Told)
}

// callback offers to call the caller back.
func (r *Recovery) callback(q *Request, p *Plan, at Place) (served, []string) {
	if ok, why := p.holdable(); !ok {
		return served{}, reason("callback", why)
	}
	if q.From == "" || incident.Withheld(q.From) {
		return served{}, reason("callback", "the caller hides the number")
	}
	d := r.draft(q, p, at).greet(incident.Problem)
	d.add(twiml.Gather{Action: d.link(ActionCallback, at), NumDigits: 1, Timeout: keyFor, Prompt: d.phrase(incident.OfferCall)})
	return d.onwards().answer("callback", incident.Told)
}
