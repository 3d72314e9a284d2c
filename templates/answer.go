package templates

import (
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/twilio/twiml"
)

// Answers has the words for those who are on the line: the built-in ones and
// the customer's own. It is safe for concurrent use.
type Answers struct {
	texts texts
	own   map[ownKey]*own

	ownPhrases ownPhrases
	ours       []string // what our messages say, as Ours compares
	log        *slog.Logger

	failed atomic.Int64

	mu      sync.RWMutex
	built   map[builtKey]incident.Answer
	phrases map[phraseKey][]twiml.Say
}

// AnswerOptions says where an Answers has its words from.
type AnswerOptions struct {
	// Own is the folder of the customer's own templates; nil for none. What
	// may be in it is written in examples/templates.d/README.md.
	Own fs.FS
	// Log is told of own templates that are long or odd, and, once each,
	// of those that failed at run time; nil for nobody.
	Log *slog.Logger
}

// NewAnswers reads and tries out all templates. The error joins every
// *OwnError in the customer's own ones; the Answers is usable all the same,
// without the templates that have one.
func NewAnswers(o AnswerOptions) (*Answers, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	a := &Answers{texts: readTexts(), log: o.Log, built: map[builtKey]incident.Answer{}, phrases: map[phraseKey][]twiml.Say{}}
	a.ours = a.texts.messages()
	if o.Own == nil {
		return a, nil
	}
	var err error
	a.own, a.ownPhrases, err = readOwn(o.Own, o.Log)
	return a, err
}

// Answer is the document for one failure with its words in one line and the
// languages they are in. It never fails: where the customer's own template
// does, the built-in text takes its place; where that says nothing, the Outcome
// is NotTold and Why says so. What it returns is shared: it must not be changed.
func (a *Answers) Answer(f incident.Failure, s incident.Situation, w incident.Wording) incident.Answer {
	if len(a.own) > 0 && !ownWords(s, w) {
		if answer, ok := a.fromOwn(f, s, w); ok {
			return answer
		}
	}
	return a.fromBuiltIn(s, w, f.Outbound && s == incident.AfterSuccess)
}

// Knows says whether there are words in a language: built-in ones or, for one
// situation at least, the customer's own.
func (a *Answers) Knows(language string) bool {
	if _, _, ok := a.texts.find(language); ok {
		return true
	}
	base, _, _ := strings.Cut(language, "-")
	for key := range a.own {
		if key.language == language || key.language == base {
			return true
		}
	}
	for key := range a.ownPhrases {
		if key.language == language || key.language == base {
			return true
		}
	}
	return false
}

// Failed counts answers for which the customer's own template failed.
func (a *Answers) Failed() int64 { return a.failed.Load() }

// ownWords says whether the line has words or a recording of its own here.
// They are said to people whose call is not served; in all other situations
// they would be wrong.
func ownWords(s incident.Situation, w incident.Wording) bool {
	return (s == incident.NotYetServed || s == incident.MidCall) && (w.Say != "" || w.Play != "")
}

// maxBuilt bounds the cache. Its keys come from the configuration only, so
// that just a house with thousands of names ever fills it.
const maxBuilt = 4096

// builtKey is all that a built-in document depends on.
type builtKey struct {
	situation            incident.Situation
	called               bool // where the words depend on it
	name, voice          string
	say, play, hold      string
	first, second, third string // languages
}

func keyOf(s incident.Situation, w *incident.Wording, called bool) builtKey {
	key := builtKey{situation: s, called: called, name: w.Name, voice: w.Voice, say: w.Say, play: w.Play, hold: w.Hold}
	for i, language := range w.Languages {
		switch i {
		case 0:
			key.first = language
		case 1:
			key.second = language
		case 2:
			key.third = language
		}
	}
	return key
}

func (a *Answers) fromBuiltIn(s incident.Situation, w incident.Wording, called bool) incident.Answer {
	key := keyOf(s, &w, called)
	a.mu.RLock()
	answer, ok := a.built[key]
	a.mu.RUnlock()
	if ok {
		return answer
	}
	answer = a.build(s, w, called)
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.built) >= maxBuilt {
		for some := range a.built {
			delete(a.built, some)
			break
		}
	}
	a.built[key] = answer
	return answer
}

// longest is how long a caller should have to listen.
const longest = 20 * time.Second
