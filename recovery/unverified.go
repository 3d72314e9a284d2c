package recovery

import "github.com/backstop-project/backstop/incident"

// Unverified is what somebody got whose request could not be verified when it
// came: the constant apology, or nothing where such requests are rejected.
func Unverified(f incident.Failure, p Plan, rejected bool) incident.Answer {
	if rejected {
		return incident.Answer{
			Step: "reject", Situation: p.Situation, Outcome: incident.Lost,
			Why: "answered 403: the signature could only be verified later",
		}
	}
	return incident.Answer{
		Step: string(Message), Situation: p.Situation, Languages: []string{"en"},
		Heard: apologyWords(f.Channel), Outcome: incident.Told, Document: Apology(f.Channel),
		Why: "the constant apology: the signature could only be verified later",
	}
}
