package standby_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/recovery/standby"
)

// said is a document with that text.
func said(text string) []byte { return []byte("<Response><Say>" + text + "</Say></Response>") }

// keeping is a LastGood with its file in that folder, and what it logs.
func keeping(folder string) (*standby.LastGood, *bytes.Buffer) {
	log := &bytes.Buffer{}
	return standby.NewLastGood(standby.LastGoodOptions{
		Path: filepath.Join(folder, "lastgood.json"), Log: slog.New(slog.NewTextHandler(log, nil)),
	}), log
}

// running runs l for that long.
func running(t *testing.T, l *standby.LastGood, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	if err := l.Run(ctx); err != nil {
		t.Error(err)
	}
}

// has says what is found, "" for nothing.
func has(l *standby.LastGood, voice bool, errorURL string) string {
	doc, _, _ := l.Find(voice, errorURL)
	return string(doc)
}

func TestWhatWasGoodIsFoundByChannelAndAddress(t *testing.T) {
	t.Parallel()
	l, _ := keeping(t.TempDir())
	l.Keep(true, "https://www.example.com/voice?CallSid=CA1", said("before"))
	l.Keep(true, "https://www.example.com/voice?CallSid=CA2", said("now"))
	for name, c := range map[string]struct {
		voice    bool
		errorURL string
		found    bool
	}{
		"the same path, whatever its query":  {true, "https://www.example.com/voice?a=b", true},
		"however the server is written":      {true, "https://WWW.example.com:443/voice#rc=2", true},
		"not another path":                   {true, "https://www.example.com/voice/", false},
		"not another server":                 {true, "https://other.example.com/voice", false},
		"not by http":                        {true, "http://www.example.com/voice", false},
		"not a message":                      {false, "https://www.example.com/voice", false},
		"not what is no address":             {true, "/voice", false},
		"not an address of 3 kB":             {true, "https://www.example.com/" + strings.Repeat("x", 3000), false},
		"not nothing":                        {true, "", false},
		"not an address that cannot be read": {true, "https://www.example.com/%zz", false},
	} {
		want := ""
		if c.found {
			want = string(said("now"))
		}
		if got := has(l, c.voice, c.errorURL); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	l.Keep(true, "https://www.example.com/voice", []byte("<Response/>"))
	if has(l, true, "https://www.example.com/voice") != string(said("now")) {
		t.Error("a document that does nothing took the place of one that did")
	}
	var none *standby.LastGood
	none.Keep(true, "https://www.example.com/voice", said("now"))
	if has(none, true, "https://www.example.com/voice") != "" {
		t.Error("found where nothing is kept")
	}
}

func TestTheLeastRecentlyUsedIsForgottenFirst(t *testing.T) {
	t.Parallel()
	address := func(i int) string { return fmt.Sprintf("https://www.example.com/%d", i) }
	for name, c := range map[string]struct {
		size, kept int
	}{
		"beyond 1,000":  {10, 1000},
		"beyond 16 MiB": {63 << 10, 259},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, _ := keeping(t.TempDir())
			document := said(strings.Repeat("x", c.size))
			for i := range c.kept {
				l.Keep(true, address(i), document)
			}
			first := has(l, true, address(0)) != "" // and so it was used last
			for i := range 10 {
				l.Keep(true, address(c.kept+i), document)
			}
			left := 0
			for i := range c.kept + 10 {
				if has(l, true, address(i)) != "" {
					left++
				}
			}
			if !first || has(l, true, address(0)) == "" || has(l, true, address(1)) != "" || left > c.kept || left < c.kept-2 {
				t.Errorf("%d are left of %d", left, c.kept)
			}
		})
	}
}

func TestWhatWasGoodOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		before, _ := keeping(folder)
		before.Keep(true, "https://www.example.com/voice", said("a"))
		before.Keep(false, "https://www.example.com/text", []byte("<Response><Message>b</Message></Response>"))
		before.Keep(true, "https://www.example.com/other", said("old"))
		running(t, before, time.Second)
		_, at, _ := before.Find(true, "https://www.example.com/voice")

		after, log := keeping(folder)
		after.Keep(true, "https://www.example.com/other", said("new"))
		running(t, after, time.Second)
		if _, again, ok := after.Find(true, "https://www.example.com/voice"); !ok || !again.Equal(at) {
			t.Errorf("kept at %s, then at %s", at, again)
		}
		if got := has(after, false, "https://www.example.com/text"); !strings.Contains(got, "<Message>b<") {
			t.Errorf("got %q", got)
		}
		if got := has(after, true, "https://www.example.com/other"); got != string(said("new")) {
			t.Errorf("what was kept since the start was overwritten: %q", got)
		}
		info, err := os.Stat(filepath.Join(folder, "lastgood.json"))
		if err != nil || info.Mode().Perm() != 0o600 || log.Len() > 0 {
			t.Errorf("%v, %v, %s", info.Mode(), err, log)
		}
		if entries, _ := os.ReadDir(folder); len(entries) != 1 {
			t.Errorf("left behind: %v", entries)
		}
	})
}

