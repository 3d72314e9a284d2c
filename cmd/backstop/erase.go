package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/backstop-project/backstop/config"
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

type eraseCommand struct {
	Number string `help:"The caller's number with its country code: +4930123456. It covers whatsapp:, sip: and other forms of it." placeholder:"NUMBER" required:""`
}

// Run erases one caller's data, while Backstop runs or not. Whatever stops it, it
// can be run again.
func (e eraseCommand) Run(ctx context.Context, w *world, c *cli) error {
	cfg, err := config.Load(w.getenv, c.Config)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	who, digits, err := history.ReadPerson(e.Number, now)
	if err != nil {
		return fmt.Errorf("erase: %q: %w", e.Number, err)
	}
	if line := lineOf(cfg, digits); line != "" {
		return fmt.Errorf("erase: %s is a line of yours in the configuration (%s): whoever called it left that, each of them under a number of their own", e.Number, line)
	}
	if _, err := os.Stat(cfg.Ledger); err != nil {
		return fmt.Errorf("erase: %w", missing(err, cfg.DataDir))
	}
	journal := journalErased{who: who, failures: map[incident.ID]bool{}}
	return behind(ctx, w, func(ctx context.Context) error {
		return (&erasure{w: w, cfg: cfg, who: who, digits: digits, at: now, journal: journal}).run(ctx)
	})
}

// lineOf is the configured line that has that number, "" for none.
func lineOf(cfg config.Config, digits string) string {
	for _, line := range cfg.Recovery.Lines {
		if a := twilio.ParseAddress(line.Match); a.Number == "+"+digits {
			return line.Match
		}
	}
	return ""
}

// erasure is the erasing of one caller's data on its way.
type erasure struct {
	w      *world
	cfg    config.Config
	who    history.People
	digits string
	at     time.Time

	running bool // a Backstop runs here
	journal journalErased
	ledger  store.PeopleErased
	deleted int      // recordings at Twilio
	kept    []string // what could not be erased, each with its remedy
}

func (e *erasure) run(ctx context.Context) (err error) {
	var lock folderLock
	if err := lock.try(e.cfg.DataDir); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	e.running = !lock.alone()
	if err := rememberErasure(e.cfg.DataDir, e.digits, e.at); err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	for _, step := range []func(context.Context) error{e.eraseJournal, e.eraseLedger, e.eraseJournal, e.eraseAsides, e.deleteRecordings, e.lookAgain} {
		if err := step(ctx); err != nil {
			return fmt.Errorf("erase: %w: run it again", err)
		}
	}
	return e.report()
}

// journalErased is the erasing of people from journals, and what came of it.
type journalErased struct {
	who        history.People
	failures   map[incident.ID]bool // theirs, as far as they are known: what comes back about one is theirs, too
	rows       int64
	end        incident.Cursor
	recordings []history.Recording // that its entries name
}

// erase erases them from the journal at path: what has not been read is fed without
// them.
func (j *journalErased) erase(ctx context.Context, path string) error {
	rows, end, err := store.RewriteJournal(ctx, path, func(blob string) ([]byte, bool) {
		return intake.Rewrite(blob, j.entry, func(raw string) bool { return j.who.Named(raw, time.Time{}) })
	})
	j.rows += rows
	j.end = end
	return err
}

// entry is an entry of the journal without them.
func (j *journalErased) entry(e incident.Entry) (erased incident.Entry, changed bool) {
	at := e.Failure.ReceivedAt
	switch {
	case e.Failure.Erased:
		j.failures[e.Failure.ID] = true
		return e, false
	case j.theirs(e):
		j.failures[e.Failure.ID] = true
		if sid := store.RecordingOf(e.Failure); sid != "" {
			j.recordings = append(j.recordings, history.Recording{SID: sid, AccountSID: e.Failure.AccountSID})
		}
		e.Failure, e.Answer = e.Failure.Anonymous(), e.Answer.Silent()
		e.Answer.Why = j.who.Without(e.Answer.Why, at)
		return e, true
	}
	if part, _ := j.who.PartIn(e.Failure); part != history.Mentions {
		return e, false
	}
	params := make([]incident.Param, len(e.Failure.Params))
	for i, p := range e.Failure.Params {
		params[i] = incident.Param{Name: j.who.Without(p.Name, at), Value: j.who.Without(p.Value, at)}
	}
	e.Failure.Params, e.Failure.Dropped = params, true
	return e, true
}

// theirs says whether an entry is about one of them. Of a reply that is on its way
// they are whom it goes to.
func (j *journalErased) theirs(e incident.Entry) bool {
	part, _ := j.who.PartIn(e.Failure)
	reply := e.FollowUp.What == incident.ReplyStatus || e.FollowUp.What == incident.ReplySent
	return part == history.Theirs || part == history.TheLine && reply || !e.FollowUp.IsZero() && j.failures[e.FollowUp.About]
}

