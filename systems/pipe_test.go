// Proves that every item that a pipe took is pulled exactly once, in order from
// each source to each target, whatever sources, targets, stages and links do
// meanwhile; that no more are under way than the capacity; and that pipes are
// the same for any split into batches, straight, restored and forked. What is
// pushed and what is pulled is written down beside the worlds that are drawn,
// and compared.
package systems

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// idle is the tick after which nobody pushes.
const idle ecs.Tick = 250

// works is a world of pipes, and the story of what went through them: makers
// push to shops by three pipes, shops pass on to two sinks what they make of one
// of them, and each shop tells the first maker of all else.
type works struct {
	*rig
	tape
	turn, key, all, out Pipe
	pushed, pulled      map[string]int // items by pipe and value, at whom of a broadcast
	wrong               []string
	capacity            int
	refusals, drains    int
	doubled, resent     uint64
}

// shop is what makers, shops and sinks keep: durable is the last item from each
// source by each pipe, and how many were pushed.
type shop struct {
	Last   [8 * 5]uint64
	Pushed [5]uint64
	Sum    uint64
}

type worksPlan struct {
	seed     uint64
	link     Link
	capacity int
	time     ecs.Nanoseconds
	faults   []input
	held     int
}

func newWorks(p worksPlan, batch int) *works {
	o := &works{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: batch}), pushed: map[string]int{}, pulled: map[string]int{}, capacity: p.capacity}
	o.turn, o.key, o.all, o.out = o.Pipes.Declare("turn"), o.Pipes.Declare("key"), o.Pipes.Declare("all"), o.Pipes.Declare("out")
	o.Waiting.Limit(p.held)
	durable := []string{"Last", "Pushed"}
	maker := AddNode(o.Set, Node[shop]{
		Name: "maker", Durable: durable, Every: []EveryNode[shop]{{Name: "make", Period: 2 * ms, Do: o.make}},
		Start:  func(me *Me, s *shop) { o.push(me, s, o.turn, 0) },
		Drains: []Drain[shop]{{o.turn, func(me *Me, s *shop) { o.drained(me, s, o.turn) }}, {o.all, func(me *Me, s *shop) { o.drained(me, s, o.all) }}},
	})
	pass := func(me *Me, s *shop, it *Item) {
		o.take(me, s, it)
		for range it.A % 3 {
			o.push(me, s, o.out, it.A)
		}
	}
	take := func(me *Me, s *shop, it *Item) { o.take(me, s, it) }
	time := func(me *Me, s *shop) ecs.Nanoseconds { return p.time * ecs.Nanoseconds(s.Sum%4) / 2 }
	shops := AddNode(o.Set, Node[shop]{
		Name: "shop", Durable: durable,
		Pulls: []Pull[shop]{{Pipe: o.turn, Do: pass, Into: o.out, Time: time}, {Pipe: o.key, Do: take}, {Pipe: o.all, Do: take, Time: time}},
	})
	sinks := AddNode(o.Set, Node[shop]{Name: "sink", Durable: durable, Pulls: []Pull[shop]{{Pipe: o.out, Do: take}}})
	m, t, z := o.World.Nodes(maker, "maker", 2), o.World.Nodes(shops, "shop", 3), o.World.Nodes(sinks, "sink", 2)
	o.Links.Mesh(slices.Concat(m, t, z), p.link)
	o.Pipes.Join(o.turn, PipeConfig{Sources: m, Targets: t, Capacity: p.capacity})
	o.Pipes.Join(o.key, PipeConfig{Sources: m, Targets: t, Capacity: p.capacity, Fan: FanHash})
	o.Pipes.Join(o.all, PipeConfig{Sources: m, Targets: t, Capacity: p.capacity, Fan: FanBroadcast})
	o.Pipes.Join(o.out, PipeConfig{Sources: t, Targets: z, Capacity: p.capacity})
	o.start(slices.Concat(m, t, z)...)
	o.inputs = slices.Clone(p.faults)
	return o
}

func (o *works) make(me *Me, s *shop) {
	if me.Tick() > idle {
		return
	}
	d := me.Draws(me.set.World.Stream("works"))
	for range d.Below(4) {
		o.push(me, s, Pipe(d.Below(3)+1), d.Below(5))
	}
	if d.Below(100) == 0 {
		me.Exit(1)
	}
}

