package templates_test

import (
	"strings"
	"testing"

	"github.com/backstop-project/backstop/notify/notifytest"
	"github.com/backstop-project/backstop/templates"
)

func TestATextThatCanBeAnsweredSaysHowAndHasTwoSegmentsAtMost(t *testing.T) {
	t.Parallel()
	a, err := templates.NewAlerts(templates.AlertOptions{Pages: "https://fallback.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range notifytest.Samples() {
		for name, text := range map[string]string{"ours": a.SMS(s.Message, "012345"), "own": templates.WithReplies(strings.Repeat("wörter ", 100), "012345")} {
			if n := templates.Segments(text); n > 2 || !strings.HasSuffix(text, "\nReply 012345 to take it, 012345 mute (1 h) or 012345 resolve") {
				t.Errorf("%s, %s: %d segments: %q", s.Name, name, n, text)
			}
		}
	}
	if got := templates.WithReplies("two words", ""); got != "two words" {
		t.Errorf("got %q", got)
	}
}
