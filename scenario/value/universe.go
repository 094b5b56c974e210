package value

import (
	"fmt"

	"github.com/zeebo/xxh3"
	"go.starlark.net/starlark"
)

// Universe returns the functions over values that every scenario may call:
//
//	duration(x)         a duration, of a string or one already
//	struct(**fields)    a Record
//	bind(fn, *args)     a Bound
//	sum(values, start)  their sum; of bools, how many are True
//	round(x, digits)    to that many decimals, half away from zero; without digits an int
//	hash(value)         64 bits of its canonical bytes, as an int from 0; nodes count by name
//	math                a module over detmath
//
// hash sees what the canonical bytes see: equal dicts filled in another order
// differ in it. Of the Codec it uses Functions and MaxBytes.
func Universe(c *Codec) starlark.StringDict {
	u := starlark.StringDict{"math": makeMath()}
	add := func(name string, f func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)) {
		u[name] = starlark.NewBuiltin(name, f)
	}
	add("duration", makeDuration)
	add("struct", makeStruct)
	add("bind", bind)
	add("sum", sum)
	add("round", round)
	add("hash", hasher(c))
	return u
}

func makeDuration(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var v starlark.Value
	if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &v); err != nil {
		return nil, err
	}
	return asValue(AsDuration(v))
}

// hasher makes hash(value). Its encoder is made at each call, since scripts of
// several worlds may share what is loaded once.
func hasher(c *Codec) func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return func(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		var v starlark.Value
		if err := starlark.UnpackPositionalArgs(b.Name(), args, kwargs, 1, &v); err != nil {
			return nil, err
		}
		e := Encoder{byName: true}
		e.Reset(make([]byte, 0, 128), c)
		if err := e.Append(v); err != nil {
			return nil, fmt.Errorf("hash: %w", err)
		}
		return starlark.MakeUint64(xxh3.Hash(e.Bytes())), nil
	}
}