// push pushes the next number of a node to a pipe, by a key.
func (o *works) push(me *Me, s *shop, pipe Pipe, key uint64) {
	a := uint64(me.Self()&0xff)<<40 | uint64(me.Self().Program())<<48 | (s.Pushed[pipe] + 1)
	x := Push{Pipe: pipe, A: a, Key: key}
	if a%2 == 0 { // some are bytes
		x.A, x.Payload = 0, []byte(fmt.Sprintf("item %d", a))
	}
	if !me.PushItem(x) {
		o.refusals++
		o.note("%d %s finds %d full", me.Tick(), me.Name(), pipe)
		if pipe == o.out {
			o.wrong = append(o.wrong, "a stage was refused")
		}
		return
	}
	s.Pushed[pipe]++
	o.note("%d %s pushes %d to %d", me.Tick(), me.Name(), a, pipe)
	if pipe != o.all {
		o.pushed[fmt.Sprint(pipe, a)]++
		return
	}
	for i := range 3 {
		o.pushed[fmt.Sprintf("%d %d shop[%d]", pipe, a, i)]++
	}
}

func (o *works) drained(me *Me, s *shop, pipe Pipe) {
	o.drains++
	if !me.set.Pipes.Room(me.Self(), pipe) {
		o.wrong = append(o.wrong, "told of room where there is none")
	}
	o.push(me, s, pipe, 0)
}

func (o *works) take(me *Me, s *shop, it *Item) {
	a := it.A
	if it.Payload != nil {
		fmt.Sscanf(string(it.Payload), "item %d", &a)
	}
	at := int(it.Pipe)*8 + int(it.From&3)
	if a <= s.Last[at] {
		o.wrong = append(o.wrong, fmt.Sprintf("%d %s: %d of pipe %d comes after %d", me.Tick(), me.Name(), a, it.Pipe, s.Last[at]))
	}
	s.Last[at] = a
	s.Sum += a
	key := fmt.Sprint(it.Pipe, a)
	if it.Pipe == o.all {
		key = fmt.Sprintf("%d %d %s", it.Pipe, a, me.Name())
	}
	o.pulled[key]++
	d := me.Draws(me.set.World.Stream("works"))
	s.Sum += d.Below(9)
	o.note("%d %s pulls %d of %d, %d", me.Tick(), me.Name(), a, it.Pipe, s.Sum)
	if d.Below(300) == 0 && me.Tick() < idle {
		me.Exit(2)
	}
}

func drawWorks(t *rapid.T) worksPlan {
	p := worksPlan{seed: rapid.Uint64().Draw(t, "seed"), capacity: rapid.SampledFrom([]int{1, 2, 5, 12, 40}).Draw(t, "capacity")}
	percent := func(what string) uint64 { return uint64(rapid.SampledFrom([]int{0, 0, 10, 30}).Draw(t, what)) }
	p.link = Link{
		Latency: ecs.Nanoseconds(rapid.IntRange(0, 9).Draw(t, "latency")) * ms, Jitter: ecs.Nanoseconds(rapid.IntRange(0, 9).Draw(t, "jitter")) * ms,
		Loss: ratio(percent("loss"), 100), Duplicate: ratio(percent("duplicate"), 100), Reorder: ratio(percent("reorder"), 100), Corrupt: ratio(percent("corrupt"), 200),
	}
	if p.link.Bandwidth = rapid.SampledFrom([]uint64{0, 0, 50_000, 400_000}).Draw(t, "bandwidth"); p.link.Bandwidth > 0 {
		p.link.Queue = ecs.Nanoseconds(rapid.IntRange(0, 40).Draw(t, "queue")) * ms
	}
	p.time = ecs.Nanoseconds(rapid.IntRange(0, 6).Draw(t, "time")) * ms
	p.held = rapid.SampledFrom([]int{0, 3, MaxHeld}).Draw(t, "held")
	for range rapid.IntRange(0, 8).Draw(t, "faults") {
		at := ecs.Tick(rapid.IntRange(2, 240).Draw(t, "at"))
		p.faults = append(p.faults, drawFault(t, at)...)
	}
	return p
}

