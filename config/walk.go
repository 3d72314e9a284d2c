package config

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// leafType is what every value of a file ends in.
var leafType = reflect.TypeFor[value]()

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
		spoil(target, at)
		return
	}
	switch kind := target.Kind(); {
	case kind == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		r.node(n, target.Elem(), at)
	case kind == reflect.Slice:
		r.list(n, target, at)
	case kind == reflect.Map:
		r.table(n, target, at)
	case target.Type() == leafType:
		target.Set(reflect.ValueOf(r.leaf(n, at)))
	default:
		r.mapping(n, target, at)
	}
}

// spoil marks what could not be read, so that it is not complained of as
// missing, too.
func spoil(target reflect.Value, at value) {
	at.invalid = true
	switch kind := target.Kind(); {
	case kind == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		spoil(target.Elem(), at)
	case kind == reflect.Slice && target.Type().Elem() == leafType:
		target.Set(reflect.Append(target, reflect.ValueOf(at)))
	case kind != reflect.Struct:
	case target.Type() == leafType:
		target.Set(reflect.ValueOf(at))
	default:
		if begin := target.FieldByName("At"); begin.IsValid() {
			begin.Set(reflect.ValueOf(at))
		}
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
		if _, alone := fieldAlone(one); one.Type() != leafType && (!alone || isMapping(n)) {
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
func (r *reader) leaf(n ast.Node, at value) value {
	switch scalar := n.(type) {
	case *ast.LiteralNode:
		at.written = scalar.Value.Value
	case *ast.StringNode:
		at.written = scalar.Value
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		at.written = n.GetToken().Value
	default:
		r.review.mistake(at, "must be one value", "write it behind the colon, in quotes if it has special characters")
		at.invalid = true
		return at
	}
	return r.expand(at)
}

// mapping reads keys and values into a struct.
func (r *reader) mapping(n ast.Node, target reflect.Value, at value) {
	m, ok := n.(*ast.MappingNode)
	if alone, may := fieldAlone(target); may && !ok {
		r.node(n, alone, at)
		return
	}
	if !ok {
		r.review.mistake(at, "must be a mapping", "write its keys below it, each on a line of its own: key: value")
		spoil(target, at)
		return
	}
	if begin := target.FieldByName("At"); begin.IsValid() {
		begin.Set(reflect.ValueOf(at))
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

// table reads a mapping whose keys are the operator's own.
func (r *reader) table(n ast.Node, target reflect.Value, at value) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		r.review.mistake(at, "must be a mapping", "write its keys below it, each on a line of its own: key: value")
		return
	}
	target.Set(reflect.MakeMap(target.Type()))
	for _, entry := range m.Values {
		name, place := r.key(entry.Key, at)
		if target.MapIndex(reflect.ValueOf(name)).IsValid() {
			r.review.mistake(place, "stands here a second time", "remove one of the two")
			continue
		}
		one := reflect.New(target.Type().Elem()).Elem()
		r.node(entry.Value, one, place)
		target.SetMapIndex(reflect.ValueOf(name), one)
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
	if at.key == wholeFile {
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
	if key := keyOfVariable(name); key != "" {
		remedy = "that is a variable of the environment: in the file write " + key
	}
	r.review.mistake(place, "is an unknown key", remedy)
}

// field is one key of a struct.
type field struct {
	name   string
	secret bool
	target reflect.Value
}

// fieldAlone is the field that a value stands for which is written in the place
// of a mapping; ok is false where none may.
func fieldAlone(target reflect.Value) (alone reflect.Value, ok bool) {
	if target.Kind() != reflect.Struct || target.Type() == leafType {
		return reflect.Value{}, false
	}
	for i := range target.NumField() {
		if strings.HasSuffix(target.Type().Field(i).Tag.Get("yaml"), ",alone") {
			return target.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func isMapping(n ast.Node) bool {
	_, ok := n.(*ast.MappingNode)
	return ok
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
