package config

import (
	"regexp"
	"strings"
)

// expander puts the environment's values into those of the file.
type expander struct {
	env  *environment
	used map[string]bool // names the file mentions
}

// fragments are what is not plain text in a value of the file: $$, ${X}, and
// a ${ that belongs to neither.
var fragments = regexp.MustCompile(`\$\$|\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$\{`)

// expand sets v.text to what v.written stands for: ${X} is the variable X, $$
// a dollar. It happens after the file was parsed, so that no secret can break
// the file.
func (x *expander) expand(v value) value {
	failed := false
	v.text = fragments.ReplaceAllStringFunc(v.written, func(found string) string {
		switch found {
		case "$$":
			return "$"
		case "${":
			failed = true
			x.env.review.mistake(v, "has a ${ that names no variable", "write ${NAME}, or $${ for the two characters themselves")
			return ""
		}
		name := found[2 : len(found)-1]
		x.used[name] = true
		got := x.env.secret(name)
		switch {
		case got.invalid:
			failed = true
		case !got.set():
			failed = true
			x.env.review.mistake(v, "needs the variable "+name+", which is unset or empty",
				"set "+name+" or "+name+"_FILE, or write $${ for the two characters themselves")
		}
		return got.text
	})
	v.invalid = failed
	if strings.Contains(v.written, "${") {
		x.env.review.hide(v.text)
		for part := range strings.SplitSeq(v.text, ",") {
			x.env.review.hide(strings.TrimSpace(part))
		}
	}
	return v
}
