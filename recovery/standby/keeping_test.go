package standby_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/recovery/standby"
)

func TestAProbeThatFindsTwiMLKeepsItForThatPathOfThePrimaries(t *testing.T) {
	t.Parallel()
	const call, both = "<Response><Play>a.mp3</Play></Response>", "<Response><Redirect>b</Redirect></Response>"
	const www, other = "https://www.example.com", "https://other.example.com"
	for name, c := range map[string]struct {
		target, probe, answer string
		voice, messaging      []string // the ErrorUrls it is found for
	}{
		"a call's":                         {"{path}", "/voice", call, []string{www + "/voice", other + "/voice?x=1"}, nil},
		"either's":                         {"{path}", "/both", both, []string{www + "/both"}, []string{www + "/both"}},
		"below a path of the target's":     {"/twilio{path}", "/twilio/voice", call, []string{www + "/voice"}, nil},
		"of a target that serves one":      {"/welcome", "/voice", call, []string{www + "/voice"}, nil},
		"not where the target is not":      {"/twilio{path}", "/healthz", call, nil, nil},
		"not what is no TwiML":             {"{path}", "/voice", "OK", nil, nil},
		"not what is nothing":              {"{path}", "/voice", "<Response/>", nil, nil},
		"not more than TwiML may be":       {"{path}", "/voice", "<Response>" + strings.Repeat(" ", 64<<10) + "<Say>a</Say></Response>", nil, nil},
		"not what Twilio would not take":   {"{path}", "/voice", "<Response><Explode/></Response>", nil, nil},
		"not what is another's altogether": {"{path}", "/other", call, []string{www + "/other"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.answer) })
			one := target(t, standby.Options{URL: server.URL + c.target, AllowPrivate: true, Probe: c.probe})
			probe, _, err := one.NewProbe()
			if err != nil {
				t.Fatal(err)
			}
			l, _ := keeping(t.TempDir())
			p := probing(t, standby.NewClient(standby.ClientOptions{LastGood: l}), probe.Keeping(primaries(t, www, other)))
			if h := awaitProbe(t, p, "standby"); h.Verdict != standby.Up {
				t.Errorf("it is %s: %s", h.Verdict, h.Why)
			}
			found := 0
			for _, errorURL := range c.voice {
				doc := has(l, true, errorURL)
				if !strings.Contains(doc, server.URL+"/") { // what is relative there is not so here
					t.Errorf("for calls to %s: %q", errorURL, doc)
				}
				found++
			}
			for _, errorURL := range c.messaging {
				if doc := has(l, false, errorURL); !strings.Contains(doc, server.URL+"/b") {
					t.Errorf("for messages to %s: %q", errorURL, doc)
				}
			}
			if found == 0 && (has(l, true, www+c.probe) != "" || has(l, true, www+"/voice") != "") {
				t.Error("it is kept")
			}
			if len(c.messaging) == 0 && has(l, false, www+c.probe) != "" {
				t.Error("it is kept for messages")
			}
		})
	}
}

func TestAProbeOfAPrimaryKeepsForThatOneOnly(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	probe, _, err := standby.PrimaryProbe(server.URL, standby.ProbeOptions{URL: "/voice", AllowPrivate: true})
	if err != nil {
		t.Fatal(err)
	}
	l, _ := keeping(t.TempDir())
	c := standby.NewClient(standby.ClientOptions{LastGood: l})
	p := probing(t, c, probe)
	awaitProbe(t, p, server.URL)
	if has(l, true, server.URL+"/voice") != "" {
		t.Error("it is kept though nobody asked for it")
	}
	p.Replace(nil)
	p.Replace([]standby.Probe{probe.Keeping(primaries(t, server.URL, "https://other.example.com"))})
	awaitProbe(t, p, server.URL)
	if !strings.Contains(has(l, true, server.URL+"/voice"), server.URL+"/menu") || has(l, true, "https://other.example.com/voice") != "" {
		t.Error("it is kept for others, or not for itself")
	}
}

func TestABugInKeepingSaysNothingAboutTheServerAndEndsNoProbing(t *testing.T) {
	t.Parallel()
	server := serving(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, good) })
	one := target(t, standby.Options{URL: server.URL + "{path}", AllowPrivate: true, Probe: "/voice"})
	probe, _, err := one.NewProbe()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	unmade := &standby.LastGood{} // which NewLastGood has not made, and that keeps nothing
	p := probing(t, standby.NewClient(standby.ClientOptions{LastGood: unmade, Log: slog.New(slog.NewTextHandler(&log, nil))}), probe.Keeping(primaries(t, "https://www.example.com")))
	if h := awaitProbe(t, p, "standby"); h.Verdict != standby.Up {
		t.Errorf("it is %s: %s", h.Verdict, h.Why)
	}
	if !strings.Contains(log.String(), "panic while an answer was kept") {
		t.Errorf("logged %s", log.String())
	}
}
