package twiml

import "bytes"

// prolog reads the XML declaration, if the document begins with one.
func (s *scanner) prolog() *fault {
	const start = "<?xml"
	if !bytes.HasPrefix(s.doc, []byte(start)) || len(s.doc) > len(start) && !isBlank(s.doc[len(start)]) {
		return nil
	}
	s.pos = len(start)
	version, f := s.pseudo("version")
	if f != nil {
		return f
	}
	if string(version) != "1.0" {
		return &fault{at: 0, code: codeVersion, text: "the XML version has to be 1.0"}
	}
	encoding, f := s.pseudo("encoding")
	if f != nil {
		return f
	}
	if encoding != nil && !bytes.EqualFold(encoding, []byte("UTF-8")) {
		return s.failAt(0, "the encoding has to be UTF-8")
	}
	standalone, f := s.pseudo("standalone")
	if f != nil {
		return f
	}
	if standalone != nil && string(standalone) != "yes" && string(standalone) != "no" {
		return s.failAt(0, "standalone is yes or no")
	}
	s.skipBlank()
	if !bytes.HasPrefix(s.doc[s.pos:], []byte("?>")) {
		return s.failAt(s.pos, "the XML declaration is malformed")
	}
	s.pos += len("?>")
	return nil
}

// pseudo reads one name="value" of the declaration; nil if another name, or none, stands there.
func (s *scanner) pseudo(name string) ([]byte, *fault) {
	before := s.pos
	if !s.skipBlank() || !bytes.HasPrefix(s.doc[s.pos:], []byte(name)) {
		s.pos = before
		return nil, nil
	}
	s.pos += len(name)
	value, _, f := s.value([]byte(name))
	return value, f
}
