package scenario

import (
	"fmt"
	"maps"
	"slices"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// pipes are what a file has said of pipes so far.
type pipes struct {
	list []*pipe          // in order of pipe(…)
	used []pipeUse        // what programs say, to be looked up when all is read
	at   map[string]*pipe // by name; looked up only
}

type pipeUse struct {
	program *program
	what    string // "pulls", "drains" or "into"
	name    string
	from    string // of into: the pipe that is pulled
}

// pipe is what pipe(…) returns: in checks and series, its figures.
type pipe struct {
	script *script
	name   string
	id     systems.Pipe
	pos    syntax.Position
	fan    systems.Fan
	key    starlark.Callable
}

var _ starlark.HasAttrs = (*pipe)(nil)

func (p *pipe) String() string        { return "pipe " + p.name }
func (p *pipe) Type() string          { return "pipe" }
func (p *pipe) Freeze()               {}
func (p *pipe) Truth() starlark.Bool  { return true }
func (p *pipe) Hash() (uint32, error) { return 0, fmt.Errorf("a pipe cannot be a key") }

// pipeFigures are what checks and series read of a pipe.
var pipeFigures = map[string]func(f *systems.PipeFigures) starlark.Value{
	"pushed":  func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Pushed) },
	"pulled":  func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Pulled) },
	"refused": func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Refused) },
	"resent":  func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Resent) },

	"rate_in":  func(f *systems.PipeFigures) starlark.Value { return starlark.Float(f.RateIn) },
	"rate_out": func(f *systems.PipeFigures) starlark.Value { return starlark.Float(f.RateOut) },

	"queue":         func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Queue) },
	"queue_mean":    func(f *systems.PipeFigures) starlark.Value { return starlark.Float(f.MeanQueue) },
	"queue_longest": func(f *systems.PipeFigures) starlark.Value { return starlark.MakeUint64(f.Longest) },

	"time_in_queue":         func(f *systems.PipeFigures) starlark.Value { return value.Duration(f.Wait.Mean + 0.5) },
	"time_in_queue_longest": func(f *systems.PipeFigures) starlark.Value { return value.Duration(f.Wait.Max) },
}

var pipeAttrs = append(slices.Sorted(maps.Keys(pipeFigures)), "name")

func (p *pipe) AttrNames() []string { return pipeAttrs }

// Attr is a figure of the pipe, in checks.
func (p *pipe) Attr(name string) (starlark.Value, error) {
	if name == "name" {
		return starlark.String(p.name), nil
	}
	figure := pipeFigures[name]
	if figure == nil {
		return nil, p.lacks(name)
	}
	if p.script.at.phase != checking {
		return nil, fmt.Errorf("%s.%s: figures of a pipe are read in checks and series only", p.name, name)
	}
	f := p.script.run.Pipes.Figures(p.id)
	return figure(&f), nil
}

var fans = map[string]systems.Fan{"round_robin": systems.FanInTurn, "hash": systems.FanHash, "broadcast": systems.FanBroadcast}

// pipe is pipe(name, source, target, capacity, fan = "round_robin", key = None).
func (s *script) pipe(thread *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("pipes are laid"); err != nil {
		return nil, err
	}
	var source, target starlark.Value
	p := &pipe{script: s, pos: thread.CallFrame(1).Pos}
	c, fan := systems.PipeConfig{}, "round_robin"
	err := starlark.UnpackArgs(b.Name(), args, kwargs, "name", &p.name, "source", &source, "target", &target, "capacity", &c.Capacity, "fan?", &fan, "key??", &p.key)
	if err != nil {
		return nil, err
	}
	known := false
	p.fan, known = fans[fan]
	c.Fan = p.fan
	switch {
	case !known:
		return nil, fmt.Errorf("pipe %q: fan is \"round_robin\", \"hash\" or \"broadcast\", not %q%s", p.name, fan, didYouMean(fan, []string{"round_robin", "hash", "broadcast"}))
	case (p.key != nil) != (p.fan == systems.FanHash):
		return nil, fmt.Errorf("pipe %q: fan = \"hash\" and key = fn(item) go together", p.name)
	case s.pipes.at[p.name] != nil:
		return nil, fmt.Errorf("there is a pipe %q already", p.name)
	case c.Capacity < 1 || c.Capacity > systems.MaxCapacity:
		return nil, fmt.Errorf("pipe %q: a capacity is 1 to %d items, not %d", p.name, systems.MaxCapacity, c.Capacity)
	}
	if c.Sources, err = s.ends("source", source); err == nil {
		c.Targets, err = s.ends("target", target)
	}
	if err != nil {
		return nil, fmt.Errorf("pipe %q: %w", p.name, err)
	}
	p.id = s.run.Pipes.Declare(p.name)
	s.run.Pipes.Join(p.id, c)
	s.pipes.list = append(s.pipes.list, p)
	if s.pipes.at == nil {
		s.pipes.at = map[string]*pipe{}
	}
	s.pipes.at[p.name] = p
	return p, nil
}

