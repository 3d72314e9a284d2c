package incident

import "time"

// Policy decides what is told, when and how often. The zero value is useless;
// start from DefaultPolicy.
type Policy struct {
	QuietAfter  time.Duration // at least this long without a failure is quiet
	QuietFactor int           // or this many times the incident's usual gap
	QuietAtMost time.Duration // whichever is longer, but never longer than this
	CloseAfter  time.Duration // a quiet incident closes without a word

	GrowthEvery time.Duration // growing alerts: at most one per incident and notifier

	SinglesPerMinute int // incidents opened in a minute that are told one by one
	PerTenMinutes    int // new messages per notifier
	PerHour          int // new messages per notifier; 0 is no bound (e-mail has one)
	DigestShare      int // one slot in so many is kept for digests
	DigestAfter      time.Duration
}

// DefaultPolicy is the policy that people get who configure none.
func DefaultPolicy() Policy {
	return Policy{
		QuietAfter:       10 * time.Minute,
		QuietFactor:      3,
		QuietAtMost:      6 * time.Hour,
		CloseAfter:       24 * time.Hour,
		GrowthEvery:      30 * time.Minute,
		SinglesPerMinute: 10,
		PerTenMinutes:    30,
		DigestShare:      5,
		DigestAfter:      time.Minute,
	}
}

// MailsPerHour is the PerHour of notifiers that send e-mail: more than one a
// minute and providers begin to take an alert for spam.
const MailsPerHour = 60

// quietAfter is how long in may be without a failure before it is quiet.
func (p Policy) quietAfter(in Incident) time.Duration {
	wait := time.Duration(p.QuietFactor) * in.UsualGap
	return max(p.QuietAfter, min(wait, p.QuietAtMost))
}

// nextStep is the number of callers after told that deserves an alert: 10,
// 100, 1,000 and so on.
func nextStep(told int64) int64 {
	step := int64(10)
	for step <= told {
		step *= 10
	}
	return step
}
