package systems

import "orrery/ecs"

// slowness is how much longer than usual nodes take to send and to receive: a
// node that is ill, not dead. It lies in rows of its own, none while all is
// well.
type slowness struct {
	rows  *ecs.Rows[slowRow]
	index index // (node, 0) to row
}

type slowRow struct {
	Factor uint64 // in thousandths
	Node   ecs.Node
	_      [4]byte
}

// usual is a node's factor when nothing is wrong, in thousandths.
const usual = 1000

// set makes a node take a number of thousandths of the usual time.
func (s *slowness) set(n ecs.Node, factor uint64) {
	i := s.index.find(uint64(n), 0)
	if i < 0 {
		i = s.rows.Add(slowRow{Node: n})
		s.index.put(uint64(n), 0, i)
	}
	s.rows.Edit(i).Factor = max(factor, usual)
}

// of returns the greater of two nodes' factors.
func (s *slowness) of(a, b ecs.Node) uint64 {
	worst := uint64(usual)
	for _, n := range [2]ecs.Node{a, b} {
		if i := s.index.find(uint64(n), 0); i >= 0 {
			worst = max(worst, s.rows.At(i).Factor)
		}
	}
	return worst
}

func (s *slowness) rebuild() {
	s.index.clear()
	for i := range s.rows.Len() {
		s.index.put(uint64(s.rows.At(i).Node), 0, i)
	}
}
