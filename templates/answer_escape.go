package templates

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"text/template/parse"
)

// parseOwn parses a customer's template and rewrites it, so that whatever the
// author wrote every value is escaped and every loop counted.
func parseOwn(file, source string) (*template.Template, error) {
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

// list rewrites every node, and puts an empty piece of text before each and at
// the end: writing it tells the writer, which has bounds, that the template
// goes on. An empty loop has one too.
func (r *rewriter) list(list *parse.ListNode) {
	if list == nil {
		return
	}
	counted := make([]parse.Node, 0, 2*len(list.Nodes)+1)
	for _, node := range list.Nodes {
		r.node(node)
		counted = append(counted, step(node.Position()), node)
	}
	list.Nodes = append(counted, step(list.Pos))
}

func step(at parse.Pos) parse.Node {
	return &parse.TextNode{NodeType: parse.NodeText, Pos: at}
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
					r.err = &OwnError{fmt.Sprintf("%s:%d", r.file, pipe.Line), "the function " + n.Ident + " cannot be used here", "write the value alone, it is escaped in any case"}
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

// where is how text/template begins its errors.
var where = regexp.MustCompile(`^template: [^:]*:(\d+)(?::\d+)?: (?:executing "[^"]*" at )?`)

// explained puts file and line first, and says what to do. text/template has
// no types for its errors, only texts.
func explained(file string, err error) error {
	text, place := err.Error(), file
	if found := where.FindStringSubmatch(text); found != nil {
		text, place = text[len(found[0]):], file+":"+found[1]
	}
	text = strings.TrimSuffix(text, " in type templates.AnswerData")
	remedy := "see https://pkg.go.dev/text/template for the syntax"
	switch {
	case strings.Contains(text, "can't evaluate field"):
		remedy = "there are .Name .Line .Language .Voice .Situation .ErrorCode .CallSID .From .To .Outbound"
	case strings.Contains(text, "not defined"):
		remedy = "use print, printf, html, urlquery, len, index, slice, and, or, not or a comparison, or write the value alone"
	case errors.Is(err, errSteps), errors.Is(err, errTime), errors.Is(err, errSize), errors.Is(err, errTooLong):
		remedy = "make it shorter"
	}
	return &OwnError{place, text, remedy}
}
