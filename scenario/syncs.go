package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/scenario/value"
)

// Durable fields are synced at the end of each handler, and so a crash leaves
// them as they are; unless the program calls me.sync(): then a crash takes them
// back to the last one. What they were then lies in a box of the node's own that
// no script can name, from birth on.
const syncedField = "(synced)" // a tuple, in the order of durable: sharing between fields is kept

// addSynced adds the box to a schema whose program may sync.
func (p *program) addSynced() {
	s := &p.schema
	initial := make(starlark.Tuple, len(p.durable))
	for i, name := range p.durable {
		initial[i] = s.fields[s.index[name]].initial
	}
	s.index[syncedField] = len(s.fields)
	s.fields = append(s.fields, field{name: syncedField, kind: boxedField, at: s.boxed, initial: initial})
	s.boxed++
}

func (p *program) hasSynced() bool {
	_, ok := p.schema.index[syncedField]
	return ok
}

// syncVerb is me.sync().
func (s *script) syncVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.sync", args, kwargs); err != nil {
		return nil, err
	}
	p := s.at.program
	switch {
	case len(p.durable) == 0:
		return nil, fmt.Errorf("me.sync: nothing of %s is durable; name fields in durable = […]", p.name)
	case !p.syncs:
		return nil, fmt.Errorf("me.sync: it was not seen before the run that %s syncs, so that its durable fields are synced at the end of each handler; call me.sync() in a handler of program(…), or in a function that one names", p.name)
	}
	return starlark.None, s.sync(p, s.at.row)
}

// sync notes what a row's durable fields are.
func (s *script) sync(p *program, row int) error {
	now := make(starlark.Tuple, len(p.durable))
	for i, name := range p.durable {
		now[i] = p.get(&p.schema.fields[p.schema.index[name]], row)
	}
	kept, err := s.codec.Copy(now)
	if err != nil {
		return fmt.Errorf("me.sync: %w", err)
	}
	*p.box(row, syncedField) = kept
	return nil
}

// checkSynced says why what was loaded of a row cannot be what was synced.
func (p *program) checkSynced(row int) error {
	if !p.hasSynced() {
		return nil
	}
	synced, ok := (*p.box(row, syncedField)).(starlark.Tuple)
	if !ok || len(synced) != len(p.durable) {
		return fmt.Errorf("what was synced is not that of %d durable fields", len(p.durable))
	}
	for i, name := range p.durable {
		if f := &p.schema.fields[p.schema.index[name]]; f.kind != boxedField && f.kind != kindOf(synced[i]) {
			return fmt.Errorf("%s was synced as %s", name, value.A(synced[i]))
		}
	}
	return nil
}

// takeBack makes a row's durable fields what they were when it was last synced.
func (p *program) takeBack(row int) {
	synced := value.Copy(*p.box(row, syncedField)).(starlark.Tuple)
	for i, name := range p.durable {
		f := &p.schema.fields[p.schema.index[name]]
		if f.kind == boxedField {
			p.boxes.rows[row][f.at] = synced[i]
			continue
		}
		if err := p.set(f, row, synced[i]); err != nil {
			panic(fmt.Sprintf("scenario: %s was synced as what it cannot be: %v", name, err))
		}
	}
}

// findSyncs finds out which programs sync: those whose functions call me.sync(),
// or name a function that does, when all is read. What is no node's own may have
// the name too: then a program only may seem to.
func (s *script) findSyncs() {
	if !s.mentionsSync {
		return
	}
	bodies := s.bodies()
	for _, p := range s.declared {
		r := &reach{script: s, bodies: bodies, seen: map[starlark.Value]bool{}}
		for _, fn := range p.callables() {
			p.syncs = p.syncs || r.syncs(fn, 0)
		}
	}
}

// reach is what a program's functions lead to.
type reach struct {
	script *script
	bodies map[syntax.Position]*body
	seen   map[starlark.Value]bool // functions; looked up only
}

// syncs reports whether a value is a function that may sync, or holds one. It
// does not look into nodes and programs: what they run is theirs.
func (r *reach) syncs(v starlark.Value, depth int) bool {
	if depth > 20 {
		return false
	}
	switch v := v.(type) {
	case *starlark.Function:
		return r.function(v, depth)
	case *value.Bound:
		return r.syncs(v.Function(), depth+1)
	case *served:
		return r.syncs(v.fn, depth+1) || r.syncs(v.time, depth+1)
	case *value.Record:
		for _, name := range v.AttrNames() {
			if x, err := v.Attr(name); err == nil && x != nil && r.syncs(x, depth+1) {
				return true
			}
		}
	case *starlark.List, starlark.Tuple, *starlark.Set:
		for x := range starlark.Elements(v.(starlark.Iterable)) {
			if r.syncs(x, depth+1) {
				return true
			}
		}
	case *starlark.Dict:
		for _, x := range v.Items() {
			if r.syncs(x[1], depth+1) {
				return true
			}
		}
	}
	return false
}

func (r *reach) function(fn *starlark.Function, depth int) bool {
	of := r.bodies[fn.Position()]
	if of == nil || r.seen[fn] {
		return false
	}
	r.seen[fn] = true
	found := false
	syntax.Walk(of.node, func(n syntax.Node) bool {
		switch n := n.(type) {
		case *syntax.DotExpr:
			found = found || n.Name.Name == "sync"
		case *syntax.Ident:
			found = found || n.Binding != nil && r.syncs(r.script.denoted(fn, of, n), depth+1)
		}
		return !found
	})
	return found
}
