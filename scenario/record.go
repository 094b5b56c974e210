package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/scheduler/trace"
)

// handlerCost is about what a call of a script's handler takes, in
// nanoseconds.
const handlerCost = 1500

// framesEvery is how often what is exported is recorded, if it does not say.
const framesEvery = ecs.Nanoseconds(100_000_000)

// Recording returns what a trace keeps of a run of the scenario: all that
// another load of it needs.
func (s *Scenario) Recording() trace.Config {
	c := trace.Config{Run: s.Run, DeliveryCost: handlerCost, Events: s.traceEvents}
	c.About = [][2]string{
		{"scenario", s.script.path},
		{"script_steps", strconv.FormatUint(s.script.options.Steps, 10)}, {"script_bytes", strconv.Itoa(s.script.options.Bytes)},
	}
	for _, f := range s.Flags {
		if f.Value == f.Default {
			continue
		}
		c.About = append(c.About, [2]string{"flag " + f.Name, f.Value})
	}
	known := map[string]bool{}
	for _, source := range s.Sources {
		if !known[source.Path] {
			known[source.Path] = true
			c.Sources = append(c.Sources, trace.Source{Name: source.Path, Data: source.Data})
		}
	}
	for i := range s.Exports {
		c.Columns = append(c.Columns, s.columns(&s.Exports[i])...)
	}
	return c
}

// columns returns an export program by program: their columns differ.
func (s *Scenario) columns(e *Export) []trace.Columns {
	var all []trace.Columns
	at := map[ecs.ProgramID]int{}
	every := e.Every
	if every == 0 {
		every = framesEvery
	}
	for _, n := range e.Nodes {
		id := n.Program()
		if _, ok := at[id]; !ok {
			at[id] = len(all)
			all = append(all, trace.Columns{
				Name: s.script.programs[id].name, Program: id, Every: max(1, s.Run.Ticks(every)), Fields: s.fieldsOf(id, e.Fields),
			})
		}
		k := &all[at[id]]
		k.Nodes = append(k.Nodes, n)
	}
	recorded := all[:0]
	for _, k := range all {
		if len(k.Fields) > 0 {
			recorded = append(recorded, k)
		}
	}
	return recorded
}

// fieldsOf returns the columns of named fields. Values that are no columns are
// in no frame.
func (s *Scenario) fieldsOf(id ecs.ProgramID, names []string) []ecs.Field {
	table := s.Run.World.StateTable(id)
	if table == nil {
		return nil
	}
	var all []ecs.Field
	for _, name := range names {
		for _, f := range table.Fields() {
			if f.Name == name {
				all = append(all, f)
			}
		}
	}
	return all
}

// Unit returns the unit of a field of a program's state: "ns" of a duration, ""
// of what has none.
func (s *Scenario) Unit(id ecs.ProgramID, name string) string {
	p := s.script.programs[id]
	if p == nil {
		return ""
	}
	if i, ok := p.schema.index[name]; ok && p.schema.fields[i].kind == durationField {
		return "ns"
	}
	return ""
}

// EventCount returns how many events there are so far.
func (s *Scenario) EventCount() int { return s.script.notes.rows.Len() }

// traceEvents returns the events from the n-th on, as a trace has them.
func (s *Scenario) traceEvents(n int) []trace.Event { return s.EventsFrom(n, s.EventCount()) }

// EventsFrom returns some events from the n-th on, as traces and viewers are
// given them.
func (s *Scenario) EventsFrom(n, most int) []trace.Event {
	var all []trace.Event
	notes := &s.script.notes
	for i := n; i < min(n+most, notes.rows.Len()); i++ {
		e := notes.event(i)
		var b bytes.Buffer
		writeJSON(&b, e.Fields, 0)
		out := trace.Event{Tick: e.Tick, Kind: e.Kind, Fields: b.Bytes()}
		if e.Node != 0 {
			out.Node = s.Run.World.NodeName(e.Node)
		}
		all = append(all, out)
	}
	return all
}

// ValueJSON returns what a program has sent, published or set as JSON; nil of
// what is no value.
func (s *Scenario) ValueJSON(kept []byte) []byte {
	v, err := value.DecodeFrozen(kept, s.script.codec)
	if err != nil {
		return nil
	}
	var b bytes.Buffer
	writeJSON(&b, v, 0)
	return b.Bytes()
}

