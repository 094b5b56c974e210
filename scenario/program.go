package scenario

import (
	"fmt"
	"reflect"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// program is what program(…) returns: what a node runs. It becomes a program
// of the engine when the first nodes of it are made, and takes their name.
type program struct {
	script  *script
	pos     syntax.Position
	name    string
	id      ecs.ProgramID // 0 until nodes are made
	schema  schema
	durable []string
	syncs   bool // it calls me.sync()
	shows   []string
	on      map[string]starlark.Callable
	kinds   []string // of on, in order
	every   []recurring
	// provides are the services that a node provides from its start, by key;
	// looked up only. The keys are in order of declaration.
	provides map[uint64]starlark.Value
	services []uint64
	offers   []string // their names
	// watches are the params whose changes a node is told of, in the same way.
	watches map[uint64]starlark.Callable
	watched []uint64
	// pulling are the pipes that a node pulls from, with a stage for each, and
	// drains those of whose room it is told.
	pulling    []systems.Pulling
	stages     []*stage
	drains     []drain
	subscribes []systems.Subscription
	hears      []starlark.Callable // a function each
	onStart    starlark.Callable
	onStop     starlark.Callable

	handlers []starlark.Callable // by the number of the kind
	own      map[string]own      // looked up only
	boxes    *boxes
	homes    []home // in order of their nodes
}

type recurring struct {
	name   string
	period ecs.Nanoseconds
	fn     starlark.Callable
}

func (p *program) String() string        { return "program " + p.name }
func (p *program) Type() string          { return "program" }
func (p *program) Freeze()               {}
func (p *program) Truth() starlark.Bool  { return true }
func (p *program) Hash() (uint32, error) { return 0, fmt.Errorf("a program cannot be a key") }

// fieldKind is how a field of state is kept.
type fieldKind uint8

const (
	boolField fieldKind = iota
	intField
	floatField
	durationField
	boxedField
)

var fieldKindNames = [...]string{"bool", "int", "float", "duration", "value"}

// field is one field of state: a column at a byte of the row, or a box.
type field struct {
	name    string
	kind    fieldKind
	at      int // byte of the row, or index of the box
	initial starlark.Value
}

// schema is the declared state of a program.
type schema struct {
	fields []field
	index  map[string]int // looked up, never ranged over
	row    reflect.Type   // the columns; nil if all is boxed
	boxed  int
}

func kindOf(v starlark.Value) fieldKind {
	switch v.(type) {
	case starlark.Bool:
		return boolField
	case starlark.Int:
		return intField
	case starlark.Float:
		return floatField
	case value.Duration:
		return durationField
	}
	return boxedField
}

// makeSchema lays out state as a dict of defaults declares it: 8-byte columns
// first, then bools, then padding.
func makeSchema(state *starlark.Dict, reserved func(string) bool) (schema, error) {
	s := schema{index: map[string]int{}}
	if state == nil {
		return s, nil
	}
	for _, item := range state.Items() {
		name, ok := starlark.AsString(item[0])
		switch {
		case !ok:
			return s, fmt.Errorf("state: the name of a field is a string, not %s", item[0])
		case !isName(name):
			return s, fmt.Errorf("state: %q is no name for a field", name)
		case name == string(startedWord):
			return s, fmt.Errorf("state: a field may not be named %q, which says of nodes whether they start by themselves", name)
		case reserved(name):
			return s, fmt.Errorf("state: a field may not be named %q, which a node has already", name)
		}
		s.index[name] = len(s.fields)
		s.fields = append(s.fields, field{name: name, kind: kindOf(item[1]), initial: item[1]})
	}
	s.layOut()
	return s, nil
}

func isName(s string) bool {
	for i, r := range s {
		letter := r == '_' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && s != "_"
}

var columnTypes = [...]reflect.Type{
	boolField: reflect.TypeFor[bool](), intField: reflect.TypeFor[int64](),
	floatField: reflect.TypeFor[float64](), durationField: reflect.TypeFor[int64](),
}

func (s *schema) layOut() {
	var columns []reflect.StructField
	at := 0
	add := func(wide bool) {
		for i := range s.fields {
			f := &s.fields[i]
			if f.kind == boxedField || (f.kind != boolField) != wide {
				continue
			}
			t := columnTypes[f.kind]
			f.at = at
			at += int(t.Size())
			columns = append(columns, reflect.StructField{Name: f.name, PkgPath: "orrery/scenario", Type: t})
		}
	}
	add(true)
	add(false)
	for i := range s.fields {
		if f := &s.fields[i]; f.kind == boxedField {
			f.at = s.boxed
			s.boxed++
		}
	}
	if at == 0 {
		return
	}
	if pad := (8 - at%8) % 8; pad > 0 {
		columns = append(columns, reflect.StructField{Name: "_", PkgPath: "orrery/scenario", Type: reflect.ArrayOf(pad, reflect.TypeFor[uint8]())})
	}
	s.row = reflect.StructOf(columns)
}

func (s *schema) names() []string {
	names := make([]string, 0, len(s.fields))
	for i := range s.fields {
		if name := s.fields[i].name; isName(name) {
			names = append(names, name)
		}
	}
	return names
}

// find returns a declared field, or an error that names the nearest.
func (p *program) find(name string) (*field, error) {
	if i, ok := p.schema.index[name]; ok {
		return &p.schema.fields[i], nil
	}
	return nil, fmt.Errorf("%s declares no state %q%s", p.name, name, didYouMean(name, p.schema.names()))
}

// makeProgram is the builtin program(…).
func (s *script) makeProgram(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("programs are made"); err != nil {
		return nil, err
	}
	var state, on, every *starlark.Dict
	var durable, shows *starlark.List
	var provides, watches, pulls, drains, subscribes *starlark.Dict
	p := &program{script: s, name: "program", pos: thread.CallFrame(1).Pos, on: map[string]starlark.Callable{}}
	err := starlark.UnpackArgs(b.Name(), args, kwargs,
		"state?", &state, "durable?", &durable, "shows?", &shows, "on_start?", &p.onStart, "on_stop?", &p.onStop,
		"on?", &on, "every?", &every, "provides?", &provides, "watches?", &watches, "subscribes?", &subscribes, "pulls?", &pulls, "drains?", &drains)
	if err != nil {
		return nil, err
	}
	if p.schema, err = makeSchema(state, s.reserved); err != nil {
		return nil, err
	}
	if p.durable, err = p.fieldNames("durable", durable); err != nil {
		return nil, err
	}
	if p.shows, err = p.fieldNames("shows", shows); err != nil {
		return nil, err
	}
	if len(p.shows) > 0 {
		p.schema.addShows()
	}
	if s.mentionsSync && len(p.durable) > 0 {
		p.addSynced()
	}
	if err := p.handles(on); err != nil {
		return nil, err
	}
	if err := p.repeats(every); err != nil {
		return nil, err
	}
	if err := p.serves(provides); err != nil {
		return nil, err
	}
	if err := p.subscribe(subscribes); err != nil {
		return nil, err
	}
	if err := p.watch(watches); err != nil {
		return nil, err
	}
	if err := p.pull(pulls, drains); err != nil {
		return nil, err
	}
	s.declared = append(s.declared, p)
	return p, nil
}

func notYet(what, concept string) error {
	return fmt.Errorf("%s: %s are not built yet", what, concept)
}

// fieldNames checks a list of names of fields.
func (p *program) fieldNames(what string, list *starlark.List) ([]string, error) {
	var names []string
	for i := range length(list) {
		name, ok := starlark.AsString(list.Index(i))
		if !ok {
			return nil, fmt.Errorf("%s: %s is not the name of a field", what, list.Index(i))
		}
		if _, known := p.schema.index[name]; !known {
			return nil, fmt.Errorf("%s: the program declares no state %q%s", what, name, didYouMean(name, p.schema.names()))
		}
		names = append(names, name)
	}
	return names, nil
}

func length(l *starlark.List) int {
	if l == nil {
		return 0
	}
	return l.Len()
}

func (p *program) handles(on *starlark.Dict) error {
	if on == nil {
		return nil
	}
	for _, item := range on.Items() {
		kind, ok := starlark.AsString(item[0])
		fn, callable := item[1].(starlark.Callable)
		if !ok || !callable {
			return fmt.Errorf("on: %s: %s is not a kind and a function", item[0], value.A(item[1]))
		}
		p.on[kind] = fn
		p.kinds = append(p.kinds, kind)
	}
	for _, kind := range p.kinds {
		i := p.script.kinds.declare(p.script, kind).Index()
		for len(p.handlers) <= i {
			p.handlers = append(p.handlers, nil)
		}
		p.handlers[i] = p.on[kind]
	}
	return nil
}

// handlerOf returns the handler of a kind of message, nil if there is none: all
// other kinds are the engine's or a timer's.
func (p *program) handlerOf(k ecs.Kind) starlark.Callable {
	if i := k.Index(); i < len(p.handlers) {
		return p.handlers[i]
	}
	return nil
}

func (p *program) repeats(every *starlark.Dict) error {
	if every == nil {
		return nil
	}
	for _, item := range every.Items() {
		d, err := value.AsDuration(item[0])
		if err != nil {
			return fmt.Errorf("every: %w", err)
		}
		if d <= 0 {
			return fmt.Errorf("every: a period must be longer than 0, not %s", d)
		}
		p.script.round("every", ecs.Nanoseconds(d))
		fns := []starlark.Value{item[1]}
		if l, ok := item[1].(*starlark.List); ok {
			fns = slices.Collect(l.Elements())
		}
		for _, f := range fns {
			fn, ok := f.(starlark.Callable)
			if !ok {
				return fmt.Errorf("every: %s: %s is not a function", d, value.A(f))
			}
			p.every = append(p.every, recurring{fmt.Sprintf("%s/%d/%s", d, len(p.every), fn.Name()), ecs.Nanoseconds(d), fn})
		}
	}
	return nil
}

// kinds are the kinds of messages that programs handle.
type kinds struct {
	names []string
	index map[string]ecs.Kind
	timer ecs.Kind // of one-shot timers
	show  ecs.Kind // of what nodes show
	// Of services; declared last, so that they shift no other's number.
	call, wake, answer, failed ecs.Kind
	param                      ecs.Kind // wakes who watches one; after those
	turn                       ecs.Kind // ends what serve has in service; after those
	item, taken, waits         ecs.Kind // of pipes; 0: there are none
	feed                       ecs.Kind // of feeds' values; after those
}

// open declares the kinds that every scenario has.
func (k *kinds) open(s *script) {
	*k = kinds{index: map[string]ecs.Kind{}, timer: s.run.World.TimerKind("timer"), show: s.run.World.Kind(showKind, 0)}
}

func (k *kinds) find(name string) (ecs.Kind, bool) {
	id, ok := k.index[name]
	return id, ok
}

func (k *kinds) declare(s *script, name string) ecs.Kind {
	if id, ok := k.find(name); ok {
		return id
	}
	id := s.run.World.Kind(name, 0)
	k.names = append(k.names, name)
	k.index[name] = id
	return id
}
