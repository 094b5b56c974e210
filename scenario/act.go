package scenario

import (
	"errors"
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scenario/value"
	"orrery/systems"
)

// context is what a script function is being run for.
type context struct {
	phase     phase
	batch     *ecs.Batch
	index     int // in the batch
	node      ecs.Node
	source    ecs.Node // who sent what is handled
	program   *program
	row       int
	handler   starlark.Callable
	draws     random.Source
	drawn     bool
	event     ecs.EnvelopeID // what draws are keyed by, where it is not the event in hand
	serving   serving
	feed      string // whose value is handled
	onlyReads bool   // the check, so that it sees state itself
	exiting   bool
	code      uint8
}

// declare makes a program one of the engine's, when its first nodes are made.
func (s *script) declare(p *program, name string) error {
	if p.id != 0 {
		return nil
	}
	s.ticked = true
	w := s.run.World
	for i := 2; ; i++ {
		if _, taken := w.ProgramNamed(name); !taken {
			break
		}
		name = fmt.Sprintf("%s %d", name, i)
	}
	p.name, p.own = name, s.owns(p)
	spec := systems.Program{Schema: ecs.Schema{Name: name}, Act: func(b *ecs.Batch) { s.act(p, b) }}
	if p.schema.row != nil {
		spec.State = p.schema.row
	}
	for _, d := range p.durable {
		if f := &p.schema.fields[p.schema.index[d]]; f.kind != boxedField {
			spec.Durable = append(spec.Durable, d)
		}
	}
	if p.schema.boxed > 0 {
		p.boxes = &boxes{program: p}
		spec.Boxed = func() ecs.Boxed { return p.boxes }
	}
	if p.onStart == nil && len(p.shows) > 0 {
		p.onStart = nothing
	}
	if p.onStart != nil {
		spec.Start = func(b *ecs.Batch) { s.each(p, b, p.onStart) }
	}
	if p.onStop != nil {
		spec.Stop = func(b *ecs.Batch) { s.stopping(p, b) }
	}
	for _, r := range p.every {
		spec.Every = append(spec.Every, systems.Every{Name: r.name, Period: r.period, Act: func(b *ecs.Batch) { s.each(p, b, r.fn) }})
	}
	spec.Provides = p.services
	spec.Watches, spec.Pulls = p.watched, p.pulling
	spec.Subscribes = p.subscribes
	p.id = s.run.Programs.Add(spec)
	s.programs = append(s.programs, p)
	return nil
}

// act runs the handlers of a batch's envelopes.
func (s *script) act(p *program, b *ecs.Batch) {
	s.run.Pipes.Touch(b)
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		b.At = i
		if b.Exited() && !b.Up(i) {
			s.run.Lifecycle.Refuse(b, i)
			s.run.Feeds.Refused(b, i)
			continue
		}
		fn := p.handlerOf(e.Kind())
		if fn == nil {
			s.engines(p, b, i, e)
			continue
		}
		msg, err := value.DecodeMessage(b.World().Payload(e), s.codec, s.handle(e.From), b.World().KindName(e.Kind()))
		if err != nil {
			panic(s.failureOf(fn, fmt.Errorf("a message of kind %q cannot be read: %w", b.World().KindName(e.Kind()), err)))
		}
		s.call(p, b, i, fn, msg)
	}
}

// engines does what comes of an envelope that is no message of the script's.
func (s *script) engines(p *program, b *ecs.Batch, i int, e *ecs.Envelope) {
	if e.IsTimer() {
		if s.run.Timers.Fires(b, i) {
			s.fire(p, b, e)
		}
		return
	}
	switch e.Kind() {
	case s.kinds.show:
		if err := s.see(p, b, e); err != nil {
			panic(s.failure("see", err))
		}
	case s.kinds.call:
		s.asked(p, b, i)
	case s.kinds.feed:
		s.heard(p, b, i)
	case s.kinds.answer, s.kinds.failed:
		if r := s.run.Services.Answered(b, i); r != nil {
			s.goOn(p, b, i, r, e.From)
		}
	default:
		if !s.piped(p, b, i, e) {
			panic(fmt.Sprintf("scenario: %s was sent %q, which nobody there handles", b.World().NodeName(e.To), b.World().KindName(e.Kind())))
		}
	}
}

// nothing is the start of a program that has none, but shows something.
var nothing = starlark.NewBuiltin("start", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
	return starlark.None, nil
})

