package pages

import (
	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/templates"
)

// dayView is the rows of one day.
type dayView struct {
	Day  string
	Rows templates.FailureRows
}

// days puts rows, newest first, under the days of the zone. numbers says
// whether theirs are masked; those within addresses are in any case.
func (p *Pages) days(rows []history.Row, numbers history.Mask) []dayView {
	settings := p.Settings()
	var days []dayView
	for _, r := range rows {
		at := momentIn(r.ReceivedAt, settings.Zone)
		if len(days) == 0 || days[len(days)-1].Day != at.Day {
			days = append(days, dayView{Day: at.Day, Rows: make(templates.FailureRows, 0, len(rows))})
		}
		day := &days[len(days)-1]
		day.Rows = append(day.Rows, row(r, at, settings.Mask, numbers))
	}
	return days
}

func row(r history.Row, at Moment, mask, numbers history.Mask) templates.FailureRow {
	return templates.FailureRow{
		Href: historyPath + "/" + r.ID.String(), ISO: at.ISO, Clock: at.Clock, Offset: at.Offset,
		Channel: channelWord(r.Channel), Title: failureTitle(r.Code, r.ErrorURL, r.AskedFirst), Code: r.Code,
		URL: history.Visible(cut(mask.URL(r.ErrorURL), 300)), SID: history.Visible(cut(r.SID, 40)),
		From: address(r.From, numbers), To: address(r.To, numbers),
		LineName: history.Visible(cut(r.LineName, 80)),
		Outcome:  outcomeWords(r.Outcome, r.Channel, r.Step), OutcomeKind: outcomeKind(r.Outcome),
		Incident: r.Incident, Drill: r.Drill, Late: r.Late,
	}
}

// address is a number as a list shows it.
func address(s string, mask history.Mask) string {
	if incident.Withheld(s) {
		return "withheld"
	}
	if s == "" {
		return "–"
	}
	return history.Visible(cut(mask.Number(s), 80))
}

// cut shortens s to at most n bytes, between characters. Unlike templates.Shorten
// it keeps bytes that are no text, for pages show which ones they are.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}
