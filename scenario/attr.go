package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
)

// NodeName is what a handle prints as.
func (s *script) NodeName(n ecs.Node) string { return s.run.World.NodeName(n) }

// properties are what any handle tells, in any phase.
var properties = []string{"name", "index", "group", "groups", "peers", "neighbours"}

// own is what a handler has of its own node, found by one look-up: it is what
// handlers ask for most.
type own struct {
	what  ownership
	field int            // of the schema
	value starlark.Value // a verb, or random
}

type ownership uint8

const (
	notOwn ownership = iota
	ownField
	ownValue
	ownSource
	ownFeed
)

// owns lists what a handler of a program has of its own node.
func (s *script) owns(p *program) map[string]own {
	all := map[string]own{"random": {what: ownValue, value: randomness{s, false}}, "source": {what: ownSource}, "feed": {what: ownFeed}}
	for name, verb := range s.verbs { //det:allow the result is a map
		all[name] = own{what: ownValue, value: verb}
	}
	for name, i := range p.schema.index { //det:allow the result is a map
		all[name] = own{what: ownField, field: i}
	}
	return all
}

// Attr is what a handle has: to its own handler state and verbs, to others an
// address, to a check everything to be seen.
func (s *script) Attr(n ecs.Node, name string) (starlark.Value, error) {
	if s.at.phase == handling && n == s.at.node {
		switch own := s.at.program.own[name]; own.what {
		case ownField:
			return s.lend(&s.at.program.schema.fields[own.field]), nil
		case ownValue:
			return own.value, nil
		case ownSource:
			return s.handle(s.at.source), nil
		case ownFeed:
			return s.feedInHand(), nil
		}
	}
	if v, ok, err := s.property(n, name); ok || err != nil {
		return v, err
	}
	switch s.at.phase {
	case checking:
		return s.view(n, name)
	case handling:
		return nil, s.noAttr(n, name)
	}
	return nil, fmt.Errorf("%s.%s: while the scenario is read, a node has only %s", s.NodeName(n), name, list(properties))
}

// property is what a handle tells in any phase.
func (s *script) property(n ecs.Node, name string) (starlark.Value, bool, error) {
	switch name {
	case "name":
		return starlark.String(s.NodeName(n)), true, nil
	case "index":
		h := s.home(n)
		return starlark.MakeInt(h.index(n)), true, nil
	case "group":
		return s.home(n).group, true, nil
	case "groups":
		return s.groupsOf(n), true, nil
	case "peers":
		h := s.home(n)
		return &peers{group: h.group, without: h.index(n)}, true, nil
	case "neighbours":
		return s.neighbours(n), true, nil
	}
	return nil, false, nil
}

// view is what a check sees of a node: its state, and its life.
func (s *script) view(n ecs.Node, name string) (starlark.Value, error) {
	p := s.programs[n.Program()]
	if i, declared := p.schema.index[name]; declared {
		row, ok := s.run.World.Row(n)
		if !ok {
			return nil, fmt.Errorf("%s has died", s.NodeName(n))
		}
		return s.notes.views.show(p, &p.schema.fields[i], row)
	}
	life := s.run.World.Life(n)
	switch name {
	case "up":
		return starlark.Bool(life.Status == ecs.Up || life.Status == ecs.Paused), nil
	case "incarnation":
		return starlark.MakeInt64(int64(life.Incarnation)), nil
	case "exit":
		return starlark.MakeInt(int(life.Exit)), nil
	case "param":
		return s.paramView([]ecs.Node{n}, true), nil
	case "providers":
		return s.providersView([]ecs.Node{n}, true), nil
	}
	return nil, s.unknownToChecks(p, name)
}

// lifeAttrs are what checks see of any node, besides its properties.
var lifeAttrs = []string{"up", "incarnation", "exit", "param", "providers"}

// unknownToChecks says that checks see no such thing of the nodes of a program.
func (s *script) unknownToChecks(p *program, name string) error {
	known := slices.Concat(p.schema.names(), lifeAttrs, properties)
	return fmt.Errorf("%s declares no state %q%s", p.name, name, didYouMean(name, known))
}

