package hours_test

import (
	"strings"
	"testing"
	"time"

	"github.com/backstop-project/backstop/recovery/hours"
)

func people(names ...string) (all []hours.PersonOptions) {
	for _, name := range names {
		name, open, _ := strings.Cut(name, "/")
		all = append(all, hours.PersonOptions{Name: name, To: "client:" + name, Hours: open})
	}
	return all
}

// onCall are the names of those who are to be called, "Anna Ben".
func onCall(t *testing.T, o hours.RosterOptions, at time.Time) string {
	t.Helper()
	r, mistakes := hours.NewRoster(o, map[string]*hours.Schedule{
		"days":   schedule(t, hours.Options{Open: []string{"daily 08:00-18:00"}}),
		"nights": schedule(t, hours.Options{Open: []string{"daily 18:00-08:00"}}),
	})
	if len(mistakes) > 0 {
		t.Fatalf("%+v", mistakes)
	}
	var names []string
	for _, p := range r.OnCall(at) {
		names = append(names, p.Name)
	}
	return strings.Join(names, " ")
}

func TestWhoIsOnCall(t *testing.T) {
	t.Parallel()
	three := people("Anna", "Ben", "Cleo")
	weekly := hours.RosterOptions{Zone: "Europe/Berlin", People: three, Rotate: "weekly", From: "2026-01-05", Handover: "09:00"}
	daily := hours.RosterOptions{Zone: "Europe/Berlin", People: three, Rotate: "daily", From: "2026-01-05"}
	for name, test := range map[string]struct {
		options  hours.RosterOptions
		at, want string
	}{
		"without turns in the list's order":           {hours.RosterOptions{People: three}, "2026-01-05 12:00", "Anna Ben Cleo"},
		"the first person first":                      {weekly, "2026-01-05 09:00", "Anna Ben Cleo"},
		"for a whole week":                            {weekly, "2026-01-12 08:59", "Anna Ben Cleo"},
		"then the second, and the others behind":      {weekly, "2026-01-12 09:00", "Ben Cleo Anna"},
		"then the third":                              {weekly, "2026-01-19 09:00", "Cleo Anna Ben"},
		"then the first again":                        {weekly, "2026-01-26 09:00", "Anna Ben Cleo"},
		"before the beginning, as if it went on":      {weekly, "2026-01-05 08:59", "Cleo Anna Ben"},
		"long before it":                              {weekly, "2025-12-22 08:59", "Anna Ben Cleo"},
		"daily from midnight":                         {daily, "2026-01-06 00:00", "Ben Cleo Anna"},
		"daily until midnight":                        {daily, "2026-01-05 23:59", "Anna Ben Cleo"},
		"weekly on Mondays where nothing else is":     {hours.RosterOptions{Zone: "Europe/Berlin", People: people("Anna", "Ben"), Rotate: "weekly"}, "2026-01-05 00:00", "Ben Anna"},
		"and until Sunday":                            {hours.RosterOptions{Zone: "Europe/Berlin", People: people("Anna", "Ben"), Rotate: "weekly"}, "2026-01-04 23:59", "Anna Ben"},
		"without whoever is not there":                {hours.RosterOptions{People: people("Anna/days", "Ben", "Cleo/nights")}, "2026-01-05T12:00:00Z", "Anna Ben"},
		"without whoever is on duty but not there":    {hours.RosterOptions{People: people("Anna/days", "Ben", "Cleo/nights")}, "2026-01-05T22:00:00Z", "Ben Cleo"},
		"nobody where nobody is there":                {hours.RosterOptions{People: people("Anna/days")}, "2026-01-05T22:00:00Z", ""},
		"whoever has two turns of four":               {hours.RosterOptions{People: people("Anna", "Ben", "Anna", "Cleo"), Rotate: "daily", From: "2026-01-05"}, "2026-01-07T12:00:00Z", "Anna Cleo Ben"},
		"by a calendar that skips an hour":            {daily, "2026-03-30 00:00", "Anna Ben Cleo"},
		"not an hour before it":                       {daily, "2026-03-29 23:59", "Cleo Anna Ben"},
		"by a calendar that has an hour twice":        {daily, "2026-10-26 00:00", "Anna Ben Cleo"},
		"not an hour before that":                     {daily, "2026-10-25 23:59", "Cleo Anna Ben"},
		"weekly at nine on the clock, in summer, too": {weekly, "2026-07-06 08:59", "Ben Cleo Anna"},
		"from nine on the clock":                      {weekly, "2026-07-06 09:00", "Cleo Anna Ben"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := onCall(t, test.options, moment(t, "Europe/Berlin", test.at)); got != test.want {
				t.Errorf("%s: got %q, want %q", test.at, got, test.want)
			}
		})
	}
}

