package config

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Line is what is said about a phone number, or about all that begin alike.
type Line struct {
	Match string // as Twilio writes it: "+4930123456", "sip:…"; "+4930*" for all that begin so
	Name  string
	Tags  []string
	Words Wording
}

// Wording is how callers are spoken to.
type Wording struct {
	Name      string
	Languages []string
	Voice     string
	Say       string
	Play      string
}

func (r *review) lines(written []line, media string) []Line {
	var lines []Line
	matches := make(map[string]value)
	for _, l := range written {
		if l.At.invalid {
			continue
		}
		r.match(l)
		r.once(matches, l.Match, "say all about a number in one entry")
		lines = append(lines, Line{
			Match: l.Match.text, Name: l.Name.text, Tags: r.tags(l.Tags),
			Words: r.wording(l.Wording, media),
		})
	}
	return lines
}

// match checks which numbers a line speaks of.
func (r *review) match(l line) {
	const remedy = `write a number as Twilio does, such as "+4930123456", or what all of them begin with, such as "+4930*"`
	switch {
	case l.Match.absent():
		r.missing(l.At, l.At.key+".match", "is missing", remedy)
	case !l.Match.set():
	case strings.Contains(strings.TrimSuffix(l.Match.text, "*"), "*"):
		r.mistake(l.Match, "has a * before its end", remedy)
	case strings.ContainsAny(l.Match.text, " \t\r\n"):
		r.mistake(l.Match, "has a space in it", remedy)
	}
}

var tag = regexp.MustCompile(`^[\pL\pN][\pL\pN ._:/-]{0,39}$`)

func (r *review) tags(written []value) []string {
	var tags []string
	for _, v := range commaSplit(written) {
		if !tag.MatchString(v.text) {
			r.mistake(v, "is no tag", "write a short word, such as clinic")
			continue
		}
		tags = append(tags, v.text)
	}
	return tags
}

func (r *review) accountWords(written []account, media string) map[string]Wording {
	words := make(map[string]Wording)
	for _, a := range written {
		w := r.wording(a.Wording, media)
		w.Name = a.DisplayName.text
		words[a.SID.text] = w
	}
	return words
}

func (r *review) wording(w wording, media string) Wording {
	return Wording{
		Languages: r.languages(w),
		Voice:     w.Voice.text,
		Say:       w.Say.text,
		Play:      r.play(w.Play, media),
	}
}

func (r *review) languages(w wording) []string {
	return nil
}

// play is the name of a file in the media folder.
func (r *review) play(v value, media string) string {
	const remedy = "put the file into the folder that media names, and write its name alone"
	if !v.set() {
		return ""
	}
	switch {
	case media == "":
		r.mistake(v, "needs a media folder", "say where the file is with media: folder")
	case !filepath.IsLocal(v.text) || strings.ContainsAny(v.text, `/\`):
		r.mistake(v, "is no name of a file", remedy)
	default:
		if info, err := os.Stat(filepath.Join(media, v.text)); err != nil || !info.Mode().IsRegular() {
			r.mistake(v, "is no file of the media folder", remedy)
		}
	}
	return v.text
}
