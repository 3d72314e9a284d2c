package hours_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/hours"
)

// FuzzHours gives New any entries. What it takes means what it says for people,
// and what it refuses it says how to mend.
func FuzzHours(f *testing.F) {
	for _, seed := range [][2]string{
		{"mon-fri 08:00-18:00", "12-25"},
		{"mon,wed 22:00-06:00", "2026-12-24..2027-01-01"},
		{"daily 00:00-24:00", "2026-12-24 08:00-12:00"},
		{"fri - mon 8:00–12:00, 13:00-17:00", "12-24 .. 01-01 22:00-02:00"},
		{"", "02-29"},
		{"mon-", ".."},
		{"-- --", "0000-01-01"},
		{"mon \xff", "9999-12-31..9999-12-31"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, open, holiday string) {
		s, mistakes := hours.New(hours.Options{Open: []string{open}, Holidays: []string{holiday}})
		for _, m := range mistakes {
			if m.Key == "" || m.Problem == "" || m.Remedy == "" {
				t.Errorf("a mistake that helps nobody: %+v", m)
			}
		}
		if _, mistakes = hours.New(hours.Options{Open: []string{open}}); len(mistakes) > 0 {
			return
		}
		written, _, _ := strings.Cut(s.String(), ";")
		plain, again := schedule(t, hours.Options{Open: []string{open}}), schedule(t, hours.Options{Open: []string{written}})
		ever := false
		for minute := range 7 * 24 * 60 {
			at := time.Date(2026, 1, 5, 0, minute, 0, 0, time.UTC)
			ever = ever || plain.Open(at)
			if plain.Open(at) != again.Open(at) {
				t.Fatalf("%q is written %q, and they differ at %s", open, written, at)
			}
		}
		if !ever {
			t.Errorf("%q is never open", open)
		}
	})
}
