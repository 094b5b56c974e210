package planted

import (
	"orrery/ecs"
	"orrery/systems"
)

// Fused adds a product that may be fused into the sum: two runs on one machine
// agree on it, those of two architectures need not.
func Fused(me *systems.Me, s *State, kind ecs.Kind) {
	s.Heat += 0.1*s.Heat + 1/float64(s.Got)
}
