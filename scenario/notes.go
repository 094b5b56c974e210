package scenario

import (
	"fmt"

	"github.com/zeebo/xxh3"
	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scenario/value"
	"orrery/systems"
)

// notes are the events that handlers noted: they lie in the world, so that a
// snapshot has them, as bytes in a log that only grows.
type notes struct {
	script *script
	rows   *ecs.Rows[noteRow]
	log    *ecs.Rows[noteWord]
	cache  []*Event // of rows, decoded
	sums   []uint64 // of the rows that are in the cache
	views  views    // what checks were shown of boxed state
}

type noteRow struct {
	Tick   ecs.Tick
	Sum    uint64 // of this event and all before it: tells whether a run went another way
	At     uint32 // in the log, in words
	Length uint32 // in bytes
	Node   ecs.Node
	_      [4]byte
}

type noteWord struct{ Bytes [8]byte }

// Event is something that a handler noted or printed, or a must that failed.
type Event struct {
	Tick   ecs.Tick
	Node   ecs.Node
	Kind   string
	Fields *value.Record
}

func (n *notes) open(s *script) {
	n.script = s
	n.rows = ecs.NewRows[noteRow](s.run.World, "note")
	n.log = ecs.NewRows[noteWord](s.run.World, "note.bytes")
	n.rows.Table().OutsideDigest()
	n.log.Table().OutsideDigest()
	n.cache, n.sums = nil, nil
	n.views = views{}
}

// add appends an event.
func (n *notes) add(kind string, fields []starlark.Tuple) error {
	s := n.script
	names, values := make([]string, len(fields)), make([]starlark.Value, len(fields))
	for i, kv := range fields {
		names[i], values[i] = string(kv[0].(starlark.String)), kv[1]
	}
	s.hasher.Reset(s.hasher.Bytes()[:0], s.codec)
	if err := s.hasher.Append(starlark.Tuple{starlark.String(kind), value.MakeRecord(names, values...)}); err != nil {
		return err
	}
	b := s.hasher.Bytes()
	at := n.log.Len()
	for i := 0; i < len(b); i += 8 {
		var w noteWord
		copy(w.Bytes[:], b[i:])
		n.log.Add(w)
	}
	row := noteRow{Tick: s.run.World.Tick(), At: uint32(at), Length: uint32(len(b)), Node: s.at.node}
	row.Sum = random.Mix(n.sum(n.rows.Len())^uint64(row.Tick)) ^ uint64(row.Node) ^ xxh3.Hash(b)
	n.rows.Add(row)
	return nil
}

// sum returns that of the first count events.
func (n *notes) sum(count int) uint64 {
	if count == 0 {
		return 0
	}
	return n.rows.At(count - 1).Sum
}

// goesOn reports whether the run, which had a sum after the first count events,
// has gone on from there: else it was restored to an earlier moment, and may
// have taken another way since.
func (n *notes) goesOn(count int, sum uint64) bool {
	return count <= n.rows.Len() && n.sum(count) == sum
}

// event returns the i-th event.
func (n *notes) event(i int) *Event {
	for k := len(n.cache); k > 0 && !n.goesOn(k, n.sums[k-1]); k-- {
		n.cache, n.sums = n.cache[:k-1], n.sums[:k-1]
	}
	for len(n.cache) <= i {
		n.sums = append(n.sums, n.sum(len(n.cache)+1))
		n.cache = append(n.cache, n.decode(len(n.cache)))
	}
	return n.cache[i]
}

func (n *notes) decode(i int) *Event {
	row := n.rows.At(i)
	var b []byte
	for k := range (row.Length + 7) / 8 {
		b = append(b, n.log.At(int(row.At + k)).Bytes[:]...)
	}
	v, err := value.DecodeFrozen(b[:row.Length], n.script.codec)
	if err != nil {
		panic(fmt.Sprintf("scenario: note %d cannot be read: %v", i, err))
	}
	pair := v.(starlark.Tuple)
	kind, _ := starlark.AsString(pair[0])
	return &Event{Tick: row.Tick, Node: row.Node, Kind: kind, Fields: pair[1].(*value.Record)}
}

