package publish

import (
	"encoding/binary"

	"orrery/ecs"
	"orrery/netsync"
)

// lifeSource is a row a node: what has become of it.
type lifeSource struct {
	nodes  []ecs.Node
	census census
}

var statusLabels = []string{ecs.Absent.String(), ecs.Down.String(), ecs.Up.String(), ecs.Paused.String(), ecs.Crashed.String()}

func (s *lifeSource) columns() []netsync.Column {
	return []netsync.Column{
		{Name: "status", Type: ecs.Uint8, Labels: statusLabels},
		{Name: "incarnation", Type: ecs.Uint32},
		{Name: "exit", Type: ecs.Uint8},
	}
}

func (s *lifeSource) forget() { s.census = census{} }

// keys looks at who there is again when others live.
func (s *lifeSource) keys(w *ecs.World) ([]string, bool) {
	now := takeCensus(w)
	now.joined = 0
	if now == s.census {
		return nil, false
	}
	s.census, s.nodes = now, s.nodes[:0]
	s.nodes = appendNodes(s.nodes, w)
	return namesOf(w, s.nodes), true
}

func (s *lifeSource) fill(w *ecs.World, columns [][]byte, since ecs.Reading) {
	for first := 0; first < len(s.nodes); first += blockRows {
		last := min(first+blockRows, len(s.nodes))
		if !livesChanged(w, s.nodes[first:last], since) {
			continue
		}
		for i := first; i < last; i++ {
			l := w.Life(s.nodes[i])
			columns[0][i], columns[2][i] = byte(l.Status), l.Exit
			binary.LittleEndian.PutUint32(columns[1][4*i:], l.Incarnation)
		}
	}
}

// livesChanged reports whether something may have become of nodes, which are in
// order, since a reading.
func livesChanged(w *ecs.World, nodes []ecs.Node, since ecs.Reading) bool {
	first, last := nodes[0], nodes[len(nodes)-1]
	if first.Program() != last.Program() {
		return true
	}
	from, _ := w.Row(first) // they live
	to, _ := w.Row(last)
	return w.LifeTable(first.Program()).ChangedSince(since, from, to+1)
}
