package hours_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery/hours"
)

// told is a moment as tables have it; "never" for none.
func told(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return at.Format("2006-01-02 15:04 -0700")
}

func TestHowLongAPlaceStaysAsItIs(t *testing.T) {
	t.Parallel()
	const berlin = "Europe/Berlin"
	office := hours.Options{Zone: berlin, Open: []string{"mon-fri 08:00-12:00 13:00-18:00"}, Holidays: []string{"12-25..12-26", "2026-12-24 08:00-10:00"}}
	night := hours.Options{Zone: berlin, Open: []string{"daily 22:00-06:00"}}
	always := hours.Options{Zone: berlin, Open: []string{"daily 00:00-24:00"}}
	split := hours.Options{Zone: berlin, Open: []string{"daily 08:00-12:00 12:00-18:00"}}
	early := hours.Options{Zone: berlin, Open: []string{"sun 02:15-02:45"}}
	for name, test := range map[string]struct {
		options  hours.Options
		at, want string
	}{
		"open until it closes":                    {office, "2026-01-05 08:00", "2026-01-05 12:00 +0100"},
		"to the last second":                      {office, "2026-01-05T10:59:59.999999999Z", "2026-01-05 12:00 +0100"},
		"closed until it opens":                   {office, "2026-01-05 12:00", "2026-01-05 13:00 +0100"},
		"closed over the weekend":                 {office, "2026-01-09 18:00", "2026-01-12 08:00 +0100"},
		"hours that meet are one":                 {split, "2026-01-05 09:00", "2026-01-05 18:00 +0100"},
		"over midnight":                           {night, "2026-01-05 23:00", "2026-01-06 06:00 +0100"},
		"a holiday with its own hours":            {office, "2026-12-24 08:30", "2026-12-24 10:00 +0100"},
		"over holidays and a weekend":             {office, "2026-12-24 10:00", "2026-12-28 08:00 +0100"},
		"for ever":                                {always, "2026-01-05 08:00", "never"},
		"until a holiday of a year ahead":         {hours.Options{Zone: berlin, Open: always.Open, Holidays: []string{"2027-01-05"}}, "2026-01-05 08:00", "2027-01-05 00:00 +0100"},
		"longer than anybody looks":               {hours.Options{Zone: berlin, Open: always.Open, Holidays: []string{"2029-01-05"}}, "2026-01-05 08:00", "never"},
		"through the hour that is skipped":        {night, "2026-03-28 23:00", "2026-03-29 06:00 +0200"},
		"through the hour that comes twice":       {night, "2026-10-24 23:00", "2026-10-25 06:00 +0100"},
		"hours that are skipped come a week late": {early, "2026-03-29 01:00", "2026-04-05 02:15 +0200"},
		"hours that come twice, the first time":   {early, "2026-10-25T00:15:00Z", "2026-10-25 02:45 +0200"},
		"and closed between them":                 {early, "2026-10-25T00:45:00Z", "2026-10-25 02:15 +0100"},
		"by the clock of the place":               {office, "2026-01-05T00:00:00-05:00", "2026-01-05 08:00 +0100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := moment(t, berlin, test.at)
			if got := told(schedule(t, test.options).Until(at)); got != test.want {
				t.Errorf("from %s: got %s, want %s", test.at, got, test.want)
			}
		})
	}
}

// Step by step, nothing changes before it is said to, and then it does.
func TestNothingChangesBeforeItIsSaidTo(t *testing.T) {
	t.Parallel()
	const step = 5 * time.Minute // all that may change is at a multiple of it
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Africa/Cairo"} {
		s := schedule(t, hours.Options{Zone: zone, Open: []string{"daily 23:30-01:45", "daily 02:00-02:15", "mon-fri 09:00-17:00"}, Holidays: []string{"10-04", "11-01 00:00-03:00"}})
		r, _ := hours.NewRoster(hours.RosterOptions{Zone: zone, People: people("A", "B/s", "C"), Rotate: "daily", Handover: "02:10"}, map[string]*hours.Schedule{"s": s})
		for _, month := range []time.Month{time.March, time.April, time.October, time.November} {
			at := time.Date(2026, month, 1, 0, 0, 0, 0, time.UTC)
			open, people := s.Until(at), r.Until(at)
			for end := at.AddDate(0, 0, 31); at.Before(end); at = at.Add(step) {
				next := at.Add(step)
				if changes := s.Open(next) != s.Open(at); changes != open.Equal(next) {
					t.Fatalf("%s: at %s it changes: %t; said for %s", zone, next, changes, open)
				}
				if changes := !cmp.Equal(r.OnCall(next), r.OnCall(at)); changes != people.Equal(next) {
					t.Fatalf("%s: at %s others are on call: %t; said for %s", zone, next, changes, people)
				}
				if open.Equal(next) {
					open = s.Until(next)
				}
				if people.Equal(next) {
					people = r.Until(next)
				}
			}
		}
	}
}

