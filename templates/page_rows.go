package templates

import "html/template"

// Moment is a time as pages show it, in the configured zone.
type Moment struct {
	ISO    string // for machines; "" where there is no time
	Text   string // "2026-11-23 03:12:45 +01:00"
	Day    string // "Monday, 23 November 2026"
	Clock  string // "03:12:45"
	Offset string // "+01:00"
}

// FailureRow is one failure in a list, in words.
type FailureRow struct {
	Href, ISO, Clock, Offset string
	Channel                  string
	Title, URL, SID          string
	Code                     int
	From, To, LineName       string
	Outcome, OutcomeKind     string
	Incident                 int64 // 0 for none
	Drill, Late              bool
}

// IncidentRow is one incident in a list, in words.
type IncidentRow struct {
	ID           int64
	Href         string
	Title        string
	Cause        string
	State        string
	Acknowledged string // by whom, "" for nobody
	Page         bool   // it may wake people
	Hushed       string // "muted": nobody is told of it; "" where people are
	Parent       int64  // that explains it; 0 for none
	Callers      int64
	Failures     int64
	Opened, Last Moment
}

// Bar is the part of a chart that can be clicked.
type Bar struct {
	X     int
	Label string
	Href  string
}

// FailureRows are those of a table.
type FailureRows []FailureRow

// HTML is the rows as a page has them, escaped.
func (rows FailureRows) HTML() template.HTML {
	m := newMarkup(900 * len(rows))
	for i := range rows {
		m.failure(&rows[i])
	}
	return m.html()
}

func (m *markup) failure(r *FailureRow) {
	m.put("\n<tr>\n<td class=\"when\"><time datetime=\"")
	m.text(r.ISO)
	m.put(`">`)
	m.text(r.Clock)
	m.put(`</time> <span class="dim">`)
	m.text(r.Offset)
	m.put("</span></td>\n<td class=\"what\">")
	m.title(r.Href, r.Title)
	m.when(r.Drill, ` <span class="badge accent">drill</span>`)
	m.when(r.Late, ` <span class="badge warn">verified late</span>`)
	m.put(`<div class="sub">`)
	if r.Code != 0 {
		m.put(`<span class="code">`)
		m.number(int64(r.Code))
		m.put(`</span> `)
	}
	m.put(`<span class="mono">`)
	m.text(r.URL)
	m.put("</span></div></td>\n<td class=\"parties\"><span class=\"num\"><bdi>")
	m.text(r.From)
	m.put(`</bdi> <span class="dim">→</span> <bdi>`)
	m.text(r.To)
	m.put(`</bdi></span>`)
	m.within(`<div class="sub line">`, r.LineName, `</div>`)
	m.put(`<div class="sub">`)
	m.text(r.Channel)
	m.put(` <span class="mono">`)
	m.text(r.SID)
	m.put("</span></div></td>\n<td class=\"got\">")
	m.state(r.OutcomeKind, r.Outcome)
	m.put("</td>\n<td class=\"right\">")
	if r.Incident != 0 {
		m.put(`<a href="/incidents/`)
		m.number(r.Incident)
		m.put(`">#`)
		m.number(r.Incident)
		m.put(`</a>`)
	} else {
		m.put(`<span class="dim">–</span>`)
	}
	m.put("</td>\n</tr>")
}

// title is the link of a row.
func (m *markup) title(href, title string) {
	m.put(`<a class="title" href="`)
	m.href(href)
	m.put(`">`)
	m.text(title)
	m.put(`</a>`)
}

// state is a word with its colour.
func (m *markup) state(class, word string) {
	m.put(`<span class="state `)
	m.text(class)
	m.put(`">`)
	m.text(word)
	m.put(`</span>`)
}

// IncidentRows are those of a table.
type IncidentRows []IncidentRow

// HTML is the rows as a page has them, escaped.
func (rows IncidentRows) HTML() template.HTML {
	m := newMarkup(900 * len(rows))
	for i := range rows {
		m.incident(&rows[i])
	}
	return m.html()
}

func (m *markup) incident(r *IncidentRow) {
	m.put("\n<tr>\n<td class=\"when\"><a href=\"")
	m.href(r.Href)
	m.put(`">#`)
	m.number(r.ID)
	m.put(`</a> `)
	m.state(r.State, r.State)
	m.put("</td>\n<td class=\"what\">")
	m.title(r.Href, r.Title)
	m.when(r.Page, ` <span class="badge bad">page</span>`)
	m.within(` <span class="badge warn">`, r.Hushed, `</span>`)
	if r.Parent != 0 {
		m.put(` <span class="badge">explained by #`)
		m.number(r.Parent)
		m.put(`</span>`)
	}
	m.put(`<div class="sub">`)
	m.text(r.Cause)
	m.within(` · taken by `, r.Acknowledged, ``)
	m.put("</div></td>\n<td class=\"right strong\" data-label=\"")
	m.counted(r.Callers, "caller", "callers")
	m.put("</td>\n<td class=\"right\" data-label=\"")
	m.counted(r.Failures, "failure", "failures")
	m.put("</td>\n<td class=\"at\" data-label=\"since\">")
	m.moment(`<time datetime="`, r.Opened)
	m.put("</td>\n<td class=\"at\" data-label=\"last failure\">")
	m.moment(`<time class="rel" datetime="`, r.Last)
	m.put("</td>\n</tr>")
}

// counted ends a cell's attribute by what it counts, and has the number.
func (m *markup) counted(n int64, one, many literal) {
	if n == 1 {
		m.put(one)
	} else {
		m.put(many)
	}
	m.put(`">`)
	m.text(Count(n))
}

func (m *markup) moment(begun literal, at Moment) {
	if at.ISO == "" {
		m.put(`–`)
		return
	}
	m.put(begun)
	m.text(at.ISO)
	m.put(`">`)
	m.text(at.Text)
	m.put(`</time>`)
}

// Bars are those of a chart.
type Bars []Bar

// HTML is the links as a chart has them, escaped.
func (all Bars) HTML() template.HTML {
	m := newMarkup(300 * len(all))
	for i := range all {
		m.put("\n<a href=\"")
		m.href(all[i].Href)
		m.put(`"><title>`)
		m.text(all[i].Label)
		m.put(`</title><rect x="`)
		m.number(int64(all[i].X))
		m.put(`" width="10" height="100"/></a>`)
	}
	return m.html()
}
