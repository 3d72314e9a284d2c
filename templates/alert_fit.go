package templates

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/backstop-project/backstop/incident"
)

// wording is what a first line says of an incident, more or less of it.
type wording struct {
	who      string // whom it is about
	affected string // "12 callers", "12" or ""
	brief    bool   // without a verb, where the line has one
}

// fitted asks write for ever shorter lines, until one fits. The host is what
// people search for and what they mend: before any of it goes, "www.", the
// word "callers" and the verb do; then its first labels, and how many people it
// is about; and only a name that is too long by itself is cut within.
func fitted(in incident.Incident, write func(wording) string) string {
	who, affected, number := culprit(in), affectedBy(in), Count(in.Callers)
	tries := []wording{{who, affected, false}}
	names := tails(strings.TrimPrefix(who, primaryURLOf))
	for _, name := range names {
		tries = append(tries, wording{name, affected, false}, wording{name, number, false}, wording{name, number, true})
	}
	shortest := strings.TrimPrefix(names[len(names)-1], "…")
	tries = append(tries, wording{shortest, "", true})
	for _, limit := range []int{30, 20, 12} {
		name := cutName(shortest, limit)
		tries = append(tries, wording{name, number, false}, wording{name, number, true})
	}
	tries = append(tries, wording{cutName(shortest, 12), "", false})
	lines := make([]string, len(tries))
	for i, w := range tries {
		lines[i] = write(w)
	}
	return firstFitting(lines...)
}

// firstFitting is the first of the tries that is short enough, else the last
// one, cut.
func firstFitting(tries ...string) string {
	for _, s := range tries {
		if utf8.RuneCountInString(s) <= MaxLine {
			return s
		}
	}
	return Shorten(tries[len(tries)-1], MaxLine)
}

// tails are a host without "www." and then with ever fewer of its first labels,
// down to the name that somebody has registered: at a registry, or with a
// provider that gives out names below its own.
func tails(host string) []string {
	name, _, _ := strings.Cut(host, ":")
	port := strings.TrimPrefix(host, name)
	if strings.Contains(name, " ") {
		return []string{host} // "your server" is no host
	}
	registered, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return []string{host} // an address, or no public name
	}
	if bare := strings.TrimPrefix(name, "www."); len(bare) >= len(registered) {
		name = bare
	}
	all := []string{name + port}
	for len(name) > len(registered) {
		_, name, _ = strings.Cut(name, ".")
		all = append(all, "…"+name+port)
	}
	return all
}

// shortHost is host in at most limit characters, by fewer labels where that is
// enough.
func shortHost(host string, limit int) string {
	names := tails(host)
	for _, name := range names {
		if utf8.RuneCountInString(name) <= limit {
			return name
		}
	}
	return cutName(strings.TrimPrefix(names[len(names)-1], "…"), limit)
}

// cutName cuts the middle out of a name: its beginning is somebody's own, its
// end says what kind of name it is.
func cutName(name string, limit int) string {
	runes := []rune(name)
	if len(runes) <= limit {
		return name
	}
	end := limit / 3
	if short, _ := publicsuffix.PublicSuffix(name); short != "" && len(short) <= end {
		end = len(short)
	}
	return string(runes[:limit-1-end]) + "…" + string(runes[len(runes)-end:])
}
