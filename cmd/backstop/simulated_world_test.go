package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/store/disktest"
	"github.com/backstop-project/backstop/twilio/sim"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// simulated is the whole program in a bubble of time, on a real disk, with all
// others that it has to do with: whoever calls, a standby server, people who read
// mail and Slack.
type simulated struct {
	t       *testing.T
	env     settings
	network *network
	clock   *wallClock
	mails   *mailServer
	slack   *slackServer
	faults  map[string]counter

	stop    context.CancelFunc
	ended   chan int
	printed *output
	logged  *output

	answered []string // calls and messages that have to be in the history
	promised []string // those of which written=yes was said
}

// Where everybody is.
const (
	ourAddress   = "127.0.0.1:8080"
	mailAddress  = "127.0.0.1:2525"
	slackAddress = "127.0.0.1:8065"
	standbyHost  = "127.0.0.1:9090"
)

// simulatedSettings are those of every simulated program, but for its folder.
func simulatedSettings(t *testing.T) settings {
	t.Helper()
	env := configured(t).with((&mailServer{address: mailAddress}).settings()).with(settings{
		"LISTEN": ourAddress, "ADMIN_PASSWORD": "correct horse battery", "SLACK_WEBHOOK_URL": "http://" + slackAddress + "/services/T000/B000/secret",
	})
	return env.withFile(t, `
primaries: [https://one.example.com, https://two.example.com, https://three.example.com, https://four.example.com]
targets: {standby: {url: "http://`+standbyHost+`{path}", allow_private: true}}
recovery: [{name: our server is down, match: {channel: voice}, steps: [{failover: standby}, {message: apology}]}]
retention: {days: 3, personal_days: 1}
`)
}

