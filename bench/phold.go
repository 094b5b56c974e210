package bench

import (
	"math/bits"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scheduler"
	"orrery/systems"
)

// PHOLD (Fujimoto, Performance of time warp under synthetic workloads, 1990):
// every node begins with one event; an event goes to another node, drawn
// evenly, after a drawn delay.
type PHOLD struct {
	Nodes int
	// Mean is the mean of the exponential part of a delay, in ticks; 0 draws
	// delays of 1 to 64 ticks evenly.
	Mean uint64
	// Lookahead is added to each delay, in 1/1024 tick.
	Lookahead uint64
	Seed      uint64
}

// Coarse, Fine and Uniform are the models measured: a tick of 1/32 or 1/1024 of the mean with a lookahead of a
// tenth of it, and delays of 1 to 64 ticks.
func Coarse(nodes int) PHOLD {
	return PHOLD{Nodes: nodes, Mean: 32, Lookahead: 32 * 1024 / 10, Seed: 1}
}
func Fine(nodes int) PHOLD {
	return PHOLD{Nodes: nodes, Mean: 1024, Lookahead: 1024 * 1024 / 10, Seed: 1}
}
func Uniform(nodes int) PHOLD { return PHOLD{Nodes: nodes, Seed: 1} }

// State is a node's state, as in the prototype of the wheel: 32 bytes.
type State struct{ Count, Sum, Hash, Last uint64 }

// next draws where an event goes and after how many ticks: the same draws in
// every style, and in the limit.
func (m *PHOLD) next(s random.Source, self uint32) (to uint32, delay uint64, r uint64) {
	r = s.Uint64()
	to = uint32((r >> 32) * uint64(m.Nodes-1) >> 32)
	to += notBelow(to, self)
	if m.Mean == 0 {
		return to, 1 + r&63, r
	}
	return to, (m.Lookahead + s.ExponentialOf(m.Mean<<10)) >> 10, r
}

func (s *State) take(a, b uint64, t ecs.Tick, from uint32) {
	s.Count++
	s.Sum += a
	s.Hash = (s.Hash ^ b) * 0x9E3779B97F4A7C15
	s.Last = uint64(t)<<32 | uint64(from)
}

const stream = "phold"

// Columns builds PHOLD as a program for columns.
func (m PHOLD) Columns(c ecs.Config) *scheduler.Run {
	c.Seed = m.Seed
	run := scheduler.New(c)
	s := run.World.Stream(stream)
	kind := run.World.Kind("event", 16)
	id := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "phold", State: State{}},
		Direct: true,
		Act:    func(b *ecs.Batch) { m.act(b, s, kind) },
	})
	m.begin(run, id, kind)
	return run
}

// act is what PHOLD does for columns: the draws of next written out, since the
// compiler does not inline them.
func (m *PHOLD) act(b *ecs.Batch, s ecs.Stream, kind ecs.Kind) {
	states, key := ecs.States[State](b), b.World().Key(s)
	first := b.Envelopes[0].To - ecs.Node(b.Rows[0]) // the node of row 0
	accept, width := random.ExponentialTables()
	now, mean, n := b.Tick, m.Mean<<10, uint64(m.Nodes-1)
	rows, out := b.Rows[:len(b.Envelopes)], b.Room(len(b.Envelopes))[:len(b.Envelopes)]
	for i := range b.Envelopes {
		e, row := &b.Envelopes[i], rows[i]
		st := &states[row]
		st.take(e.A, e.B, now, uint32(e.From))
		draws := key.At(int64(now), uint64(e.ID()))
		r := draws.Uint64()
		to := uint32((r >> 32) * n >> 32)
		to += notBelow(to, row)
		delay := 1 + r&63
		if mean > 0 {
			u := peek(draws)
			if layer := uint8(u); u < accept[layer] {
				x, _ := bits.Mul64(u, width[layer])
				high, low := bits.Mul64(x, mean)
				delay = (m.Lookahead + (high<<6 | low>>58)) >> 10
			} else {
				delay = (m.Lookahead + draws.ExponentialOf(mean)) >> 10
			}
		}
		o := &out[i]
		o.To, o.Cause, o.Kind, o.Delay, o.A, o.B = first+ecs.Node(to), uint16(i), kind, ecs.Tick(delay), st.Sum, r
	}
}

// Calls builds PHOLD a node at a time: a Go call a message.
func (m PHOLD) Calls(c ecs.Config) *scheduler.Run {
	c.Seed = m.Seed
	run := scheduler.New(c)
	s := run.World.Stream(stream)
	kind := run.World.Kind("event", 16)
	id := systems.AddNode(run.Set, systems.Node[State]{
		Name: "phold", Direct: true,
		On: []systems.On[State]{{Kind: kind, Do: func(me *systems.Me, st *State, e *ecs.Envelope) {
			row := uint32(e.To)&(1<<24-1) - 1
			st.take(e.A, e.B, me.Tick(), uint32(e.From))
			to, delay, r := m.next(me.Draws(s), row)
			me.SendAfter(ecs.Tick(delay), e.To-ecs.Node(row)+ecs.Node(to), kind, st.Sum, r)
		}}},
	})
	m.begin(run, id, kind)
	return run
}

// begin adds the nodes, up, and one event for each.
func (m PHOLD) begin(run *scheduler.Run, id ecs.ProgramID, kind ecs.Kind) {
	nodes := run.World.Nodes(id, "n", m.Nodes)
	for _, n := range nodes {
		run.World.SetStatus(n, ecs.Up, 0)
	}
	s := run.World.Stream(stream)
	for i, n := range nodes {
		e := run.World.Outside(n, kind, 0, 0, "event")
		_, delay, r := m.next(run.World.Key(s).At(-1, uint64(e.ID())), uint32(i))
		e.A, e.B = r, r*3
		run.World.Post(&e, ecs.Tick(delay))
	}
}

// peek returns the number that the source would draw next.
func peek(s random.Source) uint64 { return s.Uint64() }

// notBelow returns 1 if a is at least b, and 0 otherwise, without a branch: the
// draw decides, so a branch would be mispredicted half the time.
func notBelow(a, b uint32) uint32 { return uint32((int64(b)-int64(a)-1)>>63) & 1 }
