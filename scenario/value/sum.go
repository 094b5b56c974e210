package value

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// sum is sum(values, start): what + makes of them, from left to right. Bools
// count as 0 and 1. Without a start it begins with the first value, so that it
// works for durations, and is 0 if there is none.
func sum(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var values starlark.Iterable
	var total starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "values", &values, "start?", &total); err != nil {
		return nil, err
	}
	iter := values.Iterate()
	defer iter.Done()
	total = asNumber(total)
	var v starlark.Value
	for iter.Next(&v) {
		var err error
		if total, v, err = sumSmall(iter, total, v); err != nil {
			return nil, err
		}
		if v == nil {
			break
		}
		if total == nil {
			total = v
			continue
		}
		x, err := starlark.Binary(syntax.PLUS, total, v)
		if err != nil {
			return nil, fmt.Errorf("sum: %w", err)
		}
		total = x
	}
	if total == nil {
		return starlark.MakeInt(0), nil
	}
	return total, nil
}

func asNumber(v starlark.Value) starlark.Value {
	if b, ok := v.(starlark.Bool); ok {
		if b {
			return starlark.MakeInt(1)
		}
		return starlark.MakeInt(0)
	}
	return v
}

// sumSmall adds up bools and small ints without the interpreter's detour, as
// sums over large groups are mostly of these. It begins with v and returns the
// first value that is left to add, nil at the end.
func sumSmall(iter starlark.Iterator, total, v starlark.Value) (starlark.Value, starlark.Value, error) {
	if total != nil {
		if _, ok := total.(starlark.Int); !ok {
			return total, asNumber(v), nil
		}
	}
	var n int64
	some := false
	for {
		switch x := v.(type) {
		case starlark.Bool:
			if x {
				n++
			}
		case starlark.Int:
			i, ok := x.Int64()
			if !ok || (n+i > n) != (i > 0) && i != 0 {
				return addInt(total, n, some), v, nil
			}
			n += i
		default:
			return addInt(total, n, some), v, nil
		}
		some = true
		if !iter.Next(&v) {
			return addInt(total, n, some), nil, nil
		}
	}
}

// addInt adds n to a total, which is nil as long as there is nothing to it.
func addInt(total starlark.Value, n int64, some bool) starlark.Value {
	switch {
	case !some:
		return total
	case total == nil:
		return starlark.MakeInt64(n)
	}
	return total.(starlark.Int).Add(starlark.MakeInt64(n))
}
