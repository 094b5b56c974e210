package publish

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

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
// of the nodes, the links and networks, and the services.
func sourcesOf(w *World) []named {
	var all []named
	for i := range w.Columns {
		all = addColumns(all, w, &w.Columns[i])
	}
	all = append(all, named{".nodes", &lifeSource{}})
	under := &underWay{run: w.Run}
	all = append(all, named{linksTable, newLinkSource(under)})
	if w.Run.Links.Networks() > 0 {
		all = append(all, named{networksTable, &networkSource{under: under}})
	}
	if w.Run.Services.Opened() {
		all = append(all, named{servicesTable, &serviceSource{services: w.Run.Services}})
	}
	return all
}

// addColumns adds an export. Fields of the same nodes are columns of one table;
// a program's second table is PROGRAM/2.
func addColumns(all []named, w *World, c *trace.Columns) []named {
	n := 1
	for i := range all {
		s, ok := all[i].source.(*stateSource)
		if !ok || s.program != c.Program {
			continue
		}
		if slices.Equal(s.listed, c.Nodes) {
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
	from := newListedSource(w.Run.World, c.Nodes, slices.Clone(c.Fields))
	from.unit = func(field string) string { return w.unitOf(c.Program, field) }
	return append(all, named{name, from})
}

// made is a table that is to be, and what its rows are called.
type made struct {
	named
	keys  []string
	epoch uint64
}

// Select finds the columns and nodes that an export asks for, or begins to watch
// messages. It reads the
// world, so it is for the simulation's thread; the station makes the tables when
// the command is done.
func (s *Station) Select(c *Command) *netsync.Error {
	if c.Export.Messages != nil {
		return s.sampled(c)
	}
	w := s.config.World.Run.World
	var group ecs.Node
	if name := c.Export.Group; name != "" {
		var ok bool
		if group, ok = w.NodeNamed(name); !ok || !group.IsGroup() {
			return Refuse(netsync.CodeNone, fmt.Sprintf("there is no group %q", name), `ask {"do":"list","what":"groups"}`)
		}
	}
	var programs, empty []ecs.ProgramID // of the nodes; that have none now
	var without []made                  // tables of the empty ones
	for id := ecs.GroupProgram + 1; int(id) < w.Programs(); id++ {
		if c.Export.Program != "" && w.ProgramName(id) != c.Export.Program {
			continue
		}
		from := newSelectedSource(w, id, fieldsOf(w, id, c.Export), c.Export, group)
		from.unit = func(field string) string { return s.config.World.unitOf(id, field) }
		names, _ := from.keys(w)
		of, tables := &programs, &c.made
		if len(names) == 0 {
			of, tables = &empty, &without
		}
		*of = append(*of, id)
		if len(from.fields) > 0 {
			*tables = append(*tables, made{named{w.ProgramName(id), from}, names, s.tap.epoch})
		}
	}
	if len(programs) == 0 && group != 0 && c.Export.Nodes == "" { // nobody is in it now, and somebody may join
		programs, c.made = empty, without
	}
	if failed := unselected(w, programs, c.Export); failed != nil {
		c.made = nil
		return failed
	}
	return nil
}

// unselected refuses an export if there is none of what it asks for, and of each
// of its fields: what is named was meant.
func unselected(w *ecs.World, programs []ecs.ProgramID, x *netsync.Selection) *netsync.Error {
	if len(programs) == 0 {
		text := "no node is called " + strconv.Quote(cmp.Or(x.Nodes, "*"))
		if x.Program != "" {
			text += fmt.Sprintf(", is of program %q", x.Program)
		}
		if x.Group != "" {
			text += fmt.Sprintf(", and is in %q", x.Group)
		}
		return Refuse(netsync.CodeNone, text, `"list" has the programs that there are, and groups; a topic's "keys/" has names of nodes`)
	}
	var columns, called []string
	for _, id := range programs {
		called = append(called, w.ProgramName(id))
		if t := w.StateTable(id); t != nil {
			for _, f := range t.Fields() {
				columns = append(columns, f.Name)
			}
		}
	}
	for _, pattern := range x.Fields {
		if !slices.ContainsFunc(columns, func(name string) bool { return netsync.Match(pattern, name) }) {
			text := fmt.Sprintf("no column of %s is called %q", strings.Join(called, ", "), pattern)
			return Refuse(netsync.CodeNone, text, "columns are "+cmp.Or(strings.Join(columns, ", "), "none")+"; lists, dicts and other values without a size of their own are no columns")
		}
	}
	return nil
}

// maxAsked bounds the tables that one client has by request: the simulation's
// thread fills them all.
const maxAsked = 64

// export makes the tables that a client has asked for. They are there until it
// takes them back, or leaves.
func (s *Station) export(c *Command) (any, *netsync.Error) {
	if s.clients[c.from.Client] == nil {
		if c.sample != nil {
			s.samples.drop = append(s.samples.drop, c.sample)
		}
		return nil, nil // it has left: nobody would take them back
	}
	if c.sample != nil {
		return s.addSample(c)
	}
	asked := 0
	for _, v := range s.views {
		if v.asked == c.from.Client {
			asked++
		}
	}
	if asked+len(c.made) > maxAsked {
		return nil, Refuse(netsync.CodeLimit, fmt.Sprintf("more than %d tables by request of one client", maxAsked), "unexport what is not needed any more")
	}
	names := []string{}
	s.asks++
	for _, m := range c.made {
		v, err := s.add(fmt.Sprintf(".ask%d/%s", s.asks, m.name), m.source, m.keys, c.Export.Rate(), m.epoch)
		if err != nil {
			s.removeViews(func(v *view) bool { return slices.Contains(names, v.table.Topic()) })
			return nil, Refuse(netsync.CodeLimit, err.Error(), "unexport what is not needed any more")
		}
		v.asked = c.from.Client
		names = append(names, v.table.Topic())
	}
	s.describe()
	return map[string][]string{"topics": names}, nil
}

// unexport takes back what a client has asked for.
func (s *Station) unexport(c *Command) *netsync.Error {
	if s.removeViews(func(v *view) bool { return v.asked == c.from.Client && v.table.Topic() == c.Topic }) ||
		s.removeSamples(func(a *asking) bool { return a.asked == c.from.Client && a.topic == c.Topic }) {
		return nil
	}
	return Refuse(netsync.CodeNone, fmt.Sprintf("%q was not exported at your request", c.Topic), "what the scenario exports stays")
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

// fieldsOf are the fields of a program that a selection names.
func fieldsOf(w *ecs.World, id ecs.ProgramID, selection *netsync.Selection) (fields []ecs.Field) {
	t := w.StateTable(id)
	if t == nil {
		return nil
	}
	for _, f := range t.Fields() {
		if selection.Column(w.ProgramName(id), f.Name) {
			fields = append(fields, f)
		}
	}
	return fields
}

// partsOf is what can be exported or acted on.
func partsOf(w *World) []netsync.Part {
	programs := netsync.Part{Name: "programs", Items: []netsync.Thing{}}
	for id := ecs.GroupProgram + 1; int(id) < w.Run.World.Programs(); id++ {
		thing := netsync.Thing{Name: w.Run.World.ProgramName(id)}
		if t := w.Run.World.StateTable(id); t != nil {
			for _, f := range t.Fields() {
				thing.Fields = append(thing.Fields, netsync.ColumnSchema{Name: f.Name, Type: f.Type.String(), Unit: w.unitOf(id, f.Name)})
			}
		}
		programs.Items = append(programs.Items, thing)
	}
	groups := netsync.Part{Name: "groups", Items: []netsync.Thing{}}
	for _, g := range w.Run.World.GroupNodes() {
		groups.Items = append(groups.Items, netsync.Thing{Name: w.Run.World.NodeName(g)})
	}
	kinds := netsync.Part{Name: "kinds", Items: []netsync.Thing{}}
	for _, name := range w.Run.World.KindNames() {
		kinds.Items = append(kinds.Items, netsync.Thing{Name: name})
	}
	return append([]netsync.Part{programs, groups, kinds}, w.Parts...)
}
