package recovery

import (
	"fmt"
	"math"
	"slices"
	"strconv"
)

// prover finds out whether rules take everything from another one together. What
// that one matches is divided until each part is taken by one rule.
type prover struct {
	before []Match      // canonical
	taking map[int]bool // those that took a part
	left   *int         // how many entries of lists it may still compare
}

// mostCompared is how many entries of lists are compared for all rules together:
// who starts the program waits for it. Beyond that nothing is proven.
const mostCompared = 50_000_000

// takers are those of before that take all of m together, in their order; none
// where that is not proven. All are canonical.
func takers(m Match, before []Match, left *int) []int {
	p := prover{before: before, taking: map[int]bool{}, left: left}
	if !p.taken(m) {
		return nil
	}
	var all []int
	for i := range before {
		if p.taking[i] {
			all = append(all, i)
		}
	}
	return all
}

func (p *prover) taken(m Match) bool {
	for i := range p.before {
		if *p.left -= m.compared(&p.before[i]); *p.left < 0 {
			return false
		}
		if m.within(&p.before[i]) {
			p.taking[i] = true
			return true
		}
	}
	return slices.ContainsFunc(p.divisions(m), p.allTaken)
}

func (p *prover) allTaken(parts []Match) bool {
	for _, part := range parts {
		if !p.taken(part) {
			return false
		}
	}
	return true
}

// divisions are ways to divide m, one of which is enough. Dividing a list costs no
// proof, so that one is tried and no other; of hours each name is.
func (p *prover) divisions(m Match) (all [][]Match) {
	if parts := m.byList(); len(parts) > 0 {
		return [][]Match{parts}
	}
	if parts := p.byCodes(m); len(parts) > 1 {
		return [][]Match{parts}
	}
	if parts := p.byVisits(m); len(parts) > 1 {
		return [][]Match{parts}
	}
	if m.Open != "" || m.Closed != "" {
		return nil
	}
	for _, name := range p.hours() {
		open, closed := m, m
		open.Open, closed.Closed = name, name
		all = append(all, []Match{open, closed})
	}
	return all
}

// lists are all that have entries of which one has to hold.
func (m *Match) lists() [11]*[]string {
	return [...]*[]string{
		&m.Lines, &m.From, &m.To, &m.Tags, &m.Accounts, &m.Hosts, &m.Paths, &m.Directions, &m.Statuses, &m.Codes, &m.Health,
	}
}

// compared is how many pairs of entries m and other have.
func (m *Match) compared(other *Match) int {
	n, others := 1, other.lists()
	for i, list := range m.lists() {
		n += len(*list) * len(*others[i])
	}
	return n
}

// byList divides the first list with several entries.
func (m *Match) byList() (parts []Match) {
	for i, list := range m.lists() {
		if len(*list) < 2 {
			continue
		}
		for _, entry := range *list {
			part := *m
			*part.lists()[i] = []string{entry}
			parts = append(parts, part)
		}
		return parts
	}
	return nil
}

// byCodes divides a range of codes where those of the rules before begin and end.
func (p *prover) byCodes(m Match) (parts []Match) {
	if len(m.Codes) != 1 {
		return nil
	}
	whole, ok := parseCodes(m.Codes[0])
	if !ok {
		return nil
	}
	var cuts []int
	for i := range p.before {
		for _, text := range p.before[i].Codes {
			if one, ok := parseCodes(text); ok {
				cuts = append(cuts, one.from, one.to+1)
			}
		}
	}
	for _, one := range whole.cut(cuts) {
		part := m
		part.Codes = []string{fmt.Sprintf("%d-%d", one.from, one.to)}
		parts = append(parts, part)
	}
	return parts
}

// byVisits divides visits likewise; no visits are all of them.
func (p *prover) byVisits(m Match) (parts []Match) {
	var cuts []int
	for i := range p.before {
		if text := p.before[i].Visits; text != "" {
			if one, ok := parseVisits(text); ok {
				cuts = append(cuts, one.from, one.to+1) // behind the last one: no number, and no cut
			}
		}
	}
	whole, ok := parseVisits(m.Visits)
	if !ok {
		return nil
	}
	for _, one := range whole.cut(cuts) {
		part := m
		part.Visits = fmt.Sprintf("%d-%d", one.from, one.to)
		if one.to == math.MaxInt {
			part.Visits = strconv.Itoa(one.from) + "-"
		}
		parts = append(parts, part)
	}
	return parts
}

// hours are the names of those that the rules before ask about.
func (p *prover) hours() (names []string) {
	for i := range p.before {
		names = append(names, p.before[i].Open, p.before[i].Closed)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return name == "" })
}

// cut is r in parts that begin at those of cuts that are within it.
func (r fromTo) cut(cuts []int) (parts []fromTo) {
	cuts = slices.Clone(cuts)
	slices.Sort(cuts)
	for _, at := range slices.Compact(cuts) {
		if r.from < at && at <= r.to {
			parts = append(parts, fromTo{r.from, at - 1})
			r.from = at
		}
	}
	return append(parts, r)
}