func (s *script) ends(word string, v starlark.Value) ([]ecs.Node, error) {
	nodes, err := s.nodesOf(v)
	if err == nil && len(nodes) == 0 {
		err = fmt.Errorf("there are no nodes in it")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", word, err)
	}
	return nodes, nil
}

// stage is what stage(…) returns: a handler that pulls, and what comes after.
type stage struct {
	fn   starlark.Callable
	into string            // empty: nothing comes after
	time starlark.Callable // nil: took says it
	took ecs.Nanoseconds
}

func (x *stage) String() string        { return "stage " + x.fn.Name() }
func (x *stage) Type() string          { return "stage" }
func (x *stage) Freeze()               {}
func (x *stage) Truth() starlark.Bool  { return true }
func (x *stage) Hash() (uint32, error) { return 0, fmt.Errorf("a stage cannot be a key") }

// makeStage is stage(fn, into = None, time = None).
func (s *script) makeStage(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	if err := s.reading("stages are made"); err != nil {
		return nil, err
	}
	x := &stage{}
	var time starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "fn", &x.fn, "into??", &x.into, "time??", &time); err != nil {
		return nil, err
	}
	if fn, ok := time.(starlark.Callable); ok {
		x.time = fn
		return x, nil
	}
	if time != nil {
		var err error
		if x.took, err = s.timeout("time", time); err != nil {
			return nil, fmt.Errorf("stage: %w, or a function fn(me) that returns one", err)
		}
	}
	return x, nil
}

// pull reads pulls and drains of a program.
func (p *program) pull(pulls, drains *starlark.Dict) error {
	for _, item := range itemsOf(pulls) {
		name, ok := starlark.AsString(item[0])
		x, isStage := item[1].(*stage)
		if fn, callable := item[1].(starlark.Callable); callable {
			x, isStage = &stage{fn: fn}, true
		}
		if !ok || !isStage {
			return fmt.Errorf("pulls: %s: %s is not the name of a pipe and a function or a stage", item[0], value.A(item[1]))
		}
		one := systems.Pulling{Pipe: p.script.run.Pipes.Declare(name)}
		p.script.pipes.used = append(p.script.pipes.used, pipeUse{program: p, what: "pulls", name: name})
		if x.into != "" {
			one.Into = p.script.run.Pipes.Declare(x.into)
			p.script.pipes.used = append(p.script.pipes.used, pipeUse{program: p, what: "into", name: x.into, from: name})
		}
		if x.time != nil || x.took > 0 {
			one.Time = func(b *ecs.Batch, i int, event ecs.EnvelopeID) ecs.Nanoseconds {
				return p.script.pullTime(p, b, i, x, event)
			}
		}
		p.stages, p.pulling = append(p.stages, x), append(p.pulling, one)
	}
	for _, item := range itemsOf(drains) {
		name, ok := starlark.AsString(item[0])
		fn, callable := item[1].(starlark.Callable)
		if !ok || !callable {
			return fmt.Errorf("drains: %s: %s is not the name of a pipe and a function", item[0], value.A(item[1]))
		}
		p.drains = append(p.drains, drain{p.script.run.Pipes.Declare(name), fn})
		p.script.pipes.used = append(p.script.pipes.used, pipeUse{program: p, what: "drains", name: name})
	}
	return nil
}

