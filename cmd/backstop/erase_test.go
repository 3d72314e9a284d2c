package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/twilio/sim"
)

// Whom these tests erase, and who stays.
const (
	erasedNumber = "+4930123456789"
	stays        = "+4930123456780"
	theLine      = "+18005551212"
)

// erase erases somebody, and returns what was said.
func erase(t *testing.T, env settings, number string) string {
	t.Helper()
	code, printed, complained := command(t, env, nil, "erase", "--number", number)
	if code != 0 {
		t.Fatalf("ended with %d: %s%s", code, printed, complained)
	}
	return printed
}

// traces are where the number stands in the files of a folder: as text, and as
// the ledger keeps numbers.
func traces(t *testing.T, dir, number string) (found []string) {
	t.Helper()
	digits := strings.TrimPrefix(number, "+")
	var n int64
	if _, err := fmt.Sscan(digits, &n); err != nil {
		t.Fatal(err)
	}
	packed, err := hex.DecodeString(fmt.Sprintf("%012x", n)) // SQLite's six bytes
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, []byte(digits)) || bytes.Contains(raw, packed) {
			found = append(found, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// twilioWithRecordings deletes recordings, or refuses to.
type twilioWithRecordings struct {
	*httptest.Server
	mu      sync.Mutex
	refuses bool
	deleted []string
}

func newTwilioWithRecordings(t *testing.T) *twilioWithRecordings {
	t.Helper()
	api := &twilioWithRecordings{}
	api.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.mu.Lock()
		defer api.mu.Unlock()
		user, password, _ := r.BasicAuth()
		switch {
		case user != accountSID || password != authToken:
			w.WriteHeader(http.StatusUnauthorized)
		case api.refuses || r.Method != http.MethodDelete:
			w.WriteHeader(http.StatusInternalServerError)
		default:
			api.deleted = append(api.deleted, strings.TrimSuffix(filepath.Base(r.URL.Path), ".json"))
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	t.Cleanup(api.Close)
	return api
}

// livesOfTwo has two people call and write in every way there is, and somebody
// note something about each.
func livesOfTwo(t *testing.T, p *program) (theirs, others []string) {
	t.Helper()
	voicemail := sim.Script{Dials: []sim.DialOutcome{sim.Busy(), sim.NoAnswer()}, Records: []sim.Recording{{Length: 12 * time.Second, EndedBy: "#"}}}
	for _, number := range []string{stays, erasedNumber} {
		var sids []string
		for _, c := range []sim.Call{
			{From: number, Script: voicemail},
			{From: number, ErrorURL: "https://www.example.com/voice?caller=" + strings.TrimPrefix(number, "+")},
			{From: "sip:" + strings.TrimPrefix(number, "+") + "@sip.example.com"},
			{To: number, From: theLine, Situation: sim.Outbound},
		} {
			sids = append(sids, p.call(c).SID)
		}
		for _, from := range []string{number, "whatsapp:" + number} {
			sids = append(sids, p.message(sim.Message{From: from, Body: "please call me at " + number}).SID)
		}
		if number == stays {
			others = append(sids, p.call(sim.Call{From: "+15005550006", Changes: sim.Changes{Set: sim.Params{{Name: "ForwardedFrom", Value: erasedNumber}}}}).SID)
		} else {
			theirs = sids
		}
	}
	p.settle()
	return theirs, others
}

// detailsOf are all that the ledger of a folder that is not open has.
func detailsOf(t *testing.T, dir string) map[string]history.Detail {
	t.Helper()
	l, err := store.OpenLedger(t.Context(), filepath.Join(dir, ledgerFile), store.LedgerOptions{Policy: incident.DefaultPolicy()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	all := map[string]history.Detail{}
	for _, row := range rowsOf(t, l) {
		d, err := l.Failure(t.Context(), row.ID)
		if err != nil {
			t.Fatal(err)
		}
		all[row.SID] = d
	}
	return all
}

// judgeErased says whether those of one are gone, and those of others are whole.
func judgeErased(t *testing.T, dir string, theirs, others []string) {
	t.Helper()
	if left := traces(t, dir, erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
	all := detailsOf(t, dir)
	for _, sid := range theirs {
		if d := all[sid]; !d.Erased || d.From != "" || d.To != "" || d.Answer.Heard != "" || len(d.Answer.Document) > 0 {
			t.Errorf("of %s there is: %+v", sid, d)
		}
	}
	for _, sid := range others {
		d := all[sid]
		if d.Erased || d.From == "" || d.Answer.Heard == "" {
			t.Errorf("of somebody else's %s there is: %+v", sid, d)
		}
		for _, param := range d.Params {
			if strings.Contains(param.Value, strings.TrimPrefix(erasedNumber, "+")) {
				t.Errorf("somebody else's %s names them: %s", sid, param.Value)
			}
		}
	}
	judgeIntact(t, filepath.Join(dir, journalFile), filepath.Join(dir, ledgerFile))
}

func TestACallerIsErasedEverywhereWhileBackstopRuns(t *testing.T) {
	t.Parallel()
	mails, api := newMailServer(t), newTwilioWithRecordings(t)
	env := withPeople(t, configured(t).with(mails.settings()), api.URL)
	p := spawn(t, env)
	theirs, others := livesOfTwo(t, p)
	if len(traces(t, p.dir, erasedNumber)) == 0 {
		t.Fatal("the number stands nowhere: this test looks in the wrong place")
	}
	said := erase(t, env, erasedNumber)
	if left := traces(t, p.dir, erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
	for _, want := range []string{"6 calls and messages of theirs", "1 failure of somebody else", "3 recordings at Twilio", "What this cannot reach", "backups that were made before", "The memory of the Backstop that runs"} {
		if !strings.Contains(strings.ToLower(said), strings.ToLower(want)) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	if len(api.deleted) != 3 {
		t.Errorf("Twilio deleted %q, want the three of theirs", api.deleted)
	}
	after := p.call(sim.Call{From: erasedNumber}).SID // what comes later is theirs anew
	p.settle()
	if again := erase(t, env, "whatsapp:"+erasedNumber); !strings.Contains(again, "1 call or message of theirs") {
		t.Errorf("of one call after it:\n%s", again)
	}
	p.end()
	judgeErased(t, p.dir, append(theirs, after), others)
}

func TestACallerIsErasedWhileBackstopIsStoppedAndWhatWasNotFiledYetToo(t *testing.T) {
	t.Parallel()
	api := newTwilioWithRecordings(t)
	env := withPeople(t, configured(t), api.URL)
	p := spawn(t, env)
	theirs, others := livesOfTwo(t, p)
	release := locked(t, p.path(ledgerFile)) // what comes now stays in the journal
	late := p.call(sim.Call{From: erasedNumber}).SID
	p.kill()
	release()
	said := erase(t, env, erasedNumber)
	if strings.Contains(said, "memory of the Backstop") {
		t.Errorf("of one that is stopped it says:\n%s", said)
	}
	if left := traces(t, p.dir, erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
	p = spawn(t, env)
	p.settle()
	p.end()
	judgeErased(t, p.dir, append(theirs, late), others)
}

func TestWhatTwilioDoesNotDeleteIsNamedWithItsRemedy(t *testing.T) {
	t.Parallel()
	api := newTwilioWithRecordings(t)
	api.refuses = true
	env := withPeople(t, configured(t), api.URL)
	p := spawn(t, env)
	livesOfTwo(t, p)
	code, printed, complained := command(t, env, nil, "erase", "--number", erasedNumber)
	if code != exitFailed || !strings.Contains(printed, "Not erased: the recording RE") || !strings.Contains(printed, "delete it in Twilio's Console") {
		t.Errorf("ended with %d: %s%s", code, printed, complained)
	}
	if left := traces(t, p.dir, erasedNumber); len(left) > 0 {
		t.Errorf("the number stands in %q", left)
	}
}

func TestANumberOfWhichNothingIsThereIsToBeChecked(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.call(sim.Call{From: stays})
	p.settle()
	said := erase(t, env, erasedNumber)
	if !strings.HasPrefix(said, "Nothing of "+erasedNumber+" was found in "+p.dir+": check the number") || strings.Contains(said, "Erased") {
		t.Errorf("of a number that never called it says:\n%s", said)
	}
	if said := erase(t, env, stays); !strings.HasPrefix(said, "Erased what was left by "+stays) {
		t.Errorf("of one that called it says:\n%s", said)
	}
	if said := erase(t, env, stays); !strings.HasPrefix(said, "Nothing of "+stays+" was found") {
		t.Errorf("of one that was erased before it says:\n%s", said)
	}
}

func TestALineOfOnesOwnIsNobodyToBeErased(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	sid := p.call(sim.Call{From: stays, To: theLine}).SID
	p.settle()
	said := erase(t, env, theLine)
	if !strings.Contains(said, "of others went to that number") {
		t.Errorf("it says\n%s", said)
	}
	p.end()
	if d := detailsOf(t, p.dir)[sid]; d.From != stays || d.To != theLine || d.Erased {
		t.Errorf("of the call to it there is %+v", d)
	}
	known := env.withFile(t, "lines: [{match: '"+theLine+"'}]")
	code, _, complained := command(t, known, nil, "erase", "--number", theLine)
	if code != exitFailed || !strings.Contains(complained, "is a line of yours") {
		t.Errorf("of a configured line it ended with %d: %s", code, complained)
	}
}

func TestWhoIsToBeErasedIsNamedByAWholeNumber(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.settle()
	p.end()
	for _, number := range []string{"", "anna", "030 123456", "4158675310", "12345", "+1", "+49301234567890123", "client:anna", "messenger:4930123456"} {
		code, _, complained := command(t, env, nil, "erase", "--number", number)
		if code != exitFailed || !strings.Contains(complained, "with its country code") {
			t.Errorf("%q: ended with %d: %s", number, code, complained)
		}
	}
	code, _, complained := command(t, configured(t), nil, "erase", "--number", erasedNumber)
	if code != exitFailed || !strings.Contains(complained, "DATA_DIR names another folder") {
		t.Errorf("in an empty folder: ended with %d: %s", code, complained)
	}
}

func TestWhatWasMovedAsideIsErasedTooOrNamed(t *testing.T) {
	t.Parallel()
	env := configured(t)
	p := spawn(t, env)
	p.call(sim.Call{From: erasedNumber})
	p.settle()
	folder := backup(t, env)
	p.end()
	restored(t, env, folder)
	damaged := filepath.Join(p.dir, ledgerFile+".20260101T000000Z.aside")
	write(t, damaged, "no database, and "+erasedNumber)
	code, printed, complained := command(t, env, nil, "erase", "--number", erasedNumber)
	if code != exitFailed || !strings.Contains(printed, "Not erased: "+damaged) || strings.Count(printed, "Not erased") != 2 {
		t.Errorf("ended with %d: %s%s", code, printed, complained)
	}
	if left := traces(t, p.dir, erasedNumber); !slices.Equal(left, []string{filepath.Base(damaged)}) {
		t.Errorf("the number stands in %q", left)
	}
}
