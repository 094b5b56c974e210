// Proves recurring timers: a rapid state machine starts, stops, crashes, pauses
// and resumes nodes of two programs, some of which exit from inside, and
// compares what fires, in order, with a model that keeps each node's start and
// tries every node in every tick. Beside the world under test runs one that is
// restored from its own snapshot every now and then.
package systems

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// beats are the programs' periods, and those in ticks: rounded up.
var beats = [2][]struct {
	period ecs.Nanoseconds
	ticks  ecs.Tick
}{
	{{3 * ms, 3}, {2*ms + 1, 3}, {5 * ms, 5}},
	{{1, 1}, {100 * ms, 100}},
}

const perProgram = 4

// beatRig is a world of two programs whose nodes note their beats.
type beatRig struct {
	*rig
	notes tape
	leave ecs.Kind
	nodes []ecs.Node // by program
}

func newBeatRig(batch int) *beatRig {
	r := &beatRig{rig: newRig(ecs.Config{BatchLength: batch})}
	r.leave = r.World.Kind("leave", 8)
	for i, entries := range beats {
		n := Node[word]{Name: fmt.Sprint("p", i), On: []On[word]{{Kind: r.leave, Do: func(me *Me, s *word, e *ecs.Envelope) {
			if s.V = e.A; s.V == 0 {
				me.Exit(0) // now; else at the next beat of entry V-1
			}
		}}}}
		for k, e := range entries {
			n.Every = append(n.Every, EveryNode[word]{Name: fmt.Sprint("e", k), Period: e.period, Do: func(me *Me, s *word) {
				r.notes.note("%d %s e%d", me.Tick(), me.Name(), k)
				if s.V == uint64(k)+1 {
					s.V = 0
					me.Exit(0)
				}
			}})
		}
		r.nodes = append(r.nodes, r.World.Nodes(AddNode(r.Set, n), fmt.Sprint("p", i, "n"), perProgram)...)
	}
	return r
}

// beatModel is each node's life.
type beatModel struct {
	now   ecs.Tick
	nodes [2 * perProgram]struct {
		status  ecs.Status
		started ecs.Tick
		leaves  uint64
	}
	told  []input // messages that are due in the next tick
	fired []string
}

func (m *beatModel) step(t ecs.Tick, actions []input, index func(ecs.Node) int) {
	m.now = t
	told := m.told
	m.told = nil
	for _, in := range actions {
		i := index(in.action.Target)
		n := &m.nodes[i]
		running := n.status == ecs.Up || n.status == ecs.Paused
		switch verb := in.action.Verb; {
		case verb == Message:
			m.told = append(m.told, in)
		case verb == Start && !running:
			n.status, n.started = ecs.Up, t
		case verb == Restart:
			n.status, n.started = ecs.Up, t
			if running {
				n.leaves = 0
			}
		case verb == Crash && running:
			n.status, n.leaves = ecs.Crashed, 0
		case verb == Stop && n.status == ecs.Up:
			n.status = ecs.Down
		case verb == Pause && n.status == ecs.Up:
			n.status = ecs.Paused
		case verb == Resume && n.status == ecs.Paused:
			n.status = ecs.Up
		}
	}
	for _, in := range told {
		if n := &m.nodes[index(in.action.Target)]; n.status == ecs.Up {
			if n.leaves = in.action.A; n.leaves == 0 {
				n.status = ecs.Down
			}
		}
	}
	m.beat()
}

func (m *beatModel) beat() {
	for p, entries := range beats {
		for k, e := range entries {
			for i := range perProgram {
				n := &m.nodes[p*perProgram+i]
				if n.status != ecs.Up || m.now <= n.started || (m.now-n.started)%e.ticks != 0 {
					continue
				}
				m.fired = append(m.fired, fmt.Sprintf("%d p%dn[%d] e%d", m.now, p, i, k))
				if n.leaves == uint64(k)+1 {
					n.leaves, n.status = 0, ecs.Down
				}
			}
		}
	}
}

func TestRecurringFollowsTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batch := rapid.SampledFrom([]int{1, 3, 126}).Draw(t, "batch")
		r, rebuilt := newBeatRig(batch), newBeatRig(batch)
		index := func(n ecs.Node) int { return slices.Index(r.nodes, n) }
		var m beatModel
		var pending []input
		advance := func() {
			to := r.World.Tick() + 1
			m.step(to, pending, index)
			for _, x := range []*beatRig{r, rebuilt} {
				x.inputs = pending
				x.run(to)
			}
			pending = nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"act": func(t *rapid.T) {
				// Pausing nodes get no messages here: what waits is proven elsewhere.
				i := rapid.IntRange(0, len(r.nodes)-1).Draw(t, "node")
				verb := rapid.SampledFrom([]Verb{Start, Start, Start, Restart, Crash, Stop, Pause, Resume, Message}).Draw(t, "verb")
				if verb == Message && m.nodes[i].status != ecs.Up || verb == Pause && len(m.told) > 0 {
					return
				}
				if slices.ContainsFunc(pending, func(in input) bool {
					return in.action.Verb == Message || verb == Message && in.action.Verb == Pause
				}) {
					return
				}
				pending = append(pending, input{r.World.Tick() + 1, Action{Verb: verb, Kind: r.leave, Target: r.nodes[i], A: rapid.Uint64Range(0, 3).Draw(t, "leave")}})
			},
			"tick": func(*rapid.T) { advance() },
			"wait": func(t *rapid.T) {
				for range rapid.IntRange(1, 40).Draw(t, "ticks") {
					advance()
				}
			},
			"rebuild": func(t *rapid.T) { rebuilt.restore(t, rebuilt.snapshot()) },
			"": func(t *rapid.T) {
				if diff := cmp.Diff(m.fired, r.notes.lines); diff != "" {
					t.Fatal(diff)
				}
				if a, b := r.sum(), rebuilt.sum(); a != b || r.Recurring.Next() != rebuilt.Recurring.Next() {
					t.Fatalf("straight: %s, next %d\nrebuilt:  %s, next %d", a, r.Recurring.Next(), b, rebuilt.Recurring.Next())
				}
			},
		})
	})
}

// Ticks in which no cohort has a timer due are skipped.
func TestRecurringSkipsIdleTicks(t *testing.T) {
	r := newRig(ecs.Config{})
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}, Every: []Every{{Name: "e", Period: 100 * ms, Act: func(*ecs.Batch) {}}}})
	n := r.World.Nodes(p, "n", 2)
	r.start(n[0])
	r.at(30, Action{Verb: Start, Target: n[1]})
	r.at(250, Action{Verb: Stop, Target: n[0]})
	r.run(500)
	want := []ecs.Tick{0, 30, 100, 130, 200, 230, 250, 330, 430}
	if diff := cmp.Diff(want, r.seen); diff != "" {
		t.Error(diff)
	}
}

// A node that is started before the first tick beats from there on.
func TestStartBeforeTheFirstTick(t *testing.T) {
	r := newBeatRig(126)
	r.Lifecycle.Start(r.nodes[0])
	r.run(5)
	if diff := cmp.Diff([]string{"2 p0n[0] e0", "2 p0n[0] e1", "4 p0n[0] e2", "5 p0n[0] e0", "5 p0n[0] e1"}, r.notes.lines); diff != "" {
		t.Error(diff)
	}
}

// Many nodes that start, in any order, and a few that restart later, must not
// cost the square of their number: this would take hours.
func TestManyNodesStart(t *testing.T) {
	const n = 200_000
	r := newRig(ecs.Config{})
	fired := 0
	var last ecs.Node
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}, Every: []Every{{Name: "e", Period: 50 * ms, Act: func(b *ecs.Batch) {
		for i := range b.Rows {
			if node := b.Node(i); node <= last {
				t.Fatalf("%s fires after %s", r.World.NodeName(node), r.World.NodeName(last))
			} else {
				last = node
			}
		}
		fired += b.Len()
	}}}})
	nodes := r.World.Nodes(p, "n", n)
	s := random.NewKey(1, "order").At(0, 0)
	s.Shuffle(n, func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	r.start(nodes...)
	r.run(0)
	for k := range ecs.Tick(20) {
		r.at(1+k, Action{Verb: Restart, Target: nodes[k]})
	}
	for t := ecs.Tick(1); t <= 100; t++ {
		last = 0
		r.run(t)
	}
	if want := 2*n - 20; fired != want {
		t.Errorf("%d beats, want %d", fired, want)
	}
}
