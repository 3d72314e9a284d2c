package store

// sieve says of a request key that it was surely not among the last failures,
// or that it may have been: it keeps three bits of each. It spares nearly
// every failure of a storm the look-up of an earlier form.
type sieve struct {
	since      int64 // it knows the failures after that serial number
	young, old []uint64
	n          int // keys in young
}

const (
	sieveBits = 1 << 22
	sieveKeys = 1 << 17 // in each half: one key in a thousand passes by chance
)

// may says whether the key may have been added.
func (s *sieve) may(key int64) bool { return has(s.young, key) || has(s.old, key) }

func (s *sieve) add(key int64) {
	if s.young == nil {
		s.young = make([]uint64, sieveBits/64)
	}
	if s.n == sieveKeys {
		s.young, s.old = s.old, s.young
		if s.young == nil {
			s.young = make([]uint64, sieveBits/64)
		}
		clear(s.young)
		s.n = 0
	}
	s.n++
	for _, bit := range places(key) {
		s.young[bit/64] |= 1 << (bit % 64)
	}
}

func has(bits []uint64, key int64) bool {
	if bits == nil {
		return false
	}
	for _, bit := range places(key) {
		if bits[bit/64]&(1<<(bit%64)) == 0 {
			return false
		}
	}
	return true
}

// places takes three numbers out of a key that is random already.
func places(key int64) [3]uint64 {
	k := uint64(key) //nolint:gosec // bits are bits
	return [3]uint64{k % sieveBits, k >> 21 % sieveBits, k >> 42 % sieveBits}
}
