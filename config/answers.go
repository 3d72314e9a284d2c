package config

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/backstop-project/backstop/recovery"
	"github.com/backstop-project/backstop/templates"
	"github.com/backstop-project/backstop/twilio"
)

// answers is how callers are spoken to. What a style may say is recovery's
// and templates' to judge; this finds the place in the file for each of their
// complaints.
func (r *review) answers(f file) recovery.Options {
	a := answering{review: r, places: make(map[string]value)}
	o := recovery.Options{
		Accounts:  make(map[string]recovery.Style),
		Countries: make(map[string][]string),
		ByCaller:  r.boolean(f.CallerCountry, false),
	}
	if own, err := twilio.ParseBaseURL(f.PublicURL.text); err == nil {
		o.Own, o.BasePath = own.String(), own.Path()
	}
	for _, one := range f.Accounts {
		switch {
		case one.At.invalid || one.SID.invalid:
		case one.SID.absent():
			o.House = a.style("house", one.DisplayName, one.Wording)
		default:
			o.Accounts[one.SID.text] = a.style("accounts."+one.SID.text, one.DisplayName, one.Wording)
		}
	}
	o.OnlyAccounts = onlyAccounts(f.Accounts)
	for _, one := range f.Lines {
		if one.At.invalid || one.Match.invalid {
			continue
		}
		key := fmt.Sprintf("lines[%d]", len(o.Lines))
		a.place(key+".match", one.Match, one.At)
		o.Lines = append(o.Lines, recovery.Line{Match: one.Match.text, Tags: r.tags(one.Tags), Critical: r.boolean(one.Critical, false), Style: a.style(key, one.Name, one.Wording)})
	}
	for country, languages := range f.Countries {
		at := f.At
		if len(languages) > 0 {
			at = languages[0]
		}
		at.key, at.written = "countries."+country, ""
		a.places[at.key] = at
		o.Countries[country] = texts(commaSplit(languages))
	}
	a.rules(f, &o)
	a.check(f, o)
	return o
}

// onlyAccounts are those that are named; none where a token is tried for every
// account, or where it is not certain who is meant.
func onlyAccounts(accounts []account) (sids []string) {
	for _, one := range accounts {
		if one.At.invalid || one.SID.invalid || one.SID.absent() {
			return nil
		}
		sids = append(sids, one.SID.text)
	}
	return sids
}

// answering remembers where recovery's keys stand in the file.
type answering struct {
	*review
	places    map[string]value
	mediaGone bool // the folder has a mistake: whether a file is in it is not known
}

// place notes where key stands; where nothing was written, what it belongs to.
func (a *answering) place(key string, v, around value) {
	if v.absent() {
		v, v.key = around, around.key+key[strings.LastIndexByte(key, '.'):]
	}
	a.places[key] = v
}

func (a *answering) style(key string, name value, w wording) recovery.Style {
	languages := commaSplit(append([]value{w.Language}, w.Languages...))
	if !w.Language.absent() && len(w.Languages) > 0 {
		a.mistake(w.Language, "stands beside languages", "write either language or languages")
	}
	for part, v := range map[string]value{
		"name": name, "language": first(languages...), "voice": w.Voice, "say": w.Say, "play": w.Play, "hold": w.Hold,
	} {
		a.places[key+"."+part] = v
	}
	return recovery.Style{
		Name: name.text, Languages: texts(languages), Voice: w.Voice.text,
		Say: w.Say.text, Play: w.Play.text, Hold: w.Hold.text,
	}
}

func texts(values []value) []string {
	var list []string
	for _, v := range values {
		list = append(list, v.text)
	}
	return list
}

// check has the customer's own texts and o judged by those who will use them.
func (a *answering) check(f file, o recovery.Options) {
	words, err := templates.NewAnswers(a.ownTexts(f.Templates))
	for _, complaint := range unjoin(err) {
		if m, ok := errors.AsType[*templates.OwnError](complaint); ok {
			a.mistake(f.Templates, "has a mistake in it: "+m.Place+": "+m.Problem, m.Remedy)
		}
	}
	o.Media = a.media(f.Media)
	defer func() { _ = o.Media.Close() }() // only its list was needed
	_, err = recovery.NewRules(o, words.Knows)
	for _, complaint := range unjoin(err) {
		if m, ok := errors.AsType[*recovery.OptionError](complaint); ok {
			a.complain(m)
		}
	}
}

// media opens the folder of recordings, nil where none is configured.
func (a *answering) media(v value) *recovery.Media {
	folder, ok := a.folder(v)
	if !ok {
		a.mediaGone = !v.absent()
		return nil
	}
	media, err := recovery.OpenMedia(folder)
	if err != nil {
		a.mediaGone = true
		a.mistake(v, "cannot be read: "+reason(err), "make the folder readable for Backstop")
	}
	return media
}

func (a *answering) ownTexts(v value) templates.AnswerOptions {
	folder, ok := a.folder(v)
	if !ok {
		return templates.AnswerOptions{}
	}
	return templates.AnswerOptions{Own: os.DirFS(folder)}
}

// complain notes what recovery says.
func (a *answering) complain(m *recovery.OptionError) {
	if a.mediaGone && (strings.HasSuffix(m.Key, ".play") || strings.HasSuffix(m.Key, ".hold")) {
		return
	}
	if at := a.placeOf(m.Key); !at.invalid { // else there is a mistake about it already
		a.mistake(at, m.Problem, m.Remedy)
	}
}

// unjoin takes apart what errors.Join put together.
func unjoin(err error) []error {
	var joined interface{ Unwrap() []error }
	switch {
	case err == nil:
		return nil
	case errors.As(err, &joined):
		return joined.Unwrap()
	}
	return []error{err}
}

// moreAbout is the remedy where a complaint names none.
const moreAbout = "see docs/CONFIGURATION.md"

// isTag says whether s is a short word. A pattern would do too, but one with
// all of Unicode's letters costs 10 ms of every start.
func isTag(s string) bool {
	wordly := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }
	first, _ := utf8.DecodeRuneInString(s)
	return wordly(first) && utf8.RuneCountInString(s) <= 40 && strings.IndexFunc(s, func(r rune) bool {
		return !wordly(r) && !strings.ContainsRune(" ._:/-", r)
	}) < 0
}

// placeOf is where a key stands, or else what it is in.
func (a *answering) placeOf(key string) value {
	for whole := key; ; {
		if at, ok := a.places[key]; ok {
			if key != whole && at.absent() {
				at.key = whole
			}
			return at
		}
		i := strings.LastIndexAny(key, ".[")
		if i < 0 {
			return a.places[whole]
		}
		key = key[:i]
	}
}

func (r *review) tags(written []value) []string {
	tags := commaSplit(written)
	for _, v := range tags {
		if !isTag(v.text) {
			r.mistake(v, "is no tag", "write a short word, such as clinic")
		}
	}
	return texts(tags)
}
