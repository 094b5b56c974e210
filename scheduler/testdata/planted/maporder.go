package planted

import (
	"orrery/ecs"
	"orrery/systems"
)

// MapOrder sends to its neighbours in the order of a map.
func MapOrder(me *systems.Me, s *State, kind ecs.Kind) {
	all := map[ecs.Node]bool{}
	for _, n := range me.Neighbours()[1:] {
		all[n] = true
	}
	for n := range all {
		me.Send(n, kind, s.Got, 0)
	}
}
