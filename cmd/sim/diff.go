package main

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/scenario"
	"orrery/scheduler"
	"orrery/scheduler/trace"
)

var diffCommand = command{
	name: "diff", args: "A B", takes: takesFiles,
	brief: "say where two runs part first",
	about: `A and B are traces; one of them may be a scenario instead, which is run with the
other's seed, flags and inputs. Both are run again from the last moment at which they
were the same, and all state is compared at the end of every tick: the first
tick, node and field that differ are printed, with both values. With
--trace-messages on both, so are the first message that differs and what caused it.

Exit: 0 they are the same, 1 a trace could not be read, 2 wrong usage, 5 they
part.`,
	examples: []example{
		{"sim diff before.mcap after.mcap", "two runs"},
		{"sim diff ring.mcap ring.star", "has my change made a difference?"},
	},
	flags: func(*pflag.FlagSet) action { return diff },
}

// side is one of two runs that are compared.
type side struct {
	name  string
	trace *readTrace // nil: a scenario
	of    *readTrace // whose seed and flags it is run with
	edge  *edge
}

func diff(e *edge, args []string) error {
	if len(args) != 2 {
		return wrongUsage("diff takes two traces, or a trace and a scenario, and there are %d arguments", len(args))
	}
	a, b := &side{name: args[0], edge: e}, &side{name: args[1], edge: e}
	for _, s := range []*side{a, b} {
		if strings.HasSuffix(s.name, ".star") {
			continue
		}
		var err error
		if s.trace, err = openTrace(s.name); err != nil {
			return err
		}
		defer s.trace.file.Close()
		s.trace.warn(e)
		s.of = s.trace
	}
	if a.trace == nil && b.trace == nil {
		return wrongUsage("diff needs one trace at least; sim run --trace FILE makes one")
	}
	if a.trace == nil {
		a.of = b.trace
	}
	if b.trace == nil {
		b.of = a.trace
	}
	found, last, err := part(a, b)
	if err != nil {
		return err
	}
	if found == nil {
		e.print("the same, up to %s\n", last)
		return nil
	}
	e.print("%s\n", found)
	if a.trace != nil && b.trace != nil {
		if err := firstMessage(e, a.trace, b.trace); err != nil {
			return err
		}
	}
	return &ending{code: exitDiverged}
}

// firstMessage prints the first message that differs, if both traces have them,
// and the chain of causes to it.
func firstMessage(e *edge, a, b *readTrace) error {
	begin := max(a.Begin(), b.Begin()) // a fork has no messages of its parent
	next, stop := iter.Pull2(b.messages(begin))
	defer stop()
	for m, err := range a.messages(begin) {
		if err != nil {
			return err
		}
		other, err, ok := next()
		if err != nil || !ok {
			return err // there are none, or no more
		}
		if m == other {
			continue
		}
		said, otherSaid := a.teller(e), b.teller(e)
		e.print("first message in %s: %s\n", a.name, said.line(&m))
		e.print("first message in %s: %s\n", b.name, otherSaid.line(&other))
		chain, err := a.Chain(&m)
		for _, cause := range chain {
			e.print("  caused by %s\n", said.line(&cause))
		}
		return err
	}
	return nil
}

// messages are those of a trace after a tick, none if it has none.
func (t *readTrace) messages(begin ecs.Tick) iter.Seq2[trace.Message, error] {
	return func(yield func(trace.Message, error) bool) {
		err := t.EachMessage(func(m *trace.Message) error {
			if m.Tick > begin && !yield(*m, nil) {
				return trace.ErrStop
			}
			return nil
		})
		if err != nil {
			yield(trace.Message{}, err)
		}
	}
}

// load loads a side's scenario anew.
func (s *side) load() (*scenario.Scenario, error) {
	if s.trace != nil {
		return s.trace.load(nil)
	}
	if err := readable(s.name); err != nil {
		return nil, err
	}
	o, err := s.of.options(nil)
	if err != nil {
		return nil, err
	}
	loaded, err := scenario.Load(disk{s.edge.in}, s.name, o)
	if err != nil {
		return nil, err
	}
	return loaded, s.of.Give(loaded.Run) // it is run as the other was
}

// at returns the side's run at a tick: from the nearest snapshot, or from its
// start.
func (s *side) at(t ecs.Tick) (*scenario.Scenario, error) {
	loaded, err := s.load()
	if err != nil {
		return nil, err
	}
	if s.trace != nil {
		if _, err := s.trace.Restore(loaded.Run, t); err != nil {
			return nil, fmt.Errorf("%s: %w", quote(s.name), err)
		}
	}
	return loaded, loaded.Run.RunUntil(t)
}

