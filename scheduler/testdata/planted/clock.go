package planted

import (
	"time"

	"orrery/ecs"
	"orrery/systems"
)

// Clock notes the time of the day, and sends nothing of it: only the state
// shows it.
func Clock(me *systems.Me, s *State, kind ecs.Kind) {
	s.Got = uint64(time.Now().UnixNano())
}
