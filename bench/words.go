package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

func say(format string, args ...any) {
	fmt.Fprintf(os.Stdout, format+"\n", args...)
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// ratio is the median of what a was of b in the same round: a machine that is
// slower for a minute is so for both.
func ratio(a, b []float64) float64 {
	each := make([]float64, len(a))
	for i := range each {
		each[i] = a[i] / b[i]
	}
	return median(each)
}

func sizeOf(paths ...string) (int64, error) {
	var sum int64
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return 0, err
		}
		sum += info.Size()
	}
	return sum, nil
}

func removeAfter(err error, dir string) error {
	return errors.Join(err, os.RemoveAll(dir))
}
