package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/backstop-project/backstop/history"
)

// Look is what Failures and Histogram have of q, as of the same moment. Where the chart
// of a number or SID is made of the rows that the page is of, they are looked for once.
func (l *Ledger) Look(ctx context.Context, q history.Query, maxBuckets int) (history.Look, error) {
	var look history.Look
	err := l.inView(ctx, func(v *sql.Tx) error {
		s, err := newSearch(ctx, v, q)
		if err != nil {
			return err
		}
		if s.chartIsOfItsRows() {
			look, err = s.lookOnce(ctx, maxBuckets, l.now())
			return err
		}
		if look.Page, err = s.failures(ctx); err != nil {
			return err
		}
		look.Bars, err = histogram(ctx, v, q, maxBuckets, l.now())
		return err
	})
	if err != nil {
		return history.Look{}, fmt.Errorf("look at failures: %w", err)
	}
	return look, nil
}

// chartIsOfItsRows says whether the chart counts the rows of this search itself: those of
// its first page and beyond, without drills.
func (s *search) chartIsOfItsRows() bool {
	return (s.number != nil || s.sid != nil) && !s.empty && s.query.Before == 0 && s.query.After == 0 && !s.query.Drills
}

// lookOnce finds the rows that the chart counts, of which the page has the first.
func (s *search) lookOnce(ctx context.Context, maxBuckets int, now time.Time) (look history.Look, err error) {
	ofAPage := s.limit
	s.limit = history.MaxCounted
	hits, err := s.inStretches(ctx)
	if err != nil {
		return look, err
	}
	s.limit = ofAPage
	if look.Page, err = s.page(ctx, s.first(serialsOf(hits))); err != nil {
		return look, err
	}
	look.Bars, err = emptyBars(ctx, s.view, s.query, maxBuckets, now)
	addHits(look.Bars, hits)
	return look, err
}
