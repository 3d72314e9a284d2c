package notify_test

import (
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/backstop-project/backstop/notify"
)

// slackAt names Slack's place to a process of this test's own.
const slackAt = "SLACK_AT"

// A proxy that some script has exported would get in the way of alerts, and
// only main reads the environment. Go reads these variables once a process and
// not at all for localhost: hence a process of its own, and an address that is
// this machine's without being called so.
func TestSlackIsAskedDirectlyWhateverProxyTheEnvironmentNames(t *testing.T) {
	t.Parallel()
	if address := os.Getenv(slackAt); address != "" {
		askSlack(t, "https://"+address)
		return
	}
	var direct, proxied atomic.Int64
	_, port, err := net.SplitHostPort(serve(t, func(net.Conn) { direct.Add(1) }))
	if err != nil {
		t.Fatal(err)
	}
	proxy := "http://" + serve(t, func(net.Conn) { proxied.Add(1) })
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), slackAt+"="+net.JoinHostPort("0.0.0.0", port), "HTTPS_PROXY="+proxy, "HTTP_PROXY="+proxy, "NO_PROXY=", "no_proxy=")
	if said, err := child.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if direct.Load() != 2 || proxied.Load() != 0 {
		t.Errorf("of two messages %d went directly to Slack and %d to the proxy", direct.Load(), proxied.Load())
	}
}

// askSlack tries to send by webhook and by bot. Nobody answers them: where they
// knocked is seen from outside.
func askSlack(t *testing.T, url string) {
	t.Helper()
	for name, o := range map[string]notify.SlackOptions{
		"webhook": {WebhookURL: url + webhookPath},
		"bot":     {BotToken: botToken, Channel: "#ops", APIURL: url + "/api"},
	} {
		if _, err := newSlack(t, o).Send(t.Context(), sample(t, "opened")); err == nil {
			t.Errorf("%s: somebody has taken the message", name)
		}
	}
}