// maxJSONDepth bounds values that hold themselves, at what can be sent and kept;
// maxJSONBytes those that hold others many times over. What comes after it is null,
// and deeper than usualDepth nothing: there a value may be within itself.
const (
	usualDepth   = 20
	maxJSONDepth = value.MaxDepth
	maxJSONBytes = 1 << 20
)

// writeJSON writes a value as other programs read it: what JSON has no word for
// as text.
func writeJSON(b *bytes.Buffer, v starlark.Value, depth int) {
	switch v := v.(type) {
	case starlark.NoneType:
		b.WriteString("null")
	case starlark.Bool:
		fmt.Fprint(b, bool(v))
	case starlark.Int:
		b.WriteString(v.String())
	case starlark.Float:
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			writeText(b, v.String())
			return
		}
		text, _ := trace.Float(v).MarshalJSON() // which is finite
		b.Write(text)
	case starlark.String:
		writeText(b, string(v))
	case *value.Record:
		writeObject(b, len(v.AttrNames()), depth, func(i int) (string, starlark.Value) {
			name := v.AttrNames()[i]
			field, _ := v.Attr(name)
			return name, field
		})
	case *starlark.Dict:
		writeDict(b, v.Items(), depth)
	case *starlark.List, starlark.Tuple:
		writeArray(b, v.(starlark.Indexable), depth)
	default:
		writeText(b, plain(v))
	}
}

// writeDict writes a dict as an object if its keys are texts, or written as such,
// and no two of them the same; else as its pairs, of which ParseJSON makes it again.
func writeDict(b *bytes.Buffer, items []starlark.Tuple, depth int) {
	if isObject(items) {
		writeObject(b, len(items), depth, func(i int) (string, starlark.Value) { return plain(items[i][0]), items[i][1] })
		return
	}
	pairs := make(starlark.Tuple, len(items))
	for i, x := range items {
		pairs[i] = x
	}
	writeObject(b, 1, depth, func(int) (string, starlark.Value) { return value.JSONDict, pairs })
}

func isObject(items []starlark.Tuple) bool {
	i := slices.IndexFunc(items, func(x starlark.Tuple) bool { _, ok := x[0].(starlark.String); return !ok })
	if i < 0 {
		return true
	}
	names := make(map[string]bool, len(items)) // looked up only
	for _, x := range items {
		if !isText(x[0]) {
			return false
		}
		names[plain(x[0])] = true
	}
	return len(names) == len(items)
}

// isText reports whether a value is one text in JSON.
func isText(v starlark.Value) bool {
	switch v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.Tuple:
		return false
	}
	return true
}

func writeText(b *bytes.Buffer, s string) {
	text, _ := json.Marshal(s) // every text has a form
	b.Write(text)
}

func writeObject(b *bytes.Buffer, n, depth int, item func(i int) (string, starlark.Value)) {
	if depth > maxJSONDepth || b.Len() > maxJSONBytes {
		b.WriteString("null")
		return
	}
	b.WriteByte('{')
	for i := range n {
		if depth > usualDepth && b.Len() > maxJSONBytes {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		name, v := item(i)
		writeText(b, name)
		b.WriteByte(':')
		writeJSON(b, v, depth+1)
	}
	b.WriteByte('}')
}

func writeArray(b *bytes.Buffer, list starlark.Indexable, depth int) {
	if depth > maxJSONDepth || b.Len() > maxJSONBytes {
		b.WriteString("null")
		return
	}
	b.WriteByte('[')
	for i := range list.Len() {
		if depth > usualDepth && b.Len() > maxJSONBytes {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		writeJSON(b, list.Index(i), depth+1)
	}
	b.WriteByte(']')
}

// Show returns a node's field as text, its name, for who looks at a run that
// stands still.
func (s *Scenario) Show(n ecs.Node, field string) (string, error) {
	saved := s.script.at
	s.script.at = context{phase: checking}
	defer func() { s.script.at = saved }()
	if _, err := s.script.programs[n.Program()].find(field); err != nil {
		return "", err
	}
	v, err := s.script.Attr(n, field)
	if err != nil {
		return "", err
	}
	return v.String(), nil
}

// Fields returns the names of a node's state.
func (s *Scenario) Fields(n ecs.Node) []string {
	return s.script.programs[n.Program()].schema.names()
}
