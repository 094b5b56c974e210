package scenario

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/systems"
)

// chaosPlan draws faults one after the other. All is drawn while the scenario
// is read, from a stream of chaos's own keyed by how many chaos words came
// before and how many faults, so it shifts nothing else and nothing shifts it.
type chaosPlan struct {
	script  *script
	kinds   []string
	on      []ecs.Node
	between uint64 // mean, ns
	lasting ecs.Nanoseconds
	until   ecs.Nanoseconds
	down    int // how many nodes at once at most
	busy    []busyNode
}

type busyNode struct {
	node  ecs.Node
	until ecs.Nanoseconds
}

// chaos is chaos(kinds, on, mean_between, lasting, until, down = None).
func (s *script) chaos(_ *starlark.Thread, b *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
	var words *starlark.List
	var on, between, lasting, until starlark.Value
	down := -1
	if err := starlark.UnpackArgs(b.Name(), args, kwargs, "kinds", &words, "on", &on, "mean_between", &between, "lasting", &lasting, "until", &until, "down?", &down); err != nil {
		return nil, err
	}
	p := &chaosPlan{script: s, down: down}
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
	mean, err := span(between)
	if err != nil || mean == 0 {
		return nil, fmt.Errorf("chaos: mean_between: a duration above 0 is wanted")
	}
	p.between = uint64(mean)
	if p.lasting, err = span(lasting); err != nil {
		return nil, fmt.Errorf("chaos: lasting: %w", err)
	}
	if p.until, err = span(until); err != nil {
		return nil, fmt.Errorf("chaos: until: %w", err)
	}
	if p.kinds, err = chaosKinds(words); err != nil {
		return nil, err
	}
	if p.down < 0 {
		p.down = len(p.on)
	}
	s.chaosWords++
	p.draw(uint64(s.chaosWords))
	return starlark.None, nil
}

// chaosKinds takes the words themselves: [crash, partition].
func chaosKinds(words *starlark.List) ([]string, error) {
	known := []string{"crash", "pause", "isolate", "partition"}
	var kinds []string
	for i := range words.Len() {
		word, ok := words.Index(i).(*starlark.Builtin)
		if !ok || !slices.Contains(known, word.Name()) {
			return nil, fmt.Errorf("chaos: kinds: %s is none of %s", words.Index(i), list(known))
		}
		kinds = append(kinds, word.Name())
	}
	if len(kinds) == 0 {
		return nil, fmt.Errorf("chaos: kinds: there is nothing to do")
	}
	return kinds, nil
}

func (p *chaosPlan) draw(word uint64) {
	t := ecs.Nanoseconds(0)
	for n := uint64(0); ; n++ {
		draws := p.script.run.World.Key(p.script.streams.chaos).At(int64(n), word)
		t += max(1, ecs.Nanoseconds(draws.ExponentialOf(p.between)))
		if t >= p.until {
			return
		}
		p.one(t, &draws)
	}
}

// one plans one fault, unless too many nodes are at it already.
func (p *chaosPlan) one(t ecs.Nanoseconds, draws *random.Source) {
	s := p.script
	p.busy = slices.DeleteFunc(p.busy, func(b busyNode) bool { return b.until <= t })
	kind := p.kinds[draws.Below(uint64(len(p.kinds)))]
	end := min(t+p.lasting, p.until)
	if kind == "partition" {
		p.split(t, end, draws)
		return
	}
	n := p.on[draws.Below(uint64(len(p.on)))]
	if len(p.busy) >= p.down || slices.ContainsFunc(p.busy, func(b busyNode) bool { return b.node == n }) {
		return
	}
	p.busy = append(p.busy, busyNode{n, end})
	one := []ecs.Node{n}
	switch kind {
	case "crash":
		s.do(t, systems.Action{Verb: systems.Crash, Nodes: one})
		s.do(end, systems.Action{Verb: systems.Start, Nodes: one})
	case "pause":
		s.do(t, systems.Action{Verb: systems.Pause, Nodes: one})
		s.do(end, systems.Action{Verb: systems.Resume, Nodes: one})
	case "isolate":
		label := s.nextLabel("chaos")
		s.do(t, systems.Action{Verb: systems.CutOff, Label: label, Resolve: func(due *systems.Action) {
			due.Lists = [][]ecs.Node{one, s.except(one)} // when it is due: more nodes may be declared below
		}})
		s.do(end, systems.Action{Verb: systems.Heal, Label: label})
	}
}

// split plans a partition of the nodes in two sides, neither empty.
func (p *chaosPlan) split(t, end ecs.Nanoseconds, draws *random.Source) {
	if len(p.on) < 2 {
		return
	}
	nodes := slices.Clone(p.on)
	draws.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	at := 1 + int(draws.Below(uint64(len(nodes)-1)))
	label := p.script.nextLabel("chaos")
	p.script.do(t, systems.Action{Verb: systems.Partition, Lists: [][]ecs.Node{nodes[:at], nodes[at:]}, Label: label})
	p.script.do(end, systems.Action{Verb: systems.Heal, Label: label})
}

// nextLabel names a cut, so that it can be healed by itself.
func (s *script) nextLabel(string) uint64 {
	s.labels++
	return s.labels
}
