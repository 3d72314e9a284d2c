package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/handlers/pages"
	"github.com/backstop-project/backstop/history"
)

func TestWhatIsDoneByItselfSaysHowItGoes(t *testing.T) {
	t.Parallel()
	const address = "https://hc-ping.com/secret"
	beat := config.Heartbeat{URL: address, Every: time.Minute}
	monday := time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)
	run := &history.DrillRun{Drills: 9, Failed: make([]history.DrillFailure, 2)}
	for claim, c := range map[string]struct {
		got       pages.Regular
		how, says string
		bad       bool
	}{
		"no heartbeat":                {heartbeatRegular(config.Heartbeat{}, nil), "nobody outside would notice that Backstop is gone: heartbeat.url", "", false},
		"a heartbeat before its time": {heartbeatRegular(beat, nil), "while all of Backstop works", "", false},
		"a heartbeat that goes out":   {heartbeatRegular(beat, &health{}), "while all of Backstop works", "works", false},
		"one that has stopped":        {heartbeatRegular(beat, &health{fault: flaw{stageLedger, "the disk is full"}}), "while all of Backstop works", "stopped: " + stageLedger, true},
		"one that is not taken":       {heartbeatRegular(beat, &health{pinged: "it answers 404 Not Found"}), "while all of Backstop works", "does not arrive: it answers 404 Not Found", true},
		"no drills":                   {drillsRegular(time.Time{}, run), "none are planned: drills.schedule", "", false},
		"drills before the first":     {drillsRegular(monday, nil), "through PUBLIC_URL; only one that fails is told", "", false},
		"drills of which some failed": {drillsRegular(monday, run), "through PUBLIC_URL; only one that fails is told", "2 of 9 failed the last time", true},
		"drills cut short":            {drillsRegular(monday, &history.DrillRun{Drills: 3, Failed: []history.DrillFailure{{}, {}, {Untried: 6}}}), "through PUBLIC_URL; only one that fails is told", "3 of 9 failed the last time, 6 not tried", true},
		"drills that went well":       {drillsRegular(monday, &history.DrillRun{Drills: 9}), "through PUBLIC_URL; only one that fails is told", "all 9 went well the last time", false},
		"no summary":                  {summaryRegular("", "summaries.daily", nil, time.Time{}), "none is planned: summaries.daily", "", false},
		"a summary":                   {summaryRegular("", "summaries.daily", []string{"mail", "chat"}, monday), "to mail, chat", "", false},
	} {
		if c.got.How != c.how || c.got.State != c.says || c.got.Bad != c.bad {
			t.Errorf("%s: got %+v", claim, c.got)
		}
	}
}

func TestThePageOfNotifiersSaysWhatIsPlanned(t *testing.T) {
	t.Parallel()
	a := running(t, configured(t).with(newMailServer(t).settings()).withFile(t, linesToDrill))
	saturday := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	var next []time.Time
	for _, one := range a.regular(saturday) {
		next = append(next, one.Next)
	}
	want := []time.Time{{}, time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC), time.Date(2026, 11, 30, 7, 30, 0, 0, time.UTC), {}}
	if diff := cmp.Diff(want, next); diff != "" {
		t.Errorf("planned at (-want +got)\n%s", diff)
	}
}
