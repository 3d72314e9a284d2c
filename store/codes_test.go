package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/backstop-project/backstop/incident"
)

func TestAnIncidentCountsItsErrorCodesWhereThereAreSeveral(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for claim, c := range map[string]struct {
		codes []int
		want  []incident.CodeCount
	}{
		"one code is none to be named": {[]int{11205, 11205}, nil},
		"the most frequent is first":   {[]int{11200, 11205, 11205}, []incident.CodeCount{{Code: 11205, Failures: 2}, {Code: 11200, Failures: 1}}},
		"five at most": {[]int{11200, 11205, 11205, 11202, 11210, 11215, 11220, 11220, 11220}, []incident.CodeCount{
			{Code: 11220, Failures: 3}, {Code: 11205, Failures: 2}, {Code: 11200, Failures: 1}, {Code: 11202, Failures: 1}, {Code: 11210, Failures: 1},
		}},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			l := openLedger(t)
			var entries []incident.Fed
			for n, code := range c.codes {
				entries = append(entries, call(n, func(e *incident.Fed) { e.Failure.Code = code }))
			}
			feed(t, l, entries...)
			// Another incident, in which all codes occur.
			for n, code := range c.codes {
				feed(t, l, call(100+n, func(e *incident.Fed) { e.Failure.Code, e.Failure.ErrorURL = code, "https://other.example.com/voice" }))
			}
			d, err := l.Incident(ctx, 1)
			if err != nil || d.Failures != int64(len(c.codes)) || !slices.Equal(d.Codes, c.want) {
				t.Errorf("the page has %d failures, %v, %v, want %v", d.Failures, d.Codes, err, c.want)
			}
			if m := mustClaim(t, l, "chat", queued); m.Alert.IncidentID != 1 || !slices.Equal(m.Codes, c.want) {
				t.Errorf("the alert about incident %d has %v, want %v", m.Alert.IncidentID, m.Codes, c.want)
			}
		})
	}
}
