package publish

import (
	"encoding/binary"
	"fmt"
	"strings"

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

// tableSource is columns of a table whose rows are no nodes, but links, or
// whatever else a system keeps. Fields that hold nodes name the rows.
type tableSource struct {
	table  *ecs.Table
	fields []ecs.Field
	names  []string // of the columns
	units  []string
	nodes  []ecs.Field // "from" and "to" of a link
	count  int
	asked  bool
}

// exported says which fields of a system's table viewers are shown.
type exported struct {
	table, as string
	fields    [][3]string // field, name, unit
	nodes     []string
}

var exportedTables = []exported{
	{"link", ".links", [][3]string{{"Sent", "sent", ""}, {"Dropped", "dropped", ""}, {"Free", queued, "ns"}}, []string{"From", "To"}},
}

// queued is the column of how long what is sent now would wait for the wire:
// from when the wire is free, and the time that it is.
const queued = "queue"

// newTableSource returns nil if the world has no such table.
func newTableSource(w *ecs.World, e *exported) *tableSource {
	for _, t := range w.Tables() {
		if t.Name() == e.table {
			s := &tableSource{table: t}
			for _, f := range e.fields {
				s.fields, s.names, s.units = append(s.fields, fieldNamed(t, f[0])), append(s.names, f[1]), append(s.units, f[2])
			}
			for _, name := range e.nodes {
				s.nodes = append(s.nodes, fieldNamed(t, name))
			}
			return s
		}
	}
	return nil
}

func fieldNamed(t *ecs.Table, name string) ecs.Field {
	for _, f := range t.Fields() {
		if f.Name == name {
			return f
		}
	}
	panic(fmt.Sprintf("publish: table %s has no field %s", t.Name(), name))
}

func (s *tableSource) columns() []netsync.Column {
	var all []netsync.Column
	for i, f := range s.fields {
		all = append(all, netsync.Column{Name: s.names[i], Type: f.Type, Unit: s.units[i]})
	}
	return all
}

// keys names the rows anew when there are more or fewer of them.
func (s *tableSource) keys(w *ecs.World) ([]string, bool) {
	if s.asked && s.count == s.table.Rows() {
		return nil, false
	}
	s.asked, s.count = true, s.table.Rows()
	names := make([]string, s.count)
	for row := range names {
		var ends []string
		for _, f := range s.nodes {
			at := row*s.table.Stride() + f.Offset
			ends = append(ends, w.NodeName(ecs.Node(binary.NativeEndian.Uint32(s.table.Bytes()[at:]))))
		}
		names[row] = strings.Join(ends, " -> ")
	}
	return names, true
}

func (s *tableSource) fill(w *ecs.World, columns [][]byte) {
	for i, f := range s.fields {
		gather(columns[i], s.table, f, rows{count: s.count})
		if s.names[i] == queued {
			now := w.Time(max(0, w.Tick()))
			for c := columns[i]; len(c) >= 8; c = c[8:] {
				free := ecs.Nanoseconds(binary.LittleEndian.Uint64(c))
				binary.LittleEndian.PutUint64(c, uint64(max(0, free-now)))
			}
		}
	}
}
