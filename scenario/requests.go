package scenario

import (
	"fmt"
	"path"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
)

// request is a call whose answer a handler has put off, me.defer(): a value
// that can be kept until some handler of the same node's same life answers it.
type request struct {
	node        value.Node
	incarnation uint32
	id          ecs.EnvelopeID
}

// calling is what me.call and me.discover return: what is under way, for
// me.cancel.
type calling struct {
	node value.Node
	ids  []ecs.EnvelopeID
}

var (
	_ value.Keepable      = (*request)(nil)
	_ value.Keepable      = (*calling)(nil)
	_ starlark.Comparable = (*request)(nil)
	_ starlark.Comparable = (*calling)(nil)
)

func (r *request) String() string        { return fmt.Sprintf("request %x at %s", uint64(r.id), r.node) }
func (r *request) Type() string          { return "request" }
func (r *request) Freeze()               {}
func (r *request) Truth() starlark.Bool  { return true }
func (r *request) Hash() (uint32, error) { return uint32(r.id), nil }

func (r *request) Keep() (kind string, state starlark.Value) {
	return "request", starlark.Tuple{r.node, starlark.MakeUint64(uint64(r.incarnation)), starlark.MakeUint64(uint64(r.id))}
}

func (r *request) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	return compared("requests", op, *r == *y.(*request))
}

func (c *calling) String() string       { return fmt.Sprintf("call of %s", c.node) }
func (c *calling) Type() string         { return "call" }
func (c *calling) Freeze()              {}
func (c *calling) Truth() starlark.Bool { return true }

func (c *calling) Hash() (uint32, error) {
	h := uint32(0)
	for _, id := range c.ids {
		h = h*31 + uint32(id)
	}
	return h, nil
}

func (c *calling) Keep() (kind string, state starlark.Value) {
	t := starlark.Tuple{c.node}
	for _, id := range c.ids {
		t = append(t, starlark.MakeUint64(uint64(id)))
	}
	return "call", t
}

func (c *calling) CompareSameType(op syntax.Token, y starlark.Value, _ int) (bool, error) {
	other := y.(*calling)
	same := c.node == other.node && len(c.ids) == len(other.ids)
	for i := range c.ids {
		same = same && c.ids[i] == other.ids[i]
	}
	return compared("calls", op, same)
}

// compared knows == and != only.
func compared(what string, op syntax.Token, same bool) (bool, error) {
	switch op {
	case syntax.EQL:
		return same, nil
	case syntax.NEQ:
		return !same, nil
	}
	return false, fmt.Errorf("%s have no order", what)
}

// rebuildPending makes what Keep was given of.
func (s *script) rebuildPending(kind string, state starlark.Tuple) (starlark.Value, error) {
	node, ok := state[0].(value.Node)
	numbers := make([]uint64, len(state)-1)
	for i, v := range state[1:] {
		n, isInt := v.(starlark.Int)
		small := false
		if ok = ok && isInt; ok {
			numbers[i], small = n.Uint64()
		}
		ok = ok && small
	}
	switch {
	case ok && kind == "call":
		c := &calling{node: node}
		for _, n := range numbers {
			c.ids = append(c.ids, ecs.EnvelopeID(n))
		}
		return c, nil
	case ok && len(numbers) == 2:
		return &request{node, uint32(numbers[0]), ecs.EnvelopeID(numbers[1])}, nil
	}
	return nil, fmt.Errorf("there is no %s of %s", kind, state)
}

// deferVerb is me.defer().
func (s *script) deferVerb(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := starlark.UnpackArgs("me.defer", args, kwargs); err != nil {
		return nil, err
	}
	if !s.at.serving.now {
		return nil, fmt.Errorf("me.defer: there is no call to answer; only the handler of a service, one of provides, has one")
	}
	r := s.at.serving.request
	if !s.at.serving.deferred {
		s.run.Services.Defer(s.at.batch, s.at.index, r)
		s.at.serving.deferred = true
	}
	return &request{s.handle(s.at.node).(value.Node), s.at.batch.Life(s.at.index).Incarnation, r.ID}, nil
}

// replyVerb is me.reply(request, value = None, error = None). An error is told
// with its place, as fail tells it: so none can be taken for one of the engine's
// reasons.
func (s *script) replyVerb(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var to, v, failed starlark.Value = nil, starlark.None, starlark.None
	if err := starlark.UnpackArgs("me.reply", args, kwargs, "request", &to, "value?", &v, "error?", &failed); err != nil {
		return nil, err
	}
	r, ok := to.(*request)
	text, isText := starlark.AsString(failed)
	switch {
	case !ok:
		return nil, fmt.Errorf("me.reply: the first argument is what me.defer() returned, not %s", value.A(to))
	case failed != starlark.None && !isText:
		return nil, fmt.Errorf("me.reply: error is a text, not %s", value.A(failed))
	case failed != starlark.None && v != starlark.None:
		return nil, fmt.Errorf("me.reply: a value and an error; a reply is one of them")
	case r.node.Number() != s.at.node:
		return nil, fmt.Errorf("me.reply: %s was asked, and only it answers; send it what is to be said", r.node)
	case r.incarnation != s.at.batch.Life(s.at.index).Incarnation:
		return starlark.False, nil // the caller has been forgotten with that life
	}
	waiting, ok := s.run.Services.Deferred(s.at.node, r.id)
	if !ok {
		return nil, fmt.Errorf("me.reply: this request has been answered already")
	}
	if !isText {
		return starlark.True, s.sendAnswer(waiting, v)
	}
	if err := s.canReply(waiting.From); err != nil {
		return nil, err
	}
	s.run.Services.FailText(s.at.batch, s.at.index, waiting, s.here(thread)+": "+text)
	return starlark.True, nil
}

// here is where in the scenario a word is called.
func (s *script) here(thread *starlark.Thread) string {
	for i := range thread.CallStackDepth() {
		if pos := thread.CallFrame(i).Pos; pos.Line > 0 {
			return s.local(pos)
		}
	}
	return path.Base(s.path)
}
