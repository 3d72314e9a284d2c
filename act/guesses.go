package act

import (
	"slices"
	"sync"
	"time"
)

// Guesses bounds how often somebody may be wrong: six digits are soon tried. It
// serves any number of goroutines.
type Guesses struct {
	mu    sync.Mutex
	wrong map[string][]time.Time
}

// Bounds of guessing.
const (
	guessesAtMost = 5
	guessesWithin = time.Hour
	mostGuessers  = 1000
)

// NewGuesses begins.
func NewGuesses() *Guesses { return &Guesses{wrong: map[string][]time.Time{}} }

// Take counts a guess of who as wrong until Right is called; ok is false where
// there were five within the hour.
func (g *Guesses) Take(who string, now time.Time) (ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.wrong) >= mostGuessers {
		g.prune(now)
	}
	recent := within(g.wrong[who], now)
	if len(recent) >= guessesAtMost || len(g.wrong) >= mostGuessers && len(recent) == 0 {
		return false
	}
	g.wrong[who] = append(recent, now)
	return true
}

// Right takes back what Take counted.
func (g *Guesses) Right(who string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if n := len(g.wrong[who]); n > 1 {
		g.wrong[who] = g.wrong[who][:n-1]
		return
	}
	delete(g.wrong, who)
}

func (g *Guesses) prune(now time.Time) {
	for who, times := range g.wrong {
		if len(within(times, now)) == 0 {
			delete(g.wrong, who)
		}
	}
}

func within(times []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) >= guessesWithin })
}
