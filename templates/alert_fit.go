package templates

import (
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

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
// word "callers" and the verb do; then its first labels; and only a name that
// is too long by itself is cut within.
func fitted(in incident.Incident, write func(wording) string) string {
	who, affected, number := culprit(in), affectedBy(in), Count(in.Callers)
	tries := []wording{{who, affected, false}}
	for _, short := range tails(strings.TrimPrefix(who, primaryURLOf)) {
		tries = append(tries, wording{short, affected, false}, wording{short, number, false}, wording{short, number, true})
	}
	shortest := strings.TrimPrefix(tries[len(tries)-1].who, "…")
	for _, limit := range []int{20, 12} {
		tries = append(tries, wording{cutHost(shortest, limit), number, false}, wording{cutHost(shortest, limit), number, true})
	}
	tries = append(tries, wording{cutHost(shortest, 12), "", false})
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
// down to the name that somebody has registered.
func tails(host string) []string {
	host = strings.TrimPrefix(host, "www.")
	all := []string{host}
	name, _, _ := strings.Cut(host, ":")
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || strings.Contains(host, " ") {
		return all // an address has no labels, and "your server" is no host
	}
	labels := strings.Split(name, ".")
	port := strings.TrimPrefix(host, name)
	for drop := 1; len(labels)-drop >= registered(labels); drop++ {
		all = append(all, "…"+strings.Join(labels[drop:], ".")+port)
	}
	return all
}

// registered is of how many labels the name is that somebody has registered:
// two, or three where the country gives out names below a second level.
func registered(labels []string) int {
	n := len(labels)
	if n < 3 || len(labels[n-1]) != 2 {
		return 2
	}
	second := []string{"co", "com", "org", "net", "gov", "gob", "ac", "edu", "or", "ne", "go"}
	if slices.Contains(second, labels[n-2]) {
		return 3
	}
	return 2
}

// cutHost cuts the beginning of a name off: its end says most.
func cutHost(host string, limit int) string {
	runes := []rune(host)
	if len(runes) <= limit {
		return host
	}
	return "…" + string(runes[len(runes)-limit+1:])
}
