package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"text/template"
	"time"
)

// OwnText is a template of the customer's for what one notifier writes. It is
// filled with an Event and may be used by any number of goroutines.
type OwnText struct {
	file     string
	template *template.Template
}

// Bounds of an own text.
const (
	maxOwnSource = 64 << 10
	maxOwnText   = 256 << 10
)

var errOwnTooLong = fmt.Errorf("makes a text of more than %d bytes", maxOwnText)

// ParseOwnText reads a template of text/template. Besides what that has there
// are json (a value as JSON, quotes included), join (a list with a text between
// its entries), and lower. file is what errors call it. A template that fails
// on every kind of alert is refused; warning names the kinds that one fails on.
func ParseOwnText(file, source string) (own *OwnText, warning string, err error) {
	if len(source) > maxOwnSource {
		return nil, "", &OwnError{Place: file, Problem: fmt.Sprintf("is larger than %d bytes", maxOwnSource), Remedy: "write a shorter template"}
	}
	parsed, err := template.New(file).Option("missingkey=error").Funcs(template.FuncMap{
		"json": asJSON, "join": func(list []string, between string) string { return strings.Join(list, between) }, "lower": strings.ToLower,
	}).Parse(source)
	if err != nil {
		return nil, "", &OwnError{Place: file, Problem: "is no template: " + plainError(file, err), Remedy: "mend what it says there"}
	}
	own = &OwnText{file: file, template: parsed}
	samples, failures := ownSamples(), 0
	var failing []string
	for _, sample := range samples {
		if _, failed := own.Write(sample.event, nil); failed != nil {
			failures++
			err = failed
			if !slices.Contains(failing, sample.name) {
				failing = append(failing, sample.name)
			}
		}
	}
	switch failures {
	case 0:
		return own, "", nil
	case len(samples):
		return nil, "", &OwnError{Place: file, Problem: "fails on every alert: " + err.Error(), Remedy: "use the fields that docs/WEBHOOK.md lists"}
	}
	return own, "fails on some alerts, which then go out with the built-in text (" + strings.Join(failing, ", ") + "): " + err.Error(), nil
}

// File is what the template is called.
func (o *OwnText) File() string { return o.file }

// Write fills the template with e, whose texts pass through escape first where
// that is not nil.
func (o *OwnText) Write(e Event, escape func(string) string) (text string, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("template panicked: %v", cause)
		}
	}()
	if escape != nil {
		e = escaped(reflect.ValueOf(e), escape).Interface().(Event)
	}
	w := &ownWriter{}
	if err := o.template.Execute(w, e); err != nil {
		return "", errors.New(plainError(o.file, err))
	}
	return strings.ToValidUTF8(w.text.String(), "\uFFFD"), nil
}

// plainError is what text/template says without its beginning, which repeats
// the name.
func plainError(file string, err error) string {
	text := strings.TrimPrefix(err.Error(), "template: ")
	if at, found := strings.CutPrefix(text, file+":"); found {
		text = "line " + at
	}
	return tidy(text, 300)
}

// ownWriter takes what a template writes, and stops it where it is too much.
type ownWriter struct{ text bytes.Buffer }

func (w *ownWriter) Write(p []byte) (int, error) {
	if w.text.Len()+len(p) > maxOwnText {
		return 0, errOwnTooLong
	}
	return w.text.Write(p)
}

// asJSON is v as JSON that may stand in a page, too.
func asJSON(v any) (string, error) {
	raw, err := json.Marshal(v)
	return string(raw), err
}

// escaped is a copy of v in which escape was applied to every text. It walks
// whatever an Event is made of, so that no field can be forgotten.
func escaped(v reflect.Value, escape func(string) string) reflect.Value {
	result := reflect.New(v.Type()).Elem()
	result.Set(v)
	switch kind := v.Kind(); {
	case v.Type() == reflect.TypeFor[time.Time]():
	case kind == reflect.String:
		result.SetString(escape(v.String()))
	case kind == reflect.Pointer && !v.IsNil():
		result.Set(reflect.New(v.Type().Elem()))
		result.Elem().Set(escaped(v.Elem(), escape))
	case kind == reflect.Slice && !v.IsNil():
		result.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			result.Index(i).Set(escaped(v.Index(i), escape))
		}
	case kind == reflect.Struct:
		for i := range v.NumField() {
			result.Field(i).Set(escaped(v.Field(i), escape))
		}
	}
	return result
}
