package scenario

import (
	"fmt"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/systems"
)

// served is serve(fn, time, slots, queue): the function of a service that takes
// time. It is a value wherever the function of a service is, and no function.
type served struct {
	fn   starlark.Callable
	time starlark.Value // a duration, or a function that returns one
	with systems.Serving
}

var (
	_ value.Keepable      = (*served)(nil)
	_ starlark.Comparable = (*served)(nil)
)

func (v *served) String() string        { return fmt.Sprintf("serve(%s, %s)", v.fn.Name(), v.time) }
func (v *served) Type() string          { return "serve" }
func (v *served) Truth() starlark.Bool  { return true }
func (v *served) Hash() (uint32, error) { return v.fn.Hash() }

func (v *served) Freeze() {
	freezeBound(v.fn)
	freezeBound(v.time)
}

// freezeBound leaves functions alone: those that are kept are frozen.
func freezeBound(v starlark.Value) {
	if b, ok := v.(*value.Bound); ok {
		b.Freeze()
	}
}

func (v *served) Keep() (kind string, state starlark.Value) {
	return "serve", starlark.Tuple{v.fn, v.time, starlark.MakeInt(v.with.Slots), starlark.MakeInt(v.with.Queue)}
}

func (v *served) CompareSameType(op syntax.Token, y starlark.Value, depth int) (bool, error) {
	other := y.(*served)
	same, err := starlark.EqualDepth(v.fn, other.fn, depth-1)
	if same && err == nil {
		same, err = starlark.EqualDepth(v.time, other.time, depth-1)
	}
	if err != nil {
		return false, err
	}
	return compared("serves", op, same && v.with == other.with)
}

// rebuildServed makes what Keep was given of.
func rebuildServed(state starlark.Tuple) (starlark.Value, error) {
	if len(state) == 4 {
		fn, ok := state[0].(starlark.Callable)
		slots, err := starlark.AsInt32(state[2])
		queue, err2 := starlark.AsInt32(state[3])
		if ok && err == nil && err2 == nil {
			return &served{fn, state[1], systems.Serving{Slots: slots, Queue: queue}}, nil
		}
	}
	return nil, fmt.Errorf("there is no serve of %s", state)
}

// serveWord is serve(fn, time, slots = 1, queue = None).
func (s *script) serveWord(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	v := &served{with: systems.Serving{Slots: 1, Queue: -1}}
	queue := starlark.Value(starlark.None)
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "fn", &v.fn, "time", &v.time, "slots?", &v.with.Slots, "queue?", &queue); err != nil {
		return nil, err
	}
	if _, ok := v.time.(starlark.Callable); !ok {
		d, err := span(v.time)
		if err != nil {
			return nil, fmt.Errorf("serve: time: %w", err)
		}
		v.time = value.Duration(d)
	}
	if v.with.Slots < 1 || v.with.Slots > systems.MaxServed {
		return nil, fmt.Errorf("serve: slots is how many requests are served at once, 1 to %d, not %d", systems.MaxServed, v.with.Slots)
	}
	if queue != starlark.None {
		n, err := starlark.AsInt32(queue)
		if err != nil || n < 0 || n > systems.MaxServed {
			return nil, fmt.Errorf("serve: queue is how many requests may wait, 0 to %d, or None, not %s", systems.MaxServed, queue)
		}
		v.with.Queue = n
	}
	return v, nil
}

// isProvided reports whether a value can be the function of a service.
func isProvided(v starlark.Value) bool {
	switch v.(type) {
	case starlark.Callable, *served:
		return true
	}
	return false
}

// turns has a station of a node do all that is to be done by now, until the
// node itself ends.
func (s *script) turns(p *program, b *ecs.Batch, i int, key uint64) {
	services := s.run.Services
	for !b.Exited() || b.Up(i) {
		// What is withheld, or takes no time any more, serves all at once.
		v, provided := s.provider(p, b.Node(i), key)
		how, ok := v.(*served)
		if !ok {
			how = &served{time: value.Duration(0), with: systems.Serving{Slots: systems.MaxServed, Queue: -1}}
		}
		t, more := services.Turn(b, i, key, how.with)
		switch {
		case !more:
			return
		case !t.Ends:
			d := s.serviceTime(p, b, i, how, &t)
			if b.Exited() && !b.Up(i) {
				return
			}
			services.Begin(b, i, key, &t, d)
		case !provided:
			services.Fail(b, i, t.Request, systems.UnknownService, 0)
		default:
			s.serve(p, b, i, v, t.Request, t.Event())
		}
	}
}

// serviceTime asks how long a request takes, of whoever knows.
func (s *script) serviceTime(p *program, b *ecs.Batch, i int, how *served, t *systems.Turn) ecs.Nanoseconds {
	fn, asks := how.time.(starlark.Callable)
	if !asks {
		return ecs.Nanoseconds(how.time.(value.Duration))
	}
	_, args, kwargs, err := s.readCall(t.Request.Payload)
	if err != nil {
		panic(s.failureOf(fn, fmt.Errorf("a call cannot be read: %w", err)))
	}
	s.begin(p, b, i, fn)
	s.at.source, s.at.event = t.Request.From, t.Event()
	args[0] = s.handle(s.at.node)
	v, err := starlark.Call(s.thread, fn, args, kwargs)
	var d ecs.Nanoseconds
	if err == nil {
		if d, err = span(v); err != nil {
			err = fmt.Errorf("serve: time: what the function returns: %w", err)
		}
	}
	if err != nil {
		panic(s.failureOf(fn, err))
	}
	s.end(p, b, fn)
	return d
}

// servingWord is serving(service, of): what stations of a service have to do.
func (s *script) servingWord(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var name string
	var of starlark.Value
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "service", &name, "of", &of); err != nil {
		return nil, err
	}
	if s.at.phase == loading {
		return nil, fmt.Errorf("serving: nobody serves while the scenario is read; ask in a check, a series or a handler")
	}
	nodes, err := s.nodesOf(of)
	if err != nil {
		return nil, fmt.Errorf("serving: of: %w", err)
	}
	var sum systems.Station
	for _, n := range nodes {
		if s.at.phase == handling && n != s.at.node {
			return nil, fmt.Errorf("serving: of: a handler sees the queue of its own node only, of = me, not that of %s", s.NodeName(n))
		}
		one := s.run.Services.Station(n, systems.ServiceKey(name))
		sum.Busy, sum.Queued = sum.Busy+one.Busy, sum.Queued+one.Queued
		sum.Served, sum.Refused = sum.Served+one.Served, sum.Refused+one.Refused
	}
	record := value.MakeRecord([]string{"busy", "queued", "refused", "served"},
		starlark.MakeInt(sum.Busy), starlark.MakeInt(sum.Queued), starlark.MakeUint64(sum.Refused), starlark.MakeUint64(sum.Served))
	record.Freeze()
	return record, nil
}
