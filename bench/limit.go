package bench

import (
	"math/bits"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Limit is PHOLD in the fastest program of plain slices we could write: one
// flat wheel, no programs, no digest, no marks, no checks. It draws the same
// numbers from the same keys, so it sees the same events.
type Limit struct {
	model  PHOLD
	key    random.Key
	States []State
	slots  []limitSlot
	store  []limitEvent
	next   []int32
	free   int32
	used   int32
	Tick   ecs.Tick
	Events uint64
	sink   uint64
}

const (
	limitChunk = 126
	golden     = 0x9e3779b97f4a7c15
)

type limitEvent struct {
	To, From uint32
	ID       uint64
	A, B     uint64
}

type limitSlot struct {
	next, end  uint32
	head, tail int32
}

// Limit builds the limit with the same first events.
func (m PHOLD) Limit() *Limit {
	run := m.Columns(ecs.Config{Envelopes: m.Nodes})
	l := &Limit{model: m, key: run.World.Key(run.World.Stream(stream)), States: make([]State, m.Nodes), Tick: -1, free: -1}
	longest := max(64, (m.Lookahead+45*m.Mean<<10)>>10) // a draw is below 44.4
	l.slots = make([]limitSlot, 1<<bits.Len64(longest))
	for i := range l.slots {
		l.slots[i] = limitSlot{head: -1, tail: -1}
	}
	chunks := m.Nodes/limitChunk + len(l.slots) + 64
	l.store, l.next = make([]limitEvent, chunks*limitChunk), make([]int32, chunks)
	run.World.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) {
		l.push(limitEvent{To: uint32(e.To)&(1<<24-1) - 1, ID: uint64(e.ID()), A: e.A, B: e.B}, uint64(due))
	})
	return l
}

func (l *Limit) push(e limitEvent, due uint64) {
	q := &l.slots[due&uint64(len(l.slots)-1)]
	if q.next == q.end {
		l.chunk(q)
	}
	l.store[q.next] = e
	q.next++
}

func (l *Limit) chunk(q *limitSlot) {
	c := l.free
	if c >= 0 {
		l.free = l.next[c]
	} else {
		c = l.used
		l.used++
	}
	l.next[c] = -1
	if q.head < 0 {
		q.head = c
	} else {
		l.next[q.tail] = c
	}
	q.tail = c
	q.next = uint32(c) * limitChunk
	q.end = q.next + limitChunk
}

// RunUntil runs every tick up to and including one.
func (l *Limit) RunUntil(t ecs.Tick) {
	for l.Tick < t {
		l.Tick++
		q := &l.slots[uint64(l.Tick)&uint64(len(l.slots)-1)]
		if q.head < 0 {
			continue
		}
		s := *q
		*q = limitSlot{head: -1, tail: -1}
		for c := s.head; c >= 0; {
			n := uint32(limitChunk)
			first := uint32(c) * limitChunk
			if c == s.tail {
				n = s.next - first
			}
			l.Events += uint64(n)
			l.touchChunk(l.next[c])
			l.act(l.store[first : first+n])
			after := l.next[c]
			l.next[c], l.free = l.free, c
			c = after
		}
	}
}

// touchChunk reads a chunk's lines ahead, where that pays.
func (l *Limit) touchChunk(c int32) {
	if c < 0 || len(l.States) <= 8192 {
		return
	}
	var x uint32
	run := l.store[c*limitChunk:][:limitChunk]
	for i := 0; i < limitChunk; i += 2 {
		x |= run[i].To
	}
	l.sink = uint64(x)
}

func (l *Limit) act(run []limitEvent) {
	states := l.States
	if len(states) > 8192 { // more than the nearer caches hold
		var x uint64
		for i := range run {
			x ^= states[run[i].To].Count
		}
		l.sink = x
	}
	mask := uint64(len(l.slots) - 1)
	key, t, m := l.key, l.Tick, l.model
	slots, store := l.slots, l.store
	accept, width := random.ExponentialTables()
	mean, n := m.Mean<<10, uint64(m.Nodes-1)
	for i := range run {
		e := &run[i]
		st := &states[e.To]
		st.Count++
		st.Sum += e.A
		st.Hash = (st.Hash ^ e.B) * 0x9E3779B97F4A7C15
		st.Last = uint64(t)<<32 | uint64(e.From)
		s := key.At(int64(t), e.ID)
		r := s.Uint64()
		to := uint32((r >> 32) * n >> 32)
		to += notBelow(to, e.To)
		var delay uint64
		if mean == 0 {
			delay = 1 + r&63
		} else {
			u := peek(s)
			layer := uint8(u)
			if u < accept[layer] {
				x, _ := bits.Mul64(u, width[layer])
				high, low := bits.Mul64(x, mean)
				delay = (m.Lookahead + (high<<6 | low>>58)) >> 10
			} else {
				delay = (m.Lookahead + s.ExponentialOf(mean)) >> 10
			}
		}
		q := &slots[(uint64(t)+max(delay, 1))&mask]
		if q.next == q.end {
			l.chunk(q)
		}
		o := &store[q.next]
		o.To, o.From, o.A, o.B = to, e.To, st.Sum, r
		o.ID = random.Mix(e.ID+golden) >> 12
		q.next++
	}
}
