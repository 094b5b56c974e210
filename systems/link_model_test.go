// Proves the arithmetic and the verdicts of links: rapid draws a link, a tick
// length and a series of sends, and what is put in flight is compared with a
// model that follows the contract word by word, with big integers where the
// engine has to mind overflow. The model makes its own draws from the streams
// that the contract names.
package systems

import (
	"fmt"
	"math/big"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// wireModel is the contract of a link, from a to b.
type wireModel struct {
	Link
	seed   uint64
	length ecs.Nanoseconds
	ends   uint64
	free   *big.Int
	last   ecs.Tick
}

func (m *wireModel) draws(stream string, now ecs.Tick, id ecs.EnvelopeID) random.Source {
	return random.NewKey(m.seed, "link/"+stream).At(int64(now), uint64(id)^m.ends)
}

func (m *wireModel) chance(stream string, now ecs.Tick, id ecs.EnvelopeID, p random.Probability) (bool, random.Source) {
	s := m.draws(stream, now, id)
	return s.Chance(p), s
}

// send returns the dues that the contract gives, none if the envelope is
// dropped: the original's, then the copy's; and whether each is corrupted.
func (m *wireModel) send(now, delay ecs.Tick, size int, id, twin ecs.EnvelopeID) (dues []ecs.Tick, corrupt []bool, cause ecs.Cause) {
	sent := big.NewInt(int64(now+max(delay, 0)) * int64(m.length))
	free := new(big.Int).Set(sent)
	if m.Bandwidth > 0 {
		start := sent
		if m.free.Cmp(sent) > 0 {
			start = m.free
		}
		if wait := new(big.Int).Sub(start, sent); m.Queue > 0 && wait.Cmp(big.NewInt(int64(m.Queue))) > 0 {
			return nil, nil, ecs.DroppedQueue
		}
		air := new(big.Int).Mul(big.NewInt(int64(size)*8), big.NewInt(1_000_000_000))
		air.Add(air, new(big.Int).SetUint64(m.Bandwidth-1)).Div(air, new(big.Int).SetUint64(m.Bandwidth))
		free = new(big.Int).Add(start, air)
		m.free = free
	}
	if lost, _ := m.chance("loss", now, id, m.Loss); lost {
		return nil, nil, ecs.DroppedLoss
	}
	ids := []ecs.EnvelopeID{id}
	if twice, _ := m.chance("duplicate", now, id, m.Duplicate); twice {
		ids = append(ids, twin)
	}
	for _, id := range ids {
		flipped, _ := m.chance("corrupt", now, id, m.Corrupt)
		corrupt = append(corrupt, flipped)
		dues = append(dues, m.due(now, free, id))
	}
	return dues, corrupt, ecs.Causes
}

func (m *wireModel) due(now ecs.Tick, free *big.Int, id ecs.EnvelopeID) ecs.Tick {
	at := new(big.Int).Add(free, big.NewInt(int64(m.Latency)))
	jitter := m.draws("jitter", now, id)
	at.Add(at, big.NewInt(int64(jitter.Below(uint64(m.Jitter)+1))))
	if later, s := m.chance("reorder", now, id, m.Reorder); later {
		at.Add(at, big.NewInt(int64(s.Below(uint64(m.Latency+m.Jitter)+1))))
	}
	at.Add(at, big.NewInt(int64(m.length-1))).Div(at, big.NewInt(int64(m.length)))
	due := max(ecs.Tick(at.Int64()), now+1)
	if m.FIFO {
		due = max(due, m.last)
		m.last = due
	}
	return due
}

// links draws a link of any kind.
var links = rapid.Custom(func(t *rapid.T) Link {
	span := rapid.OneOf(rapid.Just(int64(0)), rapid.Int64Range(0, 10), rapid.Int64Range(0, 5_000_000))
	chance := rapid.OneOf(rapid.Just(random.Never), rapid.Just(random.Always), rapid.Map(rapid.Uint64(), func(x uint64) random.Probability { return random.Probability(x) }))
	l := Link{
		Latency: ecs.Nanoseconds(span.Draw(t, "latency")), Jitter: ecs.Nanoseconds(span.Draw(t, "jitter")),
		Loss: chance.Draw(t, "loss"), Duplicate: chance.Draw(t, "duplicate"), Corrupt: chance.Draw(t, "corrupt"),
		Bandwidth: rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64Range(1, 1000), rapid.Uint64Range(1000, 1e9), rapid.Uint64()).Draw(t, "bandwidth"),
		FIFO:      rapid.Bool().Draw(t, "fifo"),
	}
	if l.Loss == random.Always && rapid.Bool().Draw(t, "spare") {
		l.Loss = 0
	}
	if l.Bandwidth > 0 {
		l.Queue = ecs.Nanoseconds(span.Draw(t, "queue"))
	}
	if !l.FIFO {
		l.Reorder = chance.Draw(t, "reorder")
	}
	return l
})

