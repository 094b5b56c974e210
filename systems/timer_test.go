// Proves one-shot timers: a rapid state machine has nodes arm, re-arm and
// cancel timers, in ticks in which they are due too, crashes, stops, pauses and
// restarts nodes, and compares what fires with a model that keeps every envelope
// in a list. Beside the world under test runs one that is restored from its own
// snapshot every now and then: nothing may tell the two apart.
package systems

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

// What a message tells a node to do.
const (
	armPlain = iota
	armKeyed
	cancel
	armTwice // the same key, in one handler
	ops
)

// timerRig is a world whose nodes do what they are told, and note what fires.
type timerRig struct {
	*rig
	notes     tape
	do, timer ecs.Kind
	nodes     []ecs.Node
}

func newTimerRig(style string, batch int) *timerRig {
	r := &timerRig{rig: newRig(ecs.Config{BatchLength: batch, Seed: 9})}
	r.do, r.timer = r.World.Kind("do", 16), r.World.TimerKind("timer")
	var p ecs.ProgramID
	if style == "node" {
		p = AddNode(r.Set, Node[word]{Name: "p", On: []On[word]{
			{Kind: r.timer, Do: func(me *Me, _ *word, e *ecs.Envelope) { r.notes.note("%d %s %d", me.Tick(), me.Name(), e.A) }},
			{Kind: r.do, Do: func(me *Me, _ *word, e *ecs.Envelope) { r.obey(me, e) }},
		}})
	} else {
		p = r.Programs.Add(Program{Schema: ecs.Schema{Name: "p", State: word{}}, Act: r.columns})
	}
	r.nodes = r.World.Nodes(p, "n", 3)
	r.start(r.nodes...)
	r.run(0)
	return r
}

func order(op int, key uint64, d ecs.Nanoseconds) uint64 {
	return uint64(op) | key<<8 | uint64(d)<<16
}

func decode(a uint64) (op int, key uint64, d ecs.Nanoseconds) {
	return int(a & 255), a >> 8 & 255, ecs.Nanoseconds(a >> 16)
}

func (r *timerRig) obey(me *Me, e *ecs.Envelope) {
	switch op, key, d := decode(e.A); op {
	case armPlain:
		me.After(d, r.timer, e.B)
	case armKeyed:
		me.AfterKeyed(key, d, r.timer, e.B)
	case armTwice:
		me.AfterKeyed(key, d, r.timer, e.B)
		me.AfterKeyed(key, d/2, r.timer, e.B+1)
	case cancel:
		r.notes.note("%d %s cancel %v", me.Tick(), me.Name(), me.Cancel(key))
	}
}

// columns does the same as a program for columns.
func (r *timerRig) columns(b *ecs.Batch) {
	for i, e := range b.Envelopes {
		name := r.World.NodeName(e.To)
		if e.IsTimer() {
			if r.Timers.Fires(b, i) {
				r.notes.note("%d %s %d", b.Tick, name, e.A)
			}
			continue
		}
		switch op, key, d := decode(e.A); op {
		case armPlain:
			r.Timers.After(b, i, d, r.timer, e.B)
		case armKeyed:
			r.Timers.AfterKeyed(b, i, key, d, r.timer, e.B)
		case armTwice:
			r.Timers.AfterKeyed(b, i, key, d, r.timer, e.B)
			r.Timers.AfterKeyed(b, i, key, d/2, r.timer, e.B+1)
		case cancel:
			r.notes.note("%d %s cancel %v", b.Tick, name, r.Timers.Cancel(e.To, key))
		}
	}
}

// timerModel is every envelope in a list, in the order of sending.
type timerModel struct {
	now     ecs.Tick
	flight  []modelEvent
	held    []modelEvent
	nodes   [3]modelNode
	current map[[2]uint64]uint64 // (node, key) to the serial that counts
	fired   []string
}

type modelNode struct {
	status      ecs.Status
	incarnation int
}

type modelEvent struct {
	due         ecs.Tick
	node        int
	timer       bool
	keyed       bool
	key         uint64
	serial, a   uint64 // of a timer its serial; of a message what to do
	incarnation int
}

// step goes to a tick; actions are what happens in its input phase.
func (m *timerModel) step(t ecs.Tick, actions []input) {
	m.now = t
	for _, in := range actions {
		m.act(&in.action)
	}
	var due, later []modelEvent
	for _, e := range m.flight {
		if e.due == t {
			due = append(due, e)
		} else {
			later = append(later, e)
		}
	}
	m.flight = later
	var held []modelEvent
	for _, e := range m.held {
		n := m.nodes[e.node]
		switch {
		case e.incarnation != n.incarnation:
		case n.status == ecs.Paused:
			held = append(held, e)
		case n.status == ecs.Up:
			due = slices.Insert(due, len(m.released(due)), e)
		}
	}
	m.held = held
	for i := range due {
		due[i].due = t
		m.handle(due[i])
	}
}

// released returns those in front of a tick's list that waited: their due tick
// has passed.
func (m *timerModel) released(due []modelEvent) []modelEvent {
	i := 0
	for i < len(due) && due[i].due < m.now {
		i++
	}
	return due[:i]
}

