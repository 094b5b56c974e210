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
	s.end = thread.ExecutionSteps() + s.options.Steps
	thread.OnMaxSteps = s.stop
	thread.SetMaxExecutionSteps(min(s.end, thread.ExecutionSteps()+stepSlice))
}

// stopThread stops a thread that is at its limit, and else lets it run on for
// a slice. One function runs at a time, so that one end is enough.
func (s *script) stopThread(t *starlark.Thread) {
	switch {
	case t.CallStackDepth() > frameLimit:
		t.Cancel(fmt.Sprintf("functions call each other more than %d deep; is there a recursion without an end?", frameLimit))
	case t.ExecutionSteps() >= s.end:
		t.Cancel(fmt.Sprintf("more than %d steps (--script-steps); is there a loop without an end?", s.options.Steps))
	default:
		t.SetMaxExecutionSteps(min(s.end, t.ExecutionSteps()+stepSlice))
	}
}
