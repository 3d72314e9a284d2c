package config_test

import (
	"errors"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/config"
)

const document = "../docs/CONFIGURATION.md"

var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")

// documented are the first columns of the document's tables.
func documented(t *testing.T) (keys, variables []string) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range row.FindAllStringSubmatch(string(text), -1) {
		if strings.ToUpper(found[1]) == found[1] {
			variables = append(variables, found[1])
		} else {
			keys = append(keys, found[1])
		}
	}
	return keys, variables
}

func TestEveryVariableIsDocumentedAndEveryDocumentedOneIsRead(t *testing.T) {
	_, want := documented(t)
	t.Chdir(t.TempDir())
	var got []string
	_, err := config.Load(func(name string) string {
		if !slices.Contains(got, name) && !strings.HasSuffix(name, "_FILE") {
			got = append(got, name)
		}
		return ""
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-documented +read:\n%s", diff)
	}
}

func TestEveryDocumentedSecretComesFromAFileToo(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\|[^|]*\\| 🔒").FindAllStringSubmatch(string(text), -1) {
		want = append(want, found[1]+"_FILE")
	}
	t.Chdir(t.TempDir())
	var got []string
	if _, err := config.Load(func(name string) string {
		if strings.HasSuffix(name, "_FILE") {
			got = append(got, name)
		}
		return ""
	}, ""); err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-documented +read:\n%s", diff)
	}
}

// Whoever puts a variable's name into the file is told the key.
func TestAVariableInTheFileIsAnsweredWithItsKey(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` \\| `([^`]+)` \\|").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 15 {
		t.Fatalf("only %d variables are documented", len(rows))
	}
	for _, row := range rows {
		got := mistakes(t, row[1]+": x", nil)
		if len(got) != 1 || !strings.Contains(got[0], row[2]) {
			t.Errorf("%s: got %q, want %s named", row[1], got, row[2])
		}
	}
}

func TestEveryKeyIsDocumentedAndEveryDocumentedOneIsKnown(t *testing.T) {
	want, _ := documented(t)
	t.Chdir(t.TempDir())
	got := keysBelow(t, "", func(inner string) string { return inner })
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-documented +known:\n%s", diff)
	}
}

var keysHere = regexp.MustCompile(`the keys here are (.*)$`)

