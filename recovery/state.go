package recovery

import "github.com/backstop-project/backstop/recovery/standby"

// State is what Decide goes by beside the failure and the rules: what is known
// at this moment. The zero State is valid: nothing is known.
type State struct {
	// Health is what probes say of a target, by its name, or of a primary, by
	// its address; nil where nobody probes.
	Health func(name string) standby.Health
}

// health is what is known of a server.
func (s State) health(name string) standby.Health {
	if s.Health == nil {
		return standby.Health{}
	}
	return s.Health(name)
}
