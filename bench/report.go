package main

import "fmt"

// report gathers the figures that are held to a bound, in the form of the
// table in README.md.
type report struct{ rows []row }

type row struct {
	what            string
	figure, bound   float64
	unit            string
	atLeast, missed bool
}

// atMost notes a figure that must not be larger than its bound.
func (r *report) atMost(what string, figure, bound float64, unit string) {
	r.rows = append(r.rows, row{what: what, figure: figure, bound: bound, unit: unit, missed: figure > bound})
}

// atLeast notes a figure that must not be smaller than its bound.
func (r *report) atLeast(what string, figure, bound float64) {
	r.rows = append(r.rows, row{what: what, figure: figure, bound: bound, atLeast: true, missed: figure < bound})
}

// say prints the table and how many bounds were missed.
func (r *report) say() {
	if len(r.rows) == 0 {
		return
	}
	say("\n| figure | measured | bound | |\n|---|---|---|---|")
	missed := 0
	for _, one := range r.rows {
		word, verdict := "at most", "kept"
		if one.atLeast {
			word = "at least"
		}
		if one.missed {
			verdict = "**missed**"
			missed++
		}
		say("| %s | %s%s | %s %s%s | %s |", one.what, figure(one.figure), one.unit, word, figure(one.bound), one.unit, verdict)
	}
	say("\n%d of %d bounds kept", len(r.rows)-missed, len(r.rows))
}

// figure writes a number with as many digits as mean something.
func figure(f float64) string {
	switch {
	case f < 10:
		return fmt.Sprintf("%.2f", f)
	case f < 100:
		return fmt.Sprintf("%.1f", f)
	}
	return fmt.Sprintf("%.0f", f)
}