// A handover that falls into the hour in which clocks are changed happens once.
func TestDutyIsHandedOverOnceWhenClocksAreChanged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ zone, handover, from, want string }{
		"at a time that is skipped":            {"Europe/Berlin", "02:30", "2026-03-29T00:30:00Z", "ABBB"},
		"at a time that comes twice":           {"Europe/Berlin", "02:30", "2026-10-25T00:00:00Z", "ABBBB"},
		"at the first of what comes twice":     {"Europe/Berlin", "02:00", "2026-10-24T23:30:00Z", "ABBBBB"},
		"at a time that New York skips":        {"America/New_York", "02:15", "2026-03-08T06:30:00Z", "ABBB"},
		"at a time that New York has twice":    {"America/New_York", "01:30", "2026-11-01T05:00:00Z", "ABBBB"},
		"at a time that Lord Howe skips":       {"Australia/Lord_Howe", "02:15", "2026-10-03T15:00:00Z", "ABB"},
		"at a time that Lord Howe has twice":   {"Australia/Lord_Howe", "01:45", "2026-04-04T14:30:00Z", "ABBB"},
		"at midnight that Cairo comes back to": {"Africa/Cairo", "00:00", "2026-10-29T20:30:00Z", "AAAB"},
		"before a midnight that comes twice":   {"Africa/Cairo", "23:30", "2026-10-29T20:00:00Z", "ABBBB"},
		"at a midnight that was taken back":    {"America/St_Johns", "00:00", "2010-11-07T02:00:00Z", "ABBBB"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := moment(t, test.zone, test.from)
			options := hours.RosterOptions{Zone: test.zone, People: people("A", "B"), Rotate: "daily", Handover: test.handover}
			if onCall(t, options, at)[:1] == "B" {
				options.People = people("B", "A")
			}
			var got strings.Builder
			for range test.want {
				got.WriteString(onCall(t, options, at)[:1])
				at = at.Add(30 * time.Minute)
			}
			if got.String() != test.want {
				t.Errorf("every half hour from %s: got %s, want %s", test.from, got.String(), test.want)
			}
		})
	}
}

// For years, everybody's turn begins once a day and lasts for a day.
func TestEverybodyHasTheirTurn(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo"} {
		options := hours.RosterOptions{Zone: zone, People: people("A", "B", "C"), Rotate: "daily", From: "2026-06-01", Handover: "01:30"}
		r, _ := hours.NewRoster(options, nil)
		last, since := r.OnCall(moment(t, zone, "2026-01-01 12:00"))[0].Name, time.Time{}
		for at := moment(t, zone, "2026-01-01 12:00"); at.Year() < 2028; at = at.Add(15 * time.Minute) {
			now := r.OnCall(at)[0].Name
			if now == last {
				continue
			}
			if want := string('A' + (last[0]-'A'+1)%3); now != want {
				t.Fatalf("%s, %s: got %s after %s, want %s", zone, at, now, last, want)
			}
			if took := at.Sub(since); !since.IsZero() && (took < 22*time.Hour || took > 26*time.Hour) {
				t.Errorf("%s: the turn before %s lasted %s", zone, at, took)
			}
			last, since = now, at
		}
	}
}

func TestMistakesInOnCallListsAreListed(t *testing.T) {
	t.Parallel()
	anna := people("Anna")
	for name, test := range map[string]struct {
		options   hours.RosterOptions
		key, want string
	}{
		"nobody":                           {hours.RosterOptions{}, "people", "is missing"},
		"somebody without a name":          {hours.RosterOptions{People: people("Anna", " ")}, "people[1].name", "is missing"},
		"hours that there are not":         {hours.RosterOptions{People: people("Anna/weekends")}, "people[0].hours", "is no name of hours"},
		"no zone":                          {hours.RosterOptions{People: anna, Zone: "Mars/Olympus"}, "zone", "is no time zone"},
		"turns of another length":          {hours.RosterOptions{People: anna, Rotate: "monthly"}, "rotate", "is no way to take turns"},
		"a handover without turns":         {hours.RosterOptions{People: anna, Handover: "09:00"}, "rotate", "is missing, without which from and handover mean nothing"},
		"a beginning without turns":        {hours.RosterOptions{People: anna, From: "2026-01-05"}, "rotate", "is missing, without which from and handover mean nothing"},
		"a beginning that is no date":      {hours.RosterOptions{People: anna, Rotate: "daily", From: "monday"}, "from", "is no date"},
		"a beginning of each year":         {hours.RosterOptions{People: anna, Rotate: "daily", From: "01-05"}, "from", "is no date"},
		"a handover at no time":            {hours.RosterOptions{People: anna, Rotate: "daily", Handover: "9"}, "handover", "is no time of day"},
		"a handover at the end of the day": {hours.RosterOptions{People: anna, Rotate: "daily", Handover: "24:00"}, "handover", "is no time of day"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, mistakes := hours.NewRoster(test.options, map[string]*hours.Schedule{"days": nil})
			if len(mistakes) != 1 || mistakes[0].Key != test.key || mistakes[0].Problem != test.want || mistakes[0].Remedy == "" {
				t.Errorf("got %+v, want one: %s %s", mistakes, test.key, test.want)
			}
		})
	}
}
