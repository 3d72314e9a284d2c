package main

import (
	"fmt"
	"testing"

	"github.com/backstop-project/backstop/twilio/sim"
)

// TestAMailComesAtLeastOnceAndAtMostOnceMoreACrash kills Backstop when the mail
// server has taken a mail and has not said so yet, again and again.
func TestAMailComesAtLeastOnceAndAtMostOnceMoreACrash(t *testing.T) {
	t.Parallel()
	const crashes = 4
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	host := func(n int) string { return fmt.Sprintf("host%d.example.com", n) }
	for n := range crashes {
		mails.hang() // until the call is answered
		p := spawn(t, env)
		p.call(sim.Call{ErrorCode: "12100", ErrorURL: "https://" + host(n) + "/voice"})
		mails.whenTaken(func() { _ = p.process.Kill() })
		mails.heal()
		<-p.ended
	}
	mails.whenTaken(nil)
	p := spawn(t, env)
	for n := range crashes {
		mails.await(t, 4*soon, host(n))
	}
	p.settle()
	p.call(sim.Call{ErrorCode: "12100", ErrorURL: "https://last.example.com/voice"})
	mails.await(t, 4*soon, "last.example.com") // by then what was to be repeated has been
	copies := map[string]int{}
	for _, m := range mails.got() {
		copies[m.header.Get("Message-Id")]++
	}
	repeated := 0
	for _, n := range copies {
		repeated += n - 1
	}
	if repeated == 0 || repeated > crashes {
		t.Errorf("%d copies more than mails, of %d crashes", repeated, crashes)
	}
	t.Logf("%d mails, and %d copies more after %d crashes", len(copies), repeated, crashes)
}
