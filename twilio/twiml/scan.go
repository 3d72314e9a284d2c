package twiml

import "bytes"

// scanner reads an XML document token by token, without copying. It is stricter than XML where TwiML needs no more:
// names are ASCII, the encoding is UTF-8, a document type and processing instructions are refused.
// It accepts nothing that encoding/xml refuses.
type scanner struct {
	doc      []byte
	pos      int
	token    token
	attrs    [8]attr // backs token.attrs
	open     [][]byte
	stack    [16][]byte // backs open
	root     bool       // the root element has been seen
	prefixes [][]byte   // declared by xmlns:…
}

// token is what next has read; it is valid until the following call.
type token struct {
	kind  tokenKind
	at    int    // where it starts
	name  []byte // startTag, endTag
	attrs []attr // startTag
	empty bool   // startTag: <name/>, no endTag follows
	text  []byte // charData, still with its references; cdata, as it is
}

type tokenKind uint8

const (
	endOfDocument tokenKind = iota
	startTag
	endTag
	charData
	cdata
	comment
)

type attr struct {
	name, value []byte // value still with its references
	at          int    // where value begins
}

// fault says where and why a document cannot be read.
type fault struct {
	at   int
	code int
	text string
}

func newScanner(doc []byte) *scanner {
	s := &scanner{doc: doc}
	s.open = s.stack[:0]
	return s
}

func (s *scanner) failAt(at int, text string) *fault {
	return &fault{at: at, code: codeParse, text: text}
}

// next reads the next token into s.token. After the first fault the scanner is of no more use.
func (s *scanner) next() *fault {
	if s.pos == 0 {
		if f := s.prolog(); f != nil {
			return f
		}
	}
	s.token = token{at: s.pos}
	rest := s.doc[s.pos:]
	switch {
	case len(rest) == 0:
		return s.end()
	case rest[0] != '<':
		return s.charData()
	case bytes.HasPrefix(rest, []byte("</")):
		return s.endTag()
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.comment()
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return s.cdata()
	case bytes.HasPrefix(rest, []byte("<!")):
		return s.failAt(s.pos, "a document type or declaration is not allowed")
	case bytes.HasPrefix(rest, []byte("<?")):
		return s.failAt(s.pos, "a processing instruction is not allowed, and the XML declaration only as the very first bytes")
	default:
		return s.startTag()
	}
}

func (s *scanner) end() *fault {
	s.token.kind = endOfDocument
	switch {
	case len(s.open) > 0:
		return s.failAt(s.pos, "the document ends inside <"+string(s.open[len(s.open)-1])+">")
	case !s.root:
		return s.failAt(s.pos, "the document has no root element")
	}
	return nil
}

func (s *scanner) charData() *fault {
	end := bytes.IndexByte(s.doc[s.pos:], '<')
	if end < 0 {
		end = len(s.doc) - s.pos
	}
	text := s.doc[s.pos : s.pos+end]
	if len(s.open) == 0 {
		if at := notBlank(text); at >= 0 {
			return s.failAt(s.pos+at, "only white space may stand outside the root element")
		}
	}
	if at := bytes.Index(text, []byte("]]>")); at >= 0 {
		return s.failAt(s.pos+at, `"]]>" may not stand in text`)
	}
	if f := s.checkText(text, s.pos); f != nil {
		return f
	}
	s.token.kind, s.token.text = charData, text
	s.pos += end
	return nil
}

func (s *scanner) cdata() *fault {
	const start = "<![CDATA["
	if len(s.open) == 0 {
		return s.failAt(s.pos, "a CDATA section may not stand outside the root element")
	}
	from := s.pos + len(start)
	length := bytes.Index(s.doc[from:], []byte("]]>"))
	if length < 0 {
		return s.failAt(s.pos, "a CDATA section does not end")
	}
	text := s.doc[from : from+length]
	if f := s.checkChars(text, from); f != nil {
		return f
	}
	s.token.kind, s.token.text = cdata, text
	s.pos = from + length + len("]]>")
	return nil
}

func (s *scanner) comment() *fault {
	from := s.pos + len("<!--")
	length := bytes.Index(s.doc[from:], []byte("--"))
	if length < 0 {
		return s.failAt(s.pos, "a comment does not end")
	}
	end := from + length + len("--")
	if end >= len(s.doc) || s.doc[end] != '>' {
		return s.failAt(end-len("--"), `"--" may not stand in a comment`)
	}
	if f := s.checkChars(s.doc[from:from+length], from); f != nil {
		return f
	}
	s.token.kind = comment
	s.pos = end + 1
	return nil
}
