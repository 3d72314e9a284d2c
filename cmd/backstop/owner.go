package main

import (
	"context"
	"runtime/debug"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"
)

// together runs works side by side until all have ended.
func together(ctx context.Context, works ...func(context.Context) error) error {
	var g errgroup.Group
	for _, work := range works {
		g.Go(func() error { return work(ctx) })
	}
	return g.Wait()
}

// committed is set by the linker in released builds: when their sources were
// committed, in seconds since 1970.
var committed string //nolint:gochecknoglobals // -ldflags -X needs a variable

// notBefore is what every clock that is right is past: this line was written
// then. It stands in where a build knows no better.
const notBefore = 1795392000 // 2026-11-23

// builtAt is when this program's sources were committed, as far as the build
// knows: a clock that is before it is wrong.
func builtAt() time.Time {
	at := time.Unix(notBefore, 0)
	info, _ := debug.ReadBuildInfo()
	for _, known := range []time.Time{linkedAt(committed), stampedAt(info)} {
		if known.After(at) {
			at = known
		}
	}
	return at.UTC()
}

// linkedAt reads what scripts/build.sh has the linker set; zero where it is
// none.
func linkedAt(seconds string) time.Time {
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(n, 0)
}

// stampedAt reads what the go command notes of a working copy; zero where
// there is nothing, as in go run.
func stampedAt(info *debug.BuildInfo) time.Time {
	if info == nil {
		return time.Time{}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, _ := time.Parse(time.RFC3339, s.Value) // zero where it is none
			return at
		}
	}
	return time.Time{}
}
