package twiml

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Kind says for whom a document is: the two kinds have different verbs.
type Kind uint8

// The kinds of TwiML.
const (
	Voice Kind = iota
	Messaging
)

// Twilio's codes for what Check finds (https://www.twilio.com/docs/api/errors).
const (
	codeTooLarge    = 11750
	codeParse       = 12100
	codeVersion     = 12101
	codeRoot        = 12102
	codeSchema      = 12200
	codeDialTooMany = 13223
	codeSayTooLong  = 13521
	codeBodyTooLong = 14103
)

// Problem is one thing that Check finds wrong.
type Problem struct {
	Warning      bool // Twilio would execute the document all the same
	Code         int  // the error that Twilio would log
	Line, Column int  // from 1; columns count bytes
	Text         string
}

// String is the problem as one line for people.
func (p Problem) String() string {
	return fmt.Sprintf("line %d, column %d: %s (%d)", p.Line, p.Column, p.Text, p.Code)
}

// Report is what Check has to say. The zero value says that all is well.
type Report struct {
	Problems []Problem // in the order of the document, at most MaxProblems
}

// MaxProblems bounds a Report: who writes that many mistakes does not read further.
const MaxProblems = 50

// Err is the first problem for which Twilio would not execute the document; nil if there is none.
func (r Report) Err() error {
	for _, p := range r.Problems {
		if !p.Warning {
			return errors.New(p.String())
		}
	}
	return nil
}

// Warnings returns the problems that Twilio would log, and then execute the document all the same.
func (r Report) Warnings() []Problem {
	var warnings []Problem
	for _, p := range r.Problems {
		if p.Warning {
			warnings = append(warnings, p)
		}
	}
	return warnings
}

// plus places p at the byte offset at of doc. A full report still takes the first error, in place of its last warning.
func (r Report) plus(doc []byte, at int, p Problem) Report {
	if len(r.Problems) >= MaxProblems {
		if p.Warning || !r.Problems[MaxProblems-1].Warning {
			return r
		}
		r.Problems = r.Problems[:MaxProblems-1]
	}
	before := doc[:min(at, len(doc))]
	p.Line = 1 + bytes.Count(before, []byte("\n"))
	p.Column = len(before) - bytes.LastIndexByte(before, '\n')
	p.Text = clip(p.Text)
	r.Problems = append(r.Problems, p)
	return r
}

// clip keeps a stranger's long names and values out of logs and pages.
func clip(text string) string {
	const longest = 200
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest], "") + "…"
}
