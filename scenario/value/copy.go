package value

import (
	"fmt"
	"strconv"

	"go.starlark.net/starlark"
)

// Storable returns an *Error that says why v cannot be kept, nil if it can.
func Storable(v starlark.Value, c *Codec) error {
	var e Encoder
	e.Reset(make([]byte, 0, 128), c)
	return e.Append(v)
}

// Copy returns a copy of v, with the same sharing, that can be changed however
// frozen v is. What cannot change is not copied. It panics if v cannot be
// kept for another reason than its functions or its size in bytes: see
// [Codec.Copy] for what a script may pass.
func Copy(v starlark.Value) starlark.Value {
	c := copier{left: DefaultMaxBytes, any: true}
	w, err := c.value(v)
	if err != nil {
		panic(fmt.Sprintf("value: copy of what cannot be kept: %v", err))
	}
	return w
}

// Copy is Copy for any value: what cannot be kept is an *Error. It does not
// look at the bytes of texts, but counts every value as one.
func (c *Codec) Copy(v starlark.Value) (starlark.Value, error) {
	k := copier{codec: c, left: c.maxBytes()}
	return k.value(v)
}

type copier struct {
	codec *Codec
	any   bool // functions are kept whether they have names or not
	depth int
	left  int // values that may still be met: a tuple of tuples may hold 2^200
	from  []starlark.Value
	to    []starlark.Value
	index map[starlark.Value]int
}

// value returns v itself if nothing within can change.
func (c *copier) value(v starlark.Value) (starlark.Value, error) {
	if c.left--; c.left < 0 {
		return nil, c.codec.tooLarge()
	}
	switch v := v.(type) {
	case starlark.NoneType, starlark.Bool, starlark.Int, starlark.Float, starlark.String, starlark.Bytes, Duration, Node:
		return v, nil
	case *starlark.Function, *starlark.Builtin:
		if c.any {
			return v, nil
		}
		_, err := c.codec.name(v.(starlark.Callable))
		return v, err
	case Keepable:
		return v, nil
	}
	if c.depth == maxDepth {
		return nil, tooDeep()
	}
	c.depth++
	w, err := c.nested(v)
	c.depth--
	return w, err
}

func (c *copier) nested(v starlark.Value) (starlark.Value, error) {
	switch v := v.(type) {
	case starlark.Tuple:
		w, _, err := c.values(v, "[", 0)
		return starlark.Tuple(w), err
	case *Record:
		w, changed, err := c.fields(v.fields)
		if !changed || err != nil {
			return v, err
		}
		return &Record{fields: w}, nil
	case *Message:
		w, changed, err := c.fields(v.fields)
		if !changed || err != nil {
			return v, err
		}
		return &Message{kind: v.kind, source: v.source, fields: w}, nil
	case *Bound:
		w, changed, err := c.values(v.args, ".bind[", 1)
		if err == nil && !c.any {
			_, err = c.value(v.fn)
			err = within(err, ".bind[0]")
		}
		if !changed || err != nil {
			return v, err
		}
		return &Bound{fn: v.fn, args: w}, nil
	}
	i, met := find(c.from, &c.index, v)
	if met {
		return c.to[i], nil
	}
	return c.container(v)
}

// container copies what has identity. The copy is known before what is within,
// which may lead back to it.
func (c *copier) container(v starlark.Value) (starlark.Value, error) {
	know := func(w starlark.Value) { c.from, c.to = append(c.from, v), append(c.to, w) }
	switch v := v.(type) {
	case *starlark.List:
		elements := make([]starlark.Value, v.Len())
		w := starlark.NewList(elements)
		know(w)
		for i := range elements {
			x, err := c.element(v.Index(i))
			if err != nil {
				return nil, within(err, "["+strconv.Itoa(i)+"]")
			}
			elements[i] = x
		}
		return w, nil
	case *starlark.Dict:
		w := starlark.NewDict(v.Len())
		know(w)
		for k, x := range v.Entries() {
			x, err := c.element(x)
			if err != nil {
				return nil, within(err, key(k))
			}
			if _, err := c.element(k); err != nil {
				return nil, within(err, ".key"+key(k))
			}
			// Invariant: keys are hashable, so nothing within can change.
			if err := w.SetKey(k, x); err != nil {
				return nil, &Error{Path: key(k), What: err.Error()}
			}
		}
		return w, nil
	case *starlark.Set:
		w := starlark.NewSet(v.Len())
		know(w)
		for x := range v.Elements() {
			if _, err := c.element(x); err != nil {
				return nil, within(err, ".key"+key(x))
			}
			if err := w.Insert(x); err != nil {
				return nil, &Error{Path: key(x), What: err.Error()}
			}
		}
		return w, nil
	}
	return nil, &Error{What: "a " + v.Type() + " cannot be kept"}
}

// element is value of what lies in a list, dict, set or tuple.
func (c *copier) element(v starlark.Value) (starlark.Value, error) {
	w, err := c.value(v)
	if err == nil {
		err = element(v)
	}
	return w, err
}

// values copies a slice, of a tuple if base is 0, from the first element on that changes.
func (c *copier) values(v []starlark.Value, open string, base int) (w []starlark.Value, changed bool, err error) {
	w = v
	for i, x := range v {
		y, err := c.value(x)
		if err == nil && base == 0 {
			err = element(x)
		}
		if err != nil {
			return nil, false, within(err, open+strconv.Itoa(i+base)+"]")
		}
		if !changed && isOther(x, y) {
			changed = true
			w = append(make([]starlark.Value, 0, len(v)), v...)
		}
		if changed {
			w[i] = y
		}
	}
	return w, changed, nil
}

func (c *copier) fields(v fields) (w fields, changed bool, err error) {
	w = v
	for i := range v {
		y, err := c.value(v[i].value)
		if err != nil {
			return nil, false, within(err, "."+v[i].name)
		}
		if !changed && isOther(v[i].value, y) {
			changed = true
			w = append(make(fields, 0, len(v)), v...)
		}
		if changed {
			w[i].value = y
		}
	}
	return w, changed, nil
}

// isOther reports whether y is a copy of x, and not x. Go cannot compare
// tuples, which are slices: they are the same if they begin at one place.
func isOther(x, y starlark.Value) bool {
	switch x := x.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set, *Record, *Message, *Bound:
		return x != y
	case starlark.Tuple:
		z := y.(starlark.Tuple)
		return len(x) > 0 && &x[0] != &z[0]
	}
	return false
}
