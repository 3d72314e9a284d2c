package incident

// Phrase is something that is said on the way, while a call is being saved.
type Phrase string

// The phrases. Each is the name of a text in every language.
const (
	Trying      Phrase = "trying"      // before the first person is dialled
	StillTrying Phrase = "still"       // before the next
	Screening   Phrase = "screen"      // to whoever was dialled: what call it is, and by which key to take it
	Problem     Phrase = "problem"     // the call cannot be served; something follows
	LeaveWords  Phrase = "leave-words" // leave a message after the tone
	AskConsent  Phrase = "consent"     // press 1 to leave a message, which is recorded
	HeardNone   Phrase = "heard-none"  // nothing was recorded
	HaveWords   Phrase = "have-words"  // the message was recorded
	OfferCall   Phrase = "offer-call"  // press 1 to be called back
	WillCall    Phrase = "will-call"   // somebody will call back
	OneMoment   Phrase = "moment"      // before another try
)

// Phrases are all of them.
func Phrases() []Phrase {
	return []Phrase{Trying, StillTrying, Screening, Problem, LeaveWords, AskConsent, HeardNone, HaveWords, OfferCall, WillCall, OneMoment}
}