func TestHowLongSomebodyIsOnCall(t *testing.T) {
	t.Parallel()
	weekly := hours.RosterOptions{Zone: "Europe/Berlin", Rotate: "weekly", From: "2026-01-05", Handover: "09:00"}
	with := func(o hours.RosterOptions, names ...string) hours.RosterOptions {
		o.People = people(names...)
		return o
	}
	for name, test := range map[string]struct {
		options  hours.RosterOptions
		at, want string
	}{
		"until the next one takes over":          {with(weekly, "Anna", "Ben"), "2026-01-05 09:00", "2026-01-12 09:00 +0100"},
		"one who takes over from nobody else":    {with(weekly, "Anna"), "2026-01-05 09:00", "never"},
		"without turns for ever":                 {hours.RosterOptions{People: people("Anna", "Ben")}, "2026-01-05 09:00", "never"},
		"until somebody behind comes to work":    {with(weekly, "Anna", "Ben/days"), "2026-01-07T00:00:00Z", "2026-01-07 09:00 +0100"},
		"until whoever is first goes home":       {with(weekly, "Anna/days", "Ben"), "2026-01-07T09:00:00Z", "2026-01-07 19:00 +0100"},
		"nobody until somebody comes":            {hours.RosterOptions{People: people("Anna/days")}, "2026-01-05T22:00:00Z", "2026-01-06 08:00 +0000"},
		"a handover at a time that is skipped":   {hours.RosterOptions{Zone: "Europe/Berlin", Rotate: "daily", Handover: "02:30", People: people("A", "B")}, "2026-03-28 12:00", "2026-03-29 03:00 +0200"},
		"a handover at a time that comes twice":  {hours.RosterOptions{Zone: "Europe/Berlin", Rotate: "daily", Handover: "02:30", People: people("A", "B")}, "2026-10-24 12:00", "2026-10-25 02:30 +0200"},
		"and not again when it comes once more":  {hours.RosterOptions{Zone: "Europe/Berlin", Rotate: "daily", Handover: "02:30", People: people("A", "B")}, "2026-10-25T00:30:00Z", "2026-10-26 02:30 +0100"},
		"two turns in a row of the same are one": {hours.RosterOptions{Rotate: "daily", From: "2026-01-05", People: people("A", "A", "A")}, "2026-01-05T12:00:00Z", "never"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := hours.NewRoster(test.options, map[string]*hours.Schedule{"days": schedule(t, hours.Options{Open: []string{"daily 08:00-18:00"}})})
			if got := told(r.Until(moment(t, "Europe/Berlin", test.at))); got != test.want {
				t.Errorf("from %s: got %s, want %s", test.at, got, test.want)
			}
		})
	}
}

func TestTheNextHolidaysAreTold(t *testing.T) {
	t.Parallel()
	options := hours.Options{Zone: "Europe/Berlin", Open: []string{"daily 08:00-18:00"}, Holidays: []string{"2026-12-24 08:00-12:00 14:00-15:00", "12-25", "12-26", "12-30..01-01", "05-01", "2025-07-01"}}
	for name, test := range map[string]struct {
		at   string
		want []string
	}{
		"over New Year":             {"2026-12-01 12:00", []string{"Thu 2026-12-24, open 08:00-12:00 14:00-15:00", "Fri 2026-12-25 to Sat 2026-12-26", "Wed 2026-12-30 to Fri 2027-01-01"}},
		"what is left of one":       {"2026-12-31 23:59", []string{"Thu 2026-12-31 to Fri 2027-01-01", "Sat 2027-05-01", "Sat 2027-12-25 to Sun 2027-12-26"}},
		"by the calendar out there": {"2026-12-25T23:30:00Z", []string{"Sat 2026-12-26", "Wed 2026-12-30 to Fri 2027-01-01", "Sat 2027-05-01"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, days := range schedule(t, options).Holidays(moment(t, "Europe/Berlin", test.at), 3) {
				got = append(got, days.String())
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}
