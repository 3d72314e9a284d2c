package intake

import "github.com/backstop-project/backstop/incident"

// Rewrite is a row of the journal after change has had each of its entries, which
// says whether it has changed one. Of a row that is damaged, what cannot be read is
// dropped where drop says so of its bytes, or where another entry of the row
// changes. changed is false where the row may stay as it is.
func Rewrite(blob string, change func(incident.Entry) (incident.Entry, bool), drop func(raw string) bool) (row []byte, changed bool) {
	entries, damaged := new(decoder).group(nil, blob)
	for _, raw := range damaged {
		changed = changed || drop(string(raw))
	}
	written := make([]incident.Entry, len(entries))
	for i, e := range entries {
		next, other := change(e.Entry)
		written[i], changed = next, changed || other
	}
	if !changed {
		return nil, false
	}
	var enc encoder
	begun := incident.Fed{}.JournalAt
	if len(entries) > 0 {
		begun = entries[0].JournalAt
	}
	return enc.encode(written, begun), true
}
