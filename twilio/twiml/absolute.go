package twiml

import (
	"bytes"
	"fmt"
	"net/url"
)

// Absolute is doc with every relative URL in it resolved against base, the address that doc came from, as Twilio
// resolves them: so it means the same wherever Twilio gets it from. Gather and Record without an action go on at the
// document itself, and so get base as theirs (https://www.twilio.com/docs/voice/twiml/gather#action, …/record#action).
// What cannot be read as a URL is left alone. An error says that doc cannot be read, that base is not absolute, or that
// Twilio would be sent somewhere that it does not go, such as to a file.
func Absolute(doc []byte, base *url.URL) ([]byte, error) {
	if !base.IsAbs() || base.Host == "" {
		return nil, fmt.Errorf("resolve the URLs of a document: its own address %q is not absolute", base.Redacted())
	}
	r := resolver{scanner: newScanner(doc), base: base, out: make([]byte, 0, len(doc)+len(doc)/4)}
	for {
		if f := r.next(); f != nil {
			return nil, fmt.Errorf("resolve the URLs of a document: %s", f.text)
		}
		if r.refused != "" {
			return nil, fmt.Errorf("resolve the URLs of a document: Twilio does not go to an address of the scheme %q", r.refused)
		}
		switch r.token.kind {
		case startTag:
			r.start()
		case endTag:
			r.end()
		case charData, cdata:
			if r.inURL {
				r.text = append(r.text, r.token.decoded()...)
			}
		case comment:
		case endOfDocument:
			return append(r.out, doc[r.copied:]...), nil
		}
	}
}

// urlAttributes are the attributes that carry a URL, whatever element they are on. true: empty, it is that of the
// document itself; else empty is none.
var urlAttributes = map[string]bool{
	"action": true, "amdStatusCallback": false, "eventCallbackUrl": false, "partialResultCallback": false,
	"recordingStatusCallback": false, "referUrl": false, "statusCallback": false, "statusCallbackUrl": false,
	"transcribeCallback": false, "url": false, "waitUrl": false,
}

// urlTexts are the elements whose text is a URL, in the same way.
var urlTexts = map[string]bool{"Play": false, "Redirect": true, "Media": false}

// goOnHere are the elements that without an action go on at the document itself.
var goOnHere = map[string]bool{"Gather": true, "Record": true}

// fetched are the schemes of what Twilio fetches or connects to.
var fetched = map[string]bool{"http": true, "https": true, "ws": true, "wss": true}

type resolver struct {
	*scanner
	base   *url.URL
	out    []byte
	copied int // of the document, into out

	refused string // a scheme that Twilio does not go to

	inURL bool   // in an element whose text is a URL
	from  int    // where that text begins
	text  []byte // that text so far
}

// replace writes with in the place of what stands in the document from there to there.
func (r *resolver) replace(from, to int, with string) {
	r.out = append(r.out, r.doc[r.copied:from]...)
	r.out = appendEscaped(r.out, with, &inAttr)
	r.copied = to
}

func (r *resolver) insert(at int, markup string) {
	r.out = append(r.out, r.doc[r.copied:at]...)
	r.out = append(r.out, markup...)
	r.copied = at
}

func (r *resolver) start() {
	tag := string(r.token.name)
	if goOnHere[tag] && !r.has("action") {
		r.insert(r.token.at+len("<")+len(tag), ` action="`+escape(r.base.String())+`"`)
	}
	for _, a := range r.token.attrs {
		emptyIsHere, isURL := urlAttributes[string(a.name)]
		if !isURL {
			continue
		}
		if absolute, ok := r.resolve(decode(a.value), emptyIsHere); ok {
			r.replace(a.at, a.at+len(a.value), absolute)
		}
	}
	emptyIsHere, isURL := urlTexts[tag]
	switch {
	case isURL && r.token.empty && emptyIsHere:
		r.insert(r.pos-len("/>"), ">"+escape(r.base.String())+"</"+tag+">")
		r.copied = r.pos
	case isURL && !r.token.empty:
		r.inURL, r.from, r.text = true, r.pos, r.text[:0]
	}
}

func (r *resolver) has(attribute string) bool {
	for _, a := range r.token.attrs {
		if string(a.name) == attribute {
			return true
		}
	}
	return false
}

func (r *resolver) end() {
	emptyIsHere, isURL := urlTexts[string(r.token.name)]
	if !isURL || !r.inURL {
		return
	}
	r.inURL = false
	if absolute, ok := r.resolve(r.text, emptyIsHere); ok {
		r.replace(r.from, r.token.at, absolute)
	}
}

// resolve is the absolute form of reference; ok is false where it is to stay as it is.
func (r *resolver) resolve(reference []byte, emptyIsHere bool) (absolute string, ok bool) {
	reference = bytes.TrimSpace(reference)
	if len(reference) == 0 {
		return r.base.String(), emptyIsHere
	}
	u, err := url.Parse(string(reference))
	if err != nil {
		return "", false
	}
	if u.IsAbs() {
		if !fetched[u.Scheme] {
			r.refused = u.Scheme
		}
		return "", false
	}
	return r.base.ResolveReference(u).String(), true
}
