package value

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// Bound is a function with arguments that come after those of the call,
// bind(fn, *args). It may be kept wherever its function and arguments may, and
// equals another of an equal function and equal arguments.
type Bound struct {
	fn     starlark.Callable
	args   starlark.Tuple
	frozen bool
}

var (
	_ starlark.Callable   = (*Bound)(nil)
	_ starlark.Comparable = (*Bound)(nil)
)

// Bind returns fn with args, which are the Bound's from now on.
func Bind(fn starlark.Callable, args ...starlark.Value) *Bound { return &Bound{fn: fn, args: args} }

// bind is bind(fn, *args).
func bind(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if len(kwargs) > 0 {
		return nil, fmt.Errorf("bind: arguments are given by place, %s has a name", kwargs[0][0].(starlark.String).GoString())
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("bind: a function is missing, as in bind(done, key)")
	}
	fn, ok := args[0].(starlark.Callable)
	if !ok {
		return nil, fmt.Errorf("bind: the first argument is the function, as in bind(done, key), not %s", A(args[0]))
	}
	// Invariant: Starlark gives a builtin a copy of the arguments.
	return Bind(fn, args[1:]...), nil
}

// Function returns the function that is called.
func (b *Bound) Function() starlark.Callable { return b.fn }

// Args returns the bound arguments. They may not be changed.
func (b *Bound) Args() starlark.Tuple { return b.args }

func (b *Bound) Name() string         { return b.fn.Name() }
func (b *Bound) String() string       { return printed(b) }
func (b *Bound) Type() string         { return "function" }
func (b *Bound) Truth() starlark.Bool { return true }

// Position is the function's, if it has one: errors say it.
func (b *Bound) Position() syntax.Position {
	if fn, ok := b.fn.(interface{ Position() syntax.Position }); ok {
		return fn.Position()
	}
	return syntax.Position{}
}

// Hash leaves the arguments out: they need not be hashable.
func (b *Bound) Hash() (uint32, error) {
	h, err := b.fn.Hash()
	return h ^ 0x62696e64, err
}

// Freeze freezes the arguments. A function made while the scenario was read has
// nothing left to freeze, and Starlark's would go round in one that calls itself.
func (b *Bound) Freeze() {
	if !b.frozen {
		b.frozen = true
		freeze(b.fn)
		for _, x := range b.args {
			freeze(x)
		}
	}
}

// CallInternal calls the function with the arguments of the call, and then
// the bound ones.
func (b *Bound) CallInternal(thread *starlark.Thread, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	all := make(starlark.Tuple, 0, len(args)+len(b.args))
	all = append(append(all, args...), b.args...)
	return starlark.Call(thread, b.fn, all, kwargs)
}

// CompareSameType knows == and != only. Starlark's own functions have the same
// type, and are never equal to a bound one.
func (b *Bound) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	return equality("functions", op, func() (bool, error) {
		other, ok := y.(*Bound)
		if !ok {
			return false, nil
		}
		if same, err := starlark.EqualDepth(b.fn, other.fn, depth-1); !same || err != nil {
			return false, err
		}
		return starlark.EqualDepth(b.args, other.args, depth-1)
	})
}
