package pages

import (
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/templates"
)

// Bounds of a chart: as many bars as can still be hit on a small screen.
const (
	chartBars   = 72
	maxBars     = 400
	chartHeight = 100
	barStep     = 10
)

// chartView is a histogram, drawn on the server. Its bars are links.
type chartView struct {
	Width, Height int
	Bars          templates.Bars // the links
	// All parts of one kind are one shape: a page of them costs little.
	VoicePath, MessagingPath, UnknownPath, EmptyPath string

	Total, Voice, Messaging, Unknown      int64
	VoiceUsed, MessagingUsed, UnknownUsed bool
	Peak                                  string // "at most 12 in 10 minutes"
	Start, Mid, End                       string
	StartISO, EndISO                      string
	Summary                               string // in one sentence, for those who do not see it

	// All is the address of the whole time of the chart, where only a part of
	// it was asked for; the rest is paled by a shape over it. "" otherwise.
	All, BesidePath string

	start time.Time
	step  time.Duration
}

// chart draws buckets; nil where there is nothing to draw. link is where a bar
// leads to.
func (p *Pages) chart(buckets []history.Bucket, from, to time.Time, link func(from, to time.Time) string) *chartView {
	buckets = withGaps(buckets, from, to)
	const fewest = 4 // fewer bars show nothing that the rows do not
	if len(buckets) < fewest {
		return nil
	}
	zone := p.Settings().Zone
	view := &chartView{Width: len(buckets) * barStep, Height: chartHeight, start: buckets[0].Start, step: buckets[0].Width}
	var highest int64
	for _, b := range buckets {
		view.Voice += b.Voice
		view.Messaging += b.Messaging
		view.Unknown += b.Unknown
		highest = max(highest, b.Total())
	}
	view.Total = view.Voice + view.Messaging + view.Unknown
	view.VoiceUsed, view.MessagingUsed, view.UnknownUsed = view.Voice > 0, view.Messaging > 0, view.Unknown > 0
	view.draw(buckets, highest)
	for i, b := range buckets {
		if b.Total() > 0 {
			end := b.Start.Add(b.Width)
			view.Bars = append(view.Bars, templates.Bar{X: i * barStep, Label: barLabel(b, zone), Href: link(b.Start, end)})
		}
	}
	first, last := buckets[0].Start, buckets[len(buckets)-1].Start.Add(buckets[len(buckets)-1].Width)
	layout := labelLayout(last.Sub(first))
	view.Start, view.End = first.In(zone).Format(layout), last.In(zone).Format(layout)
	view.Mid = first.Add(last.Sub(first) / 2).In(zone).Format(layout)
	view.StartISO, view.EndISO = momentIn(first, zone).ISO, momentIn(last, zone).ISO
	view.Peak = fmt.Sprintf("at most %s in %s", templates.Count(highest), span(buckets[0].Width))
	view.Summary = fmt.Sprintf("%s from %s to %s, %s", templates.Plural(view.Total, "failure", "failures"), view.Start, view.End, view.Peak)
	return view
}

// withGaps puts empty buckets where the ledger has none to tell of, over the
// whole time asked for as far as that leaves bars to be seen.
func withGaps(buckets []history.Bucket, from, to time.Time) []history.Bucket {
	if len(buckets) == 0 || buckets[0].Width <= 0 {
		return nil
	}
	width := buckets[0].Width
	start, end := buckets[0].Start, buckets[len(buckets)-1].Start.Add(width)
	for !from.IsZero() && start.After(from) && end.Sub(start) < maxBars*width {
		start = start.Add(-width)
	}
	for !to.IsZero() && end.Before(to) && end.Sub(start) < maxBars*width {
		end = end.Add(width)
	}
	if end.Sub(start) > maxBars*width {
		start = end.Add(-maxBars * width)
	}
	filled := make([]history.Bucket, int(end.Sub(start)/width))
	for i := range filled {
		filled[i] = history.Bucket{Start: start.Add(time.Duration(i) * width), Width: width}
	}
	for _, b := range buckets {
		i := int(b.Start.Sub(start) / width)
		if b.Start.Before(start) || i >= len(filled) {
			continue
		}
		filled[i].Voice += b.Voice
		filled[i].Messaging += b.Messaging
		filled[i].Unknown += b.Unknown
	}
	return filled
}

func barLabel(b history.Bucket, zone *time.Location) string {
	start, end := b.Start.In(zone), b.Start.Add(b.Width).In(zone)
	layout := "15:04 -07:00"
	if start.YearDay() != end.YearDay() || start.Year() != end.Year() {
		layout = "2 Jan " + layout
	}
	return start.Format("2 Jan 15:04") + " – " + end.Format(layout) + ": " + templates.Plural(b.Total(), "failure", "failures")
}

// draw makes the shapes: one for each kind, a rectangle for each bar.
func (v *chartView) draw(buckets []history.Bucket, highest int64) {
	const flat = 2 // the line under an empty bar
	var voice, messaging, unknown, empty shape
	for i, b := range buckets {
		if b.Total() == 0 {
			empty.add(i, chartHeight-flat, flat)
			continue
		}
		y := chartHeight
		stack(&voice, i, &y, b.Voice, highest)
		stack(&messaging, i, &y, b.Messaging, highest)
		stack(&unknown, i, &y, b.Unknown, highest)
	}
	v.VoicePath, v.MessagingPath, v.UnknownPath, v.EmptyPath = string(voice), string(messaging), string(unknown), string(empty)
}

// shape is the d of an SVG path.
type shape []byte

// add appends a rectangle in the column of bar i.
func (s *shape) add(i, y, height int) {
	*s = fmt.Appendf(*s, "M%d %dh%dv%dh-%dz", i*barStep, y, barStep-1, height, barStep-1)
}

// stack puts a part of a bar on what stands there: high enough to be seen.
func stack(s *shape, i int, y *int, n, highest int64) {
	if n == 0 {
		return
	}
	const least = 3
	height := max(least, int(float64(n)/float64(highest)*(chartHeight-2*least)))
	*y -= height
	s.add(i, *y, height)
}

func labelLayout(span time.Duration) string {
	switch {
	case span <= time.Hour:
		return "15:04:05"
	case span <= 36*time.Hour:
		return "2 Jan 15:04"
	case span <= 300*24*time.Hour:
		return "2 Jan"
	}
	return "Jan 2006"
}

// span writes a duration in one or two words: "10 minutes", "1 day".
func span(d time.Duration) string {
	for _, unit := range []struct {
		is        time.Duration
		one, many string
	}{
		{24 * time.Hour, "day", "days"}, {time.Hour, "hour", "hours"}, {time.Minute, "minute", "minutes"}, {time.Second, "second", "seconds"},
	} {
		if d >= unit.is && d%unit.is == 0 {
			return templates.Plural(int64(d/unit.is), unit.one, unit.many)
		}
	}
	return d.Round(time.Millisecond).String()
}

// roughly writes a duration in its largest unit: "3 h".
func roughly(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// precisely is roughly, but for less than a second, of which more is known.
func precisely(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	}
	return roughly(d)
}
