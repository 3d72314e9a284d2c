package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// exampleStandby answers as examples/standby does.
func exampleStandby(t *testing.T) *httptest.Server {
	t.Helper()
	says := map[string]string{
		"/voice":      `<Gather numDigits="1" action="/voice/menu"><Say>Welcome. For opening hours press 1.</Say></Gather>`,
		"/voice/menu": `<Say>We are open from nine to five. Goodbye.</Say>`,
		"/messages":   `<Message>Thank you, we have your message.</Message>`,
		"/healthz":    ``,
	}
	source := read(t, "../../examples/standby/main.go")
	for path, verbs := range says {
		if !strings.Contains(source, path) || !strings.Contains(source, verbs) {
			t.Errorf("examples/standby has no %s that says %s: this test plays another server", path, verbs)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/xml; charset=utf-8")
		_, _ = io.WriteString(w, "<Response>"+says[r.URL.Path]+"</Response>")
	}))
	t.Cleanup(server.Close)
	return server
}

// The examples: a primary that dies, a standby that lives, two people, voicemail.
func TestTheExamplesEndAsTheySay(t *testing.T) {
	t.Parallel()
	standby, dead := exampleStandby(t), freeAddress(t)
	rewrite := strings.NewReplacer("127.0.0.1:9102", strings.TrimPrefix(standby.URL, "http://"), "127.0.0.1:9101", dead)
	folder := t.TempDir()
	for _, name := range []string{"backstop.yaml", "cases.yaml"} {
		write(t, filepath.Join(folder, name), rewrite.Replace(read(t, "../../examples/recovery/"+name)))
	}
	env := configured(t).with(settings{"BACKSTOP_CONFIG": filepath.Join(folder, "backstop.yaml")})
	p := start(t, env)
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--cases", filepath.Join(folder, "cases.yaml"))
	if code != 0 {
		t.Fatalf("drill ended with %d: %s\n%s", code, complained, printed)
	}
	for _, words := range []string{
		"1. The primary dies, and the standby has the call", "We are open from nine to five", "callee hears", "caller records 12.0 s",
		"Ended: callback requested", "Ended: voicemail", "Ended: lost", "All 10 cases ended as they have to.",
	} {
		if !strings.Contains(strings.Join(strings.Fields(printed), " "), words) {
			t.Errorf("the drill does not print %q:\n%s", words, printed)
		}
	}
	if out := os.Getenv("EXAMPLES_TRANSCRIPT"); out != "" {
		write(t, out, printed)
	}
	who := p.person()
	for _, words := range []string{"saved", "left a voicemail", "asked for a call back", "lost", "heard our message"} {
		who.get("/history?drills=1").shows(words)
	}
}

func TestACaseThatEndsOtherwiseFailsTheDrill(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := start(t, env)
	file := filepath.Join(t.TempDir(), "cases.yaml")
	write(t, file, "- {name: nobody is there, ends: told}\n- {name: somebody should be, ends: not told, people: [busy]}\n")
	code, printed, complained := command(t, env, nil, "drill", "--to", p.base, "--cases", file)
	if code == 0 || !strings.Contains(complained, "2. somebody should be: it ended told, and has to end not told") || !strings.Contains(printed, "Ended: told") {
		t.Errorf("ended with %d: %s\n%s", code, complained, printed)
	}
	for text, want := range map[string]string{
		"- {name: a, people: [asleep]}": `people: "asleep" is nothing that somebody does`,
		"- {name: a, ends: well}":       `ends: "well" is no end`,
		"- {name: a, message: long}":    `message: "long" is no time`,
		"- {nme: a}":                    "unknown field",
		"[]":                            "there is no case in",
	} {
		write(t, file, text)
		if code, _, complained := command(t, env, nil, "drill", "--to", p.base, "--cases", file); code == 0 || !strings.Contains(complained, want) {
			t.Errorf("%s: ended with %d: %s, want %q", text, code, complained, want)
		}
	}
}