type sending struct {
	After, Delay ecs.Tick
	Size         int  // of the payload
	Bytes        bool // in the slab, or in A and B
}

var sendings = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sending {
	s := sending{
		After: ecs.Tick(rapid.IntRange(0, 3).Draw(t, "after")), Delay: ecs.Tick(rapid.OneOf(rapid.Just(0), rapid.IntRange(-1, 5)).Draw(t, "delay")),
		Bytes: rapid.Bool().Draw(t, "bytes"),
	}
	if s.Size = rapid.IntRange(0, 16).Draw(t, "size"); s.Bytes {
		s.Size = rapid.IntRange(0, 300).Draw(t, "length")
	}
	return s
}), 1, 30)

// linkRig is two nodes and a link between them, and a kind of each size.
type linkRig struct {
	*rig
	a, b  ecs.Node
	kinds [17]ecs.Kind
}

func newLinkRig(c ecs.Config, l Link) *linkRig {
	r := &linkRig{rig: newRig(c)}
	for size := range r.kinds {
		r.kinds[size] = r.World.Kind(fmt.Sprint("size ", size), size)
	}
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}})
	r.a, r.b = r.World.Node(p, "a"), r.World.Node(p, "b")
	r.Links.Connect(r.a, r.b, l)
	return r
}

func (r *linkRig) envelope(s sending, i int) ecs.Envelope {
	e := r.from(r.a, r.b, r.kinds[0], fmt.Sprint("message ", i))
	if s.Bytes {
		payload := make([]byte, s.Size)
		for k := range payload {
			payload[k] = byte(i + k)
		}
		r.World.WithBytes(&e, payload)
		return e
	}
	e = r.from(r.a, r.b, r.kinds[s.Size], fmt.Sprint("message ", i))
	if s.Size > 0 {
		e.A = uint64(i)
	}
	return e
}

func TestLinkFollowsTheContract(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := ecs.Config{Seed: rapid.Uint64().Draw(t, "seed"), TickLength: ecs.Nanoseconds(rapid.SampledFrom([]int64{1, 7, 1000, 1_000_000}).Draw(t, "tick"))}
		link := links.Draw(t, "link")
		if c.TickLength < 1000 && link.Bandwidth > 0 {
			link.Bandwidth = max(link.Bandwidth, 100) // or the queue is longer than delays can be
		}
		r := newLinkRig(c, link)
		if link.Latency+link.Jitter > 100_000*c.TickLength {
			link.Latency, link.Jitter = 0, 0
			r = newLinkRig(c, link)
		}
		model := &wireModel{Link: link, seed: c.Seed, length: c.TickLength, free: new(big.Int)}
		model.ends = r.World.Life(r.a).Name ^ random.Mix(r.World.Life(r.b).Name)
		now := ecs.Tick(0)
		r.World.Begin(0)
		for i, s := range sendings.Draw(t, "sends") {
			if s.After > 0 {
				now += s.After
				r.run(now)
			}
			r.check(t, model, now, s, i)
		}
	})
}

