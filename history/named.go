package history

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"
)

// NamedLine is a line of the customer's, and what callers know it as.
type NamedLine struct {
	Name    string
	Address string // as the configuration has it: "+4930*" is many numbers
}

const (
	shortestName = 2 // characters; less is in nearly every name
	namedAtMost  = 5 // lines to choose from
)

// Search understands what ParseSearch does, and what is nothing else as the name of one
// of these lines, or a part of it, in any case; that costs a look at each.
func Search(text string, zone *time.Location, lines func() []NamedLine) (Found, []Problem) {
	found, problems := ParseSearch(text, zone)
	if len(problems) == 0 {
		return found, nil
	}
	if named, unclear, ok := searchName(text, lines()); ok {
		return named, unclear
	}
	return found, problems
}

// searchName takes a text for the name of a line. ok is false where none is called so.
func searchName(text string, lines []NamedLine) (found Found, problems []Problem, ok bool) {
	called := linesCalled(strings.TrimSpace(text), lines)
	if len(called) == 0 {
		return Found{}, nil, false
	}
	one := called[0]
	q, wrong := ParseQuery(url.Values{numberField: {one.Address}}, time.Time{}, time.UTC)
	vague := func(hint string) []Problem {
		return []Problem{{Field: SearchField, Value: text, Hint: hint, Vague: true}}
	}
	switch {
	case len(called) > 1:
		return Found{}, vague(toChooseFrom(called)), true
	case len(wrong) > 0 || strings.HasSuffix(one.Address, "*"):
		return Found{}, vague(fmt.Sprintf("%s is %s: write one of its numbers.", one.Name, one.Address)), true
	}
	return Found{Query: q, Note: fmt.Sprintf("Taken for %s, the line %s.", one.Name, one.Address)}, nil, true
}

// linesCalled are the lines with that name, else those with it in their name.
func linesCalled(name string, lines []NamedLine) []NamedLine {
	name = strings.ToLower(name)
	if utf8.RuneCountInString(name) < shortestName {
		return nil
	}
	var exactly, partly []NamedLine
	for _, line := range lines {
		switch have := strings.ToLower(line.Name); {
		case have == name:
			exactly = append(exactly, line)
		case strings.Contains(have, name):
			partly = append(partly, line)
		}
	}
	if len(exactly) > 0 {
		return exactly
	}
	return partly
}

func toChooseFrom(lines []NamedLine) string {
	var each []string
	for _, line := range lines[:min(len(lines), namedAtMost)] {
		each = append(each, line.Name+" ("+line.Address+")")
	}
	if more := len(lines) - len(each); more > 0 {
		each = append(each, fmt.Sprintf("and %d more", more))
	}
	return "Several lines are called so: " + strings.Join(each, ", ") + ". Write the number of one."
}