func itemsOf(d *starlark.Dict) []starlark.Tuple {
	if d == nil {
		return nil
	}
	return d.Items()
}

type drain struct {
	pipe systems.Pipe
	fn   starlark.Callable
}

// openPipes looks at all that was said of pipes, and returns what is wrong.
func (s *script) openPipes() (errs Errors) {
	s.kinds.item, s.kinds.taken, s.kinds.waits = s.run.Pipes.Kinds()
	if s.without != nil {
		return nil
	}
	for _, u := range s.pipes.used {
		if err := s.findPipe(u.name); err != nil {
			errs = append(errs, &Error{Pos: u.program.pos, What: fmt.Sprintf("%s: %v", u.what, err)})
		}
	}
	for _, p := range s.pipes.list {
		if err := s.laid(p); err != nil {
			errs = append(errs, &Error{Pos: p.pos, What: fmt.Sprintf("pipe %q: %v", p.name, err)})
		}
	}
	return errs
}

func (s *script) findPipe(name string) error {
	if s.pipes.at[name] != nil {
		return nil
	}
	if len(s.pipes.list) == 0 {
		return fmt.Errorf("there is no pipe %q; lay it with pipe(%q, source, target, capacity)", name, name)
	}
	known := make([]string, len(s.pipes.list))
	for i, p := range s.pipes.list {
		known[i] = p.name
	}
	return fmt.Errorf("there is no pipe %q%s", name, didYouMean(name, known))
}

// mostWays is how many pairs of a source and a target are looked at for a link
// when a file is read; those of a larger pipe are when the first item is pushed.
const mostWays = 100_000

// laid says what is wrong with a pipe; nil if nothing is.
func (s *script) laid(p *pipe) error {
	c := s.run.Pipes.Config(p.id)
	for _, n := range c.Targets {
		of := s.programs[n.Program()]
		at := slices.IndexFunc(of.pulling, func(x systems.Pulling) bool { return x.Pipe == p.id })
		if at < 0 {
			return fmt.Errorf("%s runs %s, which does not pull from it; write pulls = {%q: fn}", s.NodeName(n), of.name, p.name)
		}
		if into := of.pulling[at].Into; into != 0 && s.pipes.at[of.stages[at].into] != nil && !slices.Contains(s.run.Pipes.Config(into).Sources, n) {
			return fmt.Errorf("%s is to pass on what it pulls into %q, and is not one of its sources", s.NodeName(n), of.stages[at].into)
		}
	}
	if len(c.Sources)*len(c.Targets) > mostWays {
		return nil
	}
	for _, from := range c.Sources {
		for _, to := range c.Targets {
			if err := s.run.Pipes.Joins(from, to, p.id); err != nil {
				return err
			}
		}
	}
	return nil
}

// push is me.push(name, item, to = None).
func (s *script) push(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var item, to starlark.Value
	if err := starlark.UnpackArgs("me.push", args, kwargs, "name", &name, "item", &item, "to??", &to); err != nil {
		return nil, err
	}
	if err := s.findPipe(name); err != nil {
		return nil, fmt.Errorf("me.push: %w", err)
	}
	p := s.pipes.at[name]
	if !s.run.Pipes.HasSource(p.id, s.at.node) {
		return nil, fmt.Errorf("me.push: %s is not one of the sources of pipe %q", s.NodeName(s.at.node), name)
	}
	target := ecs.Node(0)
	if to != nil {
		n, ok := to.(value.Node)
		if !ok {
			return nil, fmt.Errorf("me.push: to is one of the targets of the pipe, not %s", value.A(to))
		}
		if target = n.Number(); !s.run.Pipes.HasTarget(p.id, target) {
			return nil, fmt.Errorf("me.push: %s is not one of the targets of pipe %q", n, name)
		}
	}
	taken, err := s.pushTo(p, item, target)
	if err != nil {
		return nil, fmt.Errorf("me.push: %w", err)
	}
	return starlark.Bool(taken), nil
}

