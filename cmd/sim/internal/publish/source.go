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

func (s *lifeSource) fill(w *ecs.World, columns [][]byte) {
	for i, n := range s.nodes {
		l := w.Life(n)
		columns[0][i], columns[2][i] = byte(l.Status), l.Exit
		binary.LittleEndian.PutUint32(columns[1][4*i:], l.Incarnation)
	}
}
