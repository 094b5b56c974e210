package scenario

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// serving is the request that the handler of a service answers.
type serving struct {
	now      bool // there is one in hand
	deferred bool
	request  systems.Request
}

// openServices declares the kinds of services, after all others.
func (s *script) openServices() {
	s.run.Services.Open()
	s.run.Services.FailInWords()
	s.kinds.wake, s.kinds.answer, s.kinds.failed = s.run.Services.Kinds()
	s.kinds.call = s.run.World.Kind("(call)", 0)
	s.run.World.Asks(s.kinds.call)
}

// serves reads provides of a program.
func (p *program) serves(provides *starlark.Dict) error {
	if provides == nil {
		return nil
	}
	p.provides = map[uint64]starlark.Value{}
	for _, item := range provides.Items() {
		name, ok := starlark.AsString(item[0])
		if !ok || !isProvided(item[1]) {
			return fmt.Errorf("provides: %s: %s is not a name and a function", item[0], value.A(item[1]))
		}
		key := systems.ServiceKey(name)
		p.provides[key] = item[1]
		p.script.run.Services.Name(name)
		p.services = append(p.services, key)
		p.offers = append(p.offers, name)
		if _, takesTime := item[1].(*served); takesTime {
			p.script.run.Services.MeasureStations(name)
		}
	}
	return nil
}

// provide is me.provide(name, fn).
func (s *script) provide(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var fn starlark.Value
	if err := starlark.UnpackArgs("me.provide", args, kwargs, "name", &name, "fn", &fn); err != nil {
		return nil, err
	}
	if !isProvided(fn) {
		return nil, fmt.Errorf("me.provide: fn is a function, or serve(…) of one, not %s", value.A(fn))
	}
	kept, err := s.keepFunction(fn)
	if err != nil {
		return nil, fmt.Errorf("me.provide: %w", err)
	}
	s.run.Services.Provide(s.at.node, systems.ServiceKey(name), kept)
	s.run.Services.Name(name)
	return starlark.None, nil
}

// keepFunction returns the bytes of a function; they are good until the next
// are asked for.
func (s *script) keepFunction(fn starlark.Value) ([]byte, error) {
	s.hasher.Reset(s.hasher.Bytes()[:0], s.codec)
	if err := s.hasher.Append(fn); err != nil {
		return nil, err
	}
	return s.hasher.Bytes(), nil
}

// function is the reverse of keepFunction.
func (s *script) function(kept []byte) starlark.Callable { return s.keptOf(kept).(starlark.Callable) }

// keptOf is function where serve(…) may have been kept.
func (s *script) keptOf(kept []byte) starlark.Value {
	v, err := value.DecodeFrozen(kept, s.codec)
	if err != nil || !isProvided(v) {
		panic(fmt.Sprintf("scenario: what was kept of a service is no function: %v", err))
	}
	return v
}

// provider returns what answers requests of a service at a node, false if it
// does not provide it.
func (s *script) provider(p *program, n ecs.Node, key uint64) (starlark.Value, bool) {
	kept, ok := s.run.Services.Provided(n, key)
	switch {
	case !ok:
		return nil, false
	case len(kept) > 0:
		return s.keptOf(kept), true
	}
	return p.provides[key], true
}

// withhold is me.withhold(name).
func (s *script) withhold(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	if err := starlark.UnpackArgs("me.withhold", args, kwargs, "name", &name); err != nil {
		return nil, err
	}
	return starlark.Bool(s.run.Services.Withhold(s.at.node, systems.ServiceKey(name))), nil
}

// asked has a node answer a request, or take it to its station.
func (s *script) asked(p *program, b *ecs.Batch, i int) {
	services := s.run.Services
	name, _ := cutText(services.Request(b, i).Payload)
	key := systems.ServiceKey(string(name))
	v, ok := s.provider(p, b.Node(i), key)
	how, takesTime := v.(*served)
	if takesTime {
		// What ends by now is first, and may change what the node does.
		s.turns(p, b, i, key)
		if b.Exited() && !b.Up(i) {
			s.run.Lifecycle.Refuse(b, i)
			return
		}
		v, ok = s.provider(p, b.Node(i), key)
		how, takesTime = v.(*served)
	}
	r := services.Request(b, i)
	switch {
	case !ok:
		services.Fail(b, i, r, systems.UnknownService, 0)
	case takesTime:
		services.Enter(b, i, r, key, how.with)
		s.turns(p, b, i, key)
	default:
		s.serve(p, b, i, v, r, 0)
	}
}

// serve has a handler answer a request: with what it returns, with its fail(…),
// or later. Event is what its draws are keyed by, 0: the event in hand.
func (s *script) serve(p *program, b *ecs.Batch, i int, v starlark.Value, r systems.Request, event ecs.EnvelopeID) {
	fn, ok := v.(starlark.Callable)
	if !ok {
		fn = v.(*served).fn
	}
	name, args, kwargs, err := s.readCall(r.Payload)
	if err != nil {
		panic(s.failureOf(fn, fmt.Errorf("a call of %q cannot be read: %w", name, err)))
	}
	if r.From == 0 { // nobody of the scenario has made the mistake
		if wrong := fits(fn, len(args), kwargs); wrong != nil {
			s.run.Services.FailText(b, i, r, fmt.Sprintf("%s: %v", name, wrong))
			return
		}
	}
	s.begin(p, b, i, fn)
	s.at.source, s.at.event, s.at.serving = r.From, event, serving{now: true, request: r}
	args[0] = s.handle(s.at.node)
	answer, err := starlark.Call(s.thread, fn, args, kwargs)
	if err != nil {
		if wrong := fits(fn, len(args), kwargs); wrong != nil { // whoever called has made the mistake
			err = fmt.Errorf("%s called %q with other arguments than it takes: %w", s.NodeName(r.From), name, wrong)
		}
	}
	if err = s.answer(r, answer, err); err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
}

// answer sends what became of a handler. An error that answers no caller is
// returned: it ends the run.
func (s *script) answer(r systems.Request, v starlark.Value, err error) error {
	services, b, i := s.run.Services, s.at.batch, s.at.index
	var failed *failure
	if errors.As(err, &failed) {
		if _, waits := services.Deferred(s.at.node, r.ID); s.at.serving.deferred && !waits {
			return err
		}
		if linked := s.canReply(r.From); linked != nil {
			return linked
		}
		services.FailText(b, i, r, s.placed(err, failed))
		return nil
	}
	if err != nil || s.at.serving.deferred {
		return err
	}
	return s.sendAnswer(r, v)
}

// placed is what fail said, and where.
func (s *script) placed(err error, failed *failure) string {
	var eval *starlark.EvalError
	if errors.As(err, &eval) {
		if pos := position(eval); pos.IsValid() {
			return s.local(pos) + ": " + failed.text
		}
	}
	return failed.text
}

// sendAnswer sends a value to a caller.
func (s *script) sendAnswer(r systems.Request, v starlark.Value) error {
	if err := s.canReply(r.From); err != nil {
		return err
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(v); err != nil {
		return fmt.Errorf("the reply: %w", err)
	}
	s.run.Services.AnswerBytes(s.at.batch, s.at.index, r, s.encoder.Bytes())
	return nil
}

func (s *script) canReply(to ecs.Node) error {
	if to != 0 && s.run.Links.Missing(s.at.node, to) {
		return fmt.Errorf("no link joins %s and %s, who called: a reply needs one too; link them both ways", s.NodeName(s.at.node), s.NodeName(to))
	}
	return nil
}
