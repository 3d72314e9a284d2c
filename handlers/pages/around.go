package pages

import (
	"context"
	"time"

	"github.com/backstop-project/backstop/history"
)

// around is how many bars a chart shows on either side of a time that is too
// short for one.
const around = 12

// historyChart draws what q counts. A time of a bar or two, which is where a
// click on a bar leads, is shown with the time around it, paled: so that its
// neighbours can be seen and clicked.
func (p *Pages) historyChart(ctx context.Context, q history.Query, buckets []history.Bucket) (*chartView, error) {
	link := historyWithin(q)
	chart := p.chart(buckets, q.From, q.To, link)
	if chart != nil || len(buckets) == 0 || q.From.IsZero() {
		return chart, nil
	}
	width := buckets[0].Width
	wide := q
	wide.From, wide.To = buckets[0].Start.Add(-around*width), buckets[len(buckets)-1].Start.Add((around+1)*width)
	if now := p.Now().UTC().Truncate(time.Second); now.After(buckets[len(buckets)-1].Start) && now.Before(wide.To) {
		wide.To = now
	}
	buckets, err := read(ctx, p, func(ctx context.Context) ([]history.Bucket, error) {
		return p.History.Histogram(ctx, wide, chartBars)
	})
	if err != nil {
		return nil, err
	}
	if chart = p.chart(buckets, wide.From, wide.To, link); chart != nil {
		chart.pale(q.From, q.To)
		chart.All = historyURL(wide)
	}
	return chart, nil
}

// pale covers the bars that lie outside; a zero end is the chart's own.
func (v *chartView) pale(from, to time.Time) {
	bars := v.Width / barStep
	first, last := int(from.Sub(v.start)/v.step), bars
	if !to.IsZero() {
		last = int((to.Sub(v.start) + v.step - 1) / v.step)
	}
	var beside shape
	for i := range bars {
		if i < first || i >= last {
			beside.add(i, 0, chartHeight)
		}
	}
	v.BesidePath = string(beside)
}
