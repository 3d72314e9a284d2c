package sim

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// Twilio's codes for documents that it cannot execute.
const (
	codeParse       = 12100
	codeRoot        = 12102
	codeSchema      = 12200
	codeContentType = 12300
)

// Problem is something that Twilio would log, or that somebody on the line would suffer from.
type Problem struct {
	Warning bool // Twilio goes on
	Code    int  // Twilio's, if it has one
	URL     string
	Text    string
}

func (p Problem) String() string {
	text := p.Text
	if p.Code != 0 {
		text = fmt.Sprintf("%s (%d)", text, p.Code)
	}
	if p.URL != "" {
		text = p.URL + ": " + text
	}
	return text
}

// read judges an answer as strictly as Twilio may, and returns its Response if it can be executed. Every problem
// but the warnings means that it cannot.
func (e Exchange) read(rules map[string]rule) (node, []Problem) {
	r := reader{rules: rules, url: withoutQuery(e.Request.document)}
	_, isMessaging := rules["Message"]
	switch {
	case isMessaging && e.Status == http.StatusNoContent:
		return node{tag: "Response"}, nil // nothing is to be sent, said in HTTP
	case e.Err != nil:
		r.fail(e.Err.Code, e.Err.Err.Error())
	case e.Status < 200 || e.Status > 299:
		r.fail(codeFetch, fmt.Sprintf("status %d", e.Status))
	case len(e.Body) > MaxDocument:
		r.fail(codeTooLarge, fmt.Sprintf("the answer has more than %d bytes", MaxDocument))
	case e.isBlank():
		r.fail(codeEmpty, "the answer is empty")
	default:
		r.contentType(e.Header.Get("Content-Type"))
	}
	if len(r.problems) > 0 && !r.problems[0].Warning {
		return node{}, r.problems
	}
	root := r.parse(e.Body)
	if root.tag != "" {
		r.judge(root, rules["Response"])
	}
	return root, r.problems
}

type reader struct {
	rules    map[string]rule
	url      string
	problems []Problem
}

func (r *reader) fail(code int, text string) {
	r.problems = append(r.problems, Problem{Code: code, URL: r.url, Text: text})
}

func (r *reader) warn(code int, text string) {
	r.problems = append(r.problems, Problem{Code: code, URL: r.url, Text: text, Warning: true})
}

func (r *reader) contentType(value string) {
	kind, params, err := mime.ParseMediaType(value)
	charset := strings.ToLower(params["charset"])
	switch {
	case value == "":
		r.fail(codeFetch, "the answer has no Content-Type: Twilio logs it as a 502")
	case err != nil || kind != "text/xml" && kind != "application/xml" && kind != "text/html":
		r.fail(codeContentType, fmt.Sprintf("Content-Type %q is not XML", value))
	case charset != "" && charset != "utf-8":
		r.fail(codeContentType, fmt.Sprintf("Content-Type %q does not fit a document in UTF-8", value))
	case kind == "text/html":
		r.warn(codeContentType, "TwiML is sent as text/html")
	}
}

// parse reads the document with encoding/xml, and refuses what that lets pass and Twilio's parser does not.
func (r *reader) parse(doc []byte) node {
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	stack := []node{{}} // the first holds the root
	for {
		at := decoder.InputOffset()
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			stack, err = grow(stack, token, at)
		}
		if err != nil {
			r.fail(codeParse, err.Error())
			return node{}
		}
	}
	roots := stack[0].children
	if len(roots) != 1 {
		r.fail(codeParse, "a document has one root element")
		return node{}
	}
	if roots[0].tag != "Response" {
		r.fail(codeRoot, fmt.Sprintf("the root element is <%s>, not <Response>", roots[0].tag))
		return node{}
	}
	return roots[0]
}

// grow adds a token to the innermost element that is open.
func grow(stack []node, token xml.Token, at int64) ([]node, error) {
	top := len(stack) - 1
	switch token := token.(type) {
	case xml.ProcInst:
		if token.Target != "xml" || at != 0 {
			return nil, errors.New("a processing instruction, or an XML declaration that is not at the first byte")
		}
	case xml.Directive:
		return nil, errors.New("a document type")
	case xml.CharData:
		if top > 0 {
			stack[top].children = append(stack[top].children, node{text: string(token)})
		} else if len(bytes.TrimSpace(token)) > 0 {
			return nil, errors.New("text outside the root element")
		}
	case xml.StartElement:
		if duplicate := repeated(token.Attr); duplicate != "" {
			return nil, fmt.Errorf("attribute %s is given twice", duplicate)
		}
		name := token.Name.Local
		if token.Name.Space != "" {
			name = token.Name.Space + ":" + name
		}
		return append(stack, node{tag: name, attrs: token.Copy().Attr}), nil
	case xml.EndElement:
		stack[top-1].children = append(stack[top-1].children, stack[top])
		return stack[:top], nil
	case xml.Comment:
	}
	return stack, nil
}

func repeated(attrs []xml.Attr) string {
	seen := make(map[xml.Name]bool, len(attrs))
	for _, a := range attrs {
		if seen[a.Name] {
			return a.Name.Local
		}
		seen[a.Name] = true
	}
	return ""
}

// withoutQuery keeps parameters and credentials out of what is printed.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
