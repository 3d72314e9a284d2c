package sim

import (
	"encoding/xml"
	"strings"
)

// node is an element of an answer, or a piece of text in one.
type node struct {
	tag      string // "" is text
	text     string
	attrs    []xml.Attr
	children []node
}

func (n node) attr(name string) (string, bool) {
	for _, a := range n.attrs {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value, true
		}
	}
	return "", false
}

func (n node) value(name string) string {
	value, _ := n.attr(name)
	return value
}

// elements are the children that are no text.
func (n node) elements() []node {
	var out []node
	for _, child := range n.children {
		if child.tag != "" {
			out = append(out, child)
		}
	}
	return out
}

// words is the text of n and of all that is in it; an SSML alias stands for what it replaces.
func (n node) words() string {
	if n.tag == "" {
		return n.text
	}
	if alias, found := n.attr("alias"); found && n.tag == "sub" {
		return alias
	}
	var out strings.Builder
	for _, child := range n.children {
		out.WriteString(child.words())
	}
	return out.String()
}

// ownText is the trimmed text that stands in n itself.
func (n node) ownText() string {
	var out strings.Builder
	for _, child := range n.children {
		out.WriteString(child.text)
	}
	return strings.TrimSpace(out.String())
}

// bodyOf is the text of a Message, which stands in it or in its Body.
func bodyOf(message node) string {
	for _, child := range message.elements() {
		if child.tag == "Body" {
			return child.words()
		}
	}
	return message.ownText()
}

// endpoints are whom a Dial calls: its elements, and a number that it has as text.
func endpoints(dial node) []node {
	called := dial.elements()
	if number := dial.ownText(); number != "" {
		called = append(called, node{tag: "Number", children: []node{{text: number}}})
	}
	return called
}
