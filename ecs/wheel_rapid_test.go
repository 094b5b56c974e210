// Proves the wheel's contract against a list: what is due at a tick leaves in
// the order in which it was sent, whatever the delays, the levels it fell
// through, the idle time jumped over, what was purged and what was restored in
// between; the next due tick and the count are exact; no chunk is lost.
//
// The model keeps every envelope in one slice in the order of sending. An
// envelope carries its place in that order in A and its due tick in B.
package ecs

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type wheelMachine struct {
	wheel   *wheel
	pending []Envelope // in the order of sending
	sent    uint64
	kept    *wheelSnapshot // its memory is used again
	then    []Envelope     // pending when kept was taken
}

func TestWheelKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &wheelMachine{wheel: newWheel(rapid.IntRange(0, 2000).Draw(t, "room"))}
		t.Repeat(map[string]func(*rapid.T){
			"":              m.check,
			"push":          m.push,
			"pushMany":      m.pushMany,
			"next":          m.next,
			"tick":          m.tick,
			"jump":          m.jump,
			"purge":         m.purge,
			"snapshot":      m.snapshot,
			"restore":       m.restore,
			"restoreOthers": m.restoreOthers,
		})
		for len(m.pending) > 0 {
			m.next(t)
		}
		m.check(t)
	})
}

func newWheel(room int) *wheel {
	w := &wheel{}
	w.init(room)
	return w
}

// delays reaches every level, and both sides of every level's horizon.
func delays() *rapid.Generator[int64] {
	return rapid.OneOf(
		rapid.Int64Range(1, 3), rapid.Int64Range(1, 64), rapid.Int64Range(1, 300),
		rapid.Int64Range(1, 20_000), rapid.Int64Range(1, 1_000_000),
		rapid.Int64Range(int64(MaxDelay)-70, int64(MaxDelay)),
		rapid.Custom(func(t *rapid.T) int64 {
			l := rapid.IntRange(0, levels-1).Draw(t, "level")
			slots := rapid.SampledFrom([]int64{1, 3, 4}).Draw(t, "slots")
			beside := rapid.Int64Range(-2, 2).Draw(t, "beside")
			return max(1, min(int64(MaxDelay), slots<<(levelBits*(l+1))+beside))
		}),
	)
}

func (m *wheelMachine) send(delay int64) {
	due := m.wheel.now + Tick(delay)
	e := Envelope{To: Node(m.sent), A: m.sent, B: uint64(due)}
	m.sent++
	m.wheel.push(&e, due)
	m.pending = append(m.pending, e)
}

func (m *wheelMachine) push(t *rapid.T) { m.send(delays().Draw(t, "delay")) }

// pushMany fills several chunks: of one tick, or of many.
func (m *wheelMachine) pushMany(t *rapid.T) {
	delay := delays().Draw(t, "delay")
	spread := rapid.Int64Range(1, 200).Draw(t, "spread")
	for i := range rapid.Int64Range(1, 400).Draw(t, "n") {
		m.send(min(int64(MaxDelay), delay+i*i%spread))
	}
}

func (m *wheelMachine) firstDue() Tick {
	first := Never
	for i := range m.pending {
		first = min(first, Tick(m.pending[i].B))
	}
	return first
}

// advance enters a tick and takes what is due, as the world does.
func (m *wheelMachine) advance(t *rapid.T, to Tick) {
	m.wheel.advance(to)
	var got, want []Envelope
	s := m.wheel.takeSlot(0, int(to)&(levelSlots-1))
	for c := s.head; c >= 0; {
		got = append(got, m.wheel.chunks.near(s, c)...)
		c = m.wheel.chunks.free(c)
	}
	m.wheel.count -= len(got)
	due := func(e Envelope) bool { return Tick(e.B) == to }
	for _, e := range m.pending {
		if due(e) {
			want = append(want, e)
		}
	}
	if !slices.Equal(got, want) {
		t.Fatalf("tick %d: sends %v came out, sent were %v", to, sends(got), sends(want))
	}
	m.pending = slices.DeleteFunc(m.pending, due)
}

func sends(list []Envelope) []uint64 {
	var order []uint64
	for i := range list {
		order = append(order, list[i].A)
	}
	return order
}

func (m *wheelMachine) next(t *rapid.T) {
	if first := m.firstDue(); first != Never {
		m.advance(t, first)
	}
}

// tick moves a little, past no envelope.
func (m *wheelMachine) tick(t *rapid.T) {
	ahead := Tick(rapid.Int64Range(1, 70).Draw(t, "ticks"))
	m.advance(t, min(m.wheel.now+ahead, m.firstDue()))
}

// jump crosses idle time up to what is due, or far beyond where nothing is.
func (m *wheelMachine) jump(t *rapid.T) {
	last := m.firstDue()
	if last == Never {
		last = m.wheel.now + MaxDelay
	}
	m.advance(t, Tick(rapid.Int64Range(int64(m.wheel.now)+1, int64(last)).Draw(t, "to")))
}

