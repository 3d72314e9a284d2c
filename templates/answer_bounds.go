package templates

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/backstop-project/backstop/twilio/twiml"
)

// Bounds of a customer's own template.
const (
	maxSource = 64 << 10
	maxSteps  = 20_000 // pieces of text, actions, and rounds of loops
	maxTime   = 200 * time.Millisecond
	maxField  = 256 // bytes of a value from the request
	maxString = 4 << 10
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

var (
	errSteps = fmt.Errorf("takes more than %d steps", maxSteps)
	errSize  = fmt.Errorf("makes a document of more than %d bytes", twiml.MaxBytes)
	errTime  = fmt.Errorf("takes longer than %s", maxTime)
)

// writer takes what a template writes, and stops it where it is too much.
type writer struct {
	document []byte
	steps    int
	until    time.Time
}

func (w *writer) Write(p []byte) (int, error) {
	if w.steps++; w.steps > maxSteps {
		return 0, errSteps
	}
	if time.Now().After(w.until) {
		return 0, errTime
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
	w := writer{document: make([]byte, 0, 1024), until: time.Now().Add(maxTime)}
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
