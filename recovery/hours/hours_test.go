package hours_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // whatever machine this runs on

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery/hours"
)

func schedule(tb testing.TB, o hours.Options) *hours.Schedule {
	tb.Helper()
	s, mistakes := hours.New(o)
	if len(mistakes) > 0 {
		tb.Fatalf("%+v: %+v", o, mistakes)
	}
	return s
}

// moment reads "2026-01-05 08:00", a time in that zone, or an exact one.
func moment(tb testing.TB, zone, text string) time.Time {
	tb.Helper()
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		tb.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", text, location)
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

func TestAPlaceIsOpen(t *testing.T) {
	t.Parallel()
	const berlin = "Europe/Berlin"
	office := hours.Options{Zone: berlin, Open: []string{"mon-fri 08:00-12:00 13:00-18:00", "sat 09:00-12:00"}}
	night := hours.Options{Zone: berlin, Open: []string{"mon,wed 22:00-06:00"}, Holidays: []string{"2026-01-07", "2026-01-13"}}
	holidays := hours.Options{
		Zone: berlin, Open: []string{"daily 08:00-18:00"},
		Holidays: []string{"12-24 08:00-12:00", "2026-12-30 20:00-02:00", "12-25", "2026-12-28..2027-01-01", "06-30..07-02 10:00-11:00 12:00-13:00", "02-29", "12-31..01-02"},
	}
	for name, test := range map[string]struct { // 2026-01-05 is a Monday
		options hours.Options
		at      string
		want    bool
	}{
		"on the minute":                             {office, "2026-01-05 08:00", true},
		"not the minute before":                     {office, "2026-01-05 07:59", false},
		"not at the end":                            {office, "2026-01-05 12:00", false},
		"until the last minute":                     {office, "2026-01-05 11:59", true},
		"not at lunch":                              {office, "2026-01-05 12:30", false},
		"after lunch":                               {office, "2026-01-05 13:00", true},
		"to Friday":                                 {office, "2026-01-09 17:59", true},
		"on Saturday shorter":                       {office, "2026-01-10 13:30", false},
		"not on Sunday":                             {office, "2026-01-11 10:00", false},
		"by the place's clock and not another's":    {office, "2026-01-05T07:00:00Z", true},
		"on the day that it is there":               {office, "2026-01-04T22:30:00-12:00", true},
		"in the evening":                            {night, "2026-01-05 23:59", true},
		"past midnight, on a day that has no hours": {night, "2026-01-06 05:59", true},
		"not at the end of the night":               {night, "2026-01-06 06:00", false},
		"not in the night to a day with hours":      {night, "2026-01-05 01:00", false},
		"not in the night after a holiday":          {night, "2026-01-08 01:00", false},
		"in the night to a holiday":                 {night, "2026-01-13 01:00", true},
		"not on a holiday of each year":             {holidays, "2031-12-25 10:00", false},
		"on a holiday with hours":                   {holidays, "2026-12-24 11:59", true},
		"only in those":                             {holidays, "2026-12-24 12:00", false},
		"on a holiday of one year, another year":    {holidays, "2027-12-30 10:00", true},
		"on the first of two entries for a day":     {holidays, "2026-12-30 20:00", true},
		"past midnight of a holiday":                {holidays, "2026-12-31 01:59", true},
		"not on the first day of several":           {holidays, "2026-12-28 10:00", false},
		"not on the last day of several":            {holidays, "2027-01-01 10:00", false},
		"not over New Year of each year":            {holidays, "2030-01-02 10:00", false},
		"the day after":                             {holidays, "2030-01-03 10:00", true},
		"in the second hours of several days":       {holidays, "2026-07-01 12:30", true},
		"not between them":                          {holidays, "2026-07-02 11:30", false},
		"not on the day in a leap year":             {holidays, "2028-02-29 10:00", false},
		"the day before that, each year":            {holidays, "2027-02-28 10:00", true},
		"all day":                                   {hours.Options{Open: []string{"daily 00:00-24:00"}}, "2026-01-05T23:59:59Z", true},
		"until midnight":                            {hours.Options{Open: []string{"mon 22:00-00:00"}}, "2026-01-05T23:59:59Z", true},
		"not past it":                               {hours.Options{Open: []string{"mon 22:00-00:00"}}, "2026-01-06T00:00:00Z", false},
		"over the end of the week":                  {hours.Options{Open: []string{"fri-mon 10:00-11:00"}}, "2026-01-04T10:00:00Z", true},
		"not on the days left out":                  {hours.Options{Open: []string{"fri-mon 10:00-11:00"}}, "2026-01-08T10:00:00Z", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := schedule(t, test.options).Open(moment(t, berlin, test.at)); got != test.want {
				t.Errorf("%s: got open %v, want %v", test.at, got, test.want)
			}
		})
	}
}