func (m *timerModel) handle(e modelEvent) {
	n := &m.nodes[e.node]
	switch {
	case e.timer && e.incarnation != n.incarnation:
		return
	case n.status == ecs.Paused:
		e.incarnation = n.incarnation
		m.held = append(m.held, e)
		return
	case n.status != ecs.Up:
		return
	}
	k := [2]uint64{uint64(e.node), e.key}
	if e.timer {
		if e.keyed {
			if m.current[k] != e.serial {
				return
			}
			delete(m.current, k)
		}
		m.fired = append(m.fired, fmt.Sprintf("%d n[%d] %d", m.now, e.node, e.serial))
		return
	}
	op, key, d := decode(e.a)
	k[1] = key
	switch op {
	case armPlain:
		m.arm(e.node, d, modelEvent{serial: e.serial})
	case armKeyed:
		m.arm(e.node, d, modelEvent{serial: e.serial, keyed: true, key: key})
	case armTwice:
		m.arm(e.node, d, modelEvent{serial: e.serial, keyed: true, key: key})
		m.arm(e.node, d/2, modelEvent{serial: e.serial + 1, keyed: true, key: key})
	case cancel:
		_, ok := m.current[k]
		delete(m.current, k)
		m.fired = append(m.fired, fmt.Sprintf("%d n[%d] cancel %v", m.now, e.node, ok))
	}
}

func (m *timerModel) arm(node int, d ecs.Nanoseconds, e modelEvent) {
	e.due, e.node, e.timer, e.incarnation = m.now+max(1, ecs.Tick((d+ms-1)/ms)), node, true, m.nodes[node].incarnation
	if e.keyed {
		m.current[[2]uint64{uint64(node), e.key}] = e.serial
	}
	m.flight = append(m.flight, e)
}

func (m *timerModel) end(node int, s ecs.Status) {
	m.nodes[node].status = s
	maps.DeleteFunc(m.current, func(k [2]uint64, _ uint64) bool { return k[0] == uint64(node) })
}

func (m *timerModel) act(a *Action) {
	node := int(a.Target&(1<<24-1)) - 1
	n := &m.nodes[node]
	running := n.status == ecs.Up || n.status == ecs.Paused
	switch {
	case a.Verb == Message:
		m.flight = append(m.flight, modelEvent{due: m.now + 1, node: node, a: a.A, serial: a.B})
	case a.Verb == Pause && n.status == ecs.Up:
		n.status = ecs.Paused
	case a.Verb == Resume && n.status == ecs.Paused:
		n.status = ecs.Up
	case a.Verb == Stop && n.status == ecs.Up:
		m.end(node, ecs.Down)
	case a.Verb == Crash && running:
		m.end(node, ecs.Crashed)
	case a.Verb == Start && !running:
		n.status = ecs.Up
		n.incarnation++
	}
}

func newTimerModel() *timerModel {
	m := &timerModel{current: map[[2]uint64]uint64{}}
	for i := range m.nodes {
		m.nodes[i] = modelNode{ecs.Up, 1}
	}
	return m
}

func TestTimersFollowTheModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		style := rapid.SampledFrom([]string{"node", "columns"}).Draw(t, "style")
		batch := rapid.SampledFrom([]int{1, 2, 126}).Draw(t, "batch")
		r, rebuilt := newTimerRig(style, batch), newTimerRig(style, batch)
		m := newTimerModel()
		serial := uint64(0)
		var pending []input
		add := func(a Action) { pending = append(pending, input{r.World.Tick() + 1, a}) }
		target := func(t *rapid.T) ecs.Node { return rapid.SampledFrom(r.nodes).Draw(t, "node") }
		advance := func(t ecs.Tick) {
			m.step(t, pending)
			for _, x := range []*timerRig{r, rebuilt} {
				x.inputs = pending
				x.run(t)
			}
			pending = nil
		}
		t.Repeat(map[string]func(*rapid.T){
			"tell": func(t *rapid.T) {
				serial += 2
				d := ecs.Nanoseconds(rapid.OneOf(rapid.Int64Range(0, 3*int64(ms)), rapid.Just(int64(ms)), rapid.Int64Range(0, 300*int64(ms))).Draw(t, "after"))
				op := rapid.IntRange(0, ops-1).Draw(t, "op")
				add(Action{Verb: Message, Kind: r.do, Target: target(t), A: order(op, rapid.Uint64Range(0, 2).Draw(t, "key"), d), B: serial})
			},
			"fault": func(t *rapid.T) {
				if len(pending) == 0 { // one a tick, so that most timers get to fire
					add(Action{Verb: rapid.SampledFrom([]Verb{Crash, Stop, Start, Start, Pause, Resume, Resume}).Draw(t, "verb"), Target: target(t)})
				}
			},
			"tick": func(*rapid.T) { advance(r.World.Tick() + 1) },
			"wait": func(t *rapid.T) {
				for range rapid.IntRange(1, 100).Draw(t, "ticks") {
					advance(r.World.Tick() + 1)
				}
			},
			"rebuild": func(t *rapid.T) { rebuilt.restore(t, rebuilt.snapshot()) },
			"": func(t *rapid.T) {
				if diff := cmp.Diff(m.fired, r.notes.lines); diff != "" {
					t.Fatal(diff)
				}
				if got := r.Timers.index.used; got != len(m.current) {
					t.Fatalf("%d keys are known, want %d", got, len(m.current))
				}
				if a, b := r.sum(), rebuilt.sum(); a != b {
					t.Fatalf("straight: %s\nrebuilt:  %s", a, b)
				}
			},
		})
	})
}

