package config

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
)

// setting is one thing that was said, as it may be seen.
type setting struct{ key, value, where string }

// String lists what was said, a line each: key, value and where it stands.
// Secrets are three dots.
func (c Config) String() string {
	var b strings.Builder
	for _, s := range c.settings {
		fmt.Fprintf(&b, "%s = %s (%s)\n", s.key, s.value, s.where)
	}
	return b.String()
}

// Format prints what String returns whatever the verb, so that no secret is
// printed by accident.
func (c Config) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.String()) }

// LogValue makes slog log what was said, without secrets.
func (c Config) LogValue() slog.Value {
	attributes := make([]slog.Attr, 0, len(c.settings))
	for _, s := range c.settings {
		attributes = append(attributes, slog.String(s.key, s.value))
	}
	return slog.GroupValue(attributes...)
}

// MarshalJSON makes JSON of what was said, without secrets.
func (c Config) MarshalJSON() ([]byte, error) { return json.Marshal(c.said()) }

// MarshalYAML makes YAML of what was said, without secrets.
func (c Config) MarshalYAML() (any, error) { return c.said(), nil }

func (c Config) said() map[string]string {
	said := make(map[string]string, len(c.settings))
	for _, s := range c.settings {
		said[s.key] = s.value
	}
	return said
}

// settingsOf lists the values of f in the order of its keys.
func settingsOf(f file, r *review) []setting {
	var said []setting
	collect(reflect.ValueOf(f), func(v value) {
		said = append(said, setting{key: v.key, value: r.scrub(v.shown()), where: v.where()})
	})
	return said
}

// collect calls fn for every leaf that something was written for.
func collect(v reflect.Value, fn func(value)) {
	switch leaf, ok := reflect.TypeAssert[value](v); {
	case ok && leaf.set():
		fn(leaf)
	case ok:
	case v.Kind() == reflect.Pointer && !v.IsNil():
		collect(v.Elem(), fn)
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			collect(v.Index(i), fn)
		}
	case v.Kind() == reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, key := range keys {
			collect(v.MapIndex(key), fn)
		}
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name != "At" {
				collect(v.Field(i), fn)
			}
		}
	}
}
