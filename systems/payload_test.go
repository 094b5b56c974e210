// Proves that payloads of bytes are freed whatever becomes of their envelope,
// and that a change to one holder's does not show in another's.
//
// The slab's blocks cannot be counted from here. But a snapshot's size can, and
// a block that is not freed makes the slab grow: each fate is repeated until
// all memory in use has been seen, then many times more, and the snapshot must
// not have grown.
package systems

import (
	"bytes"
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/ecs/random"
)

// blob is a payload that takes a block of its own size.
var blob = bytes.Repeat([]byte{0xa5}, 1000)

// fateRig is a world in which envelopes with bytes meet their end.
type fateRig struct {
	*rig
	kind  ecs.Kind // asks a to send a blob
	prog  ecs.ProgramID
	a, b  ecs.Node
	group ecs.Node
}

// post asks a for blobs to b or to the group, in the next tick; a sends them in
// the one after.
func (r *fateRig) post(to ...ecs.Node) {
	for _, n := range to {
		r.at(r.World.Tick()+1, Action{Verb: Message, Kind: r.kind, Target: r.a, A: uint64(n)})
	}
}

// after has an action take effect some ticks on.
func (r *fateRig) after(d ecs.Tick, verb Verb, n ecs.Node) {
	r.at(r.World.Tick()+d, Action{Verb: verb, Target: n, Other: r.a, Down: 10 * ms, InFlight: verb == CutOff})
}

// settle runs until all is come.
func (r *fateRig) settle() { r.run(r.World.Tick() + 20) }

func newFateRig(l Link) *fateRig {
	r := &fateRig{rig: newRig(ecs.Config{Seed: 3})}
	r.kind = r.World.Kind("k", 8)
	blobs := r.World.Kind("blob", 0)
	r.prog = AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{
		{Kind: r.kind, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.SendBytes(ecs.Node(e.A), blobs, blob) }},
		{Kind: blobs, Do: func(me *Me, s *word, e *ecs.Envelope) {
			if s.V++; s.V%2 == 0 {
				me.Exit(0)
			}
		}},
	}})
	r.a, r.b = r.World.Node(r.prog, "a"), r.World.Node(r.prog, "b")
	r.group = r.World.Group("g", []ecs.Node{r.a, r.b, r.World.Node(r.prog, "c")})
	r.Links.Network(r.World.Members(r.group), l)
	r.start(r.group)
	r.run(0)
	return r
}

// fates are the ends; round lets a few envelopes meet one, and leaves all nodes
// up.
var fates = []struct {
	name  string
	cause ecs.Cause // Causes: none is dropped
	link  Link
	round func(r *fateRig)
}{
	{"delivered", ecs.Causes, Link{}, func(r *fateRig) { r.post(r.b) }},
	{"refused after an exit", ecs.DroppedDown, Link{}, func(r *fateRig) { r.post(r.b, r.b, r.b) }},
	{"lost", ecs.DroppedLoss, Link{Loss: random.Always}, func(r *fateRig) { r.post(r.b) }},
	{"twice, one corrupt", ecs.Causes, Link{Duplicate: random.Always, Corrupt: ratio(1, 2)}, func(r *fateRig) { r.post(r.b) }},
	{"queue", ecs.DroppedQueue, Link{Bandwidth: 1_000_000, Queue: 1}, func(r *fateRig) { r.post(r.group) }},
	{"cut", ecs.DroppedCut, Link{}, func(r *fateRig) {
		r.post(r.b)
		r.after(2, CutOff, r.b)
		r.after(3, Heal, 0)
	}},
	{"cut in flight", ecs.DroppedCut, Link{Latency: 5 * ms}, func(r *fateRig) {
		r.post(r.b)
		r.after(4, CutOff, r.b)
		r.after(5, Heal, 0)
	}},
	{"down", ecs.DroppedDown, Link{Latency: 5 * ms}, func(r *fateRig) {
		r.post(r.b)
		r.after(4, Crash, r.b)
	}},
	{"held too many", ecs.DroppedHeld, Link{}, func(r *fateRig) {
		r.Waiting.Limit(1)
		r.post(r.b, r.b, r.b)
		r.after(2, Pause, r.b)
		r.after(9, Resume, r.b)
	}},
	{"held and dropped", ecs.DroppedDown, Link{}, func(r *fateRig) {
		r.post(r.b)
		r.after(2, Pause, r.b)
		r.after(9, Restart, r.b)
	}},
	{"gone", ecs.DroppedGone, Link{}, func(r *fateRig) {
		n := r.World.Bear(r.prog, "mayfly")
		r.World.Structure()
		r.Links.Connect(r.a, n, Link{Latency: 5 * ms})
		r.post(n)
		r.run(r.World.Tick() + 3)
		r.Lifecycle.Bury(n)
		r.World.Structure()
	}},
	{"to a group", ecs.Causes, Link{Jitter: 3 * ms}, func(r *fateRig) { r.post(r.group) }},
}