func (m *wheelMachine) purge(t *rapid.T) {
	every := rapid.Uint64Range(1, 5).Draw(t, "every")
	drop := func(e *Envelope) bool { return e.A%every == 0 }
	m.wheel.purge(drop)
	m.pending = slices.DeleteFunc(m.pending, func(e Envelope) bool { return drop(&e) })
}

func (m *wheelMachine) snapshot(*rapid.T) {
	if m.kept == nil {
		m.kept = &wheelSnapshot{}
	}
	m.wheel.snapshot(m.kept)
	m.then = slices.Clone(m.pending)
}

func (m *wheelMachine) restore(t *rapid.T) {
	if m.kept == nil {
		t.Skip("nothing was kept")
	}
	m.wheel.restore(m.kept)
	m.pending = slices.Clone(m.then)
}

// restoreOthers restores into a wheel that has seen nothing, or another life.
func (m *wheelMachine) restoreOthers(t *rapid.T) {
	if m.kept == nil {
		t.Skip("nothing was kept")
	}
	m.wheel = newWheel(rapid.IntRange(0, 300).Draw(t, "room"))
	for range rapid.IntRange(0, 500).Draw(t, "litter") {
		m.wheel.push(&Envelope{}, m.wheel.now+Tick(delays().Draw(t, "delay")))
	}
	m.restore(t)
}

func (m *wheelMachine) check(t *rapid.T) {
	if got := m.wheel.count; got != len(m.pending) {
		t.Fatalf("%d envelopes are counted in flight, %d were sent and not taken", got, len(m.pending))
	}
	if got, want := m.wheel.nextDue(), m.firstDue(); got != want {
		t.Fatalf("at tick %d nextDue is %d, the first due is %d", m.wheel.now, got, want)
	}
	m.checkEach(t)
	m.checkChunks(t)
}

// checkEach compares what each visits: everything once, with its due tick,
// and those of one tick in the order of sending.
func (m *wheelMachine) checkEach(t *rapid.T) {
	var got []Envelope
	latest := map[Tick]uint64{}
	m.wheel.each(func(e *Envelope, due Tick) {
		if due != Tick(e.B) {
			t.Fatalf("send %d is due at %d; each says %d", e.A, Tick(e.B), due)
		}
		if before, seen := latest[due]; seen && before >= e.A {
			t.Fatalf("each visits send %d of tick %d after %d", e.A, due, before)
		}
		latest[due] = e.A
		got = append(got, *e)
	})
	slices.SortFunc(got, func(a, b Envelope) int { return int(a.A) - int(b.A) })
	if !slices.Equal(got, m.pending) {
		t.Fatalf("each visits sends %v; in flight are %v", sends(got), sends(m.pending))
	}
}

// checkChunks accounts for every chunk that was ever taken: in a slot, full
// but for the last one, or free.
func (m *wheelMachine) checkChunks(t *rapid.T) {
	c := &m.wheel.chunks
	inUse := 0
	for l := range m.wheel.levels {
		for i := range m.wheel.levels[l].slots {
			s := &m.wheel.levels[l].slots[i]
			if marked := m.wheel.levels[l].used[i>>6]>>(i&63)&1 == 1; marked != (s.head >= 0) {
				t.Fatalf("slot %d of level %d: in use %v, marked so %v", i, l, s.head >= 0, marked)
			}
			for at := s.head; at >= 0; at = c.next[at] {
				inUse++
			}
		}
	}
	free := 0
	for at := c.freeHead; at >= 0; at = c.next[at] {
		free++
	}
	if inUse+free != int(c.used) {
		t.Fatalf("%d chunks were taken; %d are in slots and %d are free", c.used, inUse, free)
	}
}

// TestWheelReusesChunks: the wheel's memory is what was in flight at once, not
// what was ever sent.
func TestWheelReusesChunks(t *testing.T) {
	for _, delay := range []Tick{1, 63, 200, 10_000, 1_000_000} {
		w := newWheel(0)
		const inFlight = 5000
		var e Envelope
		for i := range inFlight {
			w.push(&e, w.now+1+Tick(i)%delay)
		}
		// A slot in use has one chunk that is not full, whatever it holds.
		most := w.chunks.used + inFlight/farLength + levelSlots
		for again := 0; again < 20*inFlight; {
			w.advance(w.nextDue())
			s := w.takeSlot(0, int(w.now)&(levelSlots-1))
			for c := s.head; c >= 0; {
				n := len(w.chunks.near(s, c))
				c = w.chunks.free(c)
				w.count -= n
				again += n
				for range n {
					w.push(&e, w.now+delay)
				}
			}
		}
		if w.chunks.used > most {
			t.Errorf("delay %d: %d chunks were taken for %d envelopes in flight; want at most %d", delay, w.chunks.used, w.count, most)
		}
	}
}

func TestWheelRefusesTooLongDelays(t *testing.T) {
	w := newWheel(0)
	w.advance(12345)
	w.push(&Envelope{}, w.now+MaxDelay)
	wantLimit(t, func() { w.push(&Envelope{}, w.now+2*MaxDelay) }, "delay", int64(MaxDelay), "ticks", "due at tick")
}
