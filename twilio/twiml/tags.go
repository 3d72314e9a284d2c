package twiml

import "bytes"

func (s *scanner) endTag() *fault {
	s.pos += len("</")
	name := s.name()
	s.skipBlank()
	if len(name) == 0 || !s.take('>') {
		return s.failAt(s.token.at, "an end tag is malformed")
	}
	last := len(s.open) - 1
	if last < 0 {
		return s.failAt(s.token.at, "</"+string(name)+"> closes nothing")
	}
	if !bytes.Equal(s.open[last], name) {
		return s.failAt(s.token.at, "</"+string(name)+"> stands where <"+string(s.open[last])+"> has to be closed")
	}
	s.open = s.open[:last]
	s.token.kind, s.token.name = endTag, name
	return nil
}

func (s *scanner) startTag() *fault {
	s.pos++
	name := s.name()
	if len(name) == 0 {
		return s.failAt(s.token.at, `"<" is followed by no name`)
	}
	if len(s.open) == 0 && s.root {
		return s.failAt(s.token.at, "a document has one root element, <"+string(name)+"> is a second")
	}
	s.token.kind, s.token.name = startTag, name
	if f := s.attributes(); f != nil {
		return f
	}
	s.root = true
	if !s.token.empty {
		s.open = append(s.open, name)
	}
	return s.checkPrefixes()
}

// attributes reads up to the end of a start tag.
func (s *scanner) attributes() *fault {
	s.token.attrs = s.attrs[:0]
	for {
		blank := s.skipBlank()
		if s.take('>') {
			return nil
		}
		if bytes.HasPrefix(s.doc[s.pos:], []byte("/>")) {
			s.pos += len("/>")
			s.token.empty = true
			return nil
		}
		at := s.pos
		name := s.name()
		if len(name) == 0 || !blank {
			return s.failAt(at, "the tag <"+string(s.token.name)+"> is malformed")
		}
		value, valueAt, f := s.value(name)
		if f != nil {
			return f
		}
		for _, other := range s.token.attrs {
			if bytes.Equal(other.name, name) {
				return s.failAt(at, "the attribute "+string(name)+" is given twice")
			}
		}
		s.token.attrs = append(s.token.attrs, attr{name: name, value: value, at: valueAt})
	}
}

// value reads an attribute's equals sign and quoted value, and says where it begins.
func (s *scanner) value(name []byte) (value []byte, at int, f *fault) {
	s.skipBlank()
	if !s.take('=') {
		return nil, 0, s.failAt(s.pos, "the attribute "+string(name)+" has no value")
	}
	s.skipBlank()
	if s.pos >= len(s.doc) || s.doc[s.pos] != '"' && s.doc[s.pos] != '\'' {
		return nil, 0, s.failAt(s.pos, "the value of "+string(name)+" is not in quotes")
	}
	quote := s.doc[s.pos]
	from := s.pos + 1
	length := bytes.IndexByte(s.doc[from:], quote)
	if length < 0 {
		return nil, 0, s.failAt(s.pos, "the value of "+string(name)+" does not end")
	}
	value = s.doc[from : from+length]
	if at := bytes.IndexByte(value, '<'); at >= 0 {
		return nil, 0, s.failAt(from+at, `"<" may not stand in an attribute`)
	}
	s.pos = from + length + 1
	return value, from, s.checkText(value, from)
}

// checkPrefixes refuses names with a prefix that nothing declares. Scopes are not told apart: what any element
// declared counts for the rest of the document.
func (s *scanner) checkPrefixes() *fault {
	for _, a := range s.token.attrs {
		if declared, ok := bytes.CutPrefix(a.name, []byte("xmlns:")); ok {
			s.prefixes = append(s.prefixes, declared)
		}
	}
	if !s.isDeclared(s.token.name) {
		return s.failAt(s.token.at, "the prefix of "+string(s.token.name)+" is not declared")
	}
	for _, a := range s.token.attrs {
		if !s.isDeclared(a.name) {
			return s.failAt(s.token.at, "the prefix of "+string(a.name)+" is not declared")
		}
	}
	return nil
}

func (s *scanner) isDeclared(name []byte) bool {
	prefix, _, found := bytes.Cut(name, []byte(":"))
	if !found || string(prefix) == "xml" || string(prefix) == "xmlns" {
		return true
	}
	for _, declared := range s.prefixes {
		if bytes.Equal(declared, prefix) {
			return true
		}
	}
	return false
}

// name reads a name of ASCII letters, with at most one colon inside; it is empty if there is none.
func (s *scanner) name() []byte {
	start, colons := s.pos, 0
	for ; s.pos < len(s.doc); s.pos++ {
		c := s.doc[s.pos]
		if c == ':' {
			colons++
		}
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_'
		if !letter && (s.pos == start || c != ':' && c != '-' && c != '.' && (c < '0' || c > '9')) {
			break
		}
	}
	name := s.doc[start:s.pos]
	if colons > 1 || bytes.HasSuffix(name, []byte(":")) {
		return nil
	}
	return name
}

func (s *scanner) take(c byte) bool {
	if s.pos < len(s.doc) && s.doc[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

func (s *scanner) skipBlank() bool {
	start := s.pos
	for s.pos < len(s.doc) && isBlank(s.doc[s.pos]) {
		s.pos++
	}
	return s.pos > start
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r'
}

// notBlank returns where the first other character than white space is, or -1.
func notBlank(text []byte) int {
	for i, c := range text {
		if !isBlank(c) {
			return i
		}
	}
	return -1
}
