package templates

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode"

	"github.com/backstop-project/backstop/twilio/twiml"
)

// Bounds of a customer's own template.
const (
	maxSource = 64 << 10
	maxSteps  = 20_000 // pieces of text and values written, rounds of loops included
	maxField  = 256    // bytes of a value from the request
	maxString = 16 << 10
	maxValues = 32 // of one print or printf
)

// escaper is what every pipeline that writes something ends in.
const escaper = "_escape"

// functions is all that a template can call, besides what cannot do harm:
// and, or, not, len, index, slice and the comparisons. Those that build
// strings bound them. html has nothing left to do.
func functions() template.FuncMap {
	return template.FuncMap{
		escaper:    twiml.Escaper,
		"print":    bounded(fmt.Sprint),
		"println":  bounded(fmt.Sprintln),
		"html":     bounded(fmt.Sprint),
		"urlquery": bounded(template.URLQueryEscaper),
		"printf":   printf,
	}
}

// harmless are the functions of text/template that may be used as they are.
func harmless(name string) bool {
	switch name {
	case "and", "or", "not", "len", "index", "slice", "eq", "ne", "lt", "le", "gt", "ge":
		return true
	}
	return functions()[name] != nil
}

var errTooLong = errors.New("makes a string that is too long")

// bounded is build for few values and short results only.
func bounded(build func(...any) string) func(...any) (string, error) {
	return func(values ...any) (string, error) {
		if len(values) > maxValues {
			return "", errTooLong
		}
		s := build(values...)
		if len(s) > maxString {
			return "", errTooLong
		}
		return s, nil
	}
}

// printf is fmt's without widths that would fill the memory.
func printf(format string, values ...any) (string, error) {
	if strings.Count(format, "%") > maxValues {
		return "", errTooLong
	}
	digits := 0
	for _, r := range format {
		if digits++; !unicode.IsDigit(r) {
			digits = 0
		}
		if digits > 3 || r == '*' {
			return "", errors.New("has a width that is too large")
		}
	}
	return bounded(func(values ...any) string { return fmt.Sprintf(format, values...) })(values...)
}

// parseOwn parses a customer's template and rewrites it, so that whatever the
// author wrote every value is escaped and every loop counted.
func parseOwn(file, source string) (*template.Template, error) {
	if len(source) > maxSource {
		return nil, fmt.Errorf("%s: has %d bytes, at most %d are allowed: Twilio would not take it either", file, len(source), maxSource)
	}
	parsed, err := template.New(file).Funcs(functions()).Parse(source)
	if err != nil {
		return nil, explained(file, err)
	}
	for _, t := range parsed.Templates() {
		if t.Tree == nil || t.Root == nil {
			continue
		}
		r := rewriter{file: file, tree: t.Tree}
		r.list(t.Root)
		r.count(t.Root)
		if r.err != nil {
			return nil, r.err
		}
	}
	return parsed, nil
}

type rewriter struct {
	file string
	tree *parse.Tree
	err  error // the first mistake
}

func (r *rewriter) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		r.node(node)
	}
}

func (r *rewriter) node(node parse.Node) {
	switch n := node.(type) {
	case *parse.ActionNode:
		r.pipe(n.Pipe)
		if len(n.Pipe.Decl) == 0 {
			r.escape(n.Pipe)
		}
	case *parse.IfNode:
		r.branch(&n.BranchNode)
	case *parse.WithNode:
		r.branch(&n.BranchNode)
	case *parse.RangeNode:
		r.branch(&n.BranchNode)
		r.count(n.List)
	case *parse.TemplateNode:
		r.pipe(n.Pipe)
	}
}

func (r *rewriter) branch(n *parse.BranchNode) {
	r.pipe(n.Pipe)
	r.list(n.List)
	r.list(n.ElseList)
}

// escape makes the pipeline end in the escaper. Whatever stands before it, its
// output is what the document gets.
func (r *rewriter) escape(pipe *parse.PipeNode) {
	name := parse.NewIdentifier(escaper).SetTree(r.tree).SetPos(pipe.Pos)
	pipe.Cmds = append(pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: pipe.Pos, Args: []parse.Node{name}})
}

// count puts an empty piece of text first: writing it tells the writer, which
// stops at maxSteps, that one more round has begun.
func (*rewriter) count(list *parse.ListNode) {
	empty := &parse.TextNode{NodeType: parse.NodeText, Pos: list.Pos}
	list.Nodes = append([]parse.Node{empty}, list.Nodes...)
}

// pipe refuses functions that are not for templates of strangers' values.
func (r *rewriter) pipe(pipe *parse.PipeNode) {
	if pipe == nil {
		return
	}
	for _, command := range pipe.Cmds {
		for _, arg := range command.Args {
			switch n := arg.(type) {
			case *parse.IdentifierNode:
				if !harmless(n.Ident) && r.err == nil {
					r.err = fmt.Errorf("%s:%d: the function %s cannot be used here: write the value alone, it is escaped in any case", r.file, pipe.Line, n.Ident)
				}
			case *parse.PipeNode:
				r.pipe(n)
			case *parse.ChainNode:
				if inner, ok := n.Node.(*parse.PipeNode); ok {
					r.pipe(inner)
				}
			}
		}
	}
}

var (
	errSteps = fmt.Errorf("takes more than %d steps", maxSteps)
	errSize  = fmt.Errorf("makes a document of more than %d bytes", twiml.MaxBytes)
)

// writer takes what a template writes, and stops it where it is too much.
type writer struct {
	document []byte
	steps    int
}

func (w *writer) Write(p []byte) (int, error) {
	if w.steps++; w.steps > maxSteps {
		return 0, errSteps
	}
	if len(w.document)+len(p) > twiml.MaxBytes {
		return 0, errSize
	}
	w.document = append(w.document, p...)
	return len(p), nil
}

// render executes the template. A panic in it is an error like any other.
func (o *own) render(data AnswerData) (document []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("template panicked: %v", cause)
		}
	}()
	for _, field := range []*string{&data.Line, &data.CallSID, &data.From, &data.To} {
		*field = cut(*field)
	}
	w := writer{document: make([]byte, 0, 1024)}
	if err := o.template.Execute(&w, data); err != nil {
		return nil, err
	}
	return w.document, nil
}

func cut(value string) string {
	if len(value) <= maxField {
		return value
	}
	return strings.ToValidUTF8(value[:maxField], "")
}

// where is how text/template begins its errors.
var where = regexp.MustCompile(`^template: [^:]*:(\d+)(?::\d+)?: (?:executing "[^"]*" at )?`)

// explained puts file and line first, and says what to do.
func explained(file string, err error) error {
	text, place := err.Error(), file
	if found := where.FindStringSubmatch(text); found != nil {
		text, place = text[len(found[0]):], file+":"+found[1]
	}
	text = strings.TrimSuffix(text, " in type templates.AnswerData")
	remedy := "see https://pkg.go.dev/text/template for the syntax"
	switch {
	case strings.Contains(text, "can't evaluate field"):
		remedy = "there are .Name .Line .Language .Voice .Situation .ErrorCode .CallSID .From .To"
	case strings.Contains(text, "not defined"):
		remedy = "use print, printf, html, urlquery, len, index, slice, and, or, not or a comparison, or write the value alone"
	case errors.Is(err, errSteps), errors.Is(err, errSize), errors.Is(err, errTooLong):
		remedy = "make it shorter"
	}
	return fmt.Errorf("%s: %s: %s", place, text, remedy)
}