// noAttr says why a handler does not get what it asks of a handle.
func (s *script) noAttr(n ecs.Node, name string) error {
	p := s.programs[n.Program()]
	_, declared := p.schema.index[name]
	_, verb := s.verbs[name]
	switch {
	case n != s.at.node && declared:
		return fmt.Errorf("%s.%s: a handler reads its own node only; call or message %s, or let it show the field", s.NodeName(n), name, s.NodeName(n))
	case n != s.at.node && (verb || name == "random"):
		return fmt.Errorf("%s.%s: a handler acts for its own node only; write %s.%s", s.NodeName(n), name, "me", name)
	}
	if slices.Contains(lifeAttrs, name) {
		return fmt.Errorf("%s.%s: checks and series see it, handlers do not: a node learns of others by messages", s.NodeName(n), name)
	}
	return s.unknown(p, name)
}

// unknown says that the nodes of a program have no such word.
func (s *script) unknown(p *program, name string) error {
	known := append(p.schema.names(), properties...)
	for verb := range s.verbs { //det:allow the list is sorted
		known = append(known, verb)
	}
	slices.Sort(known)
	return fmt.Errorf("%s declares no state %q%s", p.name, name, didYouMean(name, known))
}

// AttrNames lists what a handle has.
func (s *script) AttrNames(n ecs.Node) []string {
	names := append(slices.Clone(properties), s.programs[n.Program()].schema.names()...)
	slices.Sort(names)
	return names
}

// SetAttr sets a field of the handler's own node.
func (s *script) SetAttr(n ecs.Node, name string, v starlark.Value) error {
	if s.at.phase != handling {
		return fmt.Errorf("%s.%s: only a handler changes state, and only its own node's", s.NodeName(n), name)
	}
	if n != s.at.node {
		return fmt.Errorf("%s.%s: a handler changes its own node only; message %s", s.NodeName(n), name, s.NodeName(n))
	}
	p := s.at.program
	i, ok := p.schema.index[name]
	if !ok {
		_, err := p.find(name)
		return err
	}
	return p.set(&p.schema.fields[i], s.at.row, v)
}

// get reads a field.
func (p *program) get(f *field, row int) starlark.Value {
	if f.kind == boxedField {
		return p.boxes.rows[row][f.at]
	}
	t := p.script.run.World.StateTable(p.id)
	switch f.kind {
	case boolField:
		return starlark.Bool(t.BoolAt(row, f.at))
	case intField:
		return starlark.MakeInt64(t.Int64At(row, f.at))
	case floatField:
		return starlark.Float(t.Float64At(row, f.at))
	}
	return value.Duration(t.Int64At(row, f.at))
}

// set writes a field; values are copied in.
func (p *program) set(f *field, row int, v starlark.Value) error {
	if f.kind == boxedField {
		if n := starlark.Len(v); n > p.script.options.Bytes {
			return fmt.Errorf("%s: a value of length %d is more than may be kept (%d, --script-bytes)", f.name, n, p.script.options.Bytes)
		}
		kept, err := p.script.codec.Copy(v)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		p.boxes.rows[row][f.at] = kept
		return nil
	}
	t := p.script.run.World.StateTable(p.id)
	switch f.kind {
	case boolField:
		if b, ok := v.(starlark.Bool); ok {
			t.SetBoolAt(row, f.at, bool(b))
			return nil
		}
	case intField:
		if i, ok := v.(starlark.Int); ok {
			n, small := i.Int64()
			if !small {
				return fmt.Errorf("%s: %s is more than 64 bits hold; declare it with a default of None to keep any value", f.name, i)
			}
			t.SetInt64At(row, f.at, n)
			return nil
		}
	case floatField:
		if x, ok := starlark.AsFloat(v); ok {
			t.SetFloat64At(row, f.at, x)
			return nil
		}
	case durationField:
		if d, err := value.AsDuration(v); err == nil {
			t.SetInt64At(row, f.at, int64(d))
			return nil
		}
	}
	return p.wrongType(f, v)
}

func (p *program) wrongType(f *field, v starlark.Value) error {
	cure := "declare it with a default of None to keep any value"
	if f.kind == intField && v.Type() == "float" {
		cure = fmt.Sprintf("write int(…) or round(…), or declare %s with the default %s.0", f.name, f.initial)
	}
	if v == starlark.None {
		return fmt.Errorf("%s is declared as %s, and cannot be None; %s", f.name, fieldKindNames[f.kind], cure)
	}
	return fmt.Errorf("%s is declared as %s, and %s is %s; %s", f.name, fieldKindNames[f.kind], v, value.A(v), cure)
}

func (s *script) neighbours(n ecs.Node) *starlark.List {
	l := starlark.NewList(s.handles(s.run.Links.Neighbours(n)))
	l.Freeze()
	return l
}

func list(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			out += " and "
		case i > 0:
			out += ", "
		}
		out += w
	}
	return out
}
