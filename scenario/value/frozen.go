package value

import (
	"errors"

	"go.starlark.net/starlark"
)

// frozen writes that a container, which follows, cannot be changed.
func (e *Encoder) frozen(v starlark.Value) {
	if e.codec != nil && e.codec.KeepFrozen && isFrozen(v) {
		e.bytes = append(e.bytes, tagFrozen)
	}
}

// isFrozen asks by a change that changes nothing, since Starlark does not tell.
func isFrozen(v starlark.Value) bool {
	var err error
	switch v := v.(type) {
	case *starlark.List:
		if v.Len() == 0 {
			return v.Clear() != nil
		}
		err = v.SetIndex(0, v.Index(0))
	case *starlark.Dict:
		_, _, err = v.Delete(nobody{})
	case *starlark.Set:
		_, err = v.Delete(nobody{})
	}
	return err != nil
}

// nobody is a key that no dict or set has.
type nobody struct{}

func (nobody) String() string        { return "nobody" }
func (nobody) Type() string          { return "nobody" }
func (nobody) Freeze()               {}
func (nobody) Truth() starlark.Bool  { return false }
func (nobody) Hash() (uint32, error) { return 0, nil }

var errNotContainer = errors.New("what is frozen is no list, dict or set")

// icebound reads a container that cannot be changed.
func (d *decoder) icebound() (starlark.Value, error) {
	tag, err := d.byte()
	if err != nil {
		return nil, err
	}
	if tag != tagList && tag != tagDict && tag != tagSet || d.codec == nil || !d.codec.KeepFrozen {
		return nil, d.wrong("%w", errNotContainer)
	}
	d.frozen++
	d.announced = true
	v, err := d.container(tag)
	d.frozen--
	if err != nil {
		return nil, err
	}
	v.Freeze()
	return v, nil
}

// meet knows a container, for what comes later to lead back to it.
func (d *decoder) meet(v starlark.Value) {
	d.seen, d.icy = append(d.seen, v), append(d.icy, d.frozen > 0)
}
