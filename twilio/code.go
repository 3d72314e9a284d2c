package twilio

import (
	"slices"
	"strconv"
	"strings"
)

// Code is what an error code of Twilio's means, in our words: for somebody who
// was woken by it.
type Code struct {
	Number int
	Name   string // a title of a few words
	Short  string // the same in at most 22 characters, for a line without room
	// Phrase says what is wrong, at most 26 characters, to follow whom it is
	// about: "www.example.com " + "refuses connections". See Sentence.
	Phrase string
	// About is whom Phrase is about; empty for the host that Twilio asked.
	About string
	// Means is what happened, in one or two sentences.
	Means string
	// FirstThing is what to do first. It may hold URL, HOST and PORT: Advice
	// puts in the real ones.
	FirstThing string
}

// Lookup tells about a code. It never fails: a code without an entry of its own
// is told about in the words of its range.
func Lookup(number int) Code {
	for _, list := range [...][]Code{fetchCodes, documentCodes, otherCodes} {
		i, ok := slices.BinarySearchFunc(list, number, func(c Code, number int) int { return c.Number - number })
		if ok {
			return list[i].complete(number)
		}
	}
	for _, r := range codeRanges {
		if r.first <= number && number <= r.last {
			return r.code.complete(number)
		}
	}
	return unknown(number)
}

// unknown is for numbers that no range holds, and for what is no code.
func unknown(number int) Code {
	c := Code{
		Name: "an error that we have no words for", About: "Twilio", Phrase: "reports an error",
		Means: "Backstop has no words of its own for this code.",
	}
	if number > 0 {
		text := strconv.Itoa(number)
		c.Name, c.Short, c.About, c.Phrase = "Twilio error "+text, "error "+text, "", "causes error "+text
	}
	return c.complete(number)
}

func (c Code) complete(number int) Code {
	const firstCode, lastCode = 10000, 99999
	c.Number = number
	if c.Short == "" {
		c.Short = c.Name
	}
	if c.FirstThing != "" {
		return c
	}
	c.FirstThing = "Look for it in the Console: " + ConsoleErrors
	if number >= firstCode && number <= lastCode {
		c.FirstThing = "Read what Twilio says about it: " + ErrorPage(number)
	}
	return c
}

// codeRange speaks for the codes between two that have no entry of their own.
type codeRange struct {
	first, last int
	code        Code
}

// Sentence is the code in half a line: "www.example.com refuses connections".
// host may be empty.
func (c Code) Sentence(host string) string {
	switch {
	case c.About != "":
		return c.About + " " + c.Phrase
	case host == "":
		return "your server " + c.Phrase
	}
	return host + " " + c.Phrase
}

// Advice is FirstThing with the address that failed put in, fit to be pasted
// into a shell.
func (c Code) Advice(u ErrorURL) string {
	if u.Host == "" {
		return c.FirstThing
	}
	port := u.Port
	if port == "" {
		port = defaultPort(u.Scheme)[1:]
	}
	address := "'" + strings.ReplaceAll(u.address(), "'", "%27") + "'"
	if len(address) > mostAdvised {
		address = "URL"
	}
	return strings.NewReplacer("HOST", u.Host, "PORT", port, "URL", address).Replace(c.FirstThing)
}

// mostAdvised is how long an address in Advice may be; a longer one stays a word
// for it.
const mostAdvised = 300

// Title is number and name: "11202: connection refused".
func (c Code) Title() string {
	if c.Number == 0 {
		return c.Name
	}
	return strconv.Itoa(c.Number) + ": " + c.Name
}
