package hours_test

import (
	"testing"

	"github.com/backstop-project/backstop/recovery/hours"
)

func TestAPlaceThatIsAlwaysOrNeverOpenIsKnown(t *testing.T) {
	t.Parallel()
	daily := []string{"daily 00:00-24:00"}
	for name, test := range map[string]struct {
		options       hours.Options
		always, never bool
	}{
		"all day":                              {hours.Options{Open: daily}, true, false},
		"where clocks are changed":             {hours.Options{Zone: "Europe/Berlin", Open: daily}, true, false},
		"in two halves":                        {hours.Options{Open: []string{"daily 00:00-12:00 12:00-24:00"}}, true, false},
		"over midnight":                        {hours.Options{Open: []string{"daily 12:00-24:00", "daily 20:00-12:00"}}, true, false},
		"but for a minute":                     {hours.Options{Open: []string{"daily 00:00-23:59"}}, false, false},
		"but for a day of the week":            {hours.Options{Open: []string{"mon-sat 00:00-24:00"}}, false, false},
		"but for a holiday":                    {hours.Options{Open: daily, Holidays: []string{"12-25"}}, false, false},
		"but for the 29th of February":         {hours.Options{Open: daily, Holidays: []string{"02-29"}}, false, false},
		"but for a day of one year":            {hours.Options{Open: daily, Holidays: []string{"2061-03-04"}}, false, false},
		"holidays that are open, too":          {hours.Options{Open: daily, Holidays: []string{"12-25 00:00-24:00"}}, true, false},
		"holidays all the year":                {hours.Options{Open: daily, Holidays: []string{"01-01..12-31"}}, false, true},
		"all the year but for one day":         {hours.Options{Open: daily, Holidays: []string{"12-24 08:00-10:00", "01-01..12-31"}}, false, false},
		"all the year but for a day long gone": {hours.Options{Open: daily, Holidays: []string{"1999-12-24 08:00-10:00", "01-01..12-31"}}, false, false},
		"a day that only some years have":      {hours.Options{Open: []string{"sun 08:00-10:00"}, Holidays: []string{"01-01..02-28", "03-01..12-31"}}, false, false},
		"ordinary hours":                       {hours.Options{Open: []string{"mon-fri 08:00-18:00"}}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := schedule(t, test.options)
			if always, never := s.Always(), s.Never(); always != test.always || never != test.never {
				t.Errorf("always %v, never %v, want %v, %v", always, never, test.always, test.never)
			}
		})
	}
}
