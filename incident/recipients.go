package incident

import "slices"

// Recipients are the notifiers that a goes to. What Backstop says of itself goes
// to those that are for pages only where there are no others: it must reach
// somebody. in is the incident that it is
// about, nil for none; told are those that have got one of its alerts, and are
// asked for only where that matters.
func (p Policy) Recipients(a Alert, in *Incident, told func() ([]string, error)) ([]string, error) {
	wanted, err := p.wanted(a, in, told)
	if err != nil {
		return nil, err
	}
	names := p.those(func(n Notifier) bool { return n.Name != a.Except && n.takes(a) && wanted(n) })
	if len(names) == 0 && a.Kind == Meta {
		return p.those(func(n Notifier) bool { return n.Name != a.Except }), nil
	}
	return names, nil
}

// those are the notifiers of which that holds.
func (p Policy) those(holds func(Notifier) bool) []string {
	var names []string
	for _, n := range p.Notifiers {
		if holds(n) {
			names = append(names, n.Name)
		}
	}
	return names
}

// takes says whether a is anything for n, whatever the routes say.
func (n Notifier) takes(a Alert) bool {
	if len(a.Ends) > 0 {
		return true // it was told that it began, or does not get it
	}
	switch a.Kind {
	case Taken:
		return n.InPlace
	case Over:
		return true // it was told, or does not get it
	case Growing, Rate, FellQuiet, Late, DrillAlert, Summary:
		return !n.OnlyPages
	case Opened, Regression, Meta, Reminder, Escalated, Spread, Raised, Resumed:
	}
	return !n.OnlyPages || a.Urgency == Page
}

// begun are those whom a tells that something is over: who was told that it
// began. Where nobody was by way of the ledger, all were, without it: then those
// that a names, or everybody.
func (p Policy) begun(a Alert, told func() ([]string, error)) (func(Notifier) bool, error) {
	have, err := told()
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		have = a.Only
	}
	return func(n Notifier) bool { return len(have) == 0 || slices.Contains(have, n.Name) }, nil
}

// wanted says for whom a is, as far as that is the routes' matter.
func (p Policy) wanted(a Alert, in *Incident, told func() ([]string, error)) (func(Notifier) bool, error) {
	if len(a.Ends) > 0 {
		return p.begun(a, told)
	}
	if len(a.Only) > 0 {
		return func(n Notifier) bool { return slices.Contains(a.Only, n.Name) }, nil
	}
	if in == nil {
		return func(Notifier) bool { return true }, nil
	}
	routed := func(n Notifier) bool { return slices.Contains(in.Watch.Reached, n.Name) }
	switch a.Kind {
	case Opened, Regression, Late, Growing, Rate, Reminder, Escalated, Resumed, DrillAlert, Meta, Summary:
		now := p.routed(p.subject(*in, a.At))
		return func(n Notifier) bool { return routed(n) || slices.Contains(now, n.Name) }, nil
	case Over, FellQuiet, Taken, Spread, Raised:
	}
	have, err := told()
	if err != nil {
		return nil, err
	}
	knows := func(n Notifier) bool { return slices.Contains(have, n.Name) }
	if a.Kind == Spread || a.Kind == Raised {
		return func(n Notifier) bool { return routed(n) && (!knows(n) || a.Kind == Raised && n.Wakes) }, nil
	}
	return knows, nil
}
