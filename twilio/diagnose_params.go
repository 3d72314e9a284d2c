package twilio

import (
	"slices"
	"strings"
)

// repair undoes one thing that proxies and frameworks do to parameters.
type repair struct {
	text string // what was done
	undo func(value string) string
}

func repairs() []repair {
	return []repair{
		{"a + has become a space", spaceToPlus},
		{"line breaks have lost their carriage return", func(v string) string { return strings.ReplaceAll(strings.ReplaceAll(v, "\r\n", "\n"), "\n", "\r\n") }},
		{"line breaks have got a carriage return", func(v string) string { return strings.ReplaceAll(v, "\r\n", "\n") }},
		{"they are escaped twice", unescapeAgain},
		{"their UTF-8 was read as Latin-1", latin1},
	}
}

// otherParams finds a form that is not as it was when it was signed.
func (d *diagnosis) otherParams() (Reason, bool) {
	if !d.r.isPost() || len(d.r.Params) == 0 {
		return Reason{}, false
	}
	if d.signedAs(nil) {
		return changed("they were added, for the address alone is signed"), true
	}
	for _, repair := range repairs() {
		if params, ok := repair.apply(d.r.Params); ok && d.signedAs(params) {
			return changed(repair.text), true
		}
	}
	for i, p := range d.r.Params {
		if d.signedAs(slices.Delete(slices.Clone(d.r.Params), i, i+1)) {
			return changed("one was added" + shownName(p.Name)), true
		}
	}
	return Reason{}, false
}

func changed(how string) Reason {
	return Reason{Kind: ReasonChanged, Text: "the parameters were changed on the way: " + how}
}

func (d *diagnosis) signedAs(params []Param) bool {
	d.scratch.sort(params)
	return slices.ContainsFunc(d.accepted(), func(base BaseURL) bool {
		return d.search(d.own, base, d.r.pathAndQuery()) != nil
	})
}

// apply is not ok if there is nothing to undo.
func (r repair) apply(params []Param) (repaired []Param, ok bool) {
	repaired = slices.Clone(params)
	for i := range repaired {
		repaired[i].Value = r.undo(repaired[i].Value)
	}
	return repaired, !slices.Equal(repaired, params)
}

// spaceToPlus mends what begins like a phone number.
func spaceToPlus(v string) string {
	if len(v) > 1 && v[0] == ' ' && '0' <= v[1] && v[1] <= '9' {
		return "+" + v[1:]
	}
	return v
}

func unescapeAgain(v string) string {
	if strings.Contains(v, "&") {
		return v
	}
	params, err := ParseForm("v="+v, 1)
	if err != nil {
		return v
	}
	return First(params, "v")
}

// latin1 gives the bytes of which each was taken for a character.
func latin1(v string) string {
	raw := make([]byte, 0, len(v))
	for _, c := range v {
		if c < 0 || c > 0xff {
			return v
		}
		raw = append(raw, byte(c))
	}
	return string(raw)
}

// shownName is a parameter's name, if it is one that may be shown.
func shownName(name string) string {
	const enough = 40
	if name == "" || len(name) > enough || !isPlainName(name) {
		return ""
	}
	return " (" + name + ")"
}

func isPlainName(name string) bool {
	for i := range len(name) {
		if !isAlphanumeric(name[i]) && strings.IndexByte("_.-", name[i]) < 0 {
			return false
		}
	}
	return true
}
