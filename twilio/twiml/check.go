package twiml

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// What Twilio takes (https://www.twilio.com/docs/voice/twiml/say, …/dial, /docs/messaging/twiml/message).
const (
	maxSay      = 4096
	maxSayPolly = 3000
	maxBody     = 1600
	maxDial     = 10
)

// Check judges a document as strictly as Twilio may: well-formed XML in UTF-8 without document type or processing
// instruction, at most 64 kB, root Response, only verbs of that kind, each where it belongs, nothing too long.
// Unknown attributes, odd values and stray text are warnings, as they are at Twilio. What Check passes, encoding/xml
// reads too. It takes any bytes and some 5 µs for a usual document.
func Check(doc []byte, kind Kind) Report {
	c := checker{scanner: newScanner(doc), root: roots()[kind], kind: kind}
	if len(doc) > MaxBytes {
		c.problem(MaxBytes, codeTooLarge, fmt.Sprintf("the document has %d bytes, Twilio takes %d", len(doc), MaxBytes))
		return c.report
	}
	c.open = c.stack[:0]
	for {
		if f := c.next(); f != nil {
			c.problem(f.at, f.code, f.text)
			return c.report
		}
		switch c.token.kind {
		case startTag:
			c.start()
			if c.token.empty {
				c.end()
			}
		case endTag:
			c.end()
		case charData, cdata:
			c.text()
		case comment:
		case endOfDocument:
			return c.report
		}
	}
}

type checker struct {
	*scanner
	root   *element
	kind   Kind
	open   []frame
	stack  [8]frame // backs open
	report Report
}

// frame is an element that is still open.
type frame struct {
	*element        // nil: unknown, and so is all that stands in it
	at       int    // where its start tag is
	children int    // elements so far
	length   int    // characters so far, those of its children included
	limit    int    // of length
	blank    bool   // no text of its own so far but white space
	endpoint int    // Dial: who is to be called
	tag      []byte // for messages
}

func (c *checker) problem(at, code int, text string) {
	c.report = c.report.plus(c.doc, at, Problem{Code: code, Text: text})
}

func (c *checker) warn(at, code int, text string) {
	c.report = c.report.plus(c.doc, at, Problem{Code: code, Text: text, Warning: true})
}

func (c *checker) start() {
	f := frame{at: c.token.at, tag: c.token.name, blank: true}
	if len(c.open) == 0 {
		if string(c.token.name) == "Response" {
			f.element = c.root
		} else {
			c.problem(f.at, codeRoot, "the root element has to be <Response>, not <"+string(f.tag)+">")
		}
	} else {
		f.element = c.child(&c.open[len(c.open)-1])
	}
	if f.element != nil {
		c.attributes(f.element)
		f.limit = c.limit(f.element)
	}
	c.open = append(c.open, f)
}

// child finds what the tag means below parent; nil if parent may not hold it.
func (c *checker) child(parent *frame) *element {
	if parent.element == nil {
		return nil
	}
	name := c.token.name
	child := parent.element.children[string(name)]
	switch {
	case child == nil && parent.element == c.root:
		c.problem(c.token.at, codeSchema, "<"+string(name)+"> is no verb that may stand in a "+c.kind.String()+" <Response>")
	case child == nil:
		c.problem(c.token.at, codeSchema, "<"+string(name)+"> may not stand in <"+string(parent.tag)+">")
	case child.tag == "Reject" && parent.children > 0:
		c.problem(c.token.at, codeSchema, "<Reject> has to be the first verb")
	}
	parent.children++
	if parent.element.tag == "Dial" {
		parent.endpoint++
	}
	return child
}

func (c *checker) attributes(e *element) {
	for _, a := range c.token.attrs {
		allowed, known := e.attributes[string(a.name)]
		switch {
		case !known:
			c.warn(c.token.at, codeSchema, "<"+e.tag+"> has no attribute "+string(a.name))
		case !allowed.allow(string(decode(a.value))):
			c.warn(c.token.at, codeSchema, "<"+e.tag+"> does not know "+string(a.name)+"="+`"`+string(a.value)+`"`)
		}
	}
}

func (c *checker) limit(e *element) int {
	switch {
	case e.tag == "Message" && c.kind == Messaging:
		return maxBody
	case e.tag == "Say":
		for _, a := range c.token.attrs {
			if string(a.name) == "voice" && bytes.HasPrefix(a.value, []byte("Polly.")) {
				return maxSayPolly
			}
		}
		return maxSay
	}
	return 0
}

func (c *checker) text() {
	if len(c.open) == 0 {
		return // only white space gets here
	}
	f := &c.open[len(c.open)-1]
	if f.element == nil {
		return
	}
	text := c.token.decoded()
	blank := notBlank(text) < 0
	if !blank || f.element.tag != "Message" { // what indents Body is not sent
		f.length += utf8.RuneCount(text)
	}
	if f.blank && !blank {
		f.blank = false
		if !f.text {
			c.warn(c.token.at, codeSchema, "<"+f.element.tag+"> holds no text of its own: Twilio ignores it")
		}
	}
}

func (c *checker) end() {
	last := len(c.open) - 1
	f := c.open[last]
	c.open = c.open[:last]
	if f.element == nil {
		return
	}
	if f.limit > 0 && f.length > f.limit {
		c.tooLong(f)
	}
	if f.element.tag == "Dial" {
		if !f.blank {
			f.endpoint++
		}
		if f.endpoint > maxDial {
			c.problem(f.at, codeDialTooMany, fmt.Sprintf("<Dial> calls %d numbers, at most %d are allowed", f.endpoint, maxDial))
		}
	}
	if last > 0 && f.element.tag != "Media" {
		c.open[last-1].length += f.length
	}
}

func (c *checker) tooLong(f frame) {
	code := codeSayTooLong
	if f.element.tag == "Message" {
		code = codeBodyTooLong
	}
	c.problem(f.at, code, fmt.Sprintf("<%s> has %d characters, at most %d are allowed", f.element.tag, f.length, f.limit))
}

// String returns "voice" or "messaging".
func (k Kind) String() string {
	if k == Messaging {
		return "messaging"
	}
	return "voice"
}

// allow reports whether value is one that the grammar lists.
func (v *values) allow(value string) bool {
	switch v.kind {
	case number:
		return isNumber(value)
	case boolean:
		return value == "true" || value == "false"
	case oneOf:
		return v.enum[value]
	case listOf, numbers:
		for part := range strings.FieldsSeq(value) {
			if v.kind == numbers && !isNumber(part) || v.kind == listOf && !v.enum[part] {
				return false
			}
		}
		return true
	case anyText:
	}
	return true
}

func isNumber(value string) bool {
	for _, c := range []byte(value) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return value != ""
}
