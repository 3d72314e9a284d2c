package sim

import (
	"slices"
	"strings"
)

// Param is one request parameter. Names and values are any bytes: they reach the wire percent-encoded.
type Param struct {
	Name, Value string
}

// Params are a request's parameters in the order in which they are sent. Names may repeat.
type Params []Param

// Value returns the first value of that name, or "".
func (p Params) Value(name string) string {
	for _, param := range p {
		if param.Name == name {
			return param.Value
		}
	}
	return ""
}

// With returns a copy in which name has that one value: in the place of its first, or at the end.
func (p Params) With(name, value string) Params {
	out := make(Params, 0, len(p)+1)
	found := false
	for _, param := range p {
		switch {
		case param.Name != name:
			out = append(out, param)
		case !found:
			out = append(out, Param{name, value})
			found = true
		}
	}
	if !found {
		out = append(out, Param{name, value})
	}
	return out
}

// Without returns a copy that lacks every parameter of those names.
func (p Params) Without(names ...string) Params {
	return slices.DeleteFunc(slices.Clone(p), func(param Param) bool {
		return slices.Contains(names, param.Name)
	})
}

// Encode returns the parameters as a form or query, as Twilio writes it: a blank is +, and only letters, digits
// and . - * _ stand for themselves.
func (p Params) Encode() string {
	var out strings.Builder
	for i, param := range p {
		if i > 0 {
			out.WriteByte('&')
		}
		encode(&out, param.Name)
		out.WriteByte('=')
		encode(&out, param.Value)
	}
	return out.String()
}

func encode(out *strings.Builder, s string) {
	for _, c := range []byte(s) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '.', c == '-', c == '*', c == '_':
			out.WriteByte(c)
		case c == ' ':
			out.WriteByte('+')
		default:
			writePercent(out, c)
		}
	}
}

func writePercent(out *strings.Builder, c byte) {
	const digits = "0123456789ABCDEF"
	out.WriteByte('%')
	out.WriteByte(digits[c>>4])
	out.WriteByte(digits[c&15])
}

// Changes are made to the parameters that a Call or Message has by itself, in this order.
type Changes struct {
	Drop []string // left out
	Set  Params   // in the place of what is there, or added
	Add  Params   // added at the end, though the name may be there already
}

func (c Changes) apply(p Params) Params {
	p = p.Without(c.Drop...)
	for _, param := range c.Set {
		p = p.With(param.Name, param.Value)
	}
	return append(p, c.Add...)
}
