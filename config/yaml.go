package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	yamltoken "github.com/goccy/go-yaml/token"
)

// reader takes a YAML document into a file, and goes on after each mistake.
// The decoder's Strict mode would stop at the first one, and quote lines that
// may hold a secret: docs/adr/0050-configuration-is-read-by-our-own-walker.md.
type reader struct {
	name   string // of the file, for people
	expand func(value) value
	review *review
}

// wholeFile is the key of mistakes that belong to none.
const wholeFile = "the file"

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
	r.node(body, reflect.ValueOf(&f).Elem(), value{file: r.name, key: wholeFile, line: 1, column: 1})
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
	tokens := lexer.Tokenize(string(content))
	if err := checkDepth(tokens); err != nil {
		return nil, err
	}
	parsed, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
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

// deepest is how deep brackets, or dashes on one line, may be nested; a whole
// configuration needs four. The parser's time grows with the square of it.
const deepest = 20

// deepError is what checkDepth finds.
type deepError struct{ line, column int }

func (e *deepError) Error() string { return fmt.Sprintf("is nested more than %d deep", deepest) }

func checkDepth(tokens yamltoken.Tokens) error {
	brackets, dashes, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			dashes, line = 0, t.Position.Line
		}
		switch t.Type { //nolint:exhaustive // the others do not nest
		case yamltoken.SequenceStartType, yamltoken.MappingStartType:
			brackets++
		case yamltoken.SequenceEndType, yamltoken.MappingEndType:
			brackets--
		case yamltoken.SequenceEntryType:
			dashes++
		}
		if brackets > deepest || dashes > deepest {
			return &deepError{line: t.Position.Line, column: t.Position.Column}
		}
	}
	return nil
}

// quoted is what a message of the parser repeats of the file.
var quoted = regexp.MustCompile("\"[^\"]*\"|`[^`]*`")

func (r *reader) syntax(err error) {
	at := value{key: wholeFile, file: r.name, line: 1, column: 1}
	problem := err.Error()
	if syntax, ok := errors.AsType[yaml.Error](err); ok {
		problem = "is no YAML: " + quoted.ReplaceAllString(syntax.GetMessage(), "…")
		if t := syntax.GetToken(); t != nil && t.Position != nil {
			at.line, at.column = t.Position.Line, t.Position.Column
		}
	}
	if deep, ok := errors.AsType[*deepError](err); ok {
		at.line, at.column = deep.line, deep.column
	}
	r.review.mistake(at, problem, `mend it there, or just above; inside [ ] and { } a ${X} needs quotes: "${X}"`)
}
