package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
)

// frameLimit is how deep functions may call each other: well before Go's own
// stack would end the process.
const frameLimit = 2000

// A function runs slices of steps between two looks at it. In a step a value
// at most doubles, and a loop that doubles one takes several steps: short
// slices where values are large keep them from growing far beyond the limit.
// Most handlers end within the first slice.
const (
	longSlice  = 64
	shortSlice = 8
	largeValue = 64 << 10
	fewValues  = 16 // that are looked at within a value
)

// limit makes a thread stop by itself: after options.Steps from now, when
// calls are too deep, or when what a variable holds is too large. That what ran
// before was stopped is over: a run goes on after a request that was refused.
func (s *script) limit(thread *starlark.Thread) {
	thread.Uncancel()
	s.last = thread.ExecutionSteps() + s.options.Steps
	thread.OnMaxSteps = s.stop
	thread.SetMaxExecutionSteps(min(s.last, thread.ExecutionSteps()+longSlice))
}

// stopThread stops a thread that is at its limit, and else lets it run on for
// a slice. One function runs at a time, so that one end is enough.
func (s *script) stopThread(t *starlark.Thread) {
	name, size := s.largest(t)
	switch {
	case t.CallStackDepth() > frameLimit:
		t.Cancel(fmt.Sprintf("functions call each other more than %d deep; is there a recursion without an end?", frameLimit))
	case t.ExecutionSteps() >= s.last:
		t.Cancel(fmt.Sprintf("more than %d steps (--script-steps); is there a loop without an end?", s.options.Steps))
	case size > s.options.Bytes:
		t.Cancel(fmt.Sprintf("%s grows beyond %d bytes (--script-bytes)", name, s.options.Bytes))
	case size > largeValue:
		t.SetMaxExecutionSteps(min(s.last, t.ExecutionSteps()+shortSlice))
	default:
		t.SetMaxExecutionSteps(min(s.last, t.ExecutionSteps()+longSlice))
	}
}

// framesSeen is how many functions, from the innermost, are looked at: those
// further out were looked at when they were inner ones.
const framesSeen = 3

// largest returns what holds most, a variable or a field of state, and how
// much: at least as many bytes.
func (s *script) largest(t *starlark.Thread) (name string, size int) {
	look := func(where, n string, v starlark.Value) {
		if k := breadth(v, true); k > size {
			name, size = where+n, k
		}
	}
	for depth := range min(framesSeen, t.CallStackDepth()) {
		frame := t.DebugFrame(depth)
		for i := range frame.NumLocals() {
			b, v := frame.Local(i)
			look("", b.Name, v)
		}
		if fn, ok := frame.Callable().(*starlark.Function); ok && s.at.phase == loading && depth == t.CallStackDepth()-1 {
			globals := fn.Globals()
			for _, n := range globals.Keys() {
				look("", n, globals[n])
			}
		}
	}
	if s.at.phase == handling && s.at.program.boxes != nil {
		p := s.at.program
		for i := range p.schema.fields {
			if f := &p.schema.fields[i]; f.kind == boxedField {
				look("me.", f.name, p.boxes.rows[s.at.row][f.at])
			}
		}
	}
	return name, size
}

// perElement is how many bytes an element of a container takes at least.
const perElement = 16

// breadth is how many bytes a value takes at least; within says to look at what
// a small container holds.
func breadth(v starlark.Value, within bool) int {
	switch v := v.(type) {
	case nil:
		return 0
	case starlark.String:
		return len(v)
	case starlark.Bytes:
		return len(v)
	case starlark.Int:
		if _, small := v.Int64(); !small {
			return intBreadth(v.BigInt().BitLen())
		}
	case *starlark.Dict:
		size := v.Len() * perElement
		if within && v.Len() <= fewValues {
			for _, x := range v.Entries() {
				size = max(size, breadth(x, false))
			}
		}
		return size
	case starlark.Indexable:
		size := v.Len() * perElement
		if within && v.Len() <= fewValues {
			for i := range v.Len() {
				size = max(size, breadth(v.Index(i), false))
			}
		}
		return size
	}
	return max(0, starlark.Len(v)*perElement)
}

// intBreadth counts a byte of an int of more than a word as 64, and any as
// large: it takes few steps to square one often, and a product of huge ones
// takes seconds.
func intBreadth(bits int) int { return largeValue + bits*8 }