// When clocks are changed, what they show counts.
func TestHoursWhenClocksAreChanged(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		zone, open string
		from, want string // a sign for each half hour from there, # for open
	}{
		"Berlin skips 02:00 to 03:00":                         {zone: "Europe/Berlin", open: "sun 02:30-03:30", from: "2026-03-29T00:30:00Z", want: ".#..."},
		"what is skipped is not open":                         {zone: "Europe/Berlin", open: "sun 02:00-03:00", from: "2026-03-29T00:30:00Z", want: "....."},
		"a night over what is skipped closes on time":         {zone: "Europe/Berlin", open: "sat 22:00-04:00", from: "2026-03-29T00:30:00Z", want: "###.."},
		"closing at a time that is skipped is at the jump":    {zone: "Europe/Berlin", open: "sat 22:00-02:30", from: "2026-03-29T00:30:00Z", want: "#...."},
		"Berlin has 02:00 to 03:00 twice":                     {zone: "Europe/Berlin", open: "sun 02:00-03:00", from: "2026-10-24T23:30:00Z", want: ".####."},
		"half of what comes twice is open twice":              {zone: "Europe/Berlin", open: "sun 02:30-03:00", from: "2026-10-24T23:30:00Z", want: "..#.#."},
		"a night over what comes twice is an hour longer":     {zone: "Europe/Berlin", open: "sat 22:00-03:00", from: "2026-10-24T23:30:00Z", want: "#####."},
		"New York skips 02:00 to 03:00":                       {zone: "America/New_York", open: "daily 01:30-03:30", from: "2026-03-08T06:00:00Z", want: ".##.."},
		"New York has 01:00 to 02:00 twice":                   {zone: "America/New_York", open: "daily 01:30-02:00", from: "2026-11-01T05:00:00Z", want: ".#.#."},
		"Lord Howe Island skips half an hour":                 {zone: "Australia/Lord_Howe", open: "daily 01:30-02:30", from: "2026-10-03T14:30:00Z", want: ".#..."},
		"Lord Howe Island has half an hour twice":             {zone: "Australia/Lord_Howe", open: "daily 01:30-02:00", from: "2026-04-04T14:00:00Z", want: ".##.."},
		"Kolkata is half an hour off the others":              {zone: "Asia/Kolkata", open: "mon-fri 09:30-10:30", from: "2026-03-30T03:30:00Z", want: ".##.."},
		"Cairo has the hour before midnight twice":            {zone: "Africa/Cairo", open: "thu 23:00-24:00", from: "2026-10-29T19:30:00Z", want: ".####."},
		"Apia left a Friday out":                              {zone: "Pacific/Apia", open: "fri 00:00-24:00", from: "2011-12-30T09:30:00Z", want: "...."},
		"Apia left a Friday out, and Thursday's night is cut": {zone: "Pacific/Apia", open: "thu 23:00-01:00", from: "2011-12-30T08:30:00Z", want: ".##.."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := schedule(t, hours.Options{Zone: test.zone, Open: []string{test.open}})
			at := moment(t, test.zone, test.from)
			var got strings.Builder
			for range test.want {
				sign := "."
				if s.Open(at) {
					sign = "#"
				}
				got.WriteString(sign)
				at = at.Add(30 * time.Minute)
			}
			if got.String() != test.want {
				t.Errorf("every half hour from %s: got %s, want %s", test.from, got.String(), test.want)
			}
		})
	}
}