// simulate makes such a world in the bubble that t is of, around a folder, some time
// after the morning at which all begins. outside is a time from outside.
func simulate(t *testing.T, env settings, folder string, later time.Duration, outside time.Time) *simulated {
	t.Helper()
	morning := time.Date(2027, time.March, 1, 9, 0, 0, 0, time.UTC) // a clock that is before the program's own time is not trusted
	time.Sleep(time.Until(morning) + later)
	s := &simulated{
		t: t, env: env.with(settings{"DATA_DIR": folder}), network: newNetwork(), clock: newWallClock(outside), mails: &mailServer{}, slack: &slackServer{},
		printed: &output{}, logged: &output{},
	}
	s.faults = map[string]counter{"clock": s.clock}
	for _, name := range []string{journalFile, ledgerFile} {
		s.faults[name] = s.watched(filepath.Join(folder, name))
	}
	stopMails := s.mails.serve(s.opened("mail", mailAddress))
	stopSlack := serve(s.opened("slack", slackAddress), s.slack.handler())
	stopStandby := serve(s.opened("standby", standbyHost), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "<Response><Say>Welcome at "+r.URL.Path+"</Say></Response>")
	}))
	t.Cleanup(func() {
		s.heal()
		stopMails()
		stopSlack()
		stopStandby()
		time.Sleep(5 * time.Minute) // whoever waits for something ends: time stands still when this returns
		for _, name := range []string{journalFile, ledgerFile} {
			if err := s.faults[name].(disk).Close(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if t.Failed() {
			t.Logf("mails: %q\nlogged:\n%s", s.mails.subjects(), s.story())
		}
	})
	return s
}

// story is the log's end, without the lines of single failures.
func (s *simulated) story() string {
	lines := slices.DeleteFunc(s.logged.lines(), func(line string) bool { return strings.Contains(line, `"failure answered"`) })
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

func (s *simulated) watched(path string) disk {
	d, err := disktest.Watch(path)
	if err != nil {
		s.t.Fatal(err)
	}
	return disk{d}
}

func (s *simulated) opened(name, address string) *port {
	l, err := s.network.listen(s.t.Context(), "tcp", address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.faults[name] = l.(*port)
	return l.(*port)
}

func serve(p *port, h http.Handler) (stop func()) {
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan struct{})
	go func() { _ = server.Serve(p); close(done) }()
	return func() { _ = server.Close(); <-done }
}

// heal ends all faults.
func (s *simulated) heal() {
	for _, c := range s.faults {
		c.fail(mishap{})
	}
}

// start starts the program, which answers from then on.
func (s *simulated) start() {
	var ctx context.Context
	ctx, s.stop = context.WithCancel(context.WithoutCancel(s.t.Context()))
	s.ended = make(chan int, 1)
	go func() {
		s.ended <- run(ctx, world{
			getenv: func(name string) string { return s.env[name] }, stdin: strings.NewReader(""), stdout: s.printed, stderr: s.logged,
			clock: s.clock.now, listen: s.network.listen, dial: s.network.dial,
		})
	}()
	s.await(time.Second, "it listens", func() bool { return s.network.at(ourAddress) != nil })
}

// end stops the program, which takes no longer than an engine of containers waits.
// If it ends well it has written whatever it answered.
func (s *simulated) end() (code int) {
	s.t.Helper()
	s.stop()
	select {
	case code = <-s.ended:
	case <-time.After(10 * time.Second):
		s.t.Error("it does not end in time")
		code = <-s.ended
	}
	if code != 0 { // not all was written, and it says so
		s.answered = slices.Clone(s.promised)
	}
	return code
}

// await looks again and again until something is so, in the bubble's time.
func (s *simulated) await(within time.Duration, what string, so func() bool) (ok bool) {
	s.t.Helper()
	for began := time.Now(); !so(); time.Sleep(min(time.Second, within/10)) {
		if time.Since(began) > within {
			s.t.Errorf("not within %s: %s", within, what)
			return false
		}
	}
	return true
}

func (s *simulated) twilio() sim.Client {
	transport := &http.Transport{DialContext: s.network.dial, DisableKeepAlives: true, DisableCompression: true}
	return sim.Client{Account: customer(), Via: "http://" + ourAddress, HTTP: &http.Client{Transport: transport}}
}

// call has somebody call whose call fails at that server.
func (s *simulated) call(server string) (promised bool) {
	s.t.Helper()
	r, err := sim.Call{ErrorURL: "https://" + server + "/voice"}.Request(customer(), publicURL+"/fallback/voice")
	return s.ask(r, err, twiml.Voice, "CallSid")
}

// message has somebody write whose message fails at that server.
func (s *simulated) message(server string) (promised bool) {
	s.t.Helper()
	r, err := sim.Message{ErrorURL: "https://" + server + "/sms"}.Request(customer(), publicURL+"/fallback/messaging")
	return s.ask(r, err, twiml.Messaging, "MessageSid")
}

func (s *simulated) ask(r sim.Request, err error, kind twiml.Kind, sid string) (promised bool) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	e := s.twilio().Do(s.t.Context(), r)
	if err := answerFault(e, kind); err != nil {
		s.t.Error(err)
	}
	s.answered = append(s.answered, r.Params.Value(sid))
	if promised = written(e); promised {
		s.promised = append(s.promised, r.Params.Value(sid))
	}
	return promised
}

// answerFault is fault, and an answer that comes too late: that of a standby server is
// waited for, but messages have none.
func answerFault(e sim.Exchange, kind twiml.Kind) error {
	limit := answerAtMost
	if kind == twiml.Messaging {
		limit = inTime
	}
	if e.Timing.Total > limit {
		return fmt.Errorf("answered after %s, want %s at most", e.Timing.Total, limit)
	}
	return fault(e, kind)
}

// told says whether whoever reads mail and whoever reads Slack has heard of it.
func (s *simulated) told(words ...string) bool {
	return s.mails.about(words...) && slices.ContainsFunc(s.slack.got(), func(p slackPost) bool { return hasAll(p.firstLine(), words) })
}

func isAside(e os.DirEntry) bool { return strings.Contains(e.Name(), ".aside") }

// found asks a database that nobody has open for one.
func found(t *testing.T, path, query string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite3", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
