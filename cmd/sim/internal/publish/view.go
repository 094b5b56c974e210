package publish

import (
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// A view is rows of the world that are exported as a table of the hub. Its
// source is read by the simulation's thread, its table belongs to the hub.
type view struct {
	table  *netsync.Table
	source source
	unused *netsync.Image
	asked  zmq.ID // the client that did; 0: the scenario exports it
}

// blank returns an image to fill.
func (v *view) blank() *netsync.Image {
	if im := v.unused; im != nil {
		v.unused = nil
		return im
	}
	return v.table.Image()
}

// publish publishes what was filled, unless the world has stood still.
func (v *view) publish(now netsync.Nanos, im *netsync.Image) error {
	if v.table.Has(im.Tick) {
		v.unused = im
		return nil
	}
	return v.table.Publish(now, im)
}

func (v *view) rename(keys []string, tick ecs.Tick) {
	v.table.SetKeys(keys, tick)
	v.unused = nil
}

// A source fills images of one table.
type source interface {
	// columns are what there is; they do not change.
	columns() []netsync.Column
	// keys returns what the rows are called, and whether that has changed since
	// it was asked last.
	keys(w *ecs.World) (names []string, changed bool)
	// fill copies the rows into columns that are long enough.
	fill(w *ecs.World, columns [][]byte)
}

// stateSource is columns of nodes of one program.
type stateSource struct {
	table  *ecs.Table
	fields []ecs.Field
	nodes  []ecs.Node
	rows   rows
	asked  bool
}

// newStateSource exports fields of nodes, which must be of the same program.
func newStateSource(w *ecs.World, nodes []ecs.Node, fields []ecs.Field) *stateSource {
	s := &stateSource{table: w.StateTable(nodes[0].Program()), fields: fields, nodes: slices.Clone(nodes)}
	s.rows = rowsOf(rowsOfNodes(w, nodes))
	return s
}

func rowsOfNodes(w *ecs.World, nodes []ecs.Node) []uint32 {
	list := make([]uint32, len(nodes))
	for i, n := range nodes {
		row, ok := w.Row(n)
		if !ok {
			panic(fmt.Sprintf("publish: node %d has no row", n))
		}
		list[i] = uint32(row)
	}
	return list
}

func (s *stateSource) columns() []netsync.Column {
	var all []netsync.Column
	for _, f := range s.fields {
		all = append(all, netsync.Column{Name: f.Name, Type: f.Type})
	}
	return all
}

func (s *stateSource) keys(w *ecs.World) ([]string, bool) {
	if s.asked {
		return nil, false
	}
	s.asked = true
	return namesOf(w, s.nodes), true
}

func namesOf(w *ecs.World, nodes []ecs.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = w.NodeName(n)
	}
	return names
}

func (s *stateSource) fill(_ *ecs.World, columns [][]byte) {
	for i, f := range s.fields {
		gather(columns[i], s.table, f, s.rows)
	}
}
