package act_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/act"
)

var now = time.Date(2026, 11, 23, 3, 12, 45, 0, time.UTC)

func deed() act.Deed {
	return act.Deed{Way: act.ByMail, Ledger: "ledger1", Incident: 42, Action: act.Mute, Recipient: "anna@example.com", Until: now.Add(act.LinkFor)}
}

func TestWhatIsSealedIsOpened(t *testing.T) {
	t.Parallel()
	seal := act.NewSeal("secret")
	forever := deed()
	forever.Until = time.Time{}
	for name, d := range map[string]act.Deed{"with an end": deed(), "without an end": forever, "of nobody": {Way: act.ByCall, Incident: 1}} {
		got, err := seal.Open(d.Way, seal.Token(d), now)
		if err != nil || cmp.Diff(d, got) != "" {
			t.Errorf("%s: got %+v, %v, want %+v", name, got, err, d)
		}
	}
}

func TestALinkDoesNothingButWhatItWasMadeFor(t *testing.T) {
	t.Parallel()
	seal := act.NewSeal("secret")
	token := seal.Token(deed())
	for name, c := range map[string]struct {
		seal  *act.Seal
		way   act.Way
		token string
		now   time.Time
		want  error
	}{
		"a link of another key":          {act.NewSeal("other"), act.ByMail, token, now, act.ErrForeign},
		"a link as a button":             {seal, act.BySlack, token, now, act.ErrForeign},
		"a link after 72 hours":          {seal, act.ByMail, token, now.Add(act.LinkFor), act.ErrExpired},
		"a link a second before its end": {seal, act.ByMail, token, now.Add(act.LinkFor - time.Second), nil},
		"half a link":                    {seal, act.ByMail, token[:len(token)/2], now, act.ErrForeign},
		"nothing":                        {seal, act.ByMail, "", now, act.ErrForeign},
		"far too much":                   {seal, act.ByMail, strings.Repeat("A", 1<<20), now, act.ErrForeign},
	} {
		if _, err := c.seal.Open(c.way, c.token, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	for i := range len(token) {
		changed := []byte(token)
		changed[i] ^= 1
		if _, err := seal.Open(act.ByMail, string(changed), now); err == nil {
			t.Errorf("a link with another character at %d was opened", i)
		}
	}
}

func TestAFieldWithoutRoomYieldsNoLink(t *testing.T) {
	t.Parallel()
	d := deed()
	d.Recipient = strings.Repeat("a", 256)
	if got := act.NewSeal("secret").Token(d); got != "" {
		t.Errorf("got %q", got)
	}
}

func TestACodeIsOfOneIncidentAndOnePerson(t *testing.T) {
	t.Parallel()
	seal := act.NewSeal("secret")
	code := seal.Code("ledger1", 42, "+15550123")
	if len(code) != 6 || !seal.IsCode(code, "ledger1", 42, "+15550123") {
		t.Errorf("got %q", code)
	}
	for name, is := range map[string]bool{
		"another incident": seal.IsCode(code, "ledger1", 43, "+15550123"), "another person": seal.IsCode(code, "ledger1", 42, "+15550124"),
		"another ledger": seal.IsCode(code, "ledger2", 42, "+15550123"), "no code": seal.IsCode("", "ledger1", 42, "+15550123"),
		"another key": act.NewSeal("other").IsCode(code, "ledger1", 42, "+15550123"),
	} {
		if is {
			t.Errorf("%s has the same code", name)
		}
	}
}

func TestRepliesAreRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]struct {
		code string
		a    act.Action
		ok   bool
	}{
		"123456":                 {"123456", act.Acknowledge, true},
		" 123456.\n":             {"123456", act.Acknowledge, true},
		"123456 mute":            {"123456", act.Mute, true},
		"123456 MUTE!":           {"123456", act.Mute, true},
		"Resolve 123456":         {"123456", act.Resolve, true},
		"123456 3":               {"123456", act.Resolve, true},
		"000000 ok":              {"000000", act.Acknowledge, true},
		"12345":                  {},
		"1234567":                {},
		"123456 654321":          {},
		"123456 mute resolve":    {},
		"123456 delete all":      {},
		"mute":                   {},
		"STOP":                   {},
		"":                       {},
		"١٢٣٤٥٦":                 {},
		"123456 my cat says hi":  {},
		strings.Repeat("1", 999): {},
	} {
		code, a, ok := act.ReadReply(body)
		if ok != want.ok || ok && (code != want.code || a != want.a) {
			t.Errorf("%q: got %q, %s, %v", body, code, a, ok)
		}
	}
}

func TestKeysMeanWhatTheCallSays(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]act.Action{"1": act.Acknowledge, "2": act.Mute, "3": act.Resolve, "4": 0, "0": 0, "": 0, "11": 0, "#": 0} {
		if got, ok := act.ByKey(key); got != want || ok != (want != 0) {
			t.Errorf("%q: got %s", key, got)
		}
	}
}

func TestGuessesAreBounded(t *testing.T) {
	t.Parallel()
	g := act.NewGuesses()
	for i := range 5 {
		if !g.Take("+15550123", now) {
			t.Fatalf("guess %d was refused", i)
		}
	}
	if g.Take("+15550123", now.Add(59*time.Minute)) {
		t.Error("a sixth guess within the hour was let through")
	}
	if !g.Take("+15550124", now) {
		t.Error("somebody else may not guess")
	}
	if !g.Take("+15550123", now.Add(time.Hour)) {
		t.Error("an hour later there is no guess")
	}
	for range 20 {
		if !g.Take("+15550125", now) {
			t.Fatal("who is right is stopped")
		}
		g.Right("+15550125")
	}
}

func FuzzOpen(f *testing.F) {
	seal := act.NewSeal("secret")
	token := seal.Token(deed())
	f.Add(token)
	f.Add("")
	f.Add(token + "=")
	f.Fuzz(func(t *testing.T, said string) {
		d, err := seal.Open(act.ByMail, said, now)
		if err == nil && (said != token || cmp.Diff(deed(), d) != "") {
			t.Errorf("opened %q as %+v", said, d)
		}
	})
}

func FuzzReadReply(f *testing.F) {
	f.Add("123456 mute")
	f.Add("\x00123456\xff")
	f.Fuzz(func(t *testing.T, body string) {
		code, a, ok := act.ReadReply(body)
		if ok && (len(code) != 6 || !strings.Contains(body, code) || a < act.Acknowledge || a > act.Resolve) {
			t.Errorf("%q: got %q, %s", body, code, a)
		}
	})
}
