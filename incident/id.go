package incident

import (
	"crypto/rand"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
)

// ID names a failure: a UUIDv7 whose time is the failure's ReceivedAt.
type ID = uuid.UUID

// NewID makes an ID for something received at t. Unlike uuid.NewV7 it takes
// the time as a value, so that a late failure sorts where it belongs.
func NewID(t time.Time) ID {
	var random [16]byte
	// crypto/rand.Read never returns an error: it ends the program instead.
	_, _ = rand.Read(random[:10])
	return KeyedID(t, random)
}

// KeyedID makes an ID for a request received at t. Those of its retries differ in
// nothing but their time, whichever process answered: so each of them leads to
// the failure that was stored. It needs a key as good as random.
func KeyedID(t time.Time, key [16]byte) ID {
	var id ID
	copy(id[6:], key[:])
	binary.BigEndian.PutUint16(id[0:2], uint16(t.UnixMilli()>>32)) //nolint:gosec // 48 bits of milliseconds, cut on purpose (RFC 9562 §5.7)
	binary.BigEndian.PutUint32(id[2:6], uint32(t.UnixMilli()))     //nolint:gosec // see above
	id[6] = id[6]&0x0f | 0x70
	id[8] = id[8]&0x3f | 0x80
	return id
}
