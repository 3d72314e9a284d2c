package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/backstop-project/backstop/incident"
)

// unreachable lists the rules that no failure comes to, for each that would match is
// taken by rules before. Only what is proven counts.
func (c *ruleChecker) unreachable(rules []rule) {
	var before []Match
	left := mostCompared
	for i := range rules {
		m := rules[i].match.canonical()
		by := takers(m, before, &left)
		if len(rules[i].when) == 0 {
			m.Channel = incident.Unknown.String() // takes nothing: that it matches everything is a mistake of its own
		}
		before = append(before, m)
		if len(by) == 0 {
			continue
		}
		var names []string
		for _, j := range by {
			names = append(names, "rule "+called(rules[j].title(j)))
		}
		const most = 3
		if more := len(names) - most; more > 0 {
			names = append(names[:most], fmt.Sprintf("%d more", more))
		}
		remedy := "put it before that one, or remove it"
		if len(names) > 1 {
			remedy = "put it before those, or remove it"
		}
		c.mistake(fmt.Sprintf("recovery[%d].match", i), "", "is never reached: whatever it matches is taken by "+strings.Join(names, "; or by "), remedy)
	}
}

// called is a title within a sentence.
func called(title string) string { return strings.TrimPrefix(title, "Rule ") }

// canonical is m with what is compared in one form written in it.
func (m *Match) canonical() Match {
	c := *m
	for _, list := range []*[]string{&c.Lines, &c.From, &c.To} {
		*list = slices.Clone(*list)
		for i, written := range *list {
			(*list)[i] = canonicalMatch(written)
		}
	}
	c.Hosts = lower(m.Hosts)
	return c
}

// within says whether every failure that m matches is proven to be matched by
// the wider one, too. Both are canonical.
func (m *Match) within(wider *Match) bool {
	return same(m.Channel, wider.Channel) && same(m.Open, wider.Open) && same(m.Closed, wider.Closed) && timesWithin(m.Visits, wider.Visits) &&
		codesWithin(m.Codes, wider.Codes) &&
		addressesWithin(m.Lines, wider.Lines) && addressesWithin(m.From, wider.From) && addressesWithin(m.To, wider.To) &&
		allWithin(m.Tags, wider.Tags, func(narrow, wide string) bool { return narrow == wide }) &&
		textsWithin(m.Accounts, wider.Accounts) && textsWithin(m.Hosts, wider.Hosts) && textsWithin(m.Paths, wider.Paths) &&
		textsWithin(m.Directions, wider.Directions) && textsWithin(m.Statuses, wider.Statuses) &&
		allWithin(m.Health, wider.Health, func(narrow, wide string) bool { return narrow == wide })
}

// same says whether a word is asked of both, or not of the wider one.
func same(narrow, wider string) bool { return wider == "" || narrow == wider }

// allWithin says whether each entry of a list is within one of the wider list.
// No list is everything.
func allWithin(narrow, wider []string, within func(narrow, wide string) bool) bool {
	if len(wider) == 0 {
		return true
	}
	for _, one := range narrow {
		if !slices.ContainsFunc(wider, func(wide string) bool { return within(one, wide) }) {
			return false
		}
	}
	return len(narrow) > 0
}

// textsWithin is for patterns. What a pattern matches when its stars are taken
// for letters lies within whatever matches it so: only stars match a star.
func textsWithin(narrow, wider []string) bool {
	all := func(pattern string) bool { return pattern != "" && strings.Trim(pattern, "*") == "" }
	return slices.ContainsFunc(wider, all) || allWithin(narrow, wider, func(narrow, wide string) bool { return glob(wide, narrow) })
}

// addressesWithin is for addresses, and for what they begin with.
func addressesWithin(narrow, wider []string) bool {
	return allWithin(narrow, wider, func(narrow, wide string) bool {
		prefix, isPrefix := strings.CutSuffix(wide, "*")
		return narrow == wide || isPrefix && strings.HasPrefix(narrow, prefix)
	})
}

// codesWithin is for codes. Ranges that touch one another are one.
func codesWithin(narrow, wider []string) bool {
	var wide []fromTo
	for _, text := range wider {
		if one, ok := parseCodes(text); ok {
			wide = append(wide, one)
		}
	}
	slices.SortFunc(wide, func(a, b fromTo) int { return cmp.Compare(a.from, b.from) })
	return allWithin(narrow, wider, func(text, _ string) bool {
		one, ok := parseCodes(text)
		return ok && one.coveredBy(wide)
	})
}

// timesWithin is for how often a call has failed.
func timesWithin(narrow, wider string) bool {
	one, ok1 := parseVisits(narrow)
	other, ok2 := parseVisits(wider)
	return ok1 && ok2 && other.from <= one.from && one.to <= other.to
}

// coveredBy says whether ranges, which are sorted, hold all of r together.
func (r fromTo) coveredBy(ranges []fromTo) bool {
	next := r.from // the first code that is not held yet
	for _, one := range ranges {
		if one.from <= next && next <= one.to {
			next = one.to + 1
		}
	}
	return next > r.to
}
