package replay_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/replay"
)

func TestAPageSaysWhyAMessageCannotBeSent(t *testing.T) {
	t.Parallel()
	l := openLedger(t, ledgerPath(t))
	feed(t, l, message(1, "Stop"))
	whole := failure(t, l, message(1, "Stop"))
	for name, c := range map[string]struct {
		change   func(*history.Detail)
		settings func(*replay.Settings)
		want     string
	}{
		"a message":                        {func(*history.Detail) {}, nil, ""},
		"a call":                           {func(d *history.Detail) { d.Channel = incident.Voice }, nil, "it is no message"},
		"a drill":                          {func(d *history.Detail) { d.Drill = true }, nil, "a drill"},
		"an address of ours":               {func(d *history.Detail) { d.Itself = true }, nil, "Backstop's own"},
		"erased":                           {func(d *history.Detail) { d.Erased = true }, nil, "because of their age"},
		"kept under overload":              {func(d *history.Detail) { d.Slim = true }, nil, "only some of its parameters"},
		"a body that was not kept":         {func(d *history.Detail) { d.Dropped = true }, nil, "privacy.keep_body"},
		"perhaps a body that was not kept": {func(d *history.Detail) { d.Token = "" }, func(s *replay.Settings) { s.Drops = true }, "nobody noted"},
		"another server":                   {func(d *history.Detail) { d.ErrorURL = "https://evil.example/sms" }, nil, "none of the servers"},
		"no address":                       {func(d *history.Detail) { d.ErrorURL = "" }, nil, "named no address"},
		"no primaries":                     {func(*history.Detail) {}, func(s *replay.Settings) { s.Primaries = nil }, "none of the servers"},
		"another account":                  {func(d *history.Detail) { d.AccountSID = "AC00000000000000000000000000000002" }, nil, "no auth token"},
	} {
		d, s := whole, settings(t)
		c.change(&d)
		if c.settings != nil {
			c.settings(&s)
		}
		j := s.Judge(d)
		if c.want == "" && j.Why != "" || !strings.Contains(j.Why, c.want) {
			t.Errorf("%s: got %q", name, j.Why)
		}
		if c.want == "" && (j.Server != primary || !j.OptOut || len(j.Notes) != 0) {
			t.Errorf("%s: got %+v", name, j)
		}
	}
}

func TestAPageSaysWhatToKnowBeforeSending(t *testing.T) {
	t.Parallel()
	l := openLedger(t, ledgerPath(t))
	feed(t, l, message(1, "hello", func(f *incident.Failure) { f.Token = "" }))
	d := failure(t, l, message(1, "hello"))
	d.Outcome = incident.Saved
	j := settings(t).Judge(d)
	if got := strings.Join(j.Notes, " "); j.Why != "" || !j.Served || j.OptOut || !strings.Contains(got, "standby server has had it") || !strings.Contains(got, "token was not kept") {
		t.Errorf("got %+v", j)
	}
}

// What was written down before tokens were kept gets one that stays the same.
func TestAMessageWithoutATokenIsSentWithOneMadeFromItsID(t *testing.T) {
	t.Parallel()
	path := ledgerPath(t)
	synctest.Test(t, func(t *testing.T) {
		l := openLedger(t, path)
		e := message(1, "hello", func(f *incident.Failure) { f.Token = "" })
		feed(t, l, e)
		ask(t, l, e)
		to := &server{}
		r := work(t, l, settings(t), to)
		time.Sleep(time.Second)
		r.halt()
		if !slices.Equal(to.tokens, []string{e.Failure.ID.String()}) {
			t.Errorf("got %q", to.tokens)
		}
	})
}
