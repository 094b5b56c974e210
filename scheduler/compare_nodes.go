package scheduler

import (
	"fmt"

	"orrery/ecs"
)

// differentNodes compares the columns of each program, a node at a time and by
// name: rows may lie in another order.
func differentNodes(a, b *ecs.World) *Divergence {
	if a.Programs() != b.Programs() {
		return &Divergence{Table: "program", A: fmt.Sprintf("%d programs", a.Programs()), B: fmt.Sprintf("%d programs", b.Programs())}
	}
	for i := 1; i < a.Programs(); i++ {
		if d := differentProgram(a, b, ecs.ProgramID(i)); d != nil {
			return d
		}
	}
	return nil
}

func differentProgram(a, b *ecs.World, id ecs.ProgramID) *Divergence {
	name := a.ProgramName(id)
	for row := range b.ProgramRows(id) {
		if n := b.NodeAt(id, row); n != 0 && counterpart(b, n, a) < 0 {
			return &Divergence{Table: name + ".life", Node: b.NodeName(n), A: "no such node", B: "alive"}
		}
	}
	boxed := boxedPair{a: a.BoxedOf(id), b: b.BoxedOf(id)}
	var tables []tablePair
	for _, part := range []string{".state", ".life"} {
		if x, y := tableNamed(a, name+part), tableNamed(b, name+part); x != nil && y != nil {
			tables = append(tables, tablePair{x, y})
		}
	}
	for row := range a.ProgramRows(id) {
		n := a.NodeAt(id, row)
		if n == 0 {
			continue
		}
		other := counterpart(a, n, b)
		if other < 0 {
			return &Divergence{Table: name + ".life", Node: a.NodeName(n), A: "alive", B: "no such node"}
		}
		for _, t := range tables {
			if d := t.compareRow(row, other); d != nil {
				d.Node = a.NodeName(n)
				return d
			}
		}
		if d := boxed.compareRow(row, other); d != nil {
			d.Table, d.Node = name+".state", a.NodeName(n)
			return d
		}
	}
	return nil
}

// counterpart returns the row in another world of the node with the same name
// and program, or -1.
func counterpart(in *ecs.World, n ecs.Node, other *ecs.World) int {
	name := in.NodeName(n)
	if other.NodeName(n) != name {
		same, ok := other.NodeNamed(name)
		if !ok || same.Program() != n.Program() {
			return -1
		}
		n = same
	}
	if row, ok := other.Row(n); ok {
		return row
	}
	return -1
}

func tableNamed(w *ecs.World, name string) *ecs.Table {
	for _, t := range w.Tables() {
		if t.Name() == name {
			return t
		}
	}
	return nil
}
