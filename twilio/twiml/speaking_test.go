package twiml_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestSpeakingTimeIsRoughlyWhatACallerHears(t *testing.T) {
	t.Parallel()
	const sorry = "We are sorry, we have a technical problem and cannot take your call. Please try again in a few minutes."
	cases := []struct {
		name      string
		doc       string
		low, high time.Duration
	}{
		{"an English apology takes some seven seconds", say("", sorry), 6 * time.Second, 9 * time.Second},
		{"said twice it takes twice as long", say(` loop="2"`, sorry), 12 * time.Second, 18 * time.Second},
		{"a German one is spoken a little slower", say(` language="de-DE"`, sorry), 6500 * time.Millisecond, 9500 * time.Millisecond},
		{"a voice tells its language", say(` voice="Google.de-DE-Standard-A"`, strings.Repeat("a", 70)), 5 * time.Second, 5 * time.Second},
		{"Japanese takes a minute for 300 characters", say(` language="ja-JP"`, strings.Repeat("サーバー", 75)), time.Minute, time.Minute},
		{"whatever language is named", say(` voice="Polly.Takumi-Neural"`, strings.Repeat("あ", 300)), time.Minute, time.Minute},
		{"a Latin name in Japanese is read as fast as elsewhere", say(` language="ja-JP"`, strings.Repeat("a", 75)), 5 * time.Second, 5 * time.Second},
		{"digits are spoken one by one", say("", "5551230001"), 3 * time.Second, 4 * time.Second},
		{"indentation is not spoken", say("", "\n\n          \n"), 0, 100 * time.Millisecond},
		{"a pause is one second", `<Response><Pause/></Response>`, time.Second, time.Second},
		{"a longer pause is longer", `<Response><Pause length="7"/></Response>`, 7 * time.Second, 7 * time.Second},
		{"a senseless pause is one second", `<Response><Pause length="-7"/></Response>`, time.Second, time.Second},
		{"SSML breaks count", say("", `<break time="1500ms"/><break strength="x-strong"/><break/><break strength="none"/>`), 3100 * time.Millisecond, 3100 * time.Millisecond},
		{"an alias is spoken instead of the text", say("", `<sub alias="15">`+sorry+`</sub>`), 700 * time.Millisecond, 700 * time.Millisecond},
		{"tones take a moment", `<Response><Play digits="1w2" loop="2"/></Response>`, 1800 * time.Millisecond, 1800 * time.Millisecond},
		{"prompts of a Gather count", `<Response><Gather timeout="20"><Pause/></Gather></Response>`, time.Second, time.Second},
		{"nobody hears what follows a Hangup", `<Response><Pause/><Hangup/><Pause/></Response>`, time.Second, time.Second},
		{"an endless loop is far too long", say(` loop="0"`, sorry), time.Hour, 3 * time.Hour},
		{"what cannot be read counts nothing", `<Response><Pause/><Pause`, time.Second, time.Second},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := twiml.SpeakingTime([]byte(tc.doc)); got < tc.low || got > tc.high {
				t.Errorf("got %v, want %v to %v", got, tc.low, tc.high)
			}
		})
	}
}

func say(attributes, text string) string {
	return "<Response><Say" + attributes + ">" + text + "</Say></Response>"
}
