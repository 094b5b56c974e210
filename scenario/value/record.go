package value

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Record is an immutable set of named values, struct(**fields). The order in
// which they were given is not kept, so that equal records are alike in all
// that can be observed. It is hashable if its values are.
type Record struct {
	fields fields
	frozen bool
}

var (
	_ starlark.HasAttrs   = (*Record)(nil)
	_ starlark.Comparable = (*Record)(nil)
)

// MakeRecord returns a record of names and their values. It panics on a name
// given twice, or if the slices differ in length.
func MakeRecord(names []string, values ...starlark.Value) *Record {
	if len(names) != len(values) {
		panic("value: a record of names without values, or values without names")
	}
	r := &Record{fields: make(fields, len(names))}
	for i, name := range names {
		r.fields[i] = field{name, values[i]}
	}
	r.fields.sort()
	for i := 1; i < len(r.fields); i++ {
		if r.fields[i].name == r.fields[i-1].name {
			panic("value: a record with two fields " + r.fields[i].name)
		}
	}
	return r
}

// makeStruct is struct(**fields).
func makeStruct(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(args) > 0 {
		return nil, fmt.Errorf("struct: fields are given by name, as in struct(term = 1)")
	}
	r := &Record{fields: make(fields, len(kwargs))}
	for i, given := range kwargs {
		// Invariant: Starlark lets no name be given twice.
		r.fields[i] = field{string(given[0].(starlark.String)), given[1]}
	}
	r.fields.sort()
	return r, nil
}

func (r *Record) String() string        { return printed(r) }
func (r *Record) Type() string          { return "struct" }
func (r *Record) Truth() starlark.Bool  { return true }
func (r *Record) Hash() (uint32, error) { return r.fields.hash() }
func (r *Record) AttrNames() []string   { return r.fields.names() }

// Attr returns a field; nil if there is none, which Starlark reports.
func (r *Record) Attr(name string) (starlark.Value, error) { return r.fields.get(name), nil }

// Freeze freezes the values. Invariant: the flag is set first, since a value
// may lead back here.
func (r *Record) Freeze() {
	if !r.frozen {
		r.frozen = true
		r.fields.freeze()
	}
}

// CompareSameType knows == and != only.
func (r *Record) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	other, ok := y.(*Record)
	if !ok {
		return op == syntax.NEQ, nil
	}
	return equality("structs", op, func() (bool, error) { return r.fields.equal(other.fields, depth) })
}

// equality compares what has no order.
func equality(what string, op syntax.Token, equal func() (bool, error)) (bool, error) {
	switch op {
	case syntax.EQL:
		return equal()
	case syntax.NEQ:
		same, err := equal()
		return !same && err == nil, err
	}
	return false, fmt.Errorf("%s have no order; compare their fields", what)
}
