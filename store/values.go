package store

import (
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/backstop-project/backstop/incident"
)

// timeOf is when a failure was received, as its id says it: milliseconds.
func timeOf(id incident.ID) time.Time { return time.UnixMilli(millisOf(id)).UTC() }

func millisOf(id incident.ID) int64 {
	return int64(binary.BigEndian.Uint64(id[:8]) >> 16)
}

// idFrom is the smallest id of that millisecond, so that ids can be compared
// with times.
func idFrom(ms int64) []byte {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], uint64(max(ms, 0))<<16)
	return id[:]
}

// timeBytes are those that an id begins with, which say when it was made.
const timeBytes = 6

// millisIn are those in the first bytes of an id.
func millisIn(id []byte) int64 {
	var first [8]byte
	copy(first[8-timeBytes:], id[:min(len(id), timeBytes)])
	return int64(binary.BigEndian.Uint64(first[:])) //nolint:gosec // 48 bits
}

func millis(t time.Time) sql.NullInt64 {
	return sql.NullInt64{Int64: t.UnixMilli(), Valid: !t.IsZero()}
}

func timeFrom(ms sql.NullInt64) time.Time {
	if !ms.Valid {
		return time.Time{}
	}
	return time.UnixMilli(ms.Int64).UTC()
}

// packSID turns a CallSid into its 16 bytes, another SID into two letters and
// 16 bytes, and leaves what is none as text; nil stands for "".
func packSID(sid string) any {
	if sid == "" {
		return nil
	}
	if len(sid) != 34 || !isUpper(sid[0]) || !isUpper(sid[1]) {
		return sid
	}
	packed := make([]byte, 18)
	copy(packed, sid[:2])
	for i := range 16 {
		high, low := nibble(sid[2+2*i]), nibble(sid[3+2*i])
		if high > 15 || low > 15 {
			return sid
		}
		packed[2+i] = high<<4 | low
	}
	if sid[:2] == "CA" {
		return packed[2:]
	}
	return packed
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

// nibble is the value of a lower-case hexadecimal digit, above 15 for others.
func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 255
}

func unpackSID(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		if len(v) == 16 {
			return "CA" + hex.EncodeToString(v)
		}
		if len(v) == 18 {
			return string(v[:2]) + hex.EncodeToString(v[2:])
		}
		return string(v)
	}
	return ""
}

// packToken turns a UUID into its 16 bytes, and leaves what is none as text;
// nil stands for "".
func packToken(token string) any {
	if token == "" {
		return nil
	}
	if id, err := uuid.Parse(token); err == nil && id.String() == token {
		return id[:]
	}
	return token
}

func unpackToken(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		if id, err := uuid.FromBytes(v); err == nil {
			return id.String()
		}
	}
	return ""
}

// number reads a phone number written as Twilio writes it, so that writing it
// again gives the same bytes.
func number(address string) (n int64, ok bool) {
	if len(address) < 2 || len(address) > 19 || address[0] != '+' || address[1] == '0' {
		return 0, false
	}
	for i := 1; i < len(address); i++ {
		if address[i] < '0' || address[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(address[i]-'0')
	}
	return n, true
}

func addressOf(n sql.NullInt64, text sql.NullString) string {
	switch {
	case !n.Valid:
		return ""
	case n.Int64 < 0:
		return text.String
	}
	return "+" + strconv.FormatInt(n.Int64, 10)
}

// requestKey is the part of a request key that is kept: 64 bits, compared
// among the failures of one SID, are as good as 128.
func requestKey(key [16]byte) int64 {
	return int64(binary.BigEndian.Uint64(key[:8])) //nolint:gosec // bits are bits
}

// callerHash tells callers apart by 48 bits: where a million call, two are
// taken for one with a chance of one in five hundred.
func callerHash(key string) int64 { return hash64(key) & (1<<48 - 1) }

// hash64 is for look-ups whose hits are compared or whose rare collision does
// no harm.
func hash64(s string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(s))
	sum := h.Sum64()
	// FNV leaves short strings' high bits poor; this spreads them.
	sum ^= sum >> 32
	sum *= 0x9e3779b97f4a7c15
	sum ^= sum >> 29
	return int64(sum) //nolint:gosec // bits are bits
}

// splitURL parts an ErrorUrl where what differs from call to call begins.
func splitURL(url string) (base, query string) {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i], url[i:]
	}
	return url, ""
}
