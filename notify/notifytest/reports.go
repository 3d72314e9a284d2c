package notifytest

import (
	"time"

	"github.com/backstop-project/backstop/incident"
)

// weekly is the summary of a week in which something failed on two days.
func weekly() incident.Message {
	worst := refused()
	worst.State, worst.Callers, worst.Failures, worst.Calls = incident.Resolved, 1012, 1240, 1240
	worst.OpenedAt = start.AddDate(0, 0, -4)
	hushed := texting()
	hushed.ID, hushed.OpenedAt, hushed.Watch.WithheldWhy = 13, start.AddDate(0, 0, -1), "silenced by kim (moving <b>house</b>)"
	r := incident.Report{
		Weekly: true, From: start.AddDate(0, 0, -7), To: start,
		Figures: incident.Figures{
			Opened: 3, Resolved: 2, Open: 1, Failures: 1245, Callers: 1015, Acknowledged: 2, AcknowledgedIn: 4 * time.Minute,
			DeadLetters: 1, Drills: 12, DrillsFailed: 1,
			Ended: incident.Ended{incident.Saved: 900, incident.Voicemail: 40, incident.Told: 70, incident.Lost: 5},
		},
		Before: incident.Figures{Opened: 5, Callers: 40, Failures: 60, Acknowledged: 1, AcknowledgedIn: 3 * time.Hour},
		Worst:  []incident.Incident{worst.Bare()}, Untold: []incident.Incident{hushed.Bare()},
	}
	for i, n := range []int64{0, 0, 0, 1240, 0, 0, 5} {
		r.Bars = append(r.Bars, incident.Bar{At: r.From.AddDate(0, 0, i), Failures: n})
	}
	return summaryOf(r)
}

func summaryOf(r incident.Report) incident.Message {
	return incident.Message{
		Ledger: "4f6c8a10b2d3e5f7", DeliveryID: 77, Attempt: 1, Now: r.To.Add(time.Minute), QueuedAt: r.To.Add(time.Minute),
		Alert: r.Alert([]string{"mail"}, time.UTC, r.To.Add(time.Minute)), Report: &r,
	}
}
