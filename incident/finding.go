package incident

import "time"

// NameNotFound is what a Finding says of a server whose name has no address.
const NameNotFound = "name not found"

// Finding is what a probe of the customer's own server came to. The zero value
// means that nobody has probed.
type Finding struct {
	At time.Time `json:",omitzero"`
	// OK says that every stage of it went well.
	OK bool `json:",omitzero"`
	// Health says that the server was asked at an address that proves more than
	// that it can be reached: the primary's own health_url.
	Health bool `json:",omitzero"`
	// Moot says that it proves nothing: the server must not be asked, or the look
	// was cut short.
	Moot bool `json:",omitzero"`
	// Said is the stages in words people read: "DNS ok, connection refused".
	// It holds no address and no secret.
	Said string `json:",omitzero"`
}