// keysBelow asks Load itself which keys there are: an unknown one is answered
// with their list. around puts YAML into the place that prefix names.
func keysBelow(t *testing.T, prefix string, around func(inner string) string) []string {
	t.Helper()
	const unknown = "zzzzzzzzzzzz"
	var keys []string
	for _, name := range keysIn(t, around("{"+unknown+": 1}"), unknown) {
		mapping := func(inner string) string { return around("{" + name + ": " + inner + "}") }
		entry := func(inner string) string { return around("{" + name + ": [" + inner + "]}") }
		switch {
		case name == "countries": // its keys are the operator's
			keys = append(keys, prefix+name+".CC")
		case prefix == "" && slices.Contains([]string{"targets", "hours", "on_call"}, name): // likewise
			keys = append(keys, keysBelow(t, prefix+name+".NAME.", func(inner string) string { return mapping("{NAME: " + inner + "}") })...)
		case keysIn(t, mapping("{"+unknown+": 1}"), unknown) != nil:
			below := keysBelow(t, prefix+name+".", mapping)
			if prefix == "notifiers[]." { // documented by themselves, too
				keys = append(keys, prefix+name)
			}
			keys = append(keys, below...)
		case keysIn(t, entry("{"+unknown+": 1}"), unknown) != nil:
			keys = append(keys, keysBelow(t, prefix+name+"[].", entry)...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}

// keysIn is the list in the mistake about the unknown key, nil where that is
// no mapping.
func keysIn(t *testing.T, yaml, unknown string) []string {
	t.Helper()
	write(t, config.DefaultFile, yaml)
	_, err := config.Load(getenv(nil), "")
	var invalid *config.InvalidError
	if !errors.As(err, &invalid) {
		return nil
	}
	for _, m := range invalid.Mistakes {
		if found := keysHere.FindStringSubmatch(m.Remedy); found != nil && strings.HasSuffix(m.Key, unknown) {
			return strings.Split(found[1], ", ")
		}
	}
	return nil
}

func TestTheExampleIsAConfiguration(t *testing.T) {
	c, err := config.Load(getenv(map[string]string{
		"TWILIO_AUTH_TOKEN": token, "SMTP_URL": "smtp://me:secret@smtp.example.com:587", "SLACK_BOT_TOKEN": "xoxb-1",
	}), "../examples/backstop.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
	if len(c.Accounts) != 1 || len(c.Recovery.Lines) != 3 || len(c.Notifiers) != 2 {
		t.Errorf("got %d accounts, %d lines, %d notifiers", len(c.Accounts), len(c.Recovery.Lines), len(c.Notifiers))
	}
}

// TestTheExamplesOfTheDocumentAreRight loads each row's example.
func TestTheExamplesOfTheDocumentAreRight(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `((?:[a-z_.\\[\\]]|NAME)+)` \\|.*\\| `([^`]*)` \\|$").FindAllStringSubmatch(string(text), -1)
	if len(rows) < 40 {
		t.Fatalf("only %d rows with an example", len(rows))
	}
	for _, row := range rows {
		if row[1] == "accounts[].sid" { // shortened there
			continue
		}
		t.Run(row[1], func(t *testing.T) {
			for _, m := range mistakes(t, beside(nested(row[1], row[2]), namedBy(row[1])), mentionedIn(row[2])) {
				about := strings.HasPrefix(m, strings.ReplaceAll(row[1], "[]", "[0]"))
				if about && !strings.Contains(m, "needs one language") && !strings.Contains(m, "folder") {
					t.Error(m)
				}
			}
		})
	}
}

// namedBy is what the examples of rules, targets and lists name.
func namedBy(key string) string {
	const clinic = "\nhours: {clinic: {open: ['daily 08:00-18:00']}}\n"
	if strings.HasPrefix(key, "on_call") {
		return clinic
	}
	if strings.HasPrefix(key, "alerts") {
		const slack = ", slack: {webhook_url: 'https://hooks.slack.com/services/x'}}"
		return "\nhours: {office: {open: ['mon-fri 08:00-18:00']}, night: {open: ['daily 22:00-07:00']}, sunday-night: {open: ['sun 22:00-24:00']}}\n" +
			"accounts: [{name: main, sid: " + sid + ", auth_tokens: [" + token + "]}]\n" +
			"notifiers: [{name: ops-mail" + slack + ", {name: boss-sms" + slack + "]\n"
	}
	if strings.HasPrefix(key, "notifiers[].twilio") {
		return "\naccounts: [{name: main, sid: " + sid + ", auth_tokens: [" + token + "]}]\non_call: {ops: {people: [{name: Anna, to: '+4930123456'}]}}\n"
	}
	if strings.HasPrefix(key, "summaries") {
		return "\nnotifiers: [{name: ops-mail, email: {smtp: 'smtp://a.example', from: a@a.example, to: b@a.example}}]\n"
	}
	if !strings.HasPrefix(key, "recovery") {
		return ""
	}
	return clinic + "on_call: {ops: {people: [{name: Anna, to: '+4930123456'}]}}\ntargets: {standby: {url: 'https://standby.example.com', probe: /healthz}}\nlines: [{match: '+49*', tags: [clinic]}]\n" +
		"accounts: [{name: main, sid: " + sid + ", auth_tokens: [" + token + "]}]\n"
}

// beside adds keys to a document in braces.
func beside(document, more string) string {
	return document[len("{"):len(document)-len("}")] + more
}

// mentionedIn is an environment with just what an example needs.
func mentionedIn(example string) map[string]string {
	variables := make(map[string]string)
	for name, text := range map[string]string{
		"TWILIO_AUTH_TOKEN": token, "SMTP_URL": "smtp://a.example", "SLACK_BOT_TOKEN": "xoxb-1",
		"SLACK_WEBHOOK_URL": "https://hooks.slack.com/services/a", "ADMIN_PASSWORD": "a long password",
		"PAGERDUTY_KEY":     "0123456789abcdefghij0123456789ab",
		"CHAT_URL":          "ntfy://ntfy.sh/alerts",
		"ALERTS_AUTH_TOKEN": token,
		"SLACK_APP_TOKEN":   "xapp-1", "SLACK_SIGNING_SECRET": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		"WEBHOOK_URL": "https://events.example.com/backstop", "WEBHOOK_SECRET": "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
	} {
		if strings.Contains(example, "${"+name+"}") {
			variables[name] = text
		}
	}
	return variables
}

// nested is a document with one key: a[].b.c becomes {a: [{b: {c: value}}]}.
func nested(key, value string) string {
	name, rest, deeper := strings.Cut(key, ".")
	inner := value
	if deeper {
		inner = nested(rest, value)
	}
	if list, isList := strings.CutSuffix(name, "[]"); isList {
		return "{" + list + ": [" + inner + "]}"
	}
	return "{" + name + ": " + inner + "}"
}