// all is every node of the works.
func everyone() (all []ecs.Node) {
	for program, n := range []ecs.Node{2, 3, 2} {
		for i := range n {
			all = append(all, ecs.Node(program+1)<<24+1+i)
		}
	}
	return all
}

func drawFault(t *rapid.T, at ecs.Tick) []input {
	n := rapid.SampledFrom(everyone()).Draw(t, "node")
	after := at + ecs.Tick(rapid.IntRange(0, 60).Draw(t, "for"))
	switch verb := rapid.SampledFrom([]Verb{Crash, Restart, Pause, CutOff, Stop}).Draw(t, "verb"); verb {
	case Restart:
		return []input{{at, Action{Verb: Restart, Target: n}}}
	case CutOff:
		other := rapid.SampledFrom(everyone()).Draw(t, "other")
		if other == n {
			return nil
		}
		return []input{{at, Action{Verb: CutOff, Target: n, Other: other, Label: uint64(at), OneWay: at%2 == 0, InFlight: at%3 == 0}}, {after, Action{Verb: Heal, Label: uint64(at)}}}
	case Pause:
		return []input{{at, Action{Verb: Pause, Target: n}}, {after, Action{Verb: Resume, Target: n}}}
	default:
		return []input{{at, Action{Verb: verb, Target: n}}, {after, Action{Verb: Start, Target: n}}}
	}
}

// settle ends all faults, and lets what was pushed come through.
func (o *works) settle() {
	for _, n := range everyone() {
		o.at(idle+1, Action{Verb: Heal}, Action{Verb: Resume, Target: n}, Action{Verb: Start, Target: n})
	}
	for t := idle / 10; t <= idle; t += idle / 10 {
		o.run(t)
		o.bounded()
	}
	o.run(idle + 60_000) // waits are of a second, and many in vain where much is lost
	for k := Pipe(1); k <= 4; k++ {
		f := o.Pipes.Figures(k)
		o.doubled += f.Doubled
		o.resent += f.Resent
	}
}

// kept counts what is in pipes.
func (o *works) kept() (n uint32) {
	for i := range o.Pipes.flows.Len() {
		n += o.Pipes.flows.At(i).Kept
	}
	return n
}

// bounded looks whether more is under way than may be.
func (o *works) bounded() {
	p := o.Pipes
	for i := range p.flows.Len() {
		f := p.flows.At(i)
		if int(f.Kept) > o.capacity && f.Pipe != o.out || f.taken() > f.Received || f.base() > f.taken() || f.Received > f.Next || (f.Resend == 0) != (f.Kept == 0) {
			o.wrong = append(o.wrong, fmt.Sprintf("a flow with a capacity of %d: %+v", o.capacity, *f))
		}
		for seq := f.base() + 1; seq <= f.Next; seq++ {
			if at, is := p.pushedAt(f, seq), p.rings.At(f.slot(seq)).Pushed; at != is {
				o.wrong = append(o.wrong, fmt.Sprintf("item %d was pushed at %d, and is said to have been at %d: %+v", seq, is, at, *f))
			}
		}
	}
}

// What each item needs of a flow is one line of the cache, and the rest another.
func TestFlowsAreTwoLines(t *testing.T) {
	row := reflect.TypeFor[flowRow]()
	rest, _ := row.FieldByName("Acked")
	if row.Size() != 128 || rest.Offset != 64 {
		t.Errorf("a flow takes %d bytes, and what few items need of it begins at %d", row.Size(), rest.Offset)
	}
}

// ringRows counts the rows of rings, those of flows and free ones.
func (p *Pipes) ringRows() (n int) {
	for i := range p.flows.Len() {
		if f := p.flows.At(i); f.Ring != 0 {
			n += 1 << f.Log
		}
	}
	for log, k := range p.pool.At(0).Rings {
		for ; k != 0; k = int32(p.rings.At(int(k) - 1).A) {
			n += 1 << log
		}
	}
	return n
}

