package scenario

import (
	"fmt"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/systems"
)

// chaosPlan draws faults one after the other, while the scenario is read. When
// the n-th comes is keyed by the plan and n. What it is, and whom it hits, is
// decided by lot: each kind and node draws one keyed by kind, name and n, and
// the lowest wins (as in rendezvous hashing, Thaler and Ravishankar 1998). So a
// node or a kind more or less changes the faults that it wins or won, and no
// other.
type chaosPlan struct {
	script  *script
	kinds   []string
	on      []ecs.Node
	between uint64 // mean, ns
	lasting ecs.Nanoseconds
	until   ecs.Nanoseconds
	down    int // how many nodes at once at most
	busy    []busyNode
	key     uint64       // of the plan, among all
	lots    []ecs.Stream // by kind
}

type busyNode struct {
	node  ecs.Node
	until ecs.Nanoseconds
}

// chaos is chaos(kinds, on, mean_between, lasting, until, down = None).
func (s *script) chaos(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var words *starlark.List
	var on, between, lasting, until starlark.Value
	var most starlark.Value = starlark.None
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "kinds", &words, "on", &on, "mean_between", &between, "lasting", &lasting, "until", &until, "down?", &most); err != nil {
		return nil, err
	}
	p := &chaosPlan{script: s}
	var err error
	if p.on, err = s.nodesOf(on); err != nil {
		return nil, fmt.Errorf("chaos: on: %w", err)
	}
	if len(p.on) == 0 {
		return nil, fmt.Errorf("chaos: on: there are no nodes in it")
	}
	if err := s.reading("chaos is planned"); err != nil {
		return nil, err
	}
	mean, err := longer("mean_between", between)
	if err != nil {
		return nil, err
	}
	p.between = uint64(mean)
	if p.lasting, err = longer("lasting", lasting); err != nil {
		return nil, err
	}
	if p.until, err = longer("until", until); err != nil {
		return nil, err
	}
	if p.kinds, err = chaosKinds(words, len(p.on)); err != nil {
		return nil, err
	}
	if p.down, err = atMostDown(most, len(p.on)); err != nil {
		return nil, err
	}
	p.open()
	p.draw()
	return starlark.None, nil
}

// longer takes a duration above 0.
func longer(what string, v starlark.Value) (ecs.Nanoseconds, error) {
	d, err := span(v)
	switch {
	case err != nil:
		return 0, fmt.Errorf("chaos: %s: %w", what, err)
	case d == 0:
		return 0, fmt.Errorf("chaos: %s: a duration above 0 is wanted", what)
	}
	return d, nil
}

// atMostDown takes how many nodes are at it at once: all, if nothing is said.
func atMostDown(v starlark.Value, all int) (int, error) {
	if v == starlark.None {
		return all, nil
	}
	n, err := starlark.AsInt32(v)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("chaos: down is how many nodes are crashed, paused or isolated at once at most, 0 or more, not %s", v)
	}
	return n, nil
}

// chaosKinds takes the words themselves: [crash, partition].
func chaosKinds(words *starlark.List, on int) ([]string, error) {
	known := []string{"crash", "pause", "isolate", "partition"}
	var kinds []string
	for i := range words.Len() {
		word, ok := words.Index(i).(*starlark.Builtin)
		if !ok || !slices.Contains(known, word.Name()) {
			return nil, fmt.Errorf("chaos: kinds: %s is none of %s; write the words themselves, as in [crash, pause]", words.Index(i), list(known))
		}
		if word.Name() == "partition" && on < 2 {
			return nil, fmt.Errorf("chaos: kinds: a partition parts two nodes at least, and on has one")
		}
		kinds = append(kinds, word.Name())
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("chaos: kinds: there is nothing to do")
	}
	return kinds, nil
}

// open makes the key, of what is drawn from and how often: plans that are equal
// in that are told apart by their order.
func (p *chaosPlan) open() {
	s := p.script
	for _, kind := range p.kinds {
		p.lots = append(p.lots, s.run.World.Stream("chaos/"+kind))
	}
	like := fmt.Sprint(p.kinds, p.between)
	s.chaosPlans[like]++
	p.key = xxh3.HashString(fmt.Sprint(like, s.chaosPlans[like]))
}

