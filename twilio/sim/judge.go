package sim

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// What Twilio takes of a text, in characters, and of a Dial, in numbers.
const (
	longestSay      = 4096
	longestPollySay = 3000
	longestBody     = 1600
	mostDialled     = 10
	codeSayTooLong  = 13521
	codeDial        = 13223
	codeBody        = 14103
)

// judge looks for elements in the wrong place and for what is too long.
func (r *reader) judge(n node, rule rule) {
	for _, a := range n.attrs {
		if name := a.Name.Local; !hasWord(rule.attributes, name) {
			r.warn(codeSchema, fmt.Sprintf("<%s> has no attribute %s", n.tag, name))
		}
	}
	if !rule.text && n.ownText() != "" {
		r.warn(codeSchema, fmt.Sprintf("the text in <%s> is ignored", n.tag))
	}
	r.judgeLength(n)
	for i, child := range n.elements() {
		switch {
		case !hasWord(rule.children, child.tag):
			r.fail(codeSchema, fmt.Sprintf("<%s> may not stand in <%s>", child.tag, n.tag))
			continue
		case child.tag == "Reject" && i > 0:
			r.fail(codeSchema, "<Reject> is not the first verb")
		}
		if rule.children != "*" {
			r.judge(child, ruleOf(r.rules, child.tag))
		}
	}
}

func (r *reader) judgeLength(n node) {
	length := utf8.RuneCountInString(n.words())
	switch {
	case n.tag == "Say" && (length > longestSay || length > longestPollySay && strings.HasPrefix(n.value("voice"), "Polly.")):
		r.fail(codeSayTooLong, fmt.Sprintf("<Say> of %d characters", length))
	case n.tag == "Message" && utf8.RuneCountInString(bodyOf(n)) > longestBody:
		r.fail(codeBody, fmt.Sprintf("<Message> of %d characters", length))
	case n.tag == "Dial" && len(endpoints(n)) > mostDialled:
		r.fail(codeDial, fmt.Sprintf("<Dial> of %d numbers", len(endpoints(n))))
	}
}
