package pages

import (
	"slices"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
)

// timingView is one point of the line from the request to the alerts.
type timingView struct {
	What  string
	At    Moment
	After string // "+4.2 ms" since the request
}

// timing is the line from the request to the alerts, in order of time. The
// answer is made before it goes to the journal, and sent when that has it; but
// the journal's time is in whole milliseconds, as those behind it are.
func timing(d history.Detail, zone *time.Location) []timingView {
	point := func(what string, at time.Time) timingView {
		after := max(0, at.Sub(d.ReceivedAt)).Round(time.Millisecond)
		return timingView{What: what, At: momentIn(at, zone), After: "+" + roughly(after)}
	}
	line := []timingView{{What: "received", At: momentIn(d.ReceivedAt, zone)}}
	made := d.ReceivedAt.Add(d.Answer.Took)
	if d.Answer.Took > 0 {
		line = append(line, timingView{What: "answer ready", At: momentIn(made, zone), After: "+" + precisely(d.Answer.Took)})
	}
	journal := d.JournalAt
	if rest := made.Sub(journal); rest > 0 {
		journal = journal.Add((rest + time.Millisecond - 1).Truncate(time.Millisecond))
	}
	line = append(line, point("to the journal", journal))
	if !d.LedgerAt.IsZero() {
		ledger := d.LedgerAt
		if ledger.Before(journal) {
			ledger = journal
		}
		line = append(line, point("in the ledger", ledger))
	}
	for _, s := range told(d) {
		line = append(line, point("told by "+s.Notifier, s.SentAt))
	}
	return line
}

// told are the first deliveries after the failure, in order of time.
func told(d history.Detail) []history.Delivery {
	const most = 6
	var sent []history.Delivery
	for _, s := range d.Deliveries {
		if s.State == history.Sent && !s.SentAt.IsZero() && !s.SentAt.Before(d.ReceivedAt) {
			sent = append(sent, s)
		}
	}
	slices.SortFunc(sent, func(a, b history.Delivery) int { return a.SentAt.Compare(b.SentAt) })
	return sent[:min(len(sent), most)]
}

// deliveryView is an alert on its way to one notifier.
type deliveryView struct {
	ID               int64
	Notifier         string
	What, Reason     string
	Page             bool // it may wake people
	State, StateKind string
	Created          Moment
	Sent             Moment
	Again            Moment // another attempt
	Until            Moment // held by a cap
	HeldBy           string
	Attempts         int
	Error, Detail    string
}

func deliveries(all []history.Delivery, zone *time.Location) []deliveryView {
	views := make([]deliveryView, 0, len(all))
	for _, d := range all {
		view := deliveryView{
			ID: d.ID, Notifier: d.Notifier, Page: d.Urgency == incident.Page,
			State: d.State.String(), Created: momentIn(d.CreatedAt, zone), Sent: momentIn(d.SentAt, zone),
			Attempts: d.Attempts, Error: history.Visible(cut(d.LastError, 500)), Detail: history.Visible(cut(d.Detail, 200)),
		}
		view.What, view.Reason = alertWords(d)
		switch d.State {
		case history.Sent, history.Folded:
			view.StateKind, view.Error = "good", ""
		case history.Dead:
			view.StateKind = "bad"
		case history.Waiting, history.Sending:
			view.StateKind = "plain"
			if d.LastError != "" {
				view.StateKind, view.Again = "warn", momentIn(d.DueAt, zone)
			} else {
				view.Until, view.HeldBy = momentIn(d.HeldUntil, zone), history.Visible(d.HeldBy)
			}
		}
		views = append(views, view)
	}
	return views
}