// eraseJournal comes before the ledger, which is fed from it, and once more after
// it, which knows older failures of theirs.
func (e *erasure) eraseJournal(ctx context.Context) (err error) {
	err = e.journal.erase(ctx, filepath.Join(e.cfg.DataDir, journalName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// eraseLedger comes when a Backstop that runs has fed what it may have read of the
// journal before, or keeps of it in memory.
func (e *erasure) eraseLedger(ctx context.Context) (err error) {
	ledger, err := e.open(ctx, e.cfg.Ledger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ledger.Close()) }()
	if e.running && !fedUpTo(ctx, ledger, e.journal.end) {
		e.keep("what Backstop has read of the journal and not yet filed", "the history is behind: run this again when it has caught up")
	}
	e.ledger, err = ledger.ErasePeople(ctx, e.who)
	for _, id := range e.ledger.IDs {
		e.journal.failures[id] = true
	}
	return err
}

func (e *erasure) open(ctx context.Context, path string) (*store.Ledger, error) {
	policy := e.cfg.Alerts
	policy.Notifiers = nil // nobody is told
	return store.OpenLedger(ctx, path, store.LedgerOptions{Policy: policy, Built: builtAt()})
}

// fedWithin is how long a feeder may take for what came in last.
const fedWithin = 10 * time.Second

// fedUpTo waits until the ledger has what the journal had.
func fedUpTo(ctx context.Context, ledger *store.Ledger, end incident.Cursor) bool {
	for until := time.Now().Add(fedWithin); time.Now().Before(until); {
		if at, err := ledger.Cursor(ctx, end.Journal); err == nil && at.Row >= end.Row {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(50 * time.Millisecond):
		}
	}
	return false
}

// keep notes what could not be erased, and what to do.
func (e *erasure) keep(what, remedy string) {
	e.kept = append(e.kept, what+": "+remedy)
}

// deleteRecordings has Twilio delete what they said.
func (e *erasure) deleteRecordings(ctx context.Context) error {
	left := append(e.journal.recordings, e.ledger.Recordings...)
	if len(left) == 0 {
		return nil
	}
	client := newTwilio(e.cfg)
	var gone []string
	seen := map[string]bool{}
	for _, r := range left {
		if seen[r.SID] {
			continue
		}
		seen[r.SID] = true
		err := client.DeleteRecording(ctx, r.AccountSID, r.SID)
		if err == nil || isGone(err) {
			gone = append(gone, r.SID)
			continue
		}
		e.keep("the recording "+r.SID+" of account "+r.AccountSID+" ("+err.Error()+")", recordingRemedy)
	}
	e.deleted = len(gone)
	ledger, err := e.open(ctx, e.cfg.Ledger)
	if err != nil {
		return err
	}
	return errors.Join(ledger.ForgetRecordings(ctx, gone...), ledger.Close())
}

const recordingRemedy = "delete it in Twilio's Console, Monitor, Logs, Call recordings"

// report says in plain words what was erased, and what was not.
func (e *erasure) report() error {
	var b strings.Builder
	b.WriteString(e.found())
	if l := e.ledger; l.OnLine > 0 {
		fmt.Fprintf(&b, "%d calls and messages of others went to that number, as one of your lines: they stay, and so do texts that name it.\n", l.OnLine)
	}
	for _, kept := range e.kept {
		fmt.Fprintf(&b, "Not erased: %s.\n", kept)
	}
	b.WriteString(e.unreachable())
	if err := e.w.say("%s", b.String()); err != nil {
		return err
	}
	if len(e.kept) > 0 {
		return fmt.Errorf("erase: %d things are left: see above", len(e.kept))
	}
	return nil
}

// found says what was erased. That there was nothing is no error: whoever erases
// twice, or in several folders, finds nothing in the end.
func (e *erasure) found() string {
	var b strings.Builder
	var all int64
	l := e.ledger
	for _, line := range []struct {
		n         int64
		one, many string
	}{
		{l.Failures, "call or message of theirs: numbers, every parameter, what they were told, what came back. That something failed is still counted", "calls and messages of theirs: numbers, every parameter, what they were told, what came back. That something failed is still counted"},
		{l.Mentions, "failure of somebody else, that named the number: the number", "failures of others, that named the number: the number"},
		{e.journal.rows, "row of the journal, by which a lost history is made again", "rows of the journal, by which a lost history is made again"},
		{l.Incidents, "incident, whose first or last caller they were", "incidents, whose first or last caller they were"},
		{l.Callbacks, "note about calling them back", "notes about calling them back"},
		{l.Texts, "alert or other text that named the number", "alerts and other texts that named the number"},
		{l.Answers, "TwiML document that no other caller was sent", "TwiML documents that no other caller was sent"},
		{int64(e.deleted), "recording at Twilio", "recordings at Twilio"},
	} {
		fmt.Fprintf(&b, "  %s\n", templates.Plural(line.n, line.one, line.many))
		all += line.n
	}
	switch {
	case all > 0:
		return fmt.Sprintf("Erased what was left by +%s in %s:\n%s", e.digits, e.cfg.DataDir, b.String())
	case l.OnLine > 0 || len(e.kept) > 0:
		return fmt.Sprintf("Nothing was erased of +%s in %s.\n", e.digits, e.cfg.DataDir)
	}
	return fmt.Sprintf("Nothing of +%s was found in %s: check the number, and whether DATA_DIR names the right folder.\n", e.digits, e.cfg.DataDir)
}

// unreachable is what no command of ours reaches, with what to do about it.
func (e *erasure) unreachable() string {
	text := `What this cannot reach:
- mails, chat messages, texts and calls that were sent already: alerts show numbers without their middle, unless privacy.mask_numbers or templates of your own say otherwise. Delete them where they arrived.
- backups that were made before: remove them, or restore them with this program only, which erases the same again.
- what Twilio keeps itself: logs of calls and messages, and what your own TwiML recorded. Delete those in its Console, by the number.
- logs of a reverse proxy and of your own servers. Backstop's own show numbers without their middle.
- what the disk keeps of blocks that were overwritten.
`
	if e.running {
		text += "- the memory of the Backstop that runs: requests whose signature did not match are shown for 24 hours; the last hour's callers are known by hashes. Restart it, and they are gone.\n"
	}
	return text
}
