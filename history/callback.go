package history

import (
	"strings"
	"time"
)

// CallbackState is how it stands with calling somebody back.
type CallbackState uint8

// The states. The numbers are stored: never renumber. 0 is none of them.
const (
	CallbackNew      CallbackState = 1 // nobody has dealt with it
	CallbackClaimed  CallbackState = 2 // somebody is about to call
	CallbackCalled   CallbackState = 3 // and has spoken to them
	CallbackNoAnswer CallbackState = 4 // or did not reach them
	CallbackDone     CallbackState = 5
	CallbackNever    CallbackState = 6 // they do not want to be called
)

// CallbackStates are all states, in the order in which people come to them.
func CallbackStates() []CallbackState {
	return []CallbackState{CallbackNew, CallbackClaimed, CallbackCalled, CallbackNoAnswer, CallbackDone, CallbackNever}
}

// String is the phrase that pages use and URLs carry.
func (s CallbackState) String() string {
	switch s {
	case CallbackNew:
		return "new"
	case CallbackClaimed:
		return "claimed"
	case CallbackCalled:
		return "called"
	case CallbackNoAnswer:
		return "no answer"
	case CallbackDone:
		return "done"
	case CallbackNever:
		return "do not call"
	}
	return "unknown"
}

// ParseCallbackState reads what String wrote, also with dashes for spaces; ok
// is false for any other phrase.
func ParseCallbackState(text string) (s CallbackState, ok bool) {
	text = strings.ReplaceAll(strings.ToLower(text), "-", " ")
	for _, s := range CallbackStates() {
		if text == s.String() {
			return s, true
		}
	}
	return 0, false
}

// MaxNote is how many characters a note has at most.
const MaxNote = 500

// Callback is what people have noted about calling somebody back. The zero
// value is that of somebody about whom nobody has noted anything.
type Callback struct {
	State CallbackState
	Note  string
	By    string // who changed it last
	At    time.Time
	// ClaimedBy is who took it last, "" where it was given back since.
	ClaimedBy string
	ClaimedAt time.Time
}

// StateFor is how it stands with somebody whose last try was at that time:
// who is done with and tries again is new.
func (c Callback) StateFor(last time.Time) CallbackState {
	if c.State == 0 || (c.State == CallbackDone && last.After(c.At)) {
		return CallbackNew
	}
	return c.State
}

// Claim is c once by has taken it, the last try having been at last. Where
// somebody has it, or nobody is to call, it stays as it is and ok is false.
func (c Callback) Claim(by string, at, last time.Time) (next Callback, ok bool) {
	switch c.StateFor(last) {
	case CallbackClaimed, CallbackDone, CallbackNever:
		return c, false
	case CallbackNew, CallbackCalled, CallbackNoAnswer:
	}
	c.State, c.By, c.At, c.ClaimedBy, c.ClaimedAt = CallbackClaimed, by, at, by, at
	return c, true
}

// CallbackChange is what somebody says about a callback.
type CallbackChange struct {
	State    CallbackState
	Note     string
	KeepNote bool // the note stays as it is
	By       string
	At       time.Time
	// Seen is Callback.At as whoever changes it had it before their eyes: zero
	// where there was nothing.
	Seen time.Time
}

// Change is c changed. Where somebody else has changed it meanwhile it stays as
// it is and ok is false: their note would be lost.
func (c Callback) Change(to CallbackChange) (next Callback, ok bool) {
	if c.At.UnixMilli() != to.Seen.UnixMilli() {
		return c, false
	}
	switch {
	case to.State == CallbackNew:
		c.ClaimedBy, c.ClaimedAt = "", time.Time{}
	case to.State == CallbackClaimed && c.State != CallbackClaimed:
		c.ClaimedBy, c.ClaimedAt = to.By, to.At
	}
	if !to.KeepNote {
		c.Note = to.Note
	}
	c.State, c.By, c.At = to.State, to.By, to.At
	return c, true
}
