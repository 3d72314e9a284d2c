package recovery

import (
	"strings"

	"github.com/backstop-project/backstop/twilio"
)

// matcher finds the line that an address belongs to, in time proportional to
// the address's length however many lines there are.
type matcher struct {
	exact  map[string]int32
	prefix []node // [0] is the root; empty without prefixes
}

// node is one letter of a prefix.
type node struct {
	line int32 // -1 where no prefix ends here
	next []edge
}

type edge struct {
	letter byte
	node   int32
}

const noLine = -1

func (m *matcher) add(match string, line int32) (taken bool) {
	prefix, isPrefix := strings.CutSuffix(match, "*")
	if !isPrefix {
		if _, taken = m.exact[match]; !taken {
			if m.exact == nil {
				m.exact = map[string]int32{}
			}
			m.exact[match] = line
		}
		return taken
	}
	if len(m.prefix) == 0 {
		m.prefix = []node{{line: noLine}}
	}
	at := int32(0)
	for i := range len(prefix) {
		at = m.grow(at, prefix[i])
	}
	if m.prefix[at].line != noLine {
		return true
	}
	m.prefix[at].line = line
	return false
}

func (m *matcher) grow(at int32, letter byte) int32 {
	if next := m.prefix[at].step(letter); next > 0 {
		return next
	}
	next := int32(len(m.prefix)) //nolint:gosec // some ten thousand lines
	m.prefix = append(m.prefix, node{line: noLine})
	m.prefix[at].next = append(m.prefix[at].next, edge{letter, next})
	return next
}

func (n *node) step(letter byte) int32 {
	for _, e := range n.next {
		if e.letter == letter {
			return e.node
		}
	}
	return 0
}

// find returns the line for the first address that is named exactly, else for
// the first that begins as a line says, the longest such beginning.
func (m *matcher) find(addresses []string) int32 {
	for _, address := range addresses {
		if line, ok := m.exact[address]; ok {
			return line
		}
	}
	for _, address := range addresses {
		if line := m.longest(address); line != noLine {
			return line
		}
	}
	return noLine
}

// everything is the line whose match is "*".
func (m *matcher) everything() int32 {
	if len(m.prefix) == 0 {
		return noLine
	}
	return m.prefix[0].line
}

func (m *matcher) longest(address string) int32 {
	if len(m.prefix) == 0 || address == "" {
		return noLine
	}
	at, best := int32(0), m.everything()
	for i := range len(address) {
		if at = m.prefix[at].step(address[i]); at == 0 {
			break
		}
		if line := m.prefix[at].line; line != noLine {
			best = line
		}
	}
	return best
}

// appendAddresses adds what a To or From can be listed as: itself, then the
// number in it, or its SIP domain.
func appendAddresses(to []string, address string) []string {
	address = canonicalAddress(address)
	if address == "" {
		return to
	}
	to = append(to, address)
	scheme, rest, hasScheme := strings.Cut(address, ":")
	switch {
	case !hasScheme:
	case scheme == "sip" || scheme == "sips":
		if _, domain, ok := strings.Cut(rest, "@"); ok {
			to = append(to, domain)
		}
	case twilio.IsE164(rest):
		to = append(to, rest)
	}
	return to
}

// canonicalAddress writes an address in the one form that is compared: lower
// case unless it is a SID, SIP without port and parameters.
func canonicalAddress(address string) string {
	if _, isSID := twilio.KindOf(address); isSID {
		return address
	}
	address = strings.ToLower(strings.TrimSpace(address))
	if !strings.HasPrefix(address, "sip:") && !strings.HasPrefix(address, "sips:") {
		return address
	}
	address, _, _ = strings.Cut(address, ";")
	if at := strings.IndexByte(address, '@'); at >= 0 {
		if port := strings.LastIndexByte(address, ':'); port > at {
			address = address[:port]
		}
	}
	return address
}
