package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/templates"
)

// examine looks at each of the customer's own servers, all at once, and says
// what came of it.
func (w *world) examine(ctx context.Context, p *parts) error {
	exams := p.rules.Exams()
	if len(exams) == 0 {
		return errors.New("no primary is configured: name your own servers, such as primaries: [https://www.example.com]")
	}
	examiner := standby.NewExaminer(standby.ClientOptions{})
	findings := make([]incident.Finding, len(exams))
	var all sync.WaitGroup
	for i, e := range exams {
		all.Go(func() { findings[i] = examiner.Examine(ctx, e) })
	}
	all.Wait()
	broken := 0
	for i, f := range findings {
		says := f.Said
		switch {
		case !f.OK:
			says = "NOT GOOD: " + says
			broken++
		case !f.Health:
			says += " (without a health_url that says only that it can be reached)"
		}
		if err := w.say("Primary %s: %s\n", exams[i].Server, says); err != nil {
			return err
		}
	}
	if broken > 0 {
		return fmt.Errorf("does not work: %d of %s", broken, templates.Plural(int64(len(exams)), "primary", "primaries"))
	}
	return nil
}
