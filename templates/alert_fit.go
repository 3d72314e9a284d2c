package templates

import (
	"net/url"
	"slices"
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
	cause    detail // what is wrong, where the line has that
}

// detail is how much a first line says of what is wrong.
type detail uint8

const (
	asSentence detail = iota // "www.example.com has an expired certificate"
	inBrief                  // "www.example.com: certificate expired"
	byError                  // "www.example.com: error 11236"
	byNumber                 // "www.example.com: 11236"
)

// room is how long a first line may be before it is said to be a drill's.
func (a *Alerts) room() int {
	if a.drill {
		return MaxLine - utf8.RuneCountInString(drillPrefix)
	}
	return MaxLine
}

// fitted asks write for ever shorter lines, until one fits. Host and path are what
// people search for and what tells incidents apart: before any of them goes, the
// word "callers" and the words for what is wrong do, down to the error's number;
// then the path's first segments, the host's first labels, and how many people it
// is about; and only a name that is too long by itself is cut within.
func (a *Alerts) fitted(in incident.Incident, write func(wording) string) string {
	affected, number := affectedBy(in), Count(in.Callers)
	tries := []wording{{wholeName(in), affected, asSentence}}
	worded := func(name string) {
		tries = append(tries, wording{name, affected, asSentence}, wording{name, number, asSentence}, wording{name, number, inBrief})
	}
	numbered := func(name string) {
		tries = append(tries, wording{name, number, byError}, wording{name, number, byNumber})
	}
	names := tails(strings.TrimPrefix(culprit(in), primaryURLOf))
	whole := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return strings.HasPrefix(name, "…") })
	for _, path := range append(pathTails(causePath(in)), "") {
		for _, name := range whole {
			worded(name + path)
		}
		for _, name := range whole {
			numbered(name + path)
		}
	}
	for _, name := range names[len(whole):] {
		worded(name)
	}
	shortest := strings.TrimPrefix(names[len(names)-1], "…")
	tries = append(tries, wording{shortest, "", inBrief})
	for _, limit := range []int{30, 20, 12} {
		name := cutName(shortest, limit)
		tries = append(tries, wording{name, number, asSentence}, wording{name, number, inBrief})
	}
	tries = append(tries, wording{cutName(shortest, 12), "", asSentence}, wording{cutName(shortest, 12), "", byNumber})
	lines := make([]string, len(tries))
	for i, w := range tries {
		lines[i] = write(w)
	}
	return a.firstFitting(lines...)
}

// firstFitting is the first of the tries that is short enough, else the last
// one, cut.
func (a *Alerts) firstFitting(tries ...string) string { return firstWithin(a.room(), tries...) }

func firstWithin(limit int, tries ...string) string {
	for _, s := range tries {
		if utf8.RuneCountInString(s) <= limit {
			return s
		}
	}
	return Shorten(tries[len(tries)-1], limit)
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

// pathTails are a path and then ever fewer of its last segments, at last a part of
// one.
func pathTails(path string) []string {
	if path == "" {
		return nil
	}
	all := []string{path}
	for rest := path[1:]; ; {
		_, after, found := strings.Cut(rest, "/")
		if !found || after == "" {
			break
		}
		rest = after
		if short := "/…/" + rest; utf8.RuneCountInString(short) < utf8.RuneCountInString(path) {
			all = append(all, short)
		}
	}
	if last := all[len(all)-1]; utf8.RuneCountInString(last) > shortPath {
		all = append(all, cutPath(last, shortPath))
	}
	return all
}

// shortPath is how much of a path is shown where there is no room for one segment
// of it.
const shortPath = 20
