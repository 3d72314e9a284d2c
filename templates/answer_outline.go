package templates

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// outline is what a person wants to know of a document.
type outline struct {
	verbs []string // every tag below Response, in order
	words string   // what is heard or read, in one line, repetitions left out
}

// outlineOf reads a document that twiml.Check has passed.
func outlineOf(document []byte) (outline, error) {
	decoder := xml.NewDecoder(bytes.NewReader(document))
	var out outline
	var said []string
	var tags []string
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			out.words = strings.Join(said, " ")
			return out, nil
		}
		if err != nil {
			return outline{}, fmt.Errorf("read rendered document: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if tags = append(tags, t.Name.Local); len(tags) > 1 {
				out.verbs = append(out.verbs, t.Name.Local)
			}
		case xml.EndElement:
			tags = tags[:len(tags)-1]
		case xml.CharData:
			if words := heard(tags, string(t)); words != "" && !slices.Contains(said, words) {
				said = append(said, words)
			}
		}
	}
}

// heard is what a text within these tags is for the one who listens.
func heard(tags []string, text string) string {
	text = oneLine(text)
	switch {
	case text == "" || len(tags) == 0:
	case slices.Contains(tags, "Media"):
		return "picture " + text
	case slices.Contains(tags, "Say"), slices.Contains(tags, "Message"):
		return text
	case tags[len(tags)-1] == "Play":
		return "recording " + text
	}
	return ""
}
