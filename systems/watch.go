package systems

import (
	"fmt"

	"orrery/ecs"
)

// Watch is a param of which a node is told when the version that it has changes,
// in the tick after, once for all changes of one tick; [Me.Param] reads it. What
// changes while a node is down, or before it starts, Start reads.
type Watch[S any] struct {
	Param ParamID
	Do    func(me *Me, s *S)
}

// watch adds the handler of the timer that wakes who watches.
func (a *adapter[S]) watch(s *Set) {
	if len(a.node.Watches) == 0 {
		return
	}
	for _, x := range a.node.Watches {
		if x.Do == nil {
			panic(fmt.Sprintf("systems: program %q watches param %q without a function; set Do", a.node.Name, s.Params.Name(x.Param)))
		}
	}
	a.add(On[S]{s.Params.Woken(), func(me *Me, state *S, e *ecs.Envelope) {
		for _, x := range a.node.Watches {
			if x.Param == ParamID(e.A) {
				x.Do(me, state)
			}
		}
	}}, s.World)
}

// Param returns the value that the node has of a param, and its version; see
// [Params.Get].
func (m *Me) Param(id ParamID) ([]byte, Version) { return m.set.Params.Get(m.Self(), id) }

// SetParam sets a param; see [Params.Set].
func (m *Me) SetParam(id ParamID, value []byte) Version {
	return m.set.Params.Set(m.b, m.b.At, id, value)
}