// fire runs a one-shot timer's function.
func (s *script) fire(p *program, b *ecs.Batch, e *ecs.Envelope) {
	if e.Kind() == s.kinds.wake {
		s.expire(p, b)
		return
	}
	if e.Kind() == s.kinds.param && s.kinds.param != 0 {
		s.woken(p, b, e)
		return
	}
	if e.Kind() == s.kinds.turn && s.kinds.turn != 0 {
		s.turns(p, b, b.At, s.run.Services.StationOf(e))
		return
	}
	if s.piped(p, b, b.At, e) {
		return
	}
	v, err := value.DecodeFrozen(b.World().Payload(e), s.codec)
	fn, ok := v.(starlark.Callable)
	if err != nil || !ok {
		panic(fmt.Sprintf("scenario: a timer of %s holds no function: %v", b.World().NodeName(e.To), err))
	}
	s.call(p, b, b.At, fn, nil)
}

// each runs a handler that has no message for each row.
func (s *script) each(p *program, b *ecs.Batch, fn starlark.Callable) {
	for i := range b.Rows {
		b.At = i
		if b.Exited() && !b.Up(i) {
			continue
		}
		s.call(p, b, i, fn, nil)
	}
}

// stopping asks the on_stop of nodes that are stopped from outside: to exit there
// is to do nothing, as they end already.
func (s *script) stopping(p *program, b *ecs.Batch) {
	for i := range b.Rows {
		b.At = i
		s.begin(p, b, i, p.onStop)
		if _, err := starlark.Call(s.thread, p.onStop, starlark.Tuple{s.handle(s.at.node)}, nil); err != nil {
			panic(s.failureOf(p.onStop, err))
		}
		s.at.exiting = false
		s.end(p, b, p.onStop)
	}
}

// call runs one handler to its end.
func (s *script) call(p *program, b *ecs.Batch, i int, fn starlark.Callable, msg starlark.Value) {
	s.begin(p, b, i, fn)
	args := append(s.args[:0], s.handle(s.at.node))
	if msg != nil { // a timer has no sender
		s.at.source = b.Envelopes[i].From
		args = append(args, msg)
	}
	if _, err := starlark.Call(s.thread, fn, args, nil); err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
}

// begin takes a handler in hand.
func (s *script) begin(p *program, b *ecs.Batch, i int, fn starlark.Callable) {
	at := &s.at
	at.phase, at.handler, at.program, at.batch = handling, fn, p, b
	at.index, at.row, at.node, at.source = i, int(b.Rows[i]), b.Node(i), 0
	at.drawn, at.exiting, at.event, at.serving.now = false, false, 0, false
	at.feed = ""
	s.limit(s.thread)
}

// end does what comes after a handler.
func (s *script) end(p *program, b *ecs.Batch, fn starlark.Callable) {
	at := &s.at
	at.serving.now = false
	if len(p.shows) > 0 {
		if err := s.show(p, b, at.row); err != nil {
			panic(s.failureOf(fn, err))
		}
	}
	if at.exiting {
		s.exit(p, b)
	}
	at.phase, at.node = loading, 0
}

// exit ends the node whose handler asked for it.
func (s *script) exit(p *program, b *ecs.Batch) {
	code := s.at.code
	s.at.exiting = false
	if p.onStop != nil {
		if _, err := starlark.Call(s.thread, p.onStop, starlark.Tuple{s.handle(s.at.node)}, nil); err != nil {
			panic(s.failureOf(p.onStop, err))
		}
		s.at.exiting = false
	}
	s.run.Lifecycle.End(b, s.at.index, code)
}

// failureOf is failure with the place of a function, if no place in it is known.
func (s *script) failureOf(fn starlark.Callable, err error) *Error {
	e := s.failure(fn.Name(), err)
	if at, ok := fn.(interface{ Position() syntax.Position }); ok && !e.Pos.IsValid() {
		e.Pos = at.Position()
	}
	return e
}

// failureAt is failure of what was said at a place.
func (s *script) failureAt(pos syntax.Position, what string, err error) *Error {
	e := s.failure(what, err)
	e.Pos = pos
	return e
}

// failure is the error that ends the run: the scheduler reports it.
func (s *script) failure(handler string, err error) *Error {
	e := &Error{Handler: handler, What: err.Error()}
	var eval *starlark.EvalError
	if errors.As(err, &eval) {
		e.Pos, e.What = position(eval), message(eval)
	}
	if s.at.node != 0 {
		e.Node = s.NodeName(s.at.node)
	}
	e.When = value.Duration(s.run.World.Time(s.run.World.Tick())).String()
	return e
}
