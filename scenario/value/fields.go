package value

import (
	"go.starlark.net/starlark"
)

type field struct {
	name  string
	value starlark.Value
}

// fields are named values. Invariant: sorted by name, no name twice.
type fields []field

// get scans: records and messages have few fields, and names mostly differ in
// length or are the same pointer.
func (f fields) get(name string) starlark.Value {
	for i := range f {
		if f[i].name == name {
			return f[i].value
		}
	}
	return nil
}

func (f fields) names() []string {
	names := make([]string, len(f))
	for i := range f {
		names[i] = f[i].name
	}
	return names
}

// sort orders by insertion, which is fastest for few and leaves what is in
// order alone.
func (f fields) sort() {
	for i := 1; i < len(f); i++ {
		for j := i; j > 0 && f[j].name < f[j-1].name; j-- {
			f[j], f[j-1] = f[j-1], f[j]
		}
	}
}

func (f fields) equal(g fields, depth int) (bool, error) {
	if len(f) != len(g) {
		return false, nil
	}
	for i := range f {
		if f[i].name != g[i].name {
			return false, nil
		}
		if same, err := starlark.EqualDepth(f[i].value, g[i].value, depth-1); !same || err != nil {
			return false, err
		}
	}
	return true, nil
}

func (f fields) hash() (uint32, error) {
	sum := uint32(len(f))
	for i := range f {
		name, _ := starlark.String(f[i].name).Hash()
		h, err := f[i].value.Hash()
		if err != nil {
			return 0, err
		}
		sum = (sum^name)*0x9e3779b1 ^ h*0x85ebca77
	}
	return sum, nil
}

func (f fields) freeze() {
	for i := range f {
		freeze(f[i].value)
	}
}

// freeze leaves functions alone: see Bound.Freeze.
func freeze(v starlark.Value) {
	if _, ok := v.(*starlark.Function); !ok {
		v.Freeze()
	}
}