func TestMistakesInHoursAreListed(t *testing.T) {
	t.Parallel()
	open := func(text string) hours.Options { return hours.Options{Open: []string{text}} }
	holiday := func(texts ...string) hours.Options {
		return hours.Options{Open: []string{"daily 08:00-18:00"}, Holidays: texts}
	}
	for name, test := range map[string]struct {
		options   hours.Options
		key, want string // of the first mistake
	}{
		"nothing":                       {hours.Options{}, "open", "is missing"},
		"no zone":                       {hours.Options{Zone: "Berlin", Open: []string{"daily 08:00-18:00"}}, "zone", "is no time zone"},
		"the machine's zone":            {hours.Options{Zone: "Local", Open: []string{"daily 08:00-18:00"}}, "zone", "is no time zone"},
		"a file for a zone":             {hours.Options{Zone: "../etc/passwd", Open: []string{"daily 08:00-18:00"}}, "zone", "is no time zone"},
		"an empty entry":                {open(" "), "open[0]", "names no day"},
		"times without days":            {open("08:00-18:00"), "open[0]", "names no day"},
		"days without times":            {open("mon-fri"), "open[0]", "says no time"},
		"a day that there is not":       {open("mon-fry 08:00-18:00"), "open[0]", "names a day that there is not"},
		"half a range of days":          {open("mon- 08:00-18:00"), "open[0]", "names a day that there is not"},
		"one time":                      {open("mon 08:00"), "open[0]", "has something in it that is no from and to"},
		"the 12-hour clock":             {open("mon 8am-6pm"), "open[0]", "has something in it that is no from and to"},
		"a 25th hour":                   {open("mon 08:00-25:00"), "open[0]", "has something in it that is no from and to"},
		"a 60th minute":                 {open("mon 08:60-18:00"), "open[0]", "has something in it that is no from and to"},
		"past the day's end":            {open("mon 08:00-24:01"), "open[0]", "has something in it that is no from and to"},
		"from the day's end":            {open("mon 24:00-06:00"), "open[0]", "has something in it that is no from and to"},
		"a sign before the hour":        {open("mon +8:00-18:00"), "open[0]", "names a day that there is not"},
		"days behind the times":         {open("mon 08:00-18:00 tue"), "open[0]", "has something in it that is no from and to"},
		"no time at all":                {open("mon 08:00-08:00"), "open[0]", "ends when it begins"},
		"an empty holiday":              {holiday(""), "holidays[0]", "is empty"},
		"a holiday in words":            {holiday("12-26", "christmas"), "holidays[1]", "is no date"},
		"a day that the month lacks":    {holiday("2026-02-29"), "holidays[0]", "is no date"},
		"a day that every year lacks":   {holiday("02-30"), "holidays[0]", "is no date"},
		"a year of two digits":          {holiday("26-12-24"), "holidays[0]", "is no date"},
		"a date of another country":     {holiday("24.12.2026"), "holidays[0]", "is no date"},
		"half a range of dates":         {holiday("12-24.."), "holidays[0]", "is no date"},
		"a year on one side":            {holiday("12-24..2027-01-01"), "holidays[0]", "has a year on one side only"},
		"dates the wrong way round":     {holiday("2027-01-01..2026-12-24"), "holidays[0]", "ends before it begins"},
		"a holiday of years":            {holiday("2026-12-24..2028-01-01"), "holidays[0]", "is longer than a year"},
		"a holiday with half a time":    {holiday("12-24 08:00"), "holidays[0]", "has something in it that is no from and to"},
		"a holiday behind the same one": {holiday("12-24", "12-24 08:00-12:00"), "holidays[1]", "is never looked at: entries before it have all of its days"},
		"a holiday that others hide":    {holiday("12-24..12-26", "12-27", "2026-12-25..2026-12-27 08:00-12:00"), "holidays[2]", "is never looked at: entries before it have all of its days"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, mistakes := hours.New(test.options)
			if len(mistakes) != 1 || mistakes[0].Key != test.key || mistakes[0].Problem != test.want || mistakes[0].Remedy == "" {
				t.Errorf("got %+v, want one: %s %s", mistakes, test.key, test.want)
			}
		})
	}
}

func TestEveryMistakeIsListedAtOnce(t *testing.T) {
	t.Parallel()
	_, mistakes := hours.New(hours.Options{Zone: "x", Open: []string{"x", "mon"}, Holidays: []string{"x", "12-24", "y"}})
	var got []string
	for _, m := range mistakes {
		got = append(got, m.Key+"="+m.Value)
	}
	want := []string{"zone=x", "open[0]=x", "open[1]=mon", "holidays[0]=x", "holidays[2]=y"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestAHolidayThatIsHiddenInPartIsNoMistake(t *testing.T) {
	t.Parallel()
	for _, holidays := range [][]string{
		{"2026-12-24 08:00-12:00", "12-24"},
		{"12-24 08:00-12:00", "12-24..12-26"},
		{"2026-01-01..2026-12-31", "12-24"},
		{"12-30..01-01", "12-29..01-01 08:00-12:00"},
	} {
		schedule(t, hours.Options{Open: []string{"daily 08:00-18:00"}, Holidays: holidays})
	}
}

func TestAScheduleIsToldInAFewWords(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]hours.Options{
		"mon-fri 08:00-12:00 13:00-18:00; sat 09:00-12:00; Europe/Berlin": {Zone: "Europe/Berlin", Open: []string{" Monday - FRI 8:00–12:00, 13:00 - 18:00 ", "sat 09:00-12:00"}},
		"tue,fri-sun 22:00-06:00; 1 holiday; UTC":                         {Open: []string{"tue, fri,sat,sun 22:00-06:00"}, Holidays: []string{"12-24 .. 12-26"}},
		"daily 00:00-24:00; 2 holidays; Asia/Kolkata":                     {Zone: "Asia/Kolkata", Open: []string{"mon-sun 0:00-24:00"}, Holidays: []string{"12-24", "2026-12-25"}},
		"mon,sun 00:00-12:00; UTC":                                        {Open: []string{"sun-mon 00:00-12:00"}},
	} {
		if got := schedule(t, o).String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
