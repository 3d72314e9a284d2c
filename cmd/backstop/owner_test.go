package main

import (
	"runtime/debug"
	"testing"
	"time"
)

func TestTheProgramKnowsWhenItWasMade(t *testing.T) {
	t.Parallel()
	const floor, later = "2026-11-23", "2027-03-01"
	if got := builtAt().Format(time.DateOnly); got < floor {
		t.Errorf("got %s: a clock that is right is past %s", got, floor)
	}
	if got := linkedAt("1803859200").UTC().Format(time.DateOnly); got != later {
		t.Errorf("by the linker: got %s, want %s", got, later)
	}
	stamped := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.time", Value: later + "T00:00:00Z"}}}
	if got := stampedAt(stamped).Format(time.DateOnly); got != later {
		t.Errorf("by go build: got %s, want %s", got, later)
	}
	for _, unknown := range []time.Time{linkedAt(""), linkedAt("yesterday"), stampedAt(nil), stampedAt(&debug.BuildInfo{}), stampedAt(&debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "vcs.time", Value: "x"}}})} {
		if !unknown.IsZero() {
			t.Errorf("got %s from nothing", unknown)
		}
	}
}
