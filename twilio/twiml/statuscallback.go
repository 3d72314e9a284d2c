package twiml

import "fmt"

// TellStatus is doc with every Message in it telling url how it fares, but for those that tell somebody else already.
// An error says that doc cannot be read.
func TellStatus(doc []byte, url string) ([]byte, error) {
	r := resolver{scanner: newScanner(doc), out: make([]byte, 0, len(doc)+len(url)+64)}
	for {
		if f := r.next(); f != nil {
			return nil, fmt.Errorf("have a document tell how messages fare: %s", f.text)
		}
		switch r.token.kind {
		case startTag:
			if string(r.token.name) == "Message" && !r.has("statusCallback") {
				r.insert(r.token.at+len("<Message"), ` statusCallback="`+escape(url)+`"`)
			}
		case endTag, charData, cdata, comment:
		case endOfDocument:
			return append(r.out, doc[r.copied:]...), nil
		}
	}
}
