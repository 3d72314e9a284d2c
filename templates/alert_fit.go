package templates

import (
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/publicsuffix"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio"
)

// wording is what a first line says of an incident, more or less of it.
type wording struct {
	who      string // whom it is about, with the path where that tells causes apart
	affected string // "12 callers", "12" or ""
	brief    bool   // without a verb, where the line has one
}

// fitted asks write for ever shorter lines, until one fits. The host is what
// people search for and what they mend: before any of it goes, the word
// "callers" and the verb do; then "www.", the path, its first labels, and how
// many people it is about; and only a name that is too long by itself is cut
// within. A path outlives "www.", for it is by paths that causes of one server
// differ.
func fitted(in incident.Incident, write func(wording) string) string {
	who, affected, number := culprit(in), affectedBy(in), Count(in.Callers)
	tries := []wording{{wholeName(in), affected, false}}
	add := func(name string) {
		tries = append(tries, wording{name, affected, false}, wording{name, number, false}, wording{name, number, true})
	}
	names := tails(strings.TrimPrefix(who, primaryURLOf))
	paths := pathTails(causePath(in))
	for _, name := range names {
		if strings.HasPrefix(name, "…") {
			break
		}
		for _, path := range paths {
			add(name + path)
		}
	}
	for _, name := range names {
		add(name)
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

// tails are a host, the same without "www.", and then with ever fewer of its
// first labels, down to the name that somebody has registered: at a registry, or
// with a provider that gives out names below its own.
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
	all := []string{host}
	if bare := strings.TrimPrefix(name, "www."); bare != name && len(bare) >= len(registered) {
		name = bare
		all = append(all, name+port)
	}
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

// longestPath is how much of a path is shown where there is room.
const longestPath = 80

// causePath is the path by which a cause differs from others of its host, as
// it may be shown to anyone; "" where it is none of the cause.
func causePath(in incident.Incident) string {
	if in.Cause.Kind != incident.DocumentLevel || twilio.Lookup(in.Last.Code).About != "" || twilio.ParseErrorURL(in.Last.ErrorURL).Host == "" {
		return ""
	}
	return cutPath((&url.URL{Path: in.Cause.Path}).EscapedPath(), longestPath)
}

// cutPath cuts the middle out of a path: its end is by what pages differ.
func cutPath(path string, limit int) string {
	runes := []rune(path)
	if len(runes) <= limit {
		return path
	}
	begin := limit / 4
	return string(runes[:begin]) + "…" + string(runes[len(runes)-(limit-1-begin):])
}

// pathTails are a path and then ever fewer of its last segments.
func pathTails(path string) []string {
	if path == "" {
		return nil
	}
	all := []string{path}
	for rest := path[1:]; ; {
		_, after, found := strings.Cut(rest, "/")
		if !found || after == "" {
			return all
		}
		rest = after
		if short := "/…/" + rest; utf8.RuneCountInString(short) < utf8.RuneCountInString(path) {
			all = append(all, short)
		}
	}
}
