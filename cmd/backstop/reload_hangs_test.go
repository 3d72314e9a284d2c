package main

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/config"
)

// A network folder may not answer for hours; SIGHUPs that do nothing and say
// nothing would be taken for a reload.
func TestAReloadThatHangsIsToldAndMayStillSucceed(t *testing.T) {
	t.Parallel()
	env := configured(t)
	synctest.Test(t, func(t *testing.T) {
		var logged output
		load := func() (config.Config, error) { return config.Load(func(name string) string { return env[name] }, "") }
		c, err := load()
		if err != nil {
			t.Fatal(err)
		}
		a, err := newApp(c, &world{}, slog.New(slog.NewTextHandler(&logged, nil)))
		if err != nil {
			t.Fatal(err)
		}
		answers := make(chan struct{})
		a.level = new(slog.LevelVar)
		a.load = func() (config.Config, error) { <-answers; return load() }

		go a.reload()
		time.Sleep(reloadWithin + time.Second)
		synctest.Wait()
		const want = "could not be read within 10 s"
		if notices := a.notices(); len(notices) != 1 || !strings.Contains(notices[0].Detail, want) {
			t.Errorf("pages say %+v, want %q", notices, want)
		}
		if !strings.Contains(logged.String(), want) {
			t.Errorf("logged %q, want %q", &logged, want)
		}
		close(answers)
		synctest.Wait()
		if notices := a.notices(); len(notices) != 0 || !strings.Contains(logged.String(), "configuration reloaded") {
			t.Errorf("pages say %+v after it was read", notices)
		}
	})
}
