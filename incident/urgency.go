package incident

// Urgency says whether an alert may wake somebody.
type Urgency uint8

// The urgencies. The numbers are stored: never renumber.
const (
	Notice Urgency = 0 // to be read when there is time
	Page   Urgency = 1 // to be read now
)

// String is the word that pages, metrics and the configuration use.
func (u Urgency) String() string {
	if u == Page {
		return "page"
	}
	return "notice"
}
