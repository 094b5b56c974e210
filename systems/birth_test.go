// Proves that nodes are born and die at run time without a trace of who lay in
// a row before: a rapid state machine lets parents bear and bury, each row is
// used again, and the notes are compared with a model that knows nodes only.
package systems

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// family is a world in which nodes bear others, tick along and die.
type family struct {
	*rig
	notes            tape
	bear, die, timer ecs.Kind
	prog             ecs.ProgramID
	born             int
	model            []*relative
	expected         []string
}

// relative is a node as the model sees it.
type relative struct {
	node           ecs.Node
	name           string
	up             bool
	started, armed ecs.Tick
}

func newFamily() *family {
	f := &family{rig: newRig(ecs.Config{})}
	f.bear, f.die, f.timer = f.World.Kind("bear", 8), f.World.Kind("die", 8), f.World.TimerKind("timer")
	f.prog = AddNode(f.Set, Node[word]{
		Name: "p",
		Start: func(me *Me, s *word) {
			f.notes.note("%d %s start %d", me.Tick(), me.Name(), s.V)
			s.V++
			me.AfterKeyed(1, 7*ms, f.timer, 0)
		},
		Stop: func(me *Me, s *word) { f.notes.note("%d %s stop", me.Tick(), me.Name()) },
		On: []On[word]{
			{Kind: f.bear, Do: func(me *Me, _ *word, e *ecs.Envelope) { me.Bear(f.prog, fmt.Sprint("n", e.A)) }},
			{Kind: f.die, Do: func(me *Me, _ *word, _ *ecs.Envelope) { me.Die(0) }},
			{Kind: f.timer, Do: func(me *Me, _ *word, _ *ecs.Envelope) { f.notes.note("%d %s timer", me.Tick(), me.Name()) }},
		},
		Every: []EveryNode[word]{{Name: "beat", Period: 3 * ms, Do: func(me *Me, s *word) {
			f.notes.note("%d %s beat", me.Tick(), me.Name())
		}}},
	})
	root := f.World.Node(f.prog, "n0")
	f.model = []*relative{{node: root, name: "n0"}}
	f.start(root)
	f.step(nil)
	return f
}

// step runs one tick and the model beside it; act is what messages that are
// due do, in their order.
func (f *family) step(act func(t ecs.Tick)) {
	t := f.World.Tick() + 1
	if act != nil {
		act(t)
	}
	for _, n := range f.model {
		if !n.up && n.started == 0 {
			n.up, n.started, n.armed = true, t, t
			f.expected = append(f.expected, fmt.Sprintf("%d %s start 0", t, n.name))
		} else if n.up && t == n.armed+7 {
			f.expected = append(f.expected, fmt.Sprintf("%d %s timer", t, n.name))
		}
	}
	for _, n := range f.model {
		if n.up && t > n.started && (t-n.started)%3 == 0 {
			f.expected = append(f.expected, fmt.Sprintf("%d %s beat", t, n.name))
		}
	}
	f.tick(t) // though nothing may be due: a burial in between is no event of its own
}

// send has a message for a member come due in the next tick but one, and runs
// until then.
func (f *family) send(kind ecs.Kind, to *relative, a uint64) {
	f.at(f.World.Tick()+1, Action{Verb: Message, Kind: kind, Target: to.node, A: a})
	f.inputs = f.inputs[len(f.inputs)-1:]
}

func (f *family) check(t *rapid.T) {
	// Envelopes go by the order of sending, the model by that of nodes.
	if diff := cmp.Diff(counts(f.expected), counts(f.notes.take())); diff != "" {
		t.Fatalf("tick %d: %s", f.World.Tick(), diff)
	}
	f.expected = nil
	if got := f.World.LiveNodes(); got != len(f.model) {
		t.Fatalf("%d nodes live, want %d", got, len(f.model))
	}
}

func counts(lines []string) map[string]int {
	m := map[string]int{}
	for _, l := range lines {
		m[l]++
	}
	return m
}

func TestBirthsAndDeaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := newFamily()
		remove := func(n *relative) {
			kept := f.model[:0]
			for _, m := range f.model {
				if m != n {
					kept = append(kept, m)
				}
			}
			f.model = kept
		}
		f.check(t)
		pick := func(t *rapid.T) *relative { return rapid.SampledFrom(f.model).Draw(t, "node") }
		t.Repeat(map[string]func(*rapid.T){
			"bear": func(t *rapid.T) {
				if len(f.model) == 0 {
					return
				}
				parent := pick(t)
				f.born++
				f.send(f.bear, parent, uint64(f.born))
				f.step(nil)
				f.check(t)
				f.step(nil)
				child, ok := f.World.NodeNamed(fmt.Sprint("n", f.born))
				if !ok {
					t.Fatal("no child was born")
				}
				f.model = append(f.model, &relative{node: child, name: fmt.Sprint("n", f.born)})
			},
			"die": func(t *rapid.T) {
				if len(f.model) == 0 {
					return
				}
				n := pick(t)
				f.send(f.die, n, 0)
				f.step(nil)
				f.check(t)
				f.step(func(ecs.Tick) {
					// A timer of this tick was sent before the message.
					if f.World.Tick()+1 == n.armed+7 {
						f.expected = append(f.expected, fmt.Sprintf("%d %s timer", f.World.Tick()+1, n.name))
					}
					remove(n)
				})
				f.expected = append(f.expected, fmt.Sprintf("%d %s stop", f.World.Tick(), n.name))
			},
			"bury": func(t *rapid.T) {
				if len(f.model) == 0 {
					return
				}
				n := pick(t)
				f.Lifecycle.Bury(n.node)
				f.Lifecycle.Bury(n.node)
				f.Lifecycle.Start(n.node)
				remove(n)
				f.step(nil)
			},
			"restore": func(t *rapid.T) {
				s := f.snapshot()
				f.tick(f.World.Tick() + 1)
				f.notes.take()
				f.restore(t, s)
				f.step(nil)
			},
			"step": func(*rapid.T) { f.step(nil) },
			"":     f.check,
		})
	})
}

// A node that is buried while it is paused, or with timers and messages due,
// leaves nothing that finds its successor.
func TestBuryTakesAll(t *testing.T) {
	f := newFamily()
	n := f.model[0]
	f.send(f.bear, n, 1)
	f.Lifecycle.Pause(n.node)
	f.run(4)
	f.notes.take()
	if f.Waiting.Len() != 1 {
		t.Fatalf("%d envelopes wait, want 1", f.Waiting.Len())
	}
	f.Lifecycle.Bury(n.node)
	f.World.Begin(5)
	f.Deliver.Act()
	f.Lifecycle.Settle()
	f.Recurring.Settle()
	f.World.Bear(f.prog, "heir")
	f.World.Structure()
	heir, _ := f.World.NodeNamed("heir")
	if row, _ := f.World.Row(heir); row != 0 || f.Waiting.Len() != 0 {
		t.Fatalf("the heir lies at row %d, and %d envelopes wait", row, f.Waiting.Len())
	}
	f.run(7)
	f.start(heir)
	f.run(16)
	want := []string{"8 heir start 0", "11 heir beat", "14 heir beat", "15 heir timer"}
	if diff := cmp.Diff(want, f.notes.take()); diff != "" {
		t.Error(diff)
	}
}

// Die and Exit from columns end at the end of the act phase.
func TestDieFromColumns(t *testing.T) {
	r := newRig(ecs.Config{})
	k := r.World.Kind("k", 8)
	heard := 0
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}, Act: func(b *ecs.Batch) {
		for _, e := range b.Envelopes {
			heard++
			r.Lifecycle.Die(e.To, 0)
		}
	}})
	n := r.World.Nodes(p, "n", 2)
	r.start(n...)
	r.at(1, Action{Verb: Message, Target: n[0], Kind: k}, Action{Verb: Message, Target: n[0], Kind: k})
	r.at(2, Action{Verb: Message, Target: n[0], Kind: k})
	r.run(5)
	if heard != 2 || r.World.LiveNodes() != 1 || r.World.Counts().Dropped[ecs.DroppedGone] != 1 {
		t.Errorf("heard %d, %d live, counts %+v", heard, r.World.LiveNodes(), *r.World.Counts())
	}
}
