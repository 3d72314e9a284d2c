package recovery_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/recovery/hours"
)

func TestWithoutHoursAndListsNothingIsTold(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{})
	if diff := cmp.Diff(recovery.Standing{}, r.Standing(noon())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestHoursAndListsAreToldByTheClockOfThePlace(t *testing.T) {
	t.Parallel()
	r := rules(t, recovery.Options{
		Hours: map[string]hours.Options{
			"shop":   {Zone: "Asia/Kolkata", Open: []string{"mon-sat 09:00-21:00"}, Holidays: []string{"12-25..12-26", "2026-12-31 09:00-12:00", "01-01", "01-26"}},
			"always": {Open: []string{"daily 00:00-24:00"}},
		},
		OnCall: map[string]hours.RosterOptions{"ops": {Zone: "Asia/Kolkata", Rotate: "daily", From: "2026-11-23", People: []hours.PersonOptions{
			{Name: "Anna", To: "+4930123456"}, {Name: "+4930123457", To: "+4930123457"},
		}}},
	})
	want := recovery.Standing{
		Hours: []recovery.Opening{
			{Name: "always", Open: true, Week: "daily 00:00-24:00; UTC"},
			{
				Name: "shop", Open: true, Until: "Mon 2026-11-23 21:00", Week: "mon-sat 09:00-21:00; 4 holidays; Asia/Kolkata",
				Holidays: []string{"Fri 2026-12-25 to Sat 2026-12-26", "Thu 2026-12-31, open 09:00-12:00", "Fri 2027-01-01"},
			},
		},
		OnCall: []recovery.Duty{
			{Name: "ops", People: []string{"Anna", "…57"}, Until: "Tue 2026-11-24 00:00", Next: []string{"…57", "Anna"}, Zone: "Asia/Kolkata"},
		},
	}
	if diff := cmp.Diff(want, r.Standing(noon())); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
