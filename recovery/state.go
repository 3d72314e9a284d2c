package recovery

import (
	"fmt"

	"github.com/backstop-project/backstop/incident"
	"github.com/backstop-project/backstop/recovery/standby"
)

// State is what Decide goes by beside the failure and the rules: what is known
// at this moment. The zero State is valid: nothing is known.
type State struct {
	// Health is what probes say of a target, by its name, or of a primary, by
	// its address; nil where nobody probes.
	Health func(name string) standby.Health

	Visit   int         // how often this call or message has failed lately, with now; 0 where that is not known
	InAll   int         // and ever
	Retries int         // how often it was sent back to its own server
	Before  incident.ID // its failure before this one; zero for none
	// After is where it went on the last time. A failure of an address of our own
	// goes on behind it.
	After *Place
	// Address is what had failed before that; "" where it is not known.
	Address string
}

// circles says why a call or message goes round in circles, "" where it does not.
func (s State) circles() string {
	switch {
	case s.Visit > MostVisits:
		return fmt.Sprintf("this is failure %d of it within minutes", s.Visit)
	case s.InAll > MostInAll:
		return fmt.Sprintf("this is failure %d of it", s.InAll)
	}
	return ""
}

// health is what is known of a server.
func (s State) health(name string) standby.Health {
	if s.Health == nil {
		return standby.Health{}
	}
	return s.Health(name)
}
