// Package store keeps what came in and what became of it: the journal, which
// an answer waits for, and the ledger behind it with failures, incidents and
// the outbox, both in SQLite. It knows nothing of HTTP, TwiML or how a message
// is sent.
//
// SQLite does not heed a context while it waits for a lock or for the disk.
// Every method therefore runs, and may block, on its caller's goroutine: for
// the busy timeout on a lock, for as long as the disk takes otherwise. Who
// must not wait calls from a goroutine of its own, of a fixed number.
package store