func TestPipesAreExactlyOnceInOrder(t *testing.T) {
	refusals, drains, doubled, resent := 0, 0, uint64(0), uint64(0)
	rapid.Check(t, func(t *rapid.T) {
		p := drawWorks(t)
		if p.link.Bandwidth > 0 { // how long its way is is not known before a sample, and waits may be long
			p.link.Loss, p.link.Corrupt = min(p.link.Loss, ratio(1, 10)), 0
		}
		o := newWorks(p, 126)
		o.settle()
		for minute := ecs.Tick(2); minute <= 10 && o.kept() > 0 && p.link.Bandwidth > 0; minute++ {
			o.run(idle + minute*60_000)
		}
		if diff := cmp.Diff(o.pushed, o.pulled); diff != "" {
			o.wrong = append(o.wrong, "(- pushed, + pulled)\n"+diff)
		}
		if len(o.wrong) > 0 {
			t.Fatal(strings.Join(o.wrong, "\n"))
		}
		x := o.Pipes
		for i := range x.flows.Len() {
			if f := x.flows.At(i); f.Ahead|f.AheadEnd != 0 || f.Seen != 0 || f.Bytes || f.Unsent > 0 || f.Resend != 0 || f.AckDue != 0 || f.Again || f.Kept != 0 || f.Acked != f.Next {
				t.Fatalf("a flow in which nothing is left: %+v", *f)
			}
		}
		free := 0
		for k := x.pool.At(0).Free; k != 0; k = x.items.At(int(k) - 1).Next {
			free++
		}
		if free != x.items.Len() {
			t.Fatalf("%d rows of items, and %d are free", x.items.Len(), free)
		}
		if n := x.ringRows(); n != x.rings.Len() {
			t.Fatalf("%d rows of rings, and %d are free or of flows", x.rings.Len(), n)
		}
		if n := o.World.InFlight(); n > len(everyone())*2 {
			t.Fatalf("%d envelopes are under way, and nothing is in the pipes", n)
		}
		refusals, drains, doubled, resent = refusals+o.refusals, drains+o.drains, doubled+o.doubled, resent+o.resent
	})
	if refusals == 0 || drains == 0 || doubled == 0 || resent == 0 {
		t.Errorf("%d refused, %d told of room, %d doubled, %d resent: the test tests little", refusals, drains, doubled, resent)
	}
}

func TestPipesAreInvisiblySplitAndRestored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawWorks(t)
		at := ecs.Tick(rapid.IntRange(0, 240).Draw(t, "snapshot"))
		end := at + 150
		straight := newWorks(p, 126)
		straight.run(at)
		done := len(straight.lines)
		straight.run(end)
		for _, batch := range []int{1, 7} {
			o := newWorks(p, batch)
			o.run(at) // the tick at which a run stops is counted
			o.run(end)
			if diff := cmp.Diff(append(straight.lines, straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("batches of %d: (- of 126, + of these)\n%s", batch, diff)
			}
		}
		there, other := newWorks(p, 126), newWorks(p, 126)
		there.run(at)
		snap := there.snapshot()
		there.run(at + 40)
		there.restore(t, snap)
		other.restore(t, snap)
		for _, o := range []*works{there, other} {
			o.forgetTape()
			o.run(end)
			if diff := cmp.Diff(append(straight.lines[done:], straight.sum()), append(o.lines, o.sum())); diff != "" {
				t.Fatalf("(- straight, + restored at %d)\n%s", at, diff)
			}
			for k := Pipe(1); k <= 4; k++ {
				if diff := cmp.Diff(straight.Pipes.Figures(k), o.Pipes.Figures(k)); diff != "" {
					t.Fatalf("(- straight, + restored at %d)\n%s", at, diff)
				}
			}
		}
	})
}

func (o *works) forgetTape() { o.tape.take() }

// A fork has handlers of its own, which know the fork's pipes.
func TestPipesOfForks(t *testing.T) {
	o := newWorks(worksPlan{seed: 4, link: Link{Latency: 3 * ms, Jitter: 4 * ms, Loss: ratio(1, 10)}, capacity: 5, time: 2 * ms, held: MaxHeld}, 126)
	o.run(100)
	snap := o.snapshot()
	f := o.fork(t, snap)
	o.run(idle)
	f.run(idle)
	if diff := cmp.Diff(o.sum(), f.sum()); diff != "" {
		t.Errorf("(- straight, + forked)\n%s", diff)
	}
}
