package planted

import (
	"math/rand/v2"

	"orrery/ecs"
	"orrery/systems"
)

// Random draws what it sends from the source that the process shares.
func Random(me *systems.Me, s *State, kind ecs.Kind) {
	me.Send(me.Neighbours()[1], kind, rand.Uint64(), 0)
}
