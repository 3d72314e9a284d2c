package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// Whoever calls hears nothing of what is done to the history meanwhile.
func TestCallersAreAnsweredWhileTheHistoryIsErasedExportedAndImported(t *testing.T) {
	t.Parallel()
	const number = "+15551230000"
	env := configured(t)
	p := spawn(t, env)
	p.call(sim.Call{From: number})
	p.settle()
	l := p.callersEvery(10*time.Millisecond, 2)
	l.reached(t, 100)
	file := filepath.Join(t.TempDir(), "failures.ndjson")
	for _, args := range [][]string{{"erase", "--number", number}, {"export"}, {"import", file}} {
		code, printed, complained := command(t, env, nil, args...)
		if code != 0 {
			t.Errorf("%v ended with %d: %s", args, code, complained)
		}
		if args[0] == "export" {
			write(t, file, printed)
		}
		l.reached(t, l.placed.Load()+20)
	}
	l.stop(t)
	if len(l.silent) > 0 {
		t.Errorf("%d of %d calls got no answer", len(l.silent), len(l.asked))
	}
	p.settle()
	p.end()
	judgeStored(t, p.dir, l.written)
	if info, err := os.Stat(file); err != nil || info.Size() == 0 {
		t.Errorf("nothing was exported: %v", err)
	}
	count(t, "%d calls, %d of them written=yes", len(l.asked), len(l.written))
}
