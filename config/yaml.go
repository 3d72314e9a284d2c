package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// reader takes a YAML document into a file, and goes on after each mistake.
// The decoder's Strict mode would stop at the first one, and quote lines that
// may hold a secret: docs/adr/0050-configuration.md.
type reader struct {
	name   string // of the file, for people
	expand func(value) value
	review *review
}

// read returns what could be read; ok is false where it is no YAML at all.
func (r *reader) read(content []byte) (f file, ok bool) {
	body, err := parse(content)
	if err != nil {
		r.syntax(err)
		return f, false
	}
	if body == nil {
		return f, true
	}
	r.node(body, reflect.ValueOf(&f).Elem(), value{file: r.name, key: "the file", line: 1, column: 1})
	return f, true
}

var (
	errNotText   = errors.New("is not UTF-8 text")
	errDocuments = errors.New("holds several documents (---)")
	errParser    = errors.New("cannot be understood")
)

// parse returns the root of the only document, nil for an empty one.
func parse(content []byte) (root ast.Node, err error) {
	if !utf8.Valid(content) {
		return nil, errNotText
	}
	defer func() { // the parser is a stranger's, and the file may be anything
		if recover() != nil {
			root, err = nil, errParser
		}
	}()
	content = bytes.TrimPrefix(content, []byte("\ufeff"))
	if !bytes.HasSuffix(content, []byte("\n")) { // the parser reads a folded block wrongly without
		content = append(bytes.Clone(content), '\n')
	}
	parsed, err := parser.ParseBytes(content, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, err
	}
	for _, document := range parsed.Docs {
		if document.Body == nil {
			continue
		}
		if root != nil {
			return nil, errDocuments
		}
		root = document.Body
	}
	return root, nil
}

// quoted is what a message of the parser repeats of the file.
var quoted = regexp.MustCompile("\"[^\"]*\"|`[^`]*`")

func (r *reader) syntax(err error) {
	at := value{key: "the file", file: r.name, line: 1, column: 1}
	problem := err.Error()
	var syntax yaml.Error
	if errors.As(err, &syntax) {
		problem = "is no YAML: " + quoted.ReplaceAllString(syntax.GetMessage(), "…")
		if token := syntax.GetToken(); token != nil && token.Position != nil {
			at.line, at.column = token.Position.Line, token.Position.Column
		}
	}
	r.review.mistake(at, problem, `mend it there, or just above; inside [ ] and { } a ${X} needs quotes: "${X}"`)
}

// node reads n into target, a struct, a list or a leaf. at says where and what
// it is called; its secret is the key's.
func (r *reader) node(n ast.Node, target reflect.Value, at value) {
	at = r.at(n, at)
	if n == nil || n.Type() == ast.NullType {
		return
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		r.review.mistake(at, "uses an anchor (&), an alias (*) or a tag (!)", "write the value itself; to say it once, use ${X}")
		return
	}
	switch target.Kind() {
	case reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		r.node(n, target.Elem(), at)
	case reflect.Slice:
		r.list(n, target, at)
	default:
		if leaf, ok := target.Addr().Interface().(*value); ok {
			r.leaf(n, leaf, at)
			return
		}
		r.mapping(n, target, at)
	}
}

// at moves a place to where n begins.
func (r *reader) at(n ast.Node, at value) value {
	if n == nil {
		return at
	}
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		n = m.Values[0].Key // its own token is the first colon
	}
	if token := n.GetToken(); token != nil && token.Position != nil {
		at.line, at.column = token.Position.Line, token.Position.Column
	}
	return at
}

// list reads a sequence; one leaf alone is a list of one.
func (r *reader) list(n ast.Node, target reflect.Value, at value) {
	sequence, ok := n.(*ast.SequenceNode)
	if !ok {
		one := reflect.New(target.Type().Elem()).Elem()
		if _, leaf := one.Interface().(value); !leaf {
			r.review.mistake(at, "must be a list", "begin each entry with a dash: - key: value")
			return
		}
		r.node(n, one, at)
		target.Set(reflect.Append(target, one))
		return
	}
	for i, entry := range sequence.Values {
		one := reflect.New(target.Type().Elem()).Elem()
		place := at
		place.key = fmt.Sprintf("%s[%d]", at.key, i)
		r.node(entry, one, place)
		target.Set(reflect.Append(target, one))
	}
}

// leaf reads a scalar as it is written: a phone number without quotes is no
// number, and 0x10 is not 16.
func (r *reader) leaf(n ast.Node, target *value, at value) {
	var text string
	switch scalar := n.(type) {
	case *ast.LiteralNode:
		text = scalar.Value.Value
	case *ast.StringNode:
		text = scalar.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		text = n.GetToken().Value
	default:
		r.review.mistake(at, "must be one value", "write it behind the colon, in quotes if it has special characters")
		target.invalid = true
		return
	}
	at.written = text
	*target = r.expand(at)
}

// mapping reads keys and values into a struct.
func (r *reader) mapping(n ast.Node, target reflect.Value, at value) {
	m, ok := n.(*ast.MappingNode)
	if begin := target.FieldByName("At"); begin.IsValid() {
		at.invalid = !ok
		begin.Set(reflect.ValueOf(at))
	}
	if !ok {
		r.review.mistake(at, "must be a mapping", "write its keys below it, each on a line of its own: key: value")
		return
	}
	fields := fieldsOf(target)
	first := make(map[string]int)
	for _, entry := range m.Values {
		name, place := r.key(entry.Key, at)
		index := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
		switch {
		case index < 0:
			r.unknown(place, name, fields)
		case first[name] > 0:
			r.review.mistake(place, fmt.Sprintf("stands here a second time, after line %d", first[name]), "remove one of the two")
		default:
			first[name] = place.line
			place.secret = fields[index].secret
			r.node(entry.Value, fields[index].target, place)
		}
	}
}

// key is the name of a key and its place.
func (r *reader) key(n ast.MapKeyNode, at value) (name string, place value) {
	place = r.at(n, at)
	name = n.GetToken().Value
	if s, ok := n.(*ast.StringNode); ok {
		name = s.Value
	}
	shown := name
	if !keyLike.MatchString(name) {
		shown = "…" // a slip of indentation can put anything here, secrets too
	}
	if strings.HasPrefix(at.key, "the file") {
		place.key = shown
	} else {
		place.key = at.key + "." + shown
	}
	return name, place
}

var keyLike = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,23}$`)

func (r *reader) unknown(place value, name string, fields []field) {
	names := make([]string, 0, len(fields))
	for _, f := range fields {
		names = append(names, f.name)
	}
	slices.Sort(names)
	remedy := "remove it; the keys here are " + strings.Join(names, ", ")
	if similar := closest(name, names); similar != "" {
		remedy = fmt.Sprintf("did you mean %q?", similar)
	}
	r.review.mistake(place, "is an unknown key", remedy)
}

// field is one key of a struct.
type field struct {
	name   string
	secret bool
	target reflect.Value
}

// fieldsOf lists a struct's keys, those of inlined structs among them.
func fieldsOf(target reflect.Value) []field {
	var fields []field
	for i := range target.NumField() {
		name, option, _ := strings.Cut(target.Type().Field(i).Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			fields = append(fields, fieldsOf(target.Field(i))...)
		case name != "":
			fields = append(fields, field{name: name, secret: option == "secret", target: target.Field(i)})
		}
	}
	return fields
}
