package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// proxy runs deploy/nginx.conf, as it is but for its port, its certificate and
// the folders, before a Backstop that is gone.
func proxy(t *testing.T, exported string, change *strings.Replacer) (base string) {
	t.Helper()
	needs(t, "nginx")
	dir, address := t.TempDir(), freeAddress(t)
	var kept []string
	for line := range strings.Lines(change.Replace(read(t, "../../deploy/nginx.conf"))) {
		if !strings.Contains(line, "ssl_certificate") && !strings.Contains(line, "[::]:443") {
			kept = append(kept, line)
		}
	}
	site := strings.NewReplacer("listen 443 ssl;", "listen "+address+";", "server 127.0.0.1:8080;", "server 127.0.0.1:1;",
		"/var/log/nginx/", dir+"/", "/etc/nginx/backstop/", exported+"/").Replace(strings.Join(kept, ""))
	var temporary strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temporary, "%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	write(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf("pid %s/pid;\nevents {}\nhttp {\n%s%s}\n", dir, &temporary, site))
	if os.Getuid() == 0 { // its workers run as nobody
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log := &output{}
	command := exec.Command("nginx", "-p", dir, "-c", "nginx.conf", "-e", "stderr", "-g", "daemon off; master_process off;")
	command.Stderr = log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // by the signal
		if t.Failed() {
			t.Logf("nginx says %s", log)
		}
	})
	base = "http://" + address
	eventually(t, soon, "nginx answers", func() bool {
		return sim.Client{Account: customer(), Via: base}.Do(t.Context(), sim.Request{Method: "GET", URL: publicURL + "/metrics"}).Err == nil
	})
	return base
}

func TestAProxyAnswersEachLineInItsWordsWhileBackstopIsGone(t *testing.T) {
	t.Parallel()
	exported := filepath.Join(t.TempDir(), "static")
	env := configured(t).withFile(t, `
lines:
  - {match: "+4930*", name: Praxis Berlin, language: de}
  - {match: "+493055501", name: Notaufnahme, language: de}
  - {match: "+331*", name: Cabinet, language: fr}
  - {match: "whatsapp:+4930*", language: de}
`)
	code, said, complained := command(t, env, nil, "export-static", exported)
	if code != 0 || !strings.Contains(said, "documents for a proxy") {
		t.Fatalf("ended with %d: %s%s", code, said, complained)
	}
	uncommented := strings.NewReplacer("#include", "include", "#error_page", "error_page")
	base := proxy(t, exported, uncommented)
	for claim, c := range map[string]struct {
		path string
		call sim.Call
		kind twiml.Kind
		want string
	}{
		"a line has its words":            {"/fallback/voice", sim.Call{To: "+493012345"}, twiml.Voice, "Praxis Berlin"},
		"the most specific line counts":   {"/fallback/voice", sim.Call{To: "+493055501"}, twiml.Voice, "Notaufnahme"},
		"another line, another language":  {"/fallback/voice", sim.Call{To: "+33155501234"}, twiml.Voice, `language="fr-FR"`},
		"any other number has the rest":   {"/fallback/voice", sim.Call{To: "+15551230001"}, twiml.Voice, `language="en-US"`},
		"the address for both hears that": {"/fallback", sim.Call{To: "+493012345"}, twiml.Voice, "Praxis Berlin"},
		"whoever picks up hangs up":       {"/fallback/voice/screen/x", sim.Call{To: "+493012345"}, twiml.Voice, "<Hangup/>"},
		"whoever waits is let out":        {"/fallback/voice/wait/x", sim.Call{To: "+493012345"}, twiml.Voice, "<Leave/>"},
		"a message gets no reply":         {"/fallback/messaging", sim.Call{}, twiml.Messaging, "<Response/>"},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()
			r, err := c.call.Request(customer(), publicURL+c.path)
			if err != nil {
				t.Fatal(err)
			}
			e := sim.Client{Account: customer(), Via: base}.Do(t.Context(), r)
			if e.Err != nil || e.Status != 200 || !strings.HasPrefix(e.Header.Get("Content-Type"), "text/xml") {
				t.Fatalf("answered %d, %s: %v", e.Status, e.Header.Get("Content-Type"), e.Err)
			}
			if report := twiml.Check(e.Body, c.kind); len(report.Problems) > 0 || !strings.Contains(string(e.Body), c.want) {
				t.Errorf("answered %s with %v, want %s", e.Body, report.Problems, c.want)
			}
		})
	}
}

func TestAProxyWithoutAnExportAnswersAllTheSame(t *testing.T) {
	t.Parallel()
	base := proxy(t, "/nowhere", strings.NewReplacer())
	p := &program{t: t, base: base}
	if e := p.twilio().Do(t.Context(), p.request("/fallback/voice", sim.Call{})); e.Status != 200 || !strings.Contains(string(e.Body), "<Say>") {
		t.Errorf("answered %d %s %v", e.Status, e.Body, e.Err)
	}
}
