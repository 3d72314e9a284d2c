package twiml

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Twilio's verbs with their children, attributes and enumerations (voices and languages among them), as its helper
// library for Node.js, version 6.2.0, declares them.
//
//go:embed grammar.json
var grammarJSON []byte

// element is what the grammar says about one tag below one parent.
type element struct {
	tag        string
	children   map[string]*element // by tag
	attributes map[string]*values
	text       bool // may hold text of its own
}

// values says what an attribute may hold.
type values struct {
	kind kindOfValue
	enum map[string]bool // of oneOf and listOf
}

type kindOfValue uint8

const (
	anyText kindOfValue = iota
	number
	boolean
	oneOf
	listOf
	numbers
)

type grammarFile map[string]struct {
	Elements map[string]struct {
		Tag        string            `json:"tag"`
		Children   []string          `json:"children"`
		Attributes map[string]string `json:"attributes"`
	} `json:"elements"`
	Enums map[string][]string `json:"enums"`
}

// roots returns the two Response elements. It reads the embedded grammar once, on first use.
var roots = sync.OnceValue(func() [2]*element {
	var file grammarFile
	if err := json.Unmarshal(grammarJSON, &file); err != nil {
		panic(fmt.Sprintf("embedded TwiML grammar: %v", err)) // a build that cannot pass a single test
	}
	return [2]*element{Voice: build(file, "voice"), Messaging: build(file, "messaging")}
})

// textTags are the elements whose content is text; all others hold elements only.
const textTags = " Say Play Sms Redirect Enqueue Task Dial Number Client Identity Sip Uri Sim WhatsApp Queue Conference" +
	" Application ApplicationSid Room Conversation Autopilot VirtualAgent Assistant Message Body Media" +
	" emphasis lang p phoneme prosody s say-as sub w "

func build(file grammarFile, kind string) *element {
	part := file[kind]
	enums := make(map[string]map[string]bool, len(part.Enums))
	for name, list := range part.Enums {
		enums[name] = enumSet(list)
	}
	elements := make(map[string]*element, len(part.Elements))
	for name, e := range part.Elements {
		built := &element{
			tag:        e.Tag,
			children:   make(map[string]*element, len(e.Children)),
			attributes: make(map[string]*values, len(e.Attributes)),
			text:       strings.Contains(textTags, " "+e.Tag+" "),
		}
		for attribute, declared := range e.Attributes {
			built.attributes[attribute] = valuesOf(declared, enums)
		}
		elements[name] = built
	}
	names := make([]string, 0, len(elements))
	for name := range elements {
		names = append(names, name)
	}
	slices.Sort(names)
	for name, e := range part.Elements {
		for _, tag := range e.Children {
			elements[name].children[tag] = elements[named(names, elements, name, tag)]
		}
	}
	return elements["Response"]
}

// named finds the name under which the grammar describes tag below parent: one tag can stand for several elements
// (Sip below Dial, and ReferSip, also written Sip, below Refer).
func named(names []string, elements map[string]*element, parent, tag string) string {
	if own := parent + tag; elements[own] != nil && elements[own].tag == tag {
		return own
	}
	if e := elements[tag]; e != nil && e.tag == tag {
		return tag
	}
	i := slices.IndexFunc(names, func(name string) bool { return elements[name].tag == tag })
	return names[i]
}

func enumSet(list []string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, value := range list {
		set[value] = true
	}
	return set
}

func valuesOf(declared string, enums map[string]map[string]bool) *values {
	switch list, isList := strings.CutSuffix(declared, "[]"); {
	case declared == "string":
		return &values{kind: anyText}
	case declared == "number":
		return &values{kind: number}
	case declared == "boolean":
		return &values{kind: boolean}
	case declared == "number[]":
		return &values{kind: numbers}
	case isList:
		return &values{kind: listOf, enum: enums[list]}
	default:
		return &values{kind: oneOf, enum: enums[strings.TrimPrefix(declared, "enum:")]}
	}
}
