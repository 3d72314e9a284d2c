package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
)

// TestAnIndexThatIsCutWhileItIsMappedLosesNothing cuts the memory off that SQLite
// shares with other processes, as whoever copies a backup over a running folder does.
// The process ends by SIGBUS, and that is as it should be: docs/adr/0104. The test is
// its service manager.
func TestAnIndexThatIsCutWhileItIsMappedLosesNothing(t *testing.T) {
	t.Parallel()
	env, door := configured(t), newSocket(t)
	cuts := long(t, 6, 200)
	var promised []string
	var unanswered []sim.Request
	var gone time.Duration // for how long nobody answered, at worst
	p := door.spawn(env)
	for n := range cuts {
		l := (&program{t: t, base: door.base}).callers(4)
		l.reached(t, 100)
		if err := os.Truncate(p.path([]string{journalFile, ledgerFile}[n%2]+"-shm"), 0); err != nil {
			t.Fatal(err)
		}
		select {
		case <-p.ended:
		case <-time.After(2 * soon):
			t.Fatal("it goes on with an index that is not there")
		}
		if !strings.Contains(p.logged.String(), "SIGBUS") {
			t.Fatalf("it ended with %d: %s", p.code, p.story())
		}
		began := time.Now()
		p = door.spawn(env)
		gone = max(gone, time.Since(began))
		l.stop(t)
		promised = append(promised, l.written...)
		unanswered = append(unanswered, l.silent...)
	}
	if len(promised) < 20*cuts {
		t.Fatalf("only %d calls were answered written=yes", len(promised))
	}
	count(t, "%d cuts, %d calls answered written=yes, %d not answered; the next process answered within %s", cuts, len(promised), len(unanswered), gone.Round(time.Millisecond))
	p.base = door.base
	judgeStored(t, env["DATA_DIR"], p.askAgain(promised, unanswered))
	judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
}
