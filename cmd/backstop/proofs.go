package main

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/backstop-project/backstop/history"
	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/intake"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/store"
	"github.com/backstop-project/backstop/templates"
)

// examine looks at each of the customer's own servers, all at once, and says
// what came of it.
func (w *world) examine(ctx context.Context, p *parts) error {
	exams := p.rules.Exams()
	if len(exams) == 0 {
		return errors.New("no primary is configured: name your own servers, such as primaries: [https://www.example.com]")
	}
	examiner := standby.NewExaminer(w.standbys())
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

// provenIn is the ledger for Proofs, while it is open.
func (a *app) provenIn() (intake.ProofLedger, error) {
	if _, err := a.slot.ledger(); err != nil {
		return nil, err
	}
	return a.slot, nil
}

// Unresolved are all incidents that are open or quiet.
func (s *ledgerSlot) Unresolved(ctx context.Context) (all []incident.Incident, err error) {
	for _, state := range []incident.State{incident.Open, incident.Quiet} {
		q := history.IncidentQuery{State: state, Limit: history.MaxLimit}
		for {
			page, err := s.Incidents(ctx, q)
			if err != nil {
				return nil, err
			}
			all = append(all, page.Incidents...)
			if page.Older == 0 {
				break
			}
			q.Before = page.Older
		}
	}
	return all, nil
}

// Probed is store.Ledger's.
func (s *ledgerSlot) Probed(ctx context.Context, id int64, f incident.Finding) (alerts int, err error) {
	return ask(s, func(l *store.Ledger) (int, error) { return l.Probed(ctx, id, f) })
}

// examined are the primaries of the present configuration.
type examined struct {
	now func() *parts
	by  *standby.Examiner
}

// About goes by the newest failure: it tells http from https.
func (e examined) About(in incident.Incident) string {
	one, _ := e.now().rules.Exams().About(in.Cause.Host, in.Last.ErrorURL)
	return one.Server
}

func (e examined) Examine(ctx context.Context, server string) (f incident.Finding, ok bool) {
	one, ok := e.now().rules.Exams().Of(server)
	if !ok {
		return incident.Finding{}, false
	}
	return e.by.Examine(ctx, one), true
}
