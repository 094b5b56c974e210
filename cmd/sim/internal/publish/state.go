package publish

import (
	"slices"

	"orrery/ecs"
	"orrery/netsync"
)

// stateSource is columns of nodes of one program. Nodes that have died leave the
// table. Nodes that are born come into it if it is of all nodes of a program, or
// of those that a pattern or a group selects; a list stays a list.
type stateSource struct {
	program   ecs.ProgramID
	table     *ecs.Table
	fields    []ecs.Field
	listed    []ecs.Node         // as the scenario has them
	isListed  bool               // and not all that there are
	selection *netsync.Selection // nil: none, but listed
	group     ecs.Node           // of the selection; 0: none

	unit func(field string) string // nil: none has one

	nodes  []ecs.Node // that are there now
	rows   rows
	census census
}

// census tells whether other nodes live, or are in groups, than when it was
// taken.
type census struct {
	taken        bool
	born, joined uint64
	live         int
}

func takeCensus(w *ecs.World) census {
	return census{true, w.Born(), w.MembershipChanges(), w.LiveNodes()}
}

// newListedSource exports fields of nodes, which must be of the same program.
func newListedSource(w *ecs.World, nodes []ecs.Node, fields []ecs.Field) *stateSource {
	s := &stateSource{program: nodes[0].Program(), fields: fields, listed: slices.Clone(nodes)}
	s.table = w.StateTable(s.program)
	s.isListed = !slices.Equal(nodes, s.living(w))
	return s
}

// newSelectedSource exports fields of those nodes of a program that a selection
// names.
func newSelectedSource(w *ecs.World, id ecs.ProgramID, fields []ecs.Field, selection *netsync.Selection, group ecs.Node) *stateSource {
	return &stateSource{program: id, table: w.StateTable(id), fields: fields, selection: selection, group: group}
}

func (s *stateSource) columns() []netsync.Column {
	var all []netsync.Column
	for _, f := range s.fields {
		c := netsync.Column{Name: f.Name, Type: f.Type}
		if s.unit != nil {
			c.Unit = s.unit(f.Name)
		}
		all = append(all, c)
	}
	return all
}

func (s *stateSource) forget() { s.census = census{} }

// keys looks at who there is again when others live, or are in groups.
func (s *stateSource) keys(w *ecs.World) ([]string, bool) {
	now := takeCensus(w)
	if s.group == 0 {
		now.joined = 0
	}
	if now == s.census {
		return nil, false
	}
	was := s.census.taken
	s.census = now
	nodes := s.living(w)
	list := rowsOfNodes(w, nodes)
	if was && slices.Equal(nodes, s.nodes) {
		return nil, false
	}
	s.nodes, s.rows = nodes, rowsOf(list)
	return namesOf(w, nodes), true
}

// living are the nodes that are exported and have not died.
func (s *stateSource) living(w *ecs.World) []ecs.Node {
	var all []ecs.Node
	if s.isListed {
		for _, n := range s.listed {
			if _, ok := w.Row(n); ok {
				all = append(all, n)
			}
		}
		return all
	}
	for row := range w.ProgramRows(s.program) {
		if n := w.NodeAt(s.program, row); n != 0 && s.selects(w, n) {
			all = append(all, n)
		}
	}
	return all
}

func (s *stateSource) selects(w *ecs.World, n ecs.Node) bool {
	switch {
	case s.selection == nil:
		return true
	case s.group != 0 && !w.In(n, s.group):
		return false
	}
	return s.selection.Nodes == "" || netsync.Match(s.selection.Nodes, w.NodeName(n))
}

func rowsOfNodes(w *ecs.World, nodes []ecs.Node) []uint32 {
	list := make([]uint32, len(nodes))
	for i, n := range nodes {
		row, _ := w.Row(n) // they live
		list[i] = uint32(row)
	}
	return list
}

func namesOf(w *ecs.World, nodes []ecs.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = w.NodeName(n)
	}
	return names
}

func (s *stateSource) fill(_ *ecs.World, columns [][]byte, since ecs.Reading) {
	gatherAll(columns, s.table, s.fields, s.rows, since)
}
