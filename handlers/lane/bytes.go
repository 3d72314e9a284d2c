package lane

// kinds says of each byte where it may stand: in a request that has others, net/http
// may see something else, and gets it.
type kinds uint8

const (
	pathBytes  kinds = 1 << iota // of a path that is not escaped
	queryBytes                   // printable, and no "#"
	nameBytes                    // of a token: RFC 9110, 5.6.2
	valueBytes                   // printable, space and tab
	hostBytes
	digits
)

var allowed = func() (table [256]kinds) { //nolint:gochecknoglobals // constant
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	const numbers = "0123456789"
	allow := func(k kinds, bytes string) {
		for i := range len(bytes) {
			table[bytes[i]] |= k
		}
	}
	for b := byte('!'); b <= '~'; b++ {
		table[b] |= valueBytes
		if b != '#' {
			table[b] |= queryBytes
		}
	}
	allow(valueBytes, " \t")
	allow(digits, numbers)
	allow(pathBytes, letters+numbers+"/-_.~")
	allow(nameBytes, letters+numbers+"!#$%&'*+-.^_`|~")
	allow(hostBytes, letters+numbers+"-.:[]")
	return table
}()

// only says whether s has no other bytes.
func only(s string, k kinds) bool {
	for i := range len(s) {
		if allowed[s[i]]&k == 0 {
			return false
		}
	}
	return true
}
