package ecs

import (
	"fmt"
	"reflect"
	"unsafe"
)

// Schema declares a program: its name and the state of each of its nodes.
type Schema struct {
	Name string
	// State is a value of the struct that holds a node's state, or its
	// reflect.Type, or nil for none. A new node starts with the value.
	State any
	// Durable names the top-level fields of State that a crash leaves alone.
	// The others go back to what the node was born with.
	Durable []string
	// Boxed makes the holder of state that is not columns, one a world.
	Boxed func() Boxed
}

// Boxed is state of nodes that is not columns: Go values, by row. Its
// canonical bytes are all that the engine knows of it: they must be equal
// exactly if the values mean the same.
type Boxed interface {
	// Reset gives a row the value its node is born with, at its birth and when
	// it is wiped, or, if crashed, what a crash leaves.
	Reset(row int, crashed bool)
	// AppendRow appends a row's canonical bytes.
	AppendRow(row int, to []byte) []byte
	// LoadRow sets a row from its canonical bytes.
	LoadRow(row int, from []byte) error
}

// program is a program's nodes: an archetype of their lives and states.
type program struct {
	id        ProgramID
	schema    Schema
	stateType reflect.Type
	kept      []byte // 0xff for bytes of durable fields, else 0

	store     *archetype
	lifeTable *Table
	life      lifeColumn
	state     *Table

	births   uint32   // ordinals given out; the next node's is births+1
	rowOf    []uint32 // ordinal-1 to row; nil while they are equal
	ordinals []uint32 // row to ordinal; nil while they are equal
	freeRows []uint32 // rows of the dead, reused from the end
	birthOf  []uint32 // row to the state it was born with, an index into born; nil while all are initial
	born     states   // states at birth; 0 is initial

	up        int  // nodes that are Up
	allUp     bool // every row is Up: nothing to filter
	touchable bool // the state is large enough for the touch pass to pay
	boxed     Boxed
	boxedHash uint64
	names     names
}

type lifeColumn struct{ data []Life }

// Program declares a program. It panics on a schema that cannot be: see
// [Schema] and the rules for columns in the package documentation.
func (w *World) Program(s Schema) ProgramID {
	if len(w.programs) > MaxPrograms {
		panic(&LimitError{Limit: "programs", Max: MaxPrograms, Where: fmt.Sprintf("program %q", s.Name)})
	}
	for _, p := range w.programs {
		if p.schema.Name == s.Name {
			panic(fmt.Sprintf("ecs: program %q is declared twice", s.Name))
		}
	}
	p := &program{id: ProgramID(len(w.programs)), schema: s, allUp: true}
	var initial []byte
	p.stateType, initial = stateOf(s)
	p.born.add(initial)
	p.store = w.newArchetype(s.Name, p.stateType)
	p.lifeTable = newTable(s.Name+".life", reflect.TypeFor[Life]())
	p.lifeTable.resize = func(rows int) unsafe.Pointer { return p.resizeLife(rows) }
	w.addTable(p.lifeTable)
	p.lifeTable.owner = p
	if p.stateType != nil {
		p.state = newTable(s.Name+".state", p.stateType)
		p.state.resize = func(rows int) unsafe.Pointer { p.store.reserve(rows); return p.store.statePointer() }
		p.state.owner = p
		w.addTable(p.state)
	}
	p.kept = durableMask(s, p.stateType)
	if s.Boxed != nil {
		p.boxed = s.Boxed()
		p.boxedHash = hashString(s.Name + ".boxed")
	}
	w.programs = append(w.programs, p)
	return p.id
}

// stateOf returns the type of a schema's state and the bytes of a new node's.
func stateOf(s Schema) (reflect.Type, []byte) {
	switch v := s.State.(type) {
	case nil:
		return nil, nil
	case reflect.Type:
		fieldsOf(s.Name, v)
		return v, make([]byte, v.Size())
	default:
		t := reflect.TypeOf(v)
		fieldsOf(s.Name, t)
		return t, bytesOf(reflect.ValueOf(v))
	}
}

// bytesOf copies a plain struct's memory.
func bytesOf(v reflect.Value) []byte {
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return append([]byte(nil), unsafe.Slice((*byte)(p.UnsafePointer()), v.Type().Size())...)
}

func durableMask(s Schema, t reflect.Type) []byte {
	if t == nil {
		if len(s.Durable) > 0 {
			panic(fmt.Sprintf("ecs: program %q has durable fields and no state", s.Name))
		}
		return nil
	}
	mask := make([]byte, t.Size())
	for _, name := range s.Durable {
		f, ok := t.FieldByName(name)
		if !ok {
			panic(fmt.Sprintf("ecs: program %q: durable field %q is not a field of %s", s.Name, name, t))
		}
		for i := range f.Type.Size() {
			mask[f.Offset+i] = 0xff
		}
	}
	return mask
}

func (p *program) resizeLife(rows int) unsafe.Pointer {
	p.store.reserve(rows)
	base := p.store.lifePointer()
	p.life.data = unsafe.Slice((*Life)(base), rows)
	return base
}

// row returns where a node lies.
func (p *program) row(n Node) (uint32, bool) {
	o := n.Ordinal()
	if o == 0 || o > p.births {
		return 0, false
	}
	if p.rowOf == nil {
		return o - 1, int(o) <= p.lifeTable.rows
	}
	if int(o) > len(p.rowOf) {
		return 0, false // to be born at the end of this phase
	}
	r := p.rowOf[o-1]
	return r, r < unborn
}

// What stands for a row where a number has none.
const (
	noRow  = 1<<32 - 1 // the node has died
	unborn = noRow - 1 // it will be born at the end of this phase
)

// wasBorn reports whether a number was given to a node, which may live, have
// died, or be about to be born.
func (w *World) wasBorn(n Node) bool {
	return int(n.Program()) < len(w.programs) && n.Ordinal() > 0 && n.Ordinal() <= w.programs[n.Program()].births
}

// died reports whether a node is dead. A group never is.
func (w *World) died(n Node) bool {
	p, o := w.programs[n.Program()], n.Ordinal()
	return int(o) <= len(p.rowOf) && p.rowOf[o-1] == noRow
}

// node returns who lies at a row.
func (p *program) node(row uint32) Node {
	if p.ordinals == nil {
		return makeNode(p.id, row+1)
	}
	return makeNode(p.id, p.ordinals[row])
}
