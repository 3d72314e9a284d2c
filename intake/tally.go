package intake

import (
	"fmt"
	"time"

	"github.com/backstop-project/backstop/incident"
)

// tally is what memory knows of the failures that the ledger has not taken.
// It is bounded: beyond its limits it only counts.
type tally struct {
	byCause map[incident.Cause]int
	known   map[string]struct{}
	more    int // entries beyond the limit of known
	entries int
	saved   int // entries that a standby server took over
	first   time.Time
	last    incident.Entry
}

const tallyMost = 10_000

func newTally() tally {
	return tally{byCause: map[incident.Cause]int{}, known: map[string]struct{}{}}
}

func (t *tally) add(e incident.Entry) {
	if e.Failure.Drill || !e.IsFailure() {
		return
	}
	t.entries++
	if e.Answer.Outcome == incident.Saved {
		t.saved++
	}
	if t.first.IsZero() {
		t.first = e.Failure.ReceivedAt
	}
	e.Failure.Params = nil
	t.last = e
	cause := incident.CauseOf(e.Failure)
	if _, there := t.byCause[cause]; there || len(t.byCause) < 100 {
		t.byCause[cause]++
	}
	key := e.Failure.CallerKey()
	if _, there := t.known[key]; there {
		return
	}
	if len(t.known) >= tallyMost {
		t.more++
		return
	}
	t.known[key] = struct{}{}
}

func (t *tally) callers() int { return len(t.known) + t.more }

// worst is the host with the most failures.
func (t *tally) worst() string {
	host, most := "", 0
	for cause, n := range t.byCause {
		if n > most || n == most && cause.Host < host {
			host, most = cause.Host, n
		}
	}
	return host
}

// title says how many, what of them, and whom it is most about.
func (t *tally) title(what string) string {
	title := fmt.Sprintf("%d callers%s, %s", t.callers(), t.ended(), what)
	if t.callers() == 1 {
		title = "1 caller" + t.ended() + ", " + what
	}
	if host := t.worst(); host != "" && len(title)+len(host)+2 <= 70 {
		title += ": " + host
	}
	return title
}

// ended is how it did for them.
func (t *tally) ended() string {
	switch t.saved {
	case 0:
		return " not helped"
	case t.entries:
		return ", all saved"
	}
	return fmt.Sprintf(", %d of %d saved", t.saved, t.entries)
}

func (t *tally) unfed(since time.Time, why string) string {
	return "The ledger has been away since " + moment(since) + " (" + why + "). Calls and messages are answered, and written to the journal; " +
		"the history shows them, and the usual alerts follow, when the ledger is back." + t.newest() + " " +
		incident.DoFirst + "look at the disk of DATA_DIR (df -h, dmesg) and at /healthz."
}

func (t *tally) unwritten(since time.Time, why string) string {
	return "The journal has taken nothing since " + moment(since) + " (" + why + "). Calls and messages are answered, and wait in memory: " +
		"they are lost if Backstop ends now. The history shows them, and the usual alerts follow, when the journal takes them again." + t.newest() + " " +
		incident.DoFirst + "look at the disk of DATA_DIR (df -h, dmesg, ls -la), and restart nothing before that."
}

func (t *tally) newest() string {
	f := t.last.Failure
	if f.SID == "" {
		return ""
	}
	return fmt.Sprintf(" The newest failure: %s, error %d.", f.SID, f.Code)
}

// moment is a time as alerts write it.
func moment(t time.Time) string { return t.Format("2006-01-02 15:04:05 -07:00") }

// lately holds the newest entries: few, and one a millisecond, for in a storm
// there are others to be told of.
type lately struct {
	entries [16]incident.Entry
	at      [16]time.Time
	next    int
}

func (l *lately) note(e incident.Entry, now time.Time) {
	newest := (l.next + len(l.at) - 1) % len(l.at)
	if now.Sub(l.at[newest]) < time.Millisecond {
		return
	}
	e.Failure.Params, e.Answer.Document = nil, nil
	l.entries[l.next], l.at[l.next] = e, now
	l.next = (l.next + 1) % len(l.entries)
}

// fed forgets those that are in a batch, as far as its end goes: the newest
// entries are there.
func (l *lately) fed(batch []incident.Fed) {
	const enough = 64
	for _, e := range batch[max(0, len(batch)-enough):] {
		for i := range l.entries {
			if l.entries[i].Failure.ID == e.Failure.ID {
				l.at[i] = time.Time{}
			}
		}
	}
}

// addTo counts those that were noted after since and are not fed.
func (l *lately) addTo(t *tally, since time.Time) {
	for i, at := range l.at {
		if at.After(since) {
			t.add(l.entries[i])
		}
	}
}
