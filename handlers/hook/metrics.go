package hook

import (
	"sync/atomic"
	"time"
)

// Histogram counts durations in fixed buckets without a lock: Prometheus'
// own costs more than our whole signature check.
type Histogram struct {
	counts [len(bounds) + 1]atomic.Int64
	micros atomic.Int64
}

// bounds are the buckets' upper ends in microseconds.
var bounds = [...]int64{100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 300_000, 1_000_000} //nolint:gochecknoglobals // a constant table

// Observe counts one duration.
func (h *Histogram) Observe(d time.Duration) {
	micros := d.Microseconds()
	h.micros.Add(micros)
	for i, bound := range bounds {
		if micros <= bound {
			h.counts[i].Add(1)
			return
		}
	}
	h.counts[len(bounds)].Add(1)
}

// Read returns the number of durations, their sum in seconds, and how many
// were at most each bound, in seconds.
func (h *Histogram) Read() (count uint64, sum float64, buckets map[float64]uint64) {
	buckets = make(map[float64]uint64, len(bounds))
	for i, bound := range bounds {
		count += uint64(h.counts[i].Load()) //nolint:gosec // only ever grows
		buckets[float64(bound)/1e6] = count
	}
	count += uint64(h.counts[len(bounds)].Load()) //nolint:gosec // only ever grows
	return count, float64(h.micros.Load()) / 1e6, buckets
}
