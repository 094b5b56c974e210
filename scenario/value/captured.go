package value

import (
	"fmt"

	"go.starlark.net/starlark"
)

// element says why a value may not lie in a list, dict, set or tuple: to freeze
// one, Starlark goes into the functions in it and what they captured, and never
// comes out of one that captured itself.
func element(v starlark.Value) error {
	fn, ok := v.(*starlark.Function)
	if !ok || fn.NumFreeVars() == 0 && fn.NumParams() == 0 || !(captured{}).again(fn, 0) {
		return nil
	}
	return &Error{What: fmt.Sprintf("the function %s (%s) calls itself by a name of the function that it is written in, and cannot be kept in a list, dict, set or tuple; write it at the file's top level", fn.Name(), fn.Position())}
}

// captured are the functions and tuples that were come to, and whether all that
// they lead to was.
type captured map[any]bool

// again reports whether a value leads to itself by way of functions and tuples.
func (c captured) again(v starlark.Value, depth int) bool {
	var key any = v
	var parts []starlark.Value
	switch v := v.(type) {
	case *starlark.Function:
		for i := range v.NumFreeVars() {
			_, x := v.FreeVar(i)
			parts = append(parts, x)
		}
		for i := range v.NumParams() {
			parts = append(parts, v.ParamDefault(i))
		}
	case starlark.Tuple:
		if len(v) == 0 {
			return false
		}
		type place struct {
			first  *starlark.Value
			length int
		}
		key, parts = place{&v[0], len(v)}, v
	default:
		return false
	}
	if done, met := c[key]; met || depth > maxDepth {
		return !done
	}
	c[key] = false
	for _, x := range parts {
		if c.again(x, depth+1) {
			return true
		}
	}
	c[key] = true
	return false
}
