package recovery

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/recovery/hours"
	"github.com/backstop-project/backstop/recovery/standby"
	"github.com/backstop-project/backstop/twilio"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Bounds of what a line can have.
const (
	maxName      = 60 // characters: it is said within each text
	maxLanguages = 3
	longestSay   = 19 * time.Second // with the pause before it 20
)

// OptionError is one thing that is wrong in Options.
type OptionError struct {
	Key     string // "house.name", "accounts.AC….language", "lines[2].match", "countries.CH"
	Value   string // as it was given
	Problem string // "is empty"
	Remedy  string // "name a number, such as +4930123456"
}

// Error is the mistake in one line.
func (m *OptionError) Error() string {
	return fmt.Sprintf("%s: %q %s: %s", m.Key, m.Value, m.Problem, m.Remedy)
}

// checker collects the mistakes of Options.
type checker struct {
	knows    func(language string) bool
	media    *Media
	basePath string
	own      string // PUBLIC_URL
	mistakes []error
	// primariesThere are those that were right.
	primariesThere standby.Primaries

	schedules map[string]*hours.Schedule // that rules and people may name
	rosters   map[string]*hours.Roster   // that steps may name

	numbers map[string]bool // of lines that are one number each
}

func (c *checker) err() error { return errors.Join(c.mistakes...) }

func (c *checker) mistake(key, value, problem, remedy string) {
	c.mistakes = append(c.mistakes, &OptionError{Key: key, Value: value, Problem: problem, Remedy: remedy})
}

// line checks a line and adds it to m.
func (c *checker) line(i int, line Line, m *matcher) Line {
	key := fmt.Sprintf("lines[%d]", i)
	line.Style = c.style(key, line.Style)
	match := canonicalMatch(line.Match)
	switch flaw := flawOf(line.Match, match); {
	case flaw.problem != "":
		c.mistake(key+".match", line.Match, flaw.problem, flaw.remedy)
	case m.add(match, int32(i)): //nolint:gosec // some ten thousand lines
		c.mistake(key+".match", line.Match, "is there twice", "say all about a number in one line")
	case twilio.IsE164(match):
		c.numbers[match] = true
	}
	return line
}

// style checks a style and resolves the files it names.
func (c *checker) style(key string, s Style) Style {
	s.Name = strings.Join(strings.Fields(s.Name), " ")
	if utf8.RuneCountInString(s.Name) > maxName || strings.IndexFunc(s.Name, unicode.IsControl) >= 0 {
		c.mistake(key+".name", s.Name, "cannot be spoken", fmt.Sprintf("use at most %d characters, and letters only", maxName))
	}
	s.Languages = c.languages(key+".language", s.Languages)
	if s.Voice != "" && len(s.Languages) != 1 {
		c.mistake(key+".voice", s.Voice, "needs one language beside it, the one it speaks", "add language")
	}
	c.say(key, s)
	s.Play = c.audio(key+".play", s.Play)
	s.Hold = c.audio(key+".hold", s.Hold)
	return s
}

func (c *checker) say(key string, s Style) {
	switch {
	case s.Say == "":
	case s.Play != "":
		c.mistake(key+".say", s.Say, "stands beside play", "remove one of them")
	default:
		language := ""
		if len(s.Languages) > 0 {
			language = s.Languages[0]
		}
		document := twiml.Respond(twiml.Say{Text: s.Say, Language: language}).Bytes()
		if took := twiml.SpeakingTime(document); took > longestSay {
			c.mistake(key+".say", s.Say, fmt.Sprintf("takes about %d seconds to say", took/time.Second), "shorten it to less than 20")
		}
	}
}

// languages checks tags and writes them as they are compared.
func (c *checker) languages(key string, tags []string) []string {
	if len(tags) > maxLanguages {
		c.mistake(key, strings.Join(tags, ", "), "are more languages than anybody listens to", "name three at most")
	}
	var known []string
	for _, tag := range tags {
		base, region, regional := strings.Cut(strings.TrimSpace(tag), "-")
		tag := strings.ToLower(base)
		if regional {
			tag += "-" + strings.ToUpper(region)
		}
		switch {
		case !c.knows(tag):
			c.mistake(key, tag, "is no language that there are texts in", "use en, es, fr, de, it, pt, nl or ja, or add a template of your own, such as apology.voice."+tag+".tmpl")
		case !slices.Contains(known, tag):
			known = append(known, tag)
		}
	}
	return known
}

// audio is the URL of a recording.
func (c *checker) audio(key, value string) string {
	switch {
	case value == "", strings.HasPrefix(value, "https://"), strings.HasPrefix(value, "http://"):
		return value
	case c.media.Has(value):
		return c.basePath + MediaPath + value
	case c.media == nil:
		c.mistake(key, value, "needs a folder", "name the one it is in with media, or write an absolute URL")
	default:
		c.mistake(key, value, "is no file in the media folder that Twilio can play", "put an .mp3 or .wav there, its name of letters, digits, dots, - and _ only"+among(c.media.Names()))
	}
	return ""
}

// among tells what there is to choose from.
func among(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ", or use one that is there (" + strings.Join(names[:min(5, len(names))], ", ") + ")"
}

// countries is the table of languages by country, with the customer's own
// wishes in it.
func (c *checker) countries(wishes map[string][]string) map[string][]string {
	table := map[string][]string{}
	for a := byte('A'); a <= 'Z'; a++ {
		for b := byte('A'); b <= 'Z'; b++ {
			country := string([]byte{a, b})
			if tags := c.main(twilio.LanguagesOf(country), country); len(tags) > 0 {
				table[country] = tags
			}
		}
	}
	for _, country := range slices.Sorted(maps.Keys(wishes)) {
		if len(country) != 2 || country != strings.ToUpper(country) {
			c.mistake("countries."+country, country, "is no country", "write two capital letters, such as CH")
			continue
		}
		table[country] = c.languages("countries."+country, wishes[country])
	}
	return table
}
