package value

import (
	"go.starlark.net/starlark"
)

// nested reads what has values within.
func (d *decoder) nested(tag byte) (starlark.Value, error) {
	if d.depth == maxDepth {
		return nil, d.wrong("values are nested more than %d deep", maxDepth)
	}
	d.depth++
	v, err := d.container(tag)
	d.depth--
	if err != nil {
		return nil, err
	}
	return v, nil
}

func (d *decoder) container(tag byte) (starlark.Value, error) {
	if d.frozen > 0 && !d.announced && (tag == tagList || tag == tagDict || tag == tagSet) {
		return nil, d.wrong("a container is not frozen, but what it lies in is")
	}
	d.announced = false
	switch tag {
	case tagList:
		return d.list()
	case tagTuple:
		n, err := d.length(1)
		if err != nil {
			return nil, err
		}
		t := make(starlark.Tuple, n)
		return t, d.fill(t)
	case tagDict:
		return d.dict()
	case tagSet:
		return d.set()
	case tagRecord:
		return d.record()
	case tagBound:
		return d.bound()
	case tagMessage:
		return d.kept()
	case tagOther:
		return d.other()
	case tagFrozen:
		return d.icebound()
	}
	d.at--
	return nil, d.wrong("no value begins with %d", tag)
}

func (d *decoder) fill(values []starlark.Value) (err error) {
	for i := range values {
		if values[i], err = d.value(); err != nil {
			return err
		}
	}
	return nil
}

// list makes the list before its elements, since they may lead back to it.
// Until they are there it holds nils, which nothing looks at.
func (d *decoder) list() (starlark.Value, error) {
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	values := make([]starlark.Value, n)
	l := starlark.NewList(values)
	d.meet(l)
	return l, d.fill(values)
}

func (d *decoder) dict() (starlark.Value, error) {
	n, err := d.length(2)
	if err != nil {
		return nil, err
	}
	m := starlark.NewDict(n)
	d.meet(m)
	for i := range n {
		k, err := d.value()
		if err != nil {
			return nil, err
		}
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if err := m.SetKey(k, v); err != nil {
			return nil, d.wrong("a key: %w", err)
		}
		if m.Len() != i+1 {
			return nil, d.wrong("a key is there twice")
		}
	}
	return m, nil
}

func (d *decoder) set() (starlark.Value, error) {
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	s := starlark.NewSet(n)
	d.meet(s)
	for i := range n {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if err := s.Insert(v); err != nil {
			return nil, d.wrong("an element: %w", err)
		}
		if s.Len() != i+1 {
			return nil, d.wrong("an element is there twice")
		}
	}
	return s, nil
}

func (d *decoder) record() (starlark.Value, error) {
	n, err := d.length(2)
	if err != nil {
		return nil, err
	}
	r := &Record{fields: make(fields, 0, n)}
	for range n {
		if r.fields, err = d.field(r.fields); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// field reads a field that must come after the last one of those before.
func (d *decoder) field(before fields) (fields, error) {
	name, err := d.name()
	if err != nil {
		return nil, err
	}
	if n := len(before); n > 0 && before[n-1].name >= name {
		return nil, d.wrong("field %s does not come after %s", quote(name), quote(before[n-1].name))
	}
	v, err := d.value()
	return append(before, field{name, v}), err
}

func (d *decoder) bound() (starlark.Value, error) {
	v, err := d.value()
	if err != nil {
		return nil, err
	}
	fn, ok := v.(starlark.Callable)
	if !ok {
		return nil, d.wrong("a %s is bound, which is no function", v.Type())
	}
	n, err := d.length(1)
	if err != nil {
		return nil, err
	}
	b := &Bound{fn: fn, args: make(starlark.Tuple, n)}
	return b, d.fill(b.args)
}

// kept reads a message that a handler kept.
func (d *decoder) kept() (starlark.Value, error) {
	kind, err := d.text()
	if err != nil {
		return nil, err
	}
	source, err := d.value()
	if err != nil {
		return nil, err
	}
	m, err := d.message()
	if err != nil {
		return nil, err
	}
	m.kind, m.source = d.string(kind), source
	return m, nil
}

func (d *decoder) other() (starlark.Value, error) {
	kind, err := d.text()
	if err != nil {
		return nil, err
	}
	name := string(kind)
	state, err := d.value()
	if err != nil {
		return nil, err
	}
	if d.codec == nil || d.codec.Rebuild == nil {
		return nil, d.wrong("there is no %s", quote(name))
	}
	v, err := d.codec.Rebuild(name, state)
	if err != nil {
		return nil, d.wrong("%s: %w", quote(name), err)
	}
	return v, nil
}