func TestTheFileIsWrittenOnlyWhenSomethingChangedAndNotTooOften(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		l, _ := keeping(folder)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- l.Run(ctx) }()
		written := func() bool {
			synctest.Wait()
			err := os.Remove(filepath.Join(folder, "lastgood.json"))
			return err == nil
		}
		time.Sleep(time.Second)
		if written() {
			t.Error("written though there is nothing")
		}
		l.Keep(true, "https://www.example.com/voice", said("a"))
		time.Sleep(28 * time.Second)
		if written() {
			t.Error("written before half a minute was over")
		}
		time.Sleep(2 * time.Second)
		if !written() {
			t.Error("not written")
		}
		time.Sleep(time.Hour)
		if written() {
			t.Error("written though nothing changed")
		}
		l.Keep(true, "https://www.example.com/voice", said("b"))
		cancel()
		if err := <-ended; err != nil || !written() {
			t.Errorf("not written at the end: %v", err)
		}
	})
}

func TestWhatIsOlderThanAWeekIsForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		l, _ := keeping(folder)
		l.Keep(true, "https://www.example.com/voice", said("a"))
		running(t, l, 8*24*time.Hour)
		raw, err := os.ReadFile(filepath.Join(folder, "lastgood.json"))
		if err != nil || strings.Contains(string(raw), "www.example.com") || has(l, true, "https://www.example.com/voice") != "" {
			t.Errorf("got %s, %v", raw, err)
		}
	})
}

func TestABrokenFileIsSetAsideAndStopsNothing(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"nothing":         "",
		"half of it":      `{"version":1,"documents":[{"channel":"voice"`,
		"something else":  `[1, 2]`,
		"a later version": `{"version":2,"documents":[]}`,
		"200 MB":          "", // made below
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			path := filepath.Join(folder, "lastgood.json")
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if name == "200 MB" {
				if err := os.Truncate(path, 200<<20); err != nil {
					t.Fatal(err)
				}
			}
			l, log := keeping(folder)
			l.Keep(true, "https://www.example.com/voice", said("a"))
			running(t, l, 10*time.Millisecond)
			aside, _ := filepath.Glob(path + ".*.aside")
			if len(aside) != 1 || !strings.Contains(log.String(), "set aside") {
				t.Errorf("set aside: %v, logged: %s", aside, log)
			}
			if raw, err := os.ReadFile(path); err != nil || !json.Valid(raw) {
				t.Errorf("it is not written anew: %v", err)
			}
		})
	}
}

func TestWhatIsNotGoodAnyMoreIsNotTakenFromTheFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	document := func(channel, url, doc string, at time.Time) map[string]any {
		return map[string]any{"channel": channel, "url": url, "at": at, "document": []byte(doc)}
	}
	now := time.Now()
	raw, err := json.Marshal(map[string]any{"version": 1, "documents": []any{
		document("voice", "https://a.example/good", string(said("a")), now),
		document("voice", "https://a.example/old", string(said("a")), now.Add(-8*24*time.Hour)),
		document("voice", "https://a.example/broken", "<Response><Explode/></Response>", now),
		document("messaging", "https://a.example/call", string(said("a")), now),
		document("voice", "nowhere", string(said("a")), now),
		document("voice", "https://a.example/empty", "", now),
	}})
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, "lastgood.json"), raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	l, log := keeping(folder)
	running(t, l, 10*time.Millisecond)
	for address, want := range map[string]bool{"good": true, "old": false, "broken": false, "call": false, "empty": false} {
		if got := has(l, true, "https://a.example/"+address) != ""; got != want || has(l, false, "https://a.example/"+address) != "" {
			t.Errorf("%s: taken: %v, want %v", address, got, want)
		}
	}
	if left, err := os.ReadFile(filepath.Join(folder, "lastgood.json")); err != nil || strings.Contains(string(left), "a.example/old") {
		t.Errorf("what is too old is still on the disk: %s, %v, %s", left, err, log)
	}
}

func TestAFolderThatCannotBeWrittenIsSaidOnceAndTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		folder, log := t.TempDir(), &bytes.Buffer{}
		trouble := errors.New("its disk is not mounted")
		l := standby.NewLastGood(standby.LastGoodOptions{
			Path: filepath.Join(folder, "lastgood.json"), Log: slog.New(slog.NewTextHandler(log, nil)),
			Ready: func() error { return trouble },
		})
		l.Keep(true, "https://www.example.com/voice", said("a"))
		running(t, l, time.Hour)
		if entries, _ := os.ReadDir(folder); len(entries) > 0 || strings.Count(log.String(), "not mounted") != 1 {
			t.Errorf("in the folder: %v; logged: %s", entries, log)
		}
		trouble = nil
		running(t, l, time.Minute)
		if entries, _ := os.ReadDir(folder); len(entries) != 1 {
			t.Errorf("not written when it could be: %s", log)
		}
	})
}
