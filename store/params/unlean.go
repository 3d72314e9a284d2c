package params

import "encoding/binary"

// reader takes a lean form apart. The first thing missing makes it bad, and
// everything after it empty.
type reader struct {
	rest string
	bad  bool
}

func (r *reader) number(limit uint64) int {
	n, width := binary.Uvarint([]byte(r.rest[:min(len(r.rest), binary.MaxVarintLen64)]))
	if width <= 0 || n > limit {
		r.bad = true
		return 0
	}
	r.rest = r.rest[width:]
	return int(n) //nolint:gosec // at most limit
}

func (r *reader) text(n int) string {
	if n < 0 || n > len(r.rest) {
		r.bad = true
		return ""
	}
	s := r.rest[:n]
	r.rest = r.rest[n:]
	return s
}

// slot is what the head of a lean form says about one parameter.
type slot struct {
	name   int // number of the name; 0: nameLen bytes of literal
	length int // of the name
	token  int
	number int // place of the earlier parameter, or of the word
}

func (p *Packer) unlean(lean []byte, known []string) ([]Param, error) {
	r := &reader{rest: string(lean)}
	n := r.number(maxParams)
	if n > len(r.rest) {
		return nil, ErrMalformed
	}
	slots := make([]slot, n)
	for i := range slots {
		slots[i].name = r.number(uint64(len(p.names.list)))
		if slots[i].name == 0 {
			slots[i].length = r.number(maxSize)
		}
	}
	for i := range slots {
		slots[i].token = r.number(maxSize)
		if slots[i].token == sameToken || slots[i].token == wordToken {
			slots[i].number = r.number(maxParams)
		}
	}
	params := make([]Param, len(slots))
	for i, s := range slots {
		params[i] = p.param(r, s, params[:i], known)
	}
	if r.bad || r.rest != "" {
		return nil, ErrMalformed
	}
	return params, nil
}

func (p *Packer) param(r *reader, s slot, before []Param, known []string) (q Param) {
	if s.name > 0 {
		q.Name = p.names.list[s.name-1]
	} else {
		q.Name = r.text(s.length)
	}
	switch {
	case s.token < knownTokens && s.token < len(known):
		q.Value = known[s.token]
	case s.token == sameToken && s.number < len(before):
		q.Value = before[s.number].Value
	case s.token == wordToken && s.number > 0 && s.number <= len(p.values.list):
		q.Value = p.values.list[s.number-1]
	case s.token >= literalToken:
		q.Value = r.text(s.token - literalToken)
	default:
		r.bad = true
	}
	return q
}
