package publish

import (
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler/trace"
)

// named is a source and the table it is exported as.
type named struct {
	name   string
	source source
}

// sourcesOf is what a world shows without being asked: what the scenario
// exports, and of the engine's own, whose names begin with a dot, what became
// of the nodes, and the links.
func sourcesOf(w *World) []named {
	var all []named
	for i := range w.Columns {
		all = addColumns(all, w.Run.World, &w.Columns[i])
	}
	all = append(all, named{".nodes", &lifeSource{}})
	for i := range exportedTables {
		if s := newTableSource(w.Run.World, &exportedTables[i]); s != nil {
			all = append(all, named{exportedTables[i].as, s})
		}
	}
	return all
}

// addColumns adds an export. Fields of the same nodes are columns of one table;
// a program's second table is PROGRAM/2.
func addColumns(all []named, w *ecs.World, c *trace.Columns) []named {
	n := 1
	for i := range all {
		s, ok := all[i].source.(*stateSource)
		if !ok || s.nodes[0].Program() != c.Program {
			continue
		}
		if slices.Equal(s.nodes, c.Nodes) {
			for _, f := range c.Fields {
				if !slices.Contains(s.fields, f) {
					s.fields = append(s.fields, f)
				}
			}
			return all
		}
		n++
	}
	name := c.Name
	if n > 1 {
		name = fmt.Sprintf("%s/%d", c.Name, n)
	}
	return append(all, named{name, newStateSource(w, c.Nodes, slices.Clone(c.Fields))})
}

// Export adds what a client has asked for, and returns the tables' topics. They
// are there until the client takes them back, or leaves. It reads the world, so
// it is for the simulation's thread.
func (s *Station) Export(c *Command, groupsOf func(n ecs.Node) []string) ([]string, *netsync.Error) {
	w := s.config.World.Run.World
	var made []named
	for id := ecs.GroupProgram + 1; int(id) < w.Programs(); id++ {
		fields, nodes := selected(w, id, c.Export, groupsOf)
		if len(fields) > 0 && len(nodes) > 0 {
			made = append(made, named{w.ProgramName(id), newStateSource(w, nodes, fields)})
		}
	}
	if len(made) == 0 {
		return nil, Refuse(netsync.CodeNone, "no column of any node is selected", `ask {"do":"list","what":"programs"}`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	s.asks++
	for _, m := range made {
		v, err := s.add(fmt.Sprintf(".ask%d/%s", s.asks, m.name), m.source, c.Export.Rate())
		if err != nil {
			return nil, Refuse(netsync.CodeLimit, err.Error(), "unexport what is not needed any more")
		}
		v.asked = c.from.Client
		names = append(names, v.table.Topic())
	}
	s.describe()
	return names, nil
}

// Unexport takes back what a client has asked for.
func (s *Station) Unexport(topic string) *netsync.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.removeViews(func(v *view) bool { return v.asked != 0 && v.table.Topic() == topic }) {
		return nil
	}
	return Refuse(netsync.CodeNone, fmt.Sprintf("%q was not exported by request", topic), "what the scenario exports stays")
}

// removeViews takes back what was asked for, and reports whether there was any.
func (s *Station) removeViews(which func(v *view) bool) bool {
	n := len(s.views)
	s.views = slices.DeleteFunc(s.views, func(v *view) bool {
		if !which(v) {
			return false
		}
		v.table.Remove()
		return true
	})
	if n != len(s.views) {
		s.describe()
	}
	return n != len(s.views)
}

// selected are the fields and nodes of a program that a selection names.
func selected(w *ecs.World, id ecs.ProgramID, selection *netsync.Selection, groupsOf func(n ecs.Node) []string) (fields []ecs.Field, nodes []ecs.Node) {
	t := w.StateTable(id)
	if t == nil {
		return nil, nil
	}
	for _, f := range t.Fields() {
		if selection.Column(w.ProgramName(id), f.Name) {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		return nil, nil
	}
	for row := range w.ProgramRows(id) {
		if w.LifeAt(id, row).Status == ecs.Absent {
			continue
		}
		n := w.NodeOfRow(id, row)
		var groups []string
		if selection.Group != "" {
			groups = groupsOf(n)
		}
		if selection.Node(w.NodeName(n), groups) {
			nodes = append(nodes, n)
		}
	}
	return fields, nodes
}

// partsOf is what can be exported or acted on.
func partsOf(w *World) []netsync.Part {
	programs := netsync.Part{Name: "programs", Items: []netsync.Thing{}}
	for id := ecs.GroupProgram + 1; int(id) < w.Run.World.Programs(); id++ {
		thing := netsync.Thing{Name: w.Run.World.ProgramName(id)}
		if t := w.Run.World.StateTable(id); t != nil {
			for _, f := range t.Fields() {
				thing.Fields = append(thing.Fields, netsync.ColumnSchema{Name: f.Name, Type: f.Type.String()})
			}
		}
		programs.Items = append(programs.Items, thing)
	}
	return append([]netsync.Part{programs}, w.Parts...)
}
