package main

import (
	"strings"
	"testing"
)

func TestCountsAgreeWithTheirNouns(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 accounts", 1: "1 account", 2: "2 accounts", 1000: "1,000 accounts"} {
		if got := number(n, "account"); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
	code, printed, complained := command(t, configured(t), nil, "check")
	if code != 0 || !strings.Contains(printed, "good. 1 account, 0 lines, 0 targets, 0 rules, 0 notifiers.") {
		t.Errorf("check ended with %d: %s%s", code, printed, complained)
	}
}
