package main

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestWhatComesNearItsBoundIsSaid(t *testing.T) {
	t.Parallel()
	well := pipeline{journal: 1 << 20, free: 10 << 30}
	for claim, test := range map[string]struct {
		change func(*pipeline)
		want   []string
	}{
		"all is well":                {func(*pipeline) {}, nil},
		"nobody knows the disk":      {func(p *pipeline) { p.free = -1 }, nil},
		"the journal":                {func(p *pipeline) { p.journal = 1536 << 20 }, []string{"It holds 1536 MiB of at most 2048."}},
		"the disk":                   {func(p *pipeline) { p.free = 400 << 20 }, []string{"400 MiB are free. With 256 left"}},
		"a little behind":            {func(p *pipeline) { p.behind = 119 * time.Second }, nil},
		"the history is behind":      {func(p *pipeline) { p.behind = 3 * time.Minute }, []string{"the last 3 minutes"}},
		"everything at the one time": {func(p *pipeline) { *p = pipeline{2 << 30, 0, time.Hour} }, []string{"2048 MiB of", "0 MiB are free", "60 minutes"}},
	} {
		p := well
		test.change(&p)
		got := p.pressures()
		if len(got) != len(test.want) || slices.ContainsFunc(got, func(one pressure) bool { return len(one.title) > 70 }) {
			t.Errorf("%s: got %+v", claim, got)
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(got[i].detail, want) {
				t.Errorf("%s: got %q, want %q", claim, got[i].detail, want)
			}
		}
	}
}
