package incident

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// BacktestResult is what a policy would have sent.
type BacktestResult struct {
	Failures  int64
	Incidents int
	// Messages are the new ones by notifier.
	Messages map[string]int
	// Woken are those to notifiers that wake people.
	Woken int
	// Withheld are alerts of which nobody was told, on purpose.
	Withheld int
}

// Most is how many messages the notifier got that got most.
func (r BacktestResult) Most() int {
	most := 0
	for _, n := range r.Messages {
		most = max(most, n)
	}
	return most
}

// String says it in a sentence, to follow "With this policy the last 30 days":
// "would have sent 3 alerts instead of 214: mail 3, chat 2".
func (r BacktestResult) String() string {
	if r.Failures == 0 {
		return "had no failure to be told of"
	}
	names := make([]string, 0, len(r.Messages))
	for name := range r.Messages {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(r.Messages[b], r.Messages[a]), cmp.Compare(a, b))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "would have sent %s instead of %d", plural(r.Most(), "alert", "alerts"), r.Failures)
	for i, name := range names {
		fmt.Fprintf(&b, "%s%s %d", map[bool]string{true: ": ", false: ", "}[i == 0], name, r.Messages[name])
	}
	if r.Woken > 0 {
		fmt.Fprintf(&b, "; %d may have woken somebody", r.Woken)
	}
	return b.String()
}