// check sends one envelope and compares what is in flight with the model.
func (r *linkRig) check(t *rapid.T, m *wireModel, now ecs.Tick, s sending, i int) {
	e := r.envelope(s, i)
	twin := r.World.Twin(&e)
	want := r.posted(&e, 0)
	before, dropped := r.inFlight(), r.World.Counts().Dropped
	dues, corrupt, cause := m.send(now, s.Delay, s.Size+ecs.HeaderSize, e.ID(), twin.ID())
	r.Links.send(&e, s.Delay)
	if cause != ecs.Causes {
		dropped[cause]++
	}
	if diff := cmp.Diff(dropped, r.World.Counts().Dropped); diff != "" {
		t.Fatalf("send %d: drops: %s", i, diff)
	}
	got := slices.DeleteFunc(r.inFlight(), func(p posted) bool { return slices.Contains(before, p) })
	if len(got) != len(dues) {
		t.Fatalf("send %d: %d envelopes under way, want %d: %v", i, len(got), len(dues), got)
	}
	for k, id := range []ecs.EnvelopeID{e.ID(), twin.ID()}[:len(dues)] {
		at := slices.IndexFunc(got, func(p posted) bool { return p.ID == id })
		if at < 0 {
			t.Fatalf("send %d: no envelope of ID %x", i, id)
		}
		g := got[at]
		if g.Due != dues[k] || g.From != r.a || g.To != r.b {
			t.Fatalf("send %d, copy %d: got %+v, want it due at %d", i, k, g, dues[k])
		}
		bits := 0
		if corrupt[k] && s.Size > 0 {
			bits = 1
		}
		if n := differ(g.Payload, want.Payload); n != bits {
			t.Fatalf("send %d, copy %d: %s came of %s: %d bits differ, want %d", i, k, g.Payload, want.Payload, n, bits)
		}
	}
	r.World.Drop(&twin, ecs.DroppedGone)
	r.World.Counts().Dropped[ecs.DroppedGone]--
}

// differ returns in how many bits two payloads written in hexadecimal differ.
func differ(a, b string) int {
	x, y := parse(a), parse(b)
	if len(x) != len(y) {
		return -1
	}
	n := 0
	for i := range x {
		for d := x[i] ^ y[i]; d != 0; d &= d - 1 {
			n++
		}
	}
	return n
}

func parse(payload string) []byte {
	var a, b uint64
	if n, _ := fmt.Sscanf(payload, "%x %x", &a, &b); n == 2 {
		return bytesOfWords(a, b)
	}
	var p []byte
	fmt.Sscanf(payload, "%x", &p)
	return p
}

func bytesOfWords(words ...uint64) []byte {
	var all []byte
	for _, w := range words {
		for i := range 8 {
			all = append(all, byte(w>>(8*i)))
		}
	}
	return all
}

// Nothing sent later may come earlier on a FIFO link, whatever its jitter.
func TestFIFOKeepsTheOrderOfSending(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		link := links.Draw(t, "link")
		link.FIFO, link.Reorder, link.Loss = true, 0, 0
		if link.Latency+link.Jitter > 10_000_000 || link.Bandwidth > 0 && link.Bandwidth < 10_000 {
			link.Latency, link.Jitter, link.Bandwidth, link.Queue = 0, 0, 0, 0
		}
		r := newLinkRig(ecs.Config{Seed: rapid.Uint64().Draw(t, "seed")}, link)
		r.World.Begin(0)
		var sent []ecs.EnvelopeID
		for i := range rapid.IntRange(2, 20).Draw(t, "sends") {
			e := r.envelope(sending{Size: 8}, i)
			sent = append(sent, e.ID())
			r.Links.send(&e, 0)
		}
		var came []ecs.EnvelopeID
		for _, p := range r.inFlight() {
			if slices.Contains(sent, p.ID) {
				came = append(came, p.ID)
			}
		}
		if link.Queue == 0 && !slices.Equal(came, sent) {
			t.Fatalf("sent %x, came %x", sent, came)
		}
	})
}