func TestPayloadsAreFreed(t *testing.T) {
	for _, f := range fates {
		t.Run(f.name, func(t *testing.T) {
			r := newFateRig(f.link)
			rounds := func(n int) int {
				for range n {
					r.inputs = r.inputs[:0]
					f.round(r)
					r.settle()
					r.start(r.group)
					r.settle()
				}
				if n := r.World.InFlight() + r.Waiting.Len(); n > 0 {
					t.Fatalf("%d envelopes are not settled", n)
				}
				return payloadBytes(r)
			}
			warm := rounds(20)
			// A birth takes a few bytes for good, for the numbers of nodes.
			if got := rounds(200); got >= warm+len(blob) {
				t.Errorf("payloads take %d bytes after 20 rounds, %d after 220", warm, got)
			}
			if f.cause != ecs.Causes && r.World.Counts().Dropped[f.cause] < 200 {
				t.Errorf("dropped are %v, of which few are %v: the test tests nothing", r.World.Counts().Dropped, f.cause)
			}
		})
	}
}

// payloadBytes is the size of the slab: what a snapshot holds beside the rest.
func payloadBytes(r *fateRig) int {
	s := r.snapshot()
	n := s.Bytes()
	for _, t := range r.World.Tables() {
		n -= len(t.Bytes())
	}
	return n
}

// One bit of one copy is flipped: the others, and a twin, hold what was sent.
func TestCorruptionIsOfOneHolderOnly(t *testing.T) {
	rig := newRig(ecs.Config{Seed: 1})
	blobs := rig.World.Kind("blob", 0)
	nodes := rig.World.Nodes(rig.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}}), "n", 5)
	rig.Links.Connect(nodes[0], nodes[1], Link{Corrupt: random.Always})
	rig.Links.Connect(nodes[0], nodes[2], Link{Corrupt: random.Always, Duplicate: random.Always})
	rig.Links.Connect(nodes[0], nodes[3], Link{})
	rig.Links.Connect(nodes[0], nodes[4], Link{Duplicate: random.Always})
	rig.World.Begin(0)
	first := rig.from(nodes[0], nodes[1], blobs, "m")
	rig.World.WithBytes(&first, blob)
	for i, to := range nodes[1:] {
		e := rig.World.Twin(&first)
		if i == 3 {
			e = first
		}
		e.To = to
		rig.Links.send(&e, 0)
	}
	want := map[ecs.Node][]int{nodes[1]: {1}, nodes[2]: {1, 1}, nodes[3]: {0}, nodes[4]: {0, 0}}
	got := map[ecs.Node][]int{}
	for _, p := range rig.inFlight() {
		got[p.To] = append(got[p.To], differ(p.Payload, fmt.Sprintf("%x", blob)))
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("bits flipped are %v, want %v", got, want)
	}
}
