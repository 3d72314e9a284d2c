package twilio

import "strings"

// uriForms is how many ways to write a request URI the official libraries try.
const uriForms = 4

// uriForm is the n-th way to write uri: as received, as a browser writes a
// query (' is %27), with a bare ', and as Node's querystring module writes it.
// It is not ok if that is no different, or cannot be. Only the query varies.
func uriForm(uri string, n int) (form string, ok bool) {
	if n == 0 {
		return uri, true
	}
	path, query, ok := strings.Cut(uri, "?")
	if !ok || query == "" {
		return "", false
	}
	switch n {
	case 1:
		query, ok = escapeLikeBrowser(query), true
	case 2:
		query, ok = strings.ReplaceAll(query, "%27", "'"), true
	case 3:
		query, ok = escapeLikeQuerystring(query)
	}
	form = path + "?" + query
	return form, ok && form != uri
}

// escapeLikeBrowser is the query's part of the URL standard
// (https://url.spec.whatwg.org/#query-percent-encode-set).
func escapeLikeBrowser(query string) string {
	return escape(query, func(c byte) bool {
		return c > ' ' && c < 0x7f && !strings.ContainsRune(`"'<>`, rune(c))
	})
}

// maxLegacyParams bounds the work for a stranger's query.
const maxLegacyParams = 256

// escapeLikeQuerystring decodes the pairs and writes them again the way that
// Node's querystring does, which leaves ' and ( alone and makes + a %20.
func escapeLikeQuerystring(query string) (string, bool) {
	params, err := ParseForm(query, maxLegacyParams)
	if err != nil {
		return "", false
	}
	plain := func(c byte) bool { return isAlphanumeric(c) || strings.IndexByte("-_.!~*'()", c) >= 0 }
	pairs := make([]string, len(params))
	for i, p := range params {
		pairs[i] = escape(p.Name, plain) + "=" + escape(p.Value, plain)
	}
	return strings.Join(pairs, "&"), true
}

func escape(s string, plain func(byte) bool) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return b.String()
}
