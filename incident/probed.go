package incident

import (
	"fmt"
	"time"
)

// Probed notes what a probe of the incident's own server came to. That it
// failed makes a page of an incident with a single caller; enough good ones in a
// row, and no failure since the first of them, prove that it is over: for a
// document-level cause only those that ask more than whether a server answers. A
// server that was never found to be down, seen from here, proves nothing by
// answering: Twilio fails all the same.
func (in Incident) Probed(f Finding, p Policy) (Incident, []Alert) {
	if in.State == Resolved || f.At.Before(in.Watch.Probe.At) {
		return in, nil
	}
	in.Watch.Probe = f
	if f.Moot {
		return in, nil
	}
	if !f.OK {
		in.Watch.Good, in.Watch.Since, in.Watch.SeenDown = 0, time.Time{}, true
		if in.Watch.Urgency == Page || in.State != Open || in.allLate() {
			return in, nil
		}
		in = in.paged("its server fails a probe: "+f.Said, f.At)
		in.Watch.Single = true
		in, a := in.BecomesPage(f.At)
		in, _ = p.reach(in, f.At)
		return in, []Alert{a}
	}
	if !in.provenBy(f) {
		return in, nil
	}
	if in.Watch.Good == 0 {
		in.Watch.Since = f.At
	}
	in.Watch.Good++
	if in.Watch.Good < p.Proofs || f.At.Sub(in.LastAt) < in.patience() || !in.Watch.SeenDown {
		return in, nil
	}
	in.State, in.ResolvedAt, in.ResolvedBy = Resolved, f.At, ProvenByProbes
	return in.said(Over, f.At, fmt.Sprintf("back after %s: %d good probes in a row", exactly(in.Watch.Since.Sub(in.OpenedAt)), in.Watch.Good))
}

// ProvenByProbes is who has resolved an incident that probes have proven over.
const ProvenByProbes = "good probes"

// provenBy says whether a good probe says anything about the cause.
func (in Incident) provenBy(f Finding) bool {
	switch in.Cause.Kind {
	case FetchLevel:
		return true
	case DocumentLevel:
		return f.Health
	case AskedFirst, Itself, DrillCause, AccountWide, TwilioWide:
	}
	return false
}

// patience is how long no failure may have come for good probes to be believed:
// a server that fails one call in ten answers most probes, and one that is down
// for a minute each hour all of them but two.
func (in Incident) patience() time.Duration {
	const most, relapsed = 10 * time.Minute, 6 * time.Hour
	return max(min(2*in.UsualGap, most), min(2*in.Watch.Relapse, relapsed))
}

// exactly writes a time to the second: "12 min 40 s".
func exactly(d time.Duration) string {
	d = max(0, d).Round(time.Second)
	hours, minutes, seconds := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case hours > 0:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	case minutes > 0:
		return fmt.Sprintf("%d min %d s", minutes, seconds)
	}
	return fmt.Sprintf("%d s", seconds)
}