func (n *notes) all() []Event {
	var all []Event
	for i := range n.rows.Len() {
		all = append(all, *n.event(i))
	}
	return all
}

// has reports whether an event of a kind was noted.
func (n *notes) has(kind string) bool {
	for i := range n.rows.Len() {
		if n.event(i).Kind == kind {
			return true
		}
	}
	return false
}

// watch makes a predicate that is asked for each event of a kind, with those
// before it that have an equal field.
func (n *notes) watch(s *script, what string, kind systems.CheckKind, fn starlark.Callable, on, by string) func(*ecs.World) bool {
	past := map[string][]starlark.Value{} // by the field's bytes; looked up only
	seen, sum, looked := 0, uint64(0), ecs.Tick(-1)
	return func(w *ecs.World) bool {
		// A run that went back looks at a tick again that it has looked at: it
		// may have stopped there, at an event that is against the predicate.
		if w.Tick() <= looked || !n.goesOn(seen, sum) {
			clear(past)
			seen = 0
		}
		looked = w.Tick()
		good := kind == systems.AlwaysHolds
		end := n.rows.Len() // what the predicate prints is not looked at by it
		defer func() { sum = n.sum(seen) }()
		for ; seen < end; seen++ {
			e := n.event(seen)
			if e.Kind != on {
				continue
			}
			key, err := n.key(e, by)
			if err != nil {
				panic(s.failureOf(fn, err))
			}
			v := n.eventValue(e)
			before := past[key]
			past[key] = append(before, v)
			if e.Tick != w.Tick() {
				continue
			}
			// A tuple, as a list would have to be frozen anew for each event.
			if s.holds(what, fn, v, starlark.Tuple(before)) != good {
				seen++
				return !good
			}
		}
		return good
	}
}

func (n *notes) key(e *Event, by string) (string, error) {
	if by == "" {
		return "", nil
	}
	switch by {
	case "node":
		return fmt.Sprint(e.Node), nil
	case "time":
		return fmt.Sprint(e.Tick), nil
	}
	v, err := e.Fields.Attr(by)
	if err != nil || v == nil {
		return "", fmt.Errorf("an event %q has no field %q", e.Kind, by)
	}
	h, err := n.script.hash(v)
	return fmt.Sprint(h), err
}

// eventValue is what a predicate gets: node, time and the fields.
func (n *notes) eventValue(e *Event) starlark.Value {
	names := append(e.Fields.AttrNames(), "node", "time")
	var values []starlark.Value
	for _, name := range e.Fields.AttrNames() {
		v, _ := e.Fields.Attr(name)
		values = append(values, v)
	}
	values = append(values, n.script.handle(e.Node), value.Duration(n.script.run.World.Time(e.Tick)))
	return value.MakeRecord(names, values...)
}

// note is note(kind, **fields).
func (s *script) note(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var kind string
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 1, &kind); err != nil {
		return nil, err
	}
	if s.at.phase != handling {
		return nil, fmt.Errorf("note: only a handler notes")
	}
	for _, kv := range kwargs {
		if name := string(kv[0].(starlark.String)); name == "node" || name == "time" {
			return nil, fmt.Errorf("note: every event has a %s already; give the field another name", name)
		}
	}
	return starlark.None, s.notes.add(kind, kwargs)
}

// print writes the run's log: an event of kind "print".
func (s *script) print(_ *starlark.Thread, text string) {
	if err := s.notes.add("print", []starlark.Tuple{{starlark.String("text"), starlark.String(text)}}); err != nil {
		panic(err)
	}
}

// must is must(name, condition, **fields).
func (s *script) must(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var condition bool
	if err := starlark.UnpackPositionalArgs(b.Name(), args, nil, 2, &name, &condition); err != nil {
		return nil, err
	}
	if s.at.phase != handling {
		return nil, fmt.Errorf("must %q: only a handler says so; outside, write always", name)
	}
	if err := figure("must", name, s.figures.musts); err != nil {
		return nil, err
	}
	if condition {
		return starlark.None, nil
	}
	s.run.Checks.Break(s.mustCheck(name))
	return starlark.None, s.notes.add("must "+name, kwargs)
}
