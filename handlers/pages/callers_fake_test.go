package pages_test

import (
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// morningAfter is a ledger of one night with the people to call back.
func morningAfter() *ledger {
	l := oneNight(4)
	row := func(n int, person string, outcome incident.Outcome, change ...func(*history.CallerRow)) {
		f := l.failures[n%len(l.failures)]
		r := history.CallerRow{
			Serial: f.Serial, Newest: f.ID, Person: person, Line: line, Name: "Praxis Berlin", Incident: f.Incident, Channel: incident.Voice,
			Calls: 1, FirstAt: night.Add(-20 * time.Minute), LastAt: night.Add(-20 * time.Minute), Outcome: outcome,
		}
		for _, c := range change {
			c(&r)
		}
		l.callers.Rows = append(l.callers.Rows, r)
	}
	row(10, "+491711234567", incident.Voicemail, func(r *history.CallerRow) {
		r.Calls, r.FirstAt = 3, night.Add(-27*time.Minute)
		r.Recordings = []history.Recording{{SID: sid("RE", 1), AccountSID: account, At: night, Seconds: 12, Transcript: "My tooth hurts, please call me back before noon.", Failure: r.Newest}}
	})
	row(11, "+12125550123", incident.Told, func(r *history.CallerRow) {
		r.Callback = history.Callback{State: history.CallbackClaimed, By: "ada", At: night.Add(-3 * time.Minute), ClaimedBy: "ada", ClaimedAt: night.Add(-3 * time.Minute)}
	})
	row(3, "whatsapp:+447700900123", incident.Told, func(r *history.CallerRow) {
		r.Calls, r.Messages, r.Channel, r.Line = 1, 2, incident.Messaging, "whatsapp:"+line
		r.Wrote = "Is my appointment still on? I am at the door and nobody opens. <b>Please</b> ring me."
		r.Callback = history.Callback{State: history.CallbackNoAnswer, Note: "Mailbox full. Try +44 7700 900124, or +447700900124, after ten.", By: "admin", At: night.Add(-5 * time.Minute)}
	})
	row(4, "client:anna", incident.Lost, func(r *history.CallerRow) {
		r.Callback = history.Callback{State: history.CallbackDone, By: "ben", At: night.Add(-25 * time.Minute), Note: "Spoke to her assistant."}
	})
	row(5, "+6421555123", incident.Told, func(r *history.CallerRow) {
		r.Callback = history.Callback{State: history.CallbackNever, By: "ada", At: night.Add(-time.Minute), Note: "Asked not to be called."}
	})
	row(6, "+4930555777", incident.Saved)
	l.callers.Total, l.callers.Withheld, l.callers.Erased, l.callers.Older = 57, 7, 2, 17
	l.callers.Cut = night.Add(-6 * 24 * time.Hour)
	l.callers.Reveals = []history.CallerReveal{
		{At: night.Add(-9 * time.Minute), Until: night.Add(-time.Minute), By: "ada", What: "shown", List: "incident=14", People: 50, Times: 4},
		{At: night.Add(-40 * time.Minute), Until: night.Add(-40 * time.Minute), By: "admin", What: "as a file", People: 31, Times: 1},
	}
	return l
}