func (s *script) pushTo(p *pipe, item starlark.Value, to ecs.Node) (taken bool, err error) {
	x := systems.Push{Pipe: p.id, To: to}
	if p.key != nil && to == 0 {
		key, err := starlark.Call(s.thread, p.key, starlark.Tuple{item}, nil)
		if err == nil {
			x.Key, err = s.hash(key)
		}
		if err != nil {
			return false, fmt.Errorf("the key of an item of pipe %q: %w", p.name, err)
		}
	}
	s.encoder.Reset(s.encoder.Bytes()[:0], s.codec)
	if err := s.encoder.Append(item); err != nil {
		return false, err
	}
	x.Payload = s.encoder.Bytes()
	return s.run.Pipes.Push(s.at.batch, s.at.index, &x), nil
}

// piped does what comes of an envelope of pipes; it reports whether it was one.
func (s *script) piped(p *program, b *ecs.Batch, i int, e *ecs.Envelope) bool {
	pipes := s.run.Pipes
	if s.kinds.item == 0 {
		return false
	}
	var it *systems.Item
	switch e.Kind() {
	case s.kinds.item:
		it = pipes.Arrived(b, i)
	case s.kinds.taken:
		if room := pipes.Acknowledged(b, i); room != 0 {
			s.drained(p, b, i, room)
		}
	case s.kinds.waits:
		pipes.Woken(b, i)
	default:
		return false
	}
	for b.Up(i) {
		if it == nil {
			if it = pipes.Next(b, i); it == nil {
				break
			}
		}
		s.pulled(p, b, i, it)
		it = nil
	}
	pipes.Done()
	return true
}

func (s *script) drained(p *program, b *ecs.Batch, i int, room systems.Pipe) {
	for _, d := range p.drains {
		if d.pipe == room {
			s.call(p, b, i, d.fn, nil)
		}
	}
}

// pulled has a handler take an item, and pushes on what it returns.
func (s *script) pulled(p *program, b *ecs.Batch, i int, it *systems.Item) {
	x := p.stages[it.At]
	item, err := value.DecodeFrozen(it.Payload, s.codec)
	if err != nil {
		panic(s.failureOf(x.fn, fmt.Errorf("an item of pipe %q cannot be read: %w", s.run.Pipes.Name(it.Pipe), err)))
	}
	s.begin(p, b, i, x.fn)
	s.at.source, s.at.event = it.From, it.Event()
	args := append(s.args[:0], s.handle(s.at.node), item)
	v, err := starlark.Call(s.thread, x.fn, args, nil)
	if err == nil && x.into != "" {
		err = s.passOn(s.pipes.at[x.into], v)
	}
	if err != nil {
		panic(s.failureOf(x.fn, err))
	}
	s.end(p, b, x.fn)
}

// passOn pushes what a stage made of an item: nothing, one, or a list of them.
func (s *script) passOn(to *pipe, v starlark.Value) error {
	all, ok := v.(*starlark.List)
	switch {
	case v == starlark.None:
		return nil
	case !ok:
		all = starlark.NewList([]starlark.Value{v})
	}
	for x := range all.Elements() {
		if taken, err := s.pushTo(to, x, 0); err != nil || !taken {
			return fmt.Errorf("what was made of an item cannot be pushed to pipe %q: %w", to.name, err)
		}
	}
	return nil
}

// pullTime asks how long a pull takes.
func (s *script) pullTime(p *program, b *ecs.Batch, i int, x *stage, event ecs.EnvelopeID) ecs.Nanoseconds {
	if x.time == nil {
		return x.took
	}
	s.begin(p, b, i, x.time)
	s.at.event = event
	v, err := starlark.Call(s.thread, x.time, append(s.args[:0], s.handle(s.at.node)), nil)
	var took ecs.Nanoseconds
	if err == nil {
		took, err = span(v)
	}
	if err != nil {
		panic(s.failureOf(x.time, err))
	}
	s.end(p, b, x.time)
	return took
}
