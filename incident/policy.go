package incident

import "time"

// Policy decides what is told, when, how often and to whom. The zero value is
// useless; start from DefaultPolicy. It never changes once it is used, and its
// functions neither block nor remember anything.
type Policy struct {
	QuietAfter  time.Duration // at least this long without a failure is quiet
	QuietFactor int           // or this many times the incident's usual gap
	QuietAtMost time.Duration // whichever is longer, but never longer than this
	CloseAfter  time.Duration // a quiet incident closes without a word

	GrowthEvery time.Duration // growing and rate alerts: at most one per incident and notifier
	RemindEvery time.Duration // while open and not acknowledged
	Rate        Volume        // failures that come fast

	// Page is when an incident may wake people: that many callers within that
	// time. One whose server fails a probe, or on a critical line, may as well.
	Page Volume
	// Wide is when many incidents become one: that many servers of an account,
	// or of several, fail within that time.
	Wide Volume
	// Proofs is how many good probes in a row prove that a server is back.
	Proofs int

	Notifiers  []Notifier
	Routes     []Route // none: everything goes to every notifier
	Escalation []Level // of routes that have none of their own
	Windows    []Window

	// QuietHours says whether notices wait at that moment, and until when. It is
	// nil where they never do.
	QuietHours func(at time.Time) (until time.Time, ok bool)
	// Probes says whether the server at that address is probed while it fails; nil
	// is none.
	Probes func(errorURL string) bool
	// Line says what the configuration knows of a line, by its address: the
	// zero Traits where that is nothing, or where Line is nil.
	Line func(address string) Traits

	SinglesPerMinute int // incidents opened in a minute that are told one by one
	PerTenMinutes    int // new messages per notifier
	PerHour          int // new messages per notifier; 0 is no bound (e-mail has one)
	DigestShare      int // one slot in so many is kept for digests
	DigestAfter      time.Duration
}

// Volume is so many within a time. The zero value is never reached.
type Volume struct {
	Count  int
	Within time.Duration
}

// Traits are what the configuration says of a line.
type Traits struct {
	Tags     []string
	Critical bool // one caller is enough to wake somebody
}

// Notifier is a place where alerts go, as the policy knows it.
type Notifier struct {
	Name string
	// PerHour bounds its new messages; 0 is no bound beside the policy's.
	PerHour int
	// InPlace says that it changes what it has sent, so that it is told of what
	// only brings a message up to date.
	InPlace bool
	// Wakes says that people hear it at night: it is told when a notice has
	// become a page.
	Wakes bool
	// OnlyPages says that it is for nothing else: no notice goes there.
	OnlyPages bool
}

// Level is one stage of an escalation: who else is told of a page that nobody
// has acknowledged for so long.
type Level struct {
	After     time.Duration
	Notifiers []string
}

// DefaultPolicy is the policy that people get who configure none.
func DefaultPolicy() Policy {
	return Policy{
		QuietAfter:       10 * time.Minute,
		QuietFactor:      3,
		QuietAtMost:      6 * time.Hour,
		CloseAfter:       24 * time.Hour,
		GrowthEvery:      30 * time.Minute,
		RemindEvery:      4 * time.Hour,
		Rate:             Volume{Count: 100, Within: 5 * time.Minute},
		Page:             Volume{Count: 2, Within: 10 * time.Minute},
		Wide:             Volume{Count: 5, Within: 5 * time.Minute},
		Proofs:           3,
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
	wait := time.Duration(p.QuietFactor) * max(in.UsualGap, in.Watch.Pause)
	return max(p.QuietAfter, min(wait, p.QuietAtMost))
}

// stepAt is the last number of callers up to this one that deserves an alert:
// 10, 100, 1,000 and so on; 0 for none.
func stepAt(callers int64) int64 {
	step := int64(0)
	for next := int64(10); next <= callers; next *= 10 {
		step = next
	}
	return step
}

// traits are what is known of the line that e came on.
func (p Policy) traits(f Failure) Traits {
	if p.Line == nil {
		return Traits{}
	}
	return p.Line(f.OwnLine())
}

// growthGathers is how long growth of an incident waits that has just opened: by
// then a storm has said how large it is.
const growthGathers = 5 * time.Second

// Gathering is how long a waits for more to join it.
func Gathering(in Incident, a Alert) time.Duration {
	if a.Kind == Growing && a.At.Sub(in.OpenedAt) < time.Minute {
		return growthGathers
	}
	return 0
}

// ProbeWait is how long the first alert of an incident waits for what a probe
// says.
const ProbeWait = 2 * time.Second

// Probing is how long a waits for what a probe of in's server says.
func (p Policy) Probing(in Incident, a Alert) time.Duration {
	if a.Kind != Opened && a.Kind != Regression || p.Probes == nil || !in.Watch.Probe.At.IsZero() || !p.Probes(in.First.ErrorURL) {
		return 0
	}
	return ProbeWait
}
