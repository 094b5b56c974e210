package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
)

// frameLimit is how deep functions may call each other: well before Go's own
// stack would end the process.
const frameLimit = 2000

// stepSlice is how many steps run between two looks at the depth of calls. A
// call takes more than one step, so the depth grows by less than this.
const stepSlice = 4096

// limit makes a thread stop by itself: after options.Steps from now, or when
// calls are too deep.
func (s *script) limit(thread *starlark.Thread) {
	end := thread.ExecutionSteps() + s.options.Steps
	thread.OnMaxSteps = func(t *starlark.Thread) {
		switch {
		case t.CallStackDepth() > frameLimit:
			t.Cancel(fmt.Sprintf("functions call each other more than %d deep; is there a recursion without an end?", frameLimit))
		case t.ExecutionSteps() >= end:
			t.Cancel(fmt.Sprintf("more than %d steps (--script-steps); is there a loop without an end?", s.options.Steps))
		default:
			t.SetMaxExecutionSteps(min(end, t.ExecutionSteps()+stepSlice))
		}
	}
	thread.SetMaxExecutionSteps(min(end, thread.ExecutionSteps()+stepSlice))
}