// What comes of each timer is counted: fired, replaced, cancelled, or outlived.
func TestTimersAreCounted(t *testing.T) {
	for _, style := range []string{"node", "columns"} {
		r := newTimerRig(style, 126)
		for i, a := range []uint64{order(armKeyed, 1, 5*ms), order(armTwice, 1, 8*ms), order(armKeyed, 2, 6*ms), order(cancel, 2, 0), order(armPlain, 0, 9*ms), order(armPlain, 0, 20*ms)} {
			r.at(2, Action{Verb: Message, Kind: r.do, Target: r.nodes[0], A: a, B: uint64(10 * i)})
		}
		r.at(15, Action{Verb: Restart, Target: r.nodes[0]})
		r.run(30)
		if diff := cmp.Diff([]string{"3 n[0] cancel true", "7 n[0] 11", "12 n[0] 40"}, r.notes.lines); diff != "" {
			t.Errorf("%s: %s", style, diff)
		}
		c := r.World.Counts()
		if stale := c.Dropped[ecs.DroppedStale]; stale != 4 || c.Delivered != 6+2 {
			t.Errorf("%s: %d stale, %d delivered, want 4 and 8", style, stale, c.Delivered)
		}
	}
}

// Rows are used again: their number is that of the timers pending at a time.
func TestTimerRowsAreReused(t *testing.T) {
	r := newTimerRig("node", 126)
	for round := range uint64(100) {
		for key := range uint64(5) {
			r.at(r.World.Tick()+1, Action{Verb: Message, Kind: r.do, Target: r.nodes[key%3], A: order(int(armKeyed), key, ecs.Nanoseconds(round%4)*ms), B: round})
		}
		if round%10 == 9 {
			r.at(r.World.Tick()+3, Action{Verb: Restart, Target: r.nodes[1]})
		}
		r.run(r.World.Tick() + 10)
		r.inputs = nil
	}
	if n := r.Timers.rows.Len(); n != 5 {
		t.Errorf("5 timers at a time took %d rows", n)
	}
	if len(r.notes.lines) < 400 {
		t.Errorf("%d fired: the test tests little", len(r.notes.lines))
	}
}

// A timer that finds no room to wait frees its key, and its row after what was
// ahead of it has been handled, however the tick is split.
func TestTimerThatFindsNoRoom(t *testing.T) {
	want := ""
	for _, batch := range []int{126, 1} {
		r := newTimerRig("node", batch)
		r.Waiting.Limit(0)
		tell := func(t ecs.Tick, node, key int, d ecs.Tick) {
			r.at(t, Action{Verb: Message, Kind: r.do, Target: r.nodes[node], A: order(armKeyed, uint64(key), ecs.Nanoseconds(d)*ms), B: uint64(key)})
		}
		tell(3, 1, 1, 6) // comes to node 0 at 4, is due at 10
		tell(3, 0, 2, 90)
		tell(3, 0, 3, 6)
		r.at(8, Action{Verb: Pause, Target: r.nodes[0]})
		tell(9, 1, 4, 5) // arms at 10, between the two that are due
		r.run(12)
		if got := r.Timers.index.used; got != 2 {
			t.Errorf("%d keys are pending, want those of 90 ms and of 5 ms", got)
		}
		r.at(13, Action{Verb: Resume, Target: r.nodes[0]})
		tell(14, 0, 3, 2)
		r.run(20)
		if diff := cmp.Diff([]string{"10 n[1] 1", "15 n[1] 4", "17 n[0] 3"}, r.notes.lines); diff != "" {
			t.Error(diff)
		}
		if len(r.Deliver.lost) != 0 {
			t.Errorf("%d timers are still to be lost", len(r.Deliver.lost))
		}
		if want == "" {
			want = r.sum()
		}
		if got := r.sum(); got != want {
			t.Errorf("batches of %d: %s\nof 126:       %s", batch, got, want)
		}
	}
}

// The end of a node costs what it has, not what all have.
func TestForgettingIsCheap(t *testing.T) {
	r := newRig(ecs.Config{})
	const n = 50_000 // squared, it would take long
	for i := range uint64(n) {
		r.Timers.arm(ecs.Node(1+i), 0, ecs.EnvelopeID(i))
		r.Timers.arm(ecs.Node(1+i), 1, ecs.EnvelopeID(n+i))
	}
	for i := range ecs.Node(n) {
		r.Timers.forget(1 + i)
	}
	if r.Timers.index.used != 0 || r.Timers.heads.used != 0 {
		t.Errorf("%d keys and %d lists are left", r.Timers.index.used, r.Timers.heads.used)
	}
}
