package systems

import (
	"testing"

	"orrery/ecs"
)

// A slow node takes its factor of the usual time to send and to receive, and is
// as before once the factor is 1 again; a restore keeps it.
func TestSlowNodes(t *testing.T) {
	w := ecs.NewWorld(ecs.Config{})
	s := slowness{rows: ecs.NewRows[slowRow](w, "slow")}
	a, b, c := ecs.Node(1), ecs.Node(2), ecs.Node(3)
	if got := s.of(a, b); got != usual {
		t.Errorf("nobody is slow: factor %d", got)
	}
	s.set(a, 20*usual)
	s.set(c, 3*usual)
	s.rebuild()
	for _, tc := range []struct {
		from, to ecs.Node
		want     uint64
	}{{a, b, 20 * usual}, {b, a, 20 * usual}, {b, c, 3 * usual}, {a, c, 20 * usual}, {b, b, usual}} {
		if got := s.of(tc.from, tc.to); got != tc.want {
			t.Errorf("from %d to %d: factor %d, want %d", tc.from, tc.to, got, tc.want)
		}
	}
	s.set(a, 1)
	if got := s.of(a, b); got != usual {
		t.Errorf("well again: factor %d", got)
	}
}
