package main

import (
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

func TestKillUnderLoadLosesNothingThatWasSaidToBeWritten(t *testing.T) {
	t.Parallel()
	env := configured(t)
	kills := long(t, 20, 1000)
	var promised []string
	var unanswered []sim.Request
	for n := range kills {
		p := spawn(t, env)
		l := p.callers(6)
		l.reached(t, 40)
		p.kill()
		l.stop(t)
		promised = append(promised, l.written...)
		unanswered = append(unanswered, l.silent...)
		if n%20 == 19 {
			judgeIntact(t, p.path(journalFile), p.path(ledgerFile))
		}
	}
	if len(promised) < 10*kills {
		t.Fatalf("only %d calls were answered written=yes", len(promised))
	}
	count(t, "%d kills, %d calls answered written=yes, %d not answered", kills, len(promised), len(unanswered))
	p := spawn(t, env)
	judgeStored(t, env["DATA_DIR"], p.askAgain(promised, unanswered))
}

// askAgain has Twilio ask again for those that got no answer, so that each is
// there once, whatever had been written; it returns all that are in the history
// now, of which p has let go.
func (p *program) askAgain(promised []string, unanswered []sim.Request) (all []string) {
	p.t.Helper()
	for _, r := range unanswered {
		p.ask(r, twiml.Voice)
		promised = append(promised, r.Params.Value("CallSid"))
	}
	p.settle()
	p.end()
	return promised
}

func TestSIGTERMUnderLoadStoresEverythingThatWasAnswered(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	l := p.callers(6)
	l.reached(t, 200)
	if code := p.end(); code != 0 {
		t.Errorf("ended with %d, want 0", code)
	}
	l.stop(t)
	again := spawn(t, env)
	again.settle()
	again.end()
	silent := map[string]bool{}
	for _, r := range l.silent {
		silent[r.Params.Value("CallSid")] = true
	}
	var answered []string
	for _, r := range l.asked {
		if sid := r.Params.Value("CallSid"); !silent[sid] {
			answered = append(answered, sid)
		}
	}
	judgeStored(t, env["DATA_DIR"], answered)
}

func TestHalfARequestHoldsUpNoStop(t *testing.T) {
	t.Parallel()
	p := spawn(t, configured(t))
	for _, half := range []string{
		"POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Le",
		"POST /fallback/voice HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nFrom=",
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(p.base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, half); err != nil {
			t.Fatal(err)
		}
	}
	result := p.call(sim.Call{}) // so that both are known to be open
	began := time.Now()
	var code int
	stalled := stall(func() { code = p.end() })
	if took := time.Since(began); code != 0 || took > 6*time.Second+hops*stalled {
		t.Errorf("ended with %d after %s, want 0 within 6 s", code, took)
	}
	p = spawn(t, p.env)
	p.settle()
	p.end()
	judgeStored(t, p.dir, []string{result.SID})
}

// What was being sent when the process died is claimed for 80 s; nobody who
// waits for an alert is to wait for that.
func TestAMessageThatAKillInterruptedGoesOutSoonAfterTheNextStart(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	mails.hang()
	p := spawn(t, configured(t).with(mails.settings()))
	p.call(sim.Call{})
	eventually(t, soon, "the mail is being sent", func() bool { return mails.holding() > 0 })
	p.kill()
	mails.heal()
	spawn(t, p.env)
	mails.await(t, soon, "not helped")
}

func TestASecondSIGTERMKills(t *testing.T) {
	t.Parallel()
	p := spawn(t, configured(t))
	p.stop()
	p.stop()
	<-p.ended
	if p.code != 0 && p.code != -1 {
		t.Errorf("ended with %d, want 0, or death by the signal", p.code)
	}
}

func TestTwoProcessesOnOneFolderBothAnswerAndOneFeeds(t *testing.T) {
	t.Parallel()
	mails := newMailServer(t)
	env := configured(t).with(mails.settings())
	first := spawn(t, env)
	eventually(t, soon, "the first process has the lock", func() bool { return lockHeld(t, first.path("lock")) })
	second := spawn(t, env)
	var sids []string
	for range 5 {
		for _, p := range []*program{first, second} {
			result := p.call(sim.Call{})
			sids = append(sids, result.SID)
		}
	}
	sids = append(sids, first.awaitWritten().SID, second.awaitWritten().SID)
	mails.await(t, soon, "not helped", "primary.example.com")
	second.settle()
	eventually(t, soon, "the second process waits for the lock", func() bool {
		return second.stoodBack()
	})
	if line := second.visitor().get("/healthz").source; !strings.Contains(line, `"degraded":[]`) {
		t.Errorf("the second process says %s", line)
	}
	if sent := second.logLines("alert sent"); len(sent) > 0 {
		t.Errorf("the second process told people of %+v", sent)
	}

	first.kill() // the second takes over
	result := second.call(sim.Call{ErrorURL: "https://other.example.com/voice"})
	sids = append(sids, result.SID)
	mails.await(t, 2*soon, "not helped", "other.example.com")
	second.settle()
	second.end()
	judgeStored(t, env["DATA_DIR"], sids)
	about := 0
	for _, subject := range mails.subjects() {
		if isAbout(subject, nil) {
			about++
		}
	}
	if about != 2 {
		t.Errorf("told %q, want one word about each incident", mails.subjects())
	}
}

// lockHeld says whether some process has the lock.
func lockHeld(t *testing.T, path string) bool {
	t.Helper()
	fd, err := syscall.Open(path, syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return syscall.Flock(fd, syscall.LOCK_EX|syscall.LOCK_NB) != nil
}