// digests are the side's, as its trace has them, or as it has them when it is
// run.
func (s *side) digests(run *scheduler.Run, until ecs.Tick) iter.Seq2[trace.Digest, error] {
	return func(yield func(trace.Digest, error) bool) {
		if s.trace != nil {
			err := s.trace.EachDigest(run, -1, func(d trace.Digest) error {
				if s.edge.interrupted() {
					return errInterrupted
				}
				if !yield(d, nil) {
					return trace.ErrStop
				}
				return nil
			})
			if err != nil {
				yield(trace.Digest{}, err)
			}
			return
		}
		way := newWay(s.edge, run, until)
		defer way.bar.clear(s.edge)
		for run.Next() <= until {
			if err := way.before(run.Next()); err != nil {
				yield(trace.Digest{}, err)
				return
			}
			if _, err := run.Step(); err != nil {
				yield(trace.Digest{}, err)
				return
			}
			if !yield(trace.Digest{Tick: run.World.Tick(), Digest: run.World.Digest()}, nil) {
				return
			}
		}
	}
}

// part finds where two sides part first, nil if they do not.
func part(a, b *side) (*scheduler.Divergence, string, error) {
	x, err := a.load()
	if err != nil {
		return nil, "", err
	}
	y, err := b.load()
	if err != nil {
		return nil, "", err
	}
	last := ecs.Never
	begin := ecs.Tick(-1)
	for _, s := range []*side{a, b} {
		if s.trace != nil {
			last, begin = min(last, s.trace.Last(x.Run)), max(begin, s.trace.Begin())
		}
	}
	t, err := firstDifferent(a.digests(x.Run, last), b.digests(y.Run, last), begin)
	if err != nil {
		return nil, "", err
	}
	if t == ecs.Never {
		t = last // state may differ that no digest has seen yet
	}
	d, err := locate(a, b, begin, min(t, last), last)
	return d, momentOf(x, last).String(), err
}

// firstDifferent returns the first tick after one whose digests differ, or
// Never.
func firstDifferent(a, b iter.Seq2[trace.Digest, error], begin ecs.Tick) (ecs.Tick, error) {
	next, stop := iter.Pull2(b)
	defer stop()
	for d, err := range a {
		if err != nil {
			return 0, err
		}
		if d.Tick <= begin {
			continue
		}
		other, err, ok := next()
		for ok && err == nil && other.Tick <= begin {
			other, err, ok = next()
		}
		if err != nil {
			return 0, err
		}
		if !ok {
			return ecs.Never, nil // the shorter one has ended
		}
		if d != other {
			return min(d.Tick, other.Tick), nil
		}
	}
	return ecs.Never, nil
}

// locate compares all state from the latest moment at which both are the same,
// up to a tick.
func locate(a, b *side, begin, t, last ecs.Tick) (*scheduler.Divergence, error) {
	all, err := looks(a, b, t)
	if err != nil {
		return nil, err
	}
	for _, from := range append(all, begin) {
		if from < begin {
			continue
		}
		x, err := a.at(from)
		if err != nil {
			return nil, err
		}
		y, err := b.at(from)
		if err != nil {
			return nil, err
		}
		d, err := scheduler.Compare(x.Run, y.Run, from)
		if err != nil {
			return nil, err
		}
		if d != nil && from > begin {
			continue // they have parted before
		}
		if d != nil && d.Table == "history" {
			return apart(a, b, t, last) // another seed: nothing is to be seen of it yet
		}
		if d != nil {
			return d, nil
		}
		return scheduler.Compare(x.Run, y.Run, t)
	}
	return nil, nil
}

// apart goes on from the tick at which digests differ until there is something
// to be seen of it.
func apart(a, b *side, t, last ecs.Tick) (*scheduler.Divergence, error) {
	x, err := a.at(t)
	if err != nil {
		return nil, err
	}
	y, err := b.at(t)
	if err != nil {
		return nil, err
	}
	for {
		d, err := scheduler.Compare(x.Run, y.Run, t)
		t = min(x.Run.Next(), y.Run.Next())
		if err != nil || d == nil || d.Table != "history" || t > last {
			return d, err
		}
		if err := errors.Join(x.Run.RunUntil(t), y.Run.RunUntil(t)); err != nil {
			return d, nil
		}
	}
}

// looks are the ticks of snapshots before one, the latest first, and then ever
// further apart: state differs a little before digests do.
func looks(a, b *side, before ecs.Tick) ([]ecs.Tick, error) {
	var all []ecs.Tick
	for _, s := range []*side{a, b} {
		if s.trace == nil {
			continue
		}
		x, err := s.load()
		if err != nil {
			return nil, err
		}
		for _, t := range s.trace.Moments(x.Run) {
			if t < before {
				all = append(all, t)
			}
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var some []ecs.Tick
	for step := 1; step <= len(all); step *= 2 {
		some = append(some, all[len(all)-step])
	}
	return some, nil
}
