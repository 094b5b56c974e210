package scheduler_test

import (
	"fmt"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// plan is a random world as data, so that it can be built twice, the second
// time with something added.
type plan struct {
	seed    uint64
	batch   int
	nodes   []planned
	links   []plannedLink
	net     []int // nodes of the network; the others have links alone
	netLink systems.Link
	inputs  []plannedInput
}

type planned struct {
	name    string
	program int
}

type plannedLink struct {
	a, b int
	link systems.Link
}

type plannedInput struct {
	tick ecs.Tick
	verb systems.Verb
	node int
	a    uint64
	down ecs.Nanoseconds
}

const (
	planPrograms = 3 // two a node at a time, the last for columns
	// maxHops bounds what comes of one message: each may cause up to two more,
	// and links may double those. A corrupted number is bounded too.
	maxHops   = 7
	planUntil = ecs.Tick(1_500_000)
)

// spans are from 1 tick to 10^6, alike in each order of magnitude.
func spans(t *rapid.T, label string) ecs.Nanoseconds {
	return ecs.Nanoseconds(rapid.IntRange(1, 1<<rapid.IntRange(0, 20).Draw(t, label+" bits")).Draw(t, label)) * ms
}

func planLink(t *rapid.T) systems.Link {
	odds := func(label string) uint64 { return rapid.SampledFrom([]uint64{0, 0, 1, 5}).Draw(t, label) }
	l := systems.Link{
		Latency: spans(t, "latency"), Jitter: spans(t, "jitter") - 1*ms, Loss: chance(odds("loss"), 20),
		Duplicate: chance(odds("duplicate"), 30), Corrupt: chance(odds("corrupt"), 20),
	}
	if l.FIFO = rapid.Bool().Draw(t, "fifo"); !l.FIFO {
		l.Reorder = chance(odds("reorder"), 20)
	}
	if rapid.Bool().Draw(t, "slow") {
		l.Bandwidth, l.Queue = rapid.Uint64Range(50, 1_000_000).Draw(t, "bandwidth"), spans(t, "queue")
	}
	return l
}

func drawPlan(t *rapid.T) plan {
	p := plan{seed: rapid.Uint64().Draw(t, "seed"), batch: rapid.SampledFrom([]int{1, 7, 126}).Draw(t, "batch")}
	n := rapid.IntRange(2, 6).Draw(t, "nodes")
	for i := range n {
		p.nodes = append(p.nodes, planned{fmt.Sprintf("node %c", 'a'+i), rapid.IntRange(0, planPrograms-1).Draw(t, "program")})
		if rapid.Bool().Draw(t, "in network") {
			p.net = append(p.net, i)
		}
		if i > 0 {
			p.links = append(p.links, plannedLink{rapid.IntRange(0, i-1).Draw(t, "link"), i, planLink(t)})
		}
	}
	p.netLink = planLink(t)
	verbs := []systems.Verb{systems.Message, systems.Message, systems.Message, systems.Crash, systems.Restart, systems.Pause, systems.Resume, systems.Stop, systems.Start}
	for range rapid.IntRange(5, 30).Draw(t, "inputs") {
		p.inputs = append(p.inputs, plannedInput{
			tick: ecs.Tick(rapid.IntRange(1, 40).Draw(t, "tick")) * ecs.Tick(rapid.SampledFrom([]int{1, 100, 10_000}).Draw(t, "scale")),
			verb: rapid.SampledFrom(verbs).Draw(t, "verb"), node: rapid.IntRange(0, n-1).Draw(t, "node"),
			a: rapid.Uint64Range(0, maxHops).Draw(t, "a"), down: spans(t, "down"),
		})
	}
	return p
}

// logs are what each node saw and drew, by name: a line an event.
type logs map[string][]string

// built is a plan as a run.
type built struct {
	*scheduler.Run
	logs     logs
	programs [planPrograms]ecs.ProgramID
	peers    map[string][]ecs.Node // by name
	work     ecs.Kind
	text     ecs.Kind
	alarm    ecs.Kind
	stream   ecs.Stream
}

type busy struct{ Events, Sum uint64 }

// declare makes a run with the plan's programs and no nodes.
func (p *plan) declare(before func(*scheduler.Run)) *built {
	b := &built{Run: scheduler.New(ecs.Config{Seed: p.seed, BatchLength: p.batch, MaxEnvelopes: manyEnvelopes}), logs: logs{}, peers: map[string][]ecs.Node{}}
	before(b.Run)
	b.work, b.text = b.World.Kind("work", 16), b.World.Kind("text", 0)
	b.alarm, b.stream = b.World.TimerKind("alarm"), b.World.Stream("work")
	for i := range planPrograms - 1 {
		b.programs[i] = systems.AddNode(b.Set, b.node(fmt.Sprintf("busy %d", i), ecs.Nanoseconds(50_000*(i+1))*ms))
	}
	b.programs[planPrograms-1] = b.Programs.Add(b.columns("busy in columns"))
	return b
}

// log notes an event of a node, and returns a draw that it notes too.
func (b *built) log(w *ecs.World, n ecs.Node, what string, from ecs.Node, payload any, draw uint64) {
	name := w.NodeName(n)
	b.logs[name] = append(b.logs[name], fmt.Sprintf("%d %s from %s: %v, drew %x", w.Tick(), what, w.NodeName(from), payload, draw))
}

func (b *built) node(name string, period ecs.Nanoseconds) systems.Node[busy] {
	plain := func(what string) func(*systems.Me, *busy) {
		return func(me *systems.Me, s *busy) {
			draws := me.Draws(b.stream)
			r := draws.Uint64()
			b.log(me.World(), me.Self(), what, 0, nil, r)
			if what != "stop" {
				b.go1(me, s, r, 4)
			}
		}
	}
	return systems.Node[busy]{
		Name: name, Start: plain("start"), Stop: plain("stop"), Durable: []string{"Sum"},
		Every: []systems.EveryNode[busy]{{Name: "tick", Period: period, Do: plain("tick")}},
		On: []systems.On[busy]{
			{Kind: b.work, Do: b.onWork}, {Kind: b.alarm, Do: b.onWork},
			{Kind: b.text, Do: func(me *systems.Me, s *busy, m *ecs.Envelope) {
				b.log(me.World(), me.Self(), "text", m.From, fmt.Sprintf("%x", me.Bytes(m)), 0)
			}},
		},
	}
}

func (b *built) onWork(me *systems.Me, s *busy, m *ecs.Envelope) {
	draws := me.Draws(b.stream)
	r := draws.Uint64()
	b.log(me.World(), me.Self(), me.World().KindName(m.Kind()), m.From, m.A, r)
	if m.A > 0 {
		b.go1(me, s, r, min(m.A-1, maxHops))
	}
}

// go1 does what a number says: sends, timers, an exit.
func (b *built) go1(me *systems.Me, s *busy, r, hops uint64) {
	s.Events++
	s.Sum += r
	key, delay := r>>8%3, ecs.Tick(r>>24%(1<<(r>>16%21)))
	switch r % 16 {
	case 0:
		me.Cancel(key)
	case 1, 2:
		me.After(ecs.Nanoseconds(delay)*ms, b.alarm, hops)
	case 3, 4, 5:
		me.AfterKeyed(key, ecs.Nanoseconds(delay)*ms, b.alarm, hops)
	case 6:
		if hops%5 == 0 {
			me.Exit(uint8(hops))
		}
	}
	if peers := b.peers[me.Name()]; len(peers) > 0 {
		to := peers[r>>50%uint64(len(peers))]
		me.SendAfter(delay, to, b.work, hops, r)
		if r>>40%4 == 0 {
			me.SendBytes(to, b.text, fmt.Appendf(nil, "%x", r))
		}
	}
}

func (b *built) columns(name string) systems.Program {
	return systems.Program{
		Schema: ecs.Schema{Name: name, State: busy{}},
		Act: func(batch *ecs.Batch) {
			states := ecs.States[busy](batch)
			for i := range batch.Envelopes {
				e, s := &batch.Envelopes[i], &states[batch.Rows[i]]
				draws := batch.Draws(b.stream, i)
				r := draws.Uint64()
				s.Events++
				s.Sum += r
				if e.HasBytes() {
					b.log(batch.World(), e.To, "text", e.From, fmt.Sprintf("%x", batch.World().Payload(e)), r)
					continue
				}
				b.log(batch.World(), e.To, "work", e.From, e.A, r)
				if peers := b.peers[batch.World().NodeName(e.To)]; e.A > 0 && len(peers) > 0 {
					batch.Out = append(batch.Out, ecs.Send{To: peers[r%uint64(len(peers))], Cause: uint16(i), Kind: b.work, Delay: ecs.Tick(r >> 16 % 64), A: min(e.A-1, maxHops), B: r})
				}
			}
		},
	}
}

// manyEnvelopes ends a drawn world in which messages breed: where links double
// what each node passes on, there is no end to them.
const manyEnvelopes = 20_000

// build makes the plan's nodes, links and inputs. What is extra adds to it
// where it says.
func (p *plan) build(x extra) *built {
	b := p.declare(x.declare)
	nodes := make([]ecs.Node, len(p.nodes))
	for i, n := range p.nodes {
		if x.at == i {
			x.bear(b)
		}
		nodes[i] = b.World.Node(b.programs[n.program], n.name)
	}
	net := make([]ecs.Node, 0, len(p.net)+1)
	for _, i := range p.net {
		net = append(net, nodes[i])
	}
	b.wire(p, nodes, net)
	net = x.link(b, nodes, net)
	if len(net) > 1 {
		b.Links.Network(net, p.netLink)
	}
	for i, in := range p.inputs {
		if x.atInput == i {
			x.disturb(b, in.tick)
		}
		b.At(in.tick, systems.Action{Verb: in.verb, Target: nodes[in.node], Kind: kindFor(in.verb, b.work), A: in.a, Down: downFor(in.verb, in.down), Code: uint8(in.a)})
	}
	b.Start(nodes...)
	return b
}

func kindFor(v systems.Verb, k ecs.Kind) ecs.Kind {
	if v == systems.Message {
		return k
	}
	return 0
}

func downFor(v systems.Verb, d ecs.Nanoseconds) ecs.Nanoseconds {
	if v == systems.Crash {
		return d
	}
	return 0
}

// wire links nodes and tells each whom it may send to.
func (b *built) wire(p *plan, nodes, net []ecs.Node) {
	peer := func(from, to ecs.Node) {
		name := b.World.NodeName(from)
		b.peers[name] = append(b.peers[name], to)
	}
	for _, l := range p.links {
		b.Links.Connect(nodes[l.a], nodes[l.b], l.link)
		peer(nodes[l.a], nodes[l.b])
		peer(nodes[l.b], nodes[l.a])
	}
	for _, a := range net {
		for _, c := range net {
			if a != c {
				peer(a, c)
			}
		}
	}
}