func (p *chaosPlan) draw() {
	t := ecs.Nanoseconds(0)
	for n := int64(0); ; n++ {
		draws := p.script.run.World.Key(p.script.streams.chaos).At(n, p.key)
		t += max(1, ecs.Nanoseconds(draws.ExponentialOf(p.between)))
		if t >= p.until {
			return
		}
		p.one(t, n)
	}
}

// lot is what a node draws for the n-th fault to be of a kind, and its own.
func (p *chaosPlan) lot(kind int, node ecs.Node, n int64) uint64 {
	w := p.script.run.World
	draws := w.Key(p.lots[kind]).At(n, p.key^w.Life(node).Name)
	return draws.Uint64()
}

// winner is the kind and node with the lowest lot.
func (p *chaosPlan) winner(n int64) (kind string, node ecs.Node) {
	best := uint64(math.MaxUint64)
	for i, k := range p.kinds {
		for _, x := range p.on {
			if lot := p.lot(i, x, n); node == 0 || lot < best {
				best, kind, node = lot, k, x
			}
		}
	}
	return kind, node
}

// one plans one fault, unless too many nodes are at it already.
func (p *chaosPlan) one(t ecs.Nanoseconds, count int64) {
	s := p.script
	p.busy = slices.DeleteFunc(p.busy, func(b busyNode) bool { return b.until <= t })
	kind, n := p.winner(count)
	end := min(t+p.lasting, p.until)
	if kind == "partition" {
		p.split(t, end, count)
		return
	}
	if len(p.busy) >= p.down || slices.ContainsFunc(p.busy, func(b busyNode) bool { return b.node == n }) {
		return
	}
	p.busy = append(p.busy, busyNode{n, end})
	one := []ecs.Node{n}
	switch kind {
	case "crash":
		p.outage(t, end, systems.Action{Verb: systems.Crash, Nodes: one}, systems.Action{Verb: systems.Start, Nodes: one})
	case "pause":
		p.outage(t, end, systems.Action{Verb: systems.Pause, Nodes: one}, systems.Action{Verb: systems.Resume, Nodes: one})
	case "isolate":
		label := s.nextLabel("chaos")
		s.do(t, systems.Action{Verb: systems.CutOff, Label: label, Resolve: func(due *systems.Action) {
			due.Lists = [][]ecs.Node{one, s.except(one)} // when it is due: more nodes may be declared below
		}})
		s.do(end, systems.Action{Verb: systems.Heal, Label: label})
	}
}

// outage plans a fault of nodes that ends by itself, beside others of them.
func (p *chaosPlan) outage(t, end ecs.Nanoseconds, do, undo systems.Action) {
	p.script.labelOutage(&do, &undo)
	p.script.do(t, do)
	p.script.do(end, undo)
}

// split plans a partition in two sides: each node draws its own, and if all
// draw one, the node with the lowest lot goes to the other.
func (p *chaosPlan) split(t, end ecs.Nanoseconds, count int64) {
	if len(p.on) < 2 {
		return
	}
	kind := slices.Index(p.kinds, "partition")
	var sides [2][]ecs.Node
	lowest := p.on[0]
	for _, x := range p.on {
		lot := p.lot(kind, x, count)
		sides[lot&1] = append(sides[lot&1], x)
		if lot < p.lot(kind, lowest, count) {
			lowest = x
		}
	}
	for i := range sides {
		if len(sides[i]) == 0 {
			sides[1-i] = slices.DeleteFunc(sides[1-i], func(x ecs.Node) bool { return x == lowest })
			sides[i] = []ecs.Node{lowest}
		}
	}
	label := p.script.nextLabel("chaos")
	p.script.do(t, systems.Action{Verb: systems.Partition, Lists: [][]ecs.Node{sides[0], sides[1]}, Label: label})
	p.script.do(end, systems.Action{Verb: systems.Heal, Label: label})
}

// nextLabel names a cut, so that it can be healed by itself.
func (s *script) nextLabel(string) uint64 {
	s.labels++
	return s.labels
}
