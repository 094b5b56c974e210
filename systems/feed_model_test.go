// Proves feeds by a model that is nothing but lists: what nodes of a drawn world
// do is written in a plan, which both carry out, with crashes, pauses, cuts and
// links; each subscriber must be given the same values in the same ticks.
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

// lastAct is the tick after which a plan does nothing.
const lastAct ecs.Tick = 60

var (
	studioFeeds = []string{"a", "b/x", "b/y/z", "m"}
	studioSubs  = []Subscription{
		{Name: "a"}, {Name: "b/*", Keep: 3}, {Name: "b/**", Every: 5 * ms},
		{Name: "b/x", Keep: 2, Every: 4 * ms}, {Name: "m"}, {Name: "*", Keep: 2, Every: 20 * ms},
	}
	studioWays = []struct {
		pattern string
		way     Way
	}{
		{"b/*", Way{Latency: 3 * ms}},
		{"b/**", Way{Latency: 2 * ms, Jitter: 4 * ms, Loss: ratio(1, 8)}},
		{"m", Way{Latency: ms, Latched: true}},
	}
)

const (
	opPublish = iota
	opSubscribe
	opUnsubscribe
)

type feedOp struct {
	node     int // 0 to 3 of program p, 4 and 5 of q
	op, what int
	value    uint64
}

// studioPlan is a drawn world.
type studioPlan struct {
	seed    uint64
	batch   int
	from    int // how many of studioSubs are subscribed to from the start
	ops     map[ecs.Tick][]feedOp
	links   map[[2]int]Link
	faults  []input
	unheard bool // an unrelated node is there
}

func studioNode(i int) ecs.Node {
	if i < 4 {
		return ecs.Node(1<<24 + 1 + i)
	}
	return ecs.Node(2<<24 + 1 + i - 4)
}

func drawStudio(t *rapid.T) studioPlan {
	p := studioPlan{
		seed: rapid.Uint64().Draw(t, "seed"), batch: rapid.SampledFrom([]int{1, 3, 126}).Draw(t, "batch"),
		from: rapid.IntRange(0, len(studioSubs)).Draw(t, "from"), ops: map[ecs.Tick][]feedOp{}, links: map[[2]int]Link{},
	}
	tick := func(what string) ecs.Tick { return ecs.Tick(rapid.IntRange(1, int(lastAct)).Draw(t, what)) }
	node := func(what string) int { return rapid.IntRange(0, 5).Draw(t, what) }
	for i := range rapid.IntRange(0, 60).Draw(t, "ops") {
		op := feedOp{node: node("node"), op: rapid.SampledFrom([]int{0, 0, 0, 0, 1, 2}).Draw(t, "op"), value: uint64(i) + 1}
		op.what = rapid.IntRange(0, len(studioFeeds)-1).Draw(t, "feed")
		if op.op != opPublish {
			op.what = rapid.IntRange(0, len(studioSubs)-1).Draw(t, "name")
		}
		at := tick("at")
		p.ops[at] = append(p.ops[at], op)
	}
	for range rapid.IntRange(0, 5).Draw(t, "links") {
		a, b := node("a"), node("b")
		if a != b {
			p.links[[2]int{a, b}] = Link{OneWay: true, Latency: ecs.Nanoseconds(rapid.IntRange(0, 5).Draw(t, "latency")) * ms, Jitter: 2 * ms, Loss: ratio(1, 10)}
		}
	}
	for range rapid.IntRange(0, 6).Draw(t, "faults") {
		at, n := tick("when"), studioNode(node("victim"))
		switch rapid.IntRange(0, 3).Draw(t, "fault") {
		case 0:
			p.faults = append(p.faults, input{at, Action{Verb: Restart, Target: n}})
		case 1:
			p.faults = append(p.faults, input{at, Action{Verb: Pause, Target: n}}, input{at + tick("for"), Action{Verb: Resume, Target: n}})
		case 2:
			p.faults = append(p.faults, input{at, Action{Verb: Crash, Target: n}})
		case 3:
			if other := studioNode(node("other")); other != n {
				p.faults = append(p.faults, input{at, Action{Verb: CutOff, Target: n, Other: other, InFlight: rapid.Bool().Draw(t, "in flight")}}, input{at + 20, Action{Verb: Heal}})
			}
		}
	}
	slices.SortStableFunc(p.faults, func(a, b input) int { return int(a.tick - b.tick) })
	return p
}

// studio is the world of a plan.
type studio struct {
	*rig
	lines []string // what came to whom
	sent  map[ecs.EnvelopeID]bool
	ids   map[uint64]ecs.EnvelopeID // of what was published, by value
}

func (p studioPlan) build() *studio {
	s := &studio{rig: newRig(ecs.Config{Seed: p.seed, BatchLength: p.batch}), ids: map[uint64]ecs.EnvelopeID{}, sent: map[ecs.EnvelopeID]bool{}}
	for _, w := range studioWays {
		s.Feeds.Way(w.pattern, w.way)
	}
	feeds := make([]Feed, len(studioFeeds))
	for i, name := range studioFeeds {
		feeds[i] = s.Feeds.Declare(name)
	}
	for i, name := range []string{"p", "q"} {
		n := Node[word]{Name: name, Every: []EveryNode[word]{{Name: "work", Period: ms, Do: func(me *Me, _ *word) {
			for _, op := range p.ops[me.Tick()] {
				if studioNode(op.node) != me.Self() {
					continue
				}
				switch op.op {
				case opPublish:
					s.ids[op.value] = me.b.NextID(me.b.At)
					me.Publish(feeds[op.what], op.value)
				case opSubscribe:
					me.Subscribe(studioSubs[op.what].Name)
				case opUnsubscribe:
					me.Unsubscribe(studioSubs[op.what].Name)
				}
			}
		}}}}
		for k, x := range studioSubs {
			n.Subscribes = append(n.Subscribes, Subscribe[word]{Name: x.Name, Keep: x.Keep, Every: x.Every, Later: k >= p.from, Do: func(me *Me, w *word, v *Value) {
				id := me.b.ID(me.b.At)
				if s.sent[id] {
					s.lines = append(s.lines, fmt.Sprintf("%x came twice", uint64(id)))
				}
				s.sent[id] = true
				w.V = w.V*31 + v.A
				s.lines = append(s.lines, fmt.Sprintf("%s %s: %d %s %d of %s", me.Name(), x.Name, me.Tick(), s.Feeds.Name(v.Feed), v.A, me.World().NodeName(v.From)))
			}})
		}
		s.World.Nodes(AddNode(s.Set, n), name, []int{4, 2}[i])
	}
	if p.unheard {
		n := Node[word]{Name: "zzz"}
		for _, x := range studioSubs {
			n.Subscribes = append(n.Subscribes, Subscribe[word]{Name: x.Name, Do: func(*Me, *word, *Value) {}})
		}
		s.start(s.World.Node(AddNode(s.Set, n), "zzz"))
	}
	for a := range 6 {
		for b := range 6 {
			if l, ok := p.links[[2]int{a, b}]; ok {
				s.Links.Connect(studioNode(a), studioNode(b), l)
			}
		}
	}
	for i := range 6 {
		s.start(studioNode(i))
	}
	s.inputs = slices.Clone(p.faults)
	return s
}

// quieten resumes and heals all, so that what waits is given out.
func (s *studio) quieten() {
	for i := range 6 {
		s.at(2*lastAct+2, Action{Verb: Resume, Target: studioNode(i)})
	}
	s.run(2*lastAct + 100)
}

// The model.

type feedValue struct {
	feed  string
	value uint64
	from  int
}

type feedSub struct {
	Subscription
	node       int
	ended      bool
	next, wake map[string]ecs.Tick // of each feed
	queue      []feedValue         // in the order in which they came
}

// take takes the oldest value of a feed that waits; it is false if none does.
func (x *feedSub) take(feed string) (v feedValue, ok bool) {
	for i, v := range x.queue {
		if v.feed == feed {
			x.queue = slices.Delete(x.queue, i, i+1)
			return v, true
		}
	}
	return v, false
}

// waiting counts what waits of a feed.
func (x *feedSub) waiting(feed string) (n int) {
	for _, v := range x.queue {
		if v.feed == feed {
			n++
		}
	}
	return n
}

type feedEvent struct {
	value feedValue // of a wake, its feed alone
	subs  []*feedSub
	wake  bool
}

type feedNode struct {
	up, paused bool
	started    ecs.Tick
	subs       []*feedSub
}

type feedLast struct {
	feedValue
	id ecs.EnvelopeID
}

type feedModel struct {
	plan    studioPlan
	world   *ecs.World // for names and keys of draws
	ids     map[uint64]ecs.EnvelopeID
	now     ecs.Tick
	nodes   [6]feedNode
	view    []*feedSub
	joined  []*feedSub
	events  map[ecs.Tick][]*feedEvent
	cuts    map[[2]int]bool
	last    []feedLast // of m, the only latched feed: one a publisher, as they came
	resumed []int
	lines   []string
}

func (m *feedModel) subscribe(node int, s Subscription) {
	for _, x := range m.nodes[node].subs {
		if x.Name == s.Name {
			return // the same again
		}
	}
	s.Keep = max(1, s.Keep)
	x := &feedSub{Subscription: s, node: node, next: map[string]ecs.Tick{}, wake: map[string]ecs.Tick{}}
	m.nodes[node].subs = append(m.nodes[node].subs, x)
	m.joined = append(m.joined, x)
}

func (m *feedModel) crash(node int) {
	n := &m.nodes[node]
	if !n.up {
		return
	}
	for _, x := range n.subs {
		x.ended = true
	}
	m.forget(node)
	n.up, n.paused, n.subs = false, false, nil
}

// forget forgets what a node published last.
func (m *feedModel) forget(node int) {
	m.last = slices.DeleteFunc(m.last, func(x feedLast) bool { return x.from == node })
}

func (m *feedModel) start(node int) {
	n := &m.nodes[node]
	if n.up {
		return
	}
	n.up, n.started = true, m.now
	for _, s := range studioSubs[:m.plan.from] {
		m.subscribe(node, s)
	}
}

func (m *feedModel) indexOf(n ecs.Node) int {
	for i := range 6 {
		if studioNode(i) == n {
			return i
		}
	}
	panic("no such node")
}

func (m *feedModel) input(a *Action) {
	if a.Verb == Heal {
		clear(m.cuts)
		return
	}
	i := m.indexOf(a.Target)
	n := &m.nodes[i]
	switch a.Verb {
	case Crash:
		m.crash(i)
	case Restart:
		m.crash(i)
		m.start(i)
	case Pause:
		n.paused = n.up
	case Resume:
		if n.paused {
			n.paused = false
			m.resumed = append(m.resumed, i)
		}
	case CutOff:
		j := m.indexOf(a.Other)
		m.cuts[[2]int{i, j}], m.cuts[[2]int{j, i}] = true, true
		for _, list := range m.events {
			for _, e := range list {
				e.subs = slices.DeleteFunc(e.subs, func(x *feedSub) bool {
					return a.InFlight && !e.wake && (e.value.from == i && x.node == j || e.value.from == j && x.node == i)
				})
			}
		}
	}
}

// settle brings joins and ends into view.
func (m *feedModel) settle() {
	m.view = append(m.view, m.joined...)
	m.view = slices.DeleteFunc(m.view, func(x *feedSub) bool { return x.ended })
	for _, x := range m.joined {
		if x.ended || !matches(x.Name, "m") {
			continue
		}
		for _, last := range m.last {
			m.send(last.feedValue, ecs.EnvelopeID(random.Mix(uint64(last.id)^uint64(m.now))>>12), []*feedSub{x})
		}
	}
	m.joined = nil
}

// send decides for each subscriber by itself.
func (m *feedModel) send(v feedValue, id ecs.EnvelopeID, subs []*feedSub) {
	at := map[ecs.Tick][]*feedSub{}
	for _, x := range subs {
		if due := m.due(v, id, x); due > 0 {
			at[due] = append(at[due], x)
		}
	}
	for due, list := range at {
		slices.SortStableFunc(list, func(a, b *feedSub) int { return a.node - b.node })
		m.events[due] = append(m.events[due], &feedEvent{value: v, subs: list})
	}
}

// due returns when a value comes to a subscriber; 0: never.
func (m *feedModel) due(v feedValue, id ecs.EnvelopeID, x *feedSub) ecs.Tick {
	if x.node == v.from {
		return m.now + 1
	}
	if m.cuts[[2]int{v.from, x.node}] {
		return 0
	}
	how, linked := m.plan.links[[2]int{v.from, x.node}]
	if !linked {
		for _, w := range slices.Backward(studioWays) {
			if matches(w.pattern, v.feed) {
				how = Link{Latency: w.way.Latency, Jitter: w.way.Jitter, Loss: w.way.Loss}
			}
		}
	}
	w := m.world
	key := uint64(id) ^ w.Life(studioNode(v.from)).Name ^ random.Mix(w.Life(studioNode(x.node)).Name)
	draws := w.Key(w.Stream("link/loss")).At(int64(m.now), key)
	if draws.Chance(how.Loss) {
		return 0
	}
	draws = w.Key(w.Stream("link/jitter")).At(int64(m.now), key)
	span := how.Latency + ecs.Nanoseconds(draws.Below(uint64(how.Jitter)+1))
	return max(m.now+1, m.now+(ecs.Tick(span)+ecs.Tick(ms)-1)/ecs.Tick(ms))
}

func (m *feedModel) give(x *feedSub, v feedValue) {
	n := m.world.NodeName(studioNode(x.node))
	m.lines = append(m.lines, fmt.Sprintf("%s %s: %d %s %d of %s", n, x.Name, m.now, v.feed, v.value, m.world.NodeName(studioNode(v.from))))
}

func (m *feedModel) period(x *feedSub) ecs.Tick { return ecs.Tick(x.Every / ms) }

// arm has a subscription woken to take what waits of a feed.
func (m *feedModel) arm(x *feedSub, feed string) {
	if at := max(m.now+1, x.next[feed]); x.wake[feed] != at {
		x.wake[feed] = at
		m.events[at] = append(m.events[at], &feedEvent{value: feedValue{feed: feed}, wake: true, subs: []*feedSub{x}})
	}
}

func (m *feedModel) take(x *feedSub, v feedValue) {
	n := &m.nodes[x.node]
	switch {
	case x.ended || !n.up:
	case !n.paused && x.waiting(v.feed) == 0 && m.now >= x.next[v.feed]:
		x.next[v.feed] = m.now + m.period(x)
		m.give(x, v)
	default:
		if x.queue = append(x.queue, v); x.waiting(v.feed) > x.Keep {
			x.take(v.feed)
		}
		if !n.paused && m.now < x.next[v.feed] {
			m.arm(x, v.feed)
		}
	}
}

func (m *feedModel) awake(x *feedSub, feed string) {
	if x.ended || x.wake[feed] != m.now {
		return
	}
	x.wake[feed] = 0
	if n := &m.nodes[x.node]; n.up && !n.paused && x.waiting(feed) > 0 {
		v, _ := x.take(feed)
		x.next[feed] = m.now + m.period(x)
		m.give(x, v)
		if x.waiting(feed) > 0 {
			m.arm(x, feed)
		}
	}
}

func (m *feedModel) release() {
	for _, i := range m.resumed {
		if n := &m.nodes[i]; n.up && !n.paused {
			for _, x := range n.subs {
				m.releaseAll(x)
			}
		}
	}
	m.resumed = nil
}

func (m *feedModel) releaseAll(x *feedSub) {
	for _, v := range slices.Clone(x.queue) {
		if x.Every > 0 && x.next[v.feed] > m.now {
			m.arm(x, v.feed)
			continue
		}
		if x.Every > 0 {
			x.next[v.feed] = m.now + m.period(x)
		}
		x.take(v.feed)
		m.give(x, v)
	}
}

func (m *feedModel) tick() {
	for i := range m.plan.faults {
		if m.plan.faults[i].tick == m.now {
			m.input(&m.plan.faults[i].action)
		}
	}
	if m.now == 2*lastAct+2 {
		for i := range 6 {
			m.input(&Action{Verb: Resume, Target: studioNode(i)})
		}
	}
	m.settle()
	m.release()
	for _, e := range m.events[m.now] {
		for _, x := range e.subs {
			if e.wake {
				m.awake(x, e.value.feed)
			} else {
				m.take(x, e.value)
			}
		}
	}
	for i := range m.nodes {
		if n := &m.nodes[i]; n.up && !n.paused && n.started < m.now {
			m.work(i)
		}
	}
	m.settle()
}

func (m *feedModel) work(node int) {
	for _, op := range m.plan.ops[m.now] {
		if op.node != node {
			continue
		}
		switch op.op {
		case opPublish:
			v := feedValue{studioFeeds[op.what], op.value, node}
			if v.feed == "m" {
				m.forget(node)
				m.last = append(m.last, feedLast{v, m.ids[op.value]})
			}
			var subs []*feedSub
			for _, x := range m.view {
				if matches(x.Name, v.feed) {
					subs = append(subs, x)
				}
			}
			m.send(v, m.ids[op.value], subs)
		case opSubscribe:
			m.subscribe(node, studioSubs[op.what])
		case opUnsubscribe:
			m.nodes[node].subs = slices.DeleteFunc(m.nodes[node].subs, func(x *feedSub) bool {
				x.ended = x.ended || x.Name == studioSubs[op.what].Name
				return x.ended
			})
		}
	}
}

func TestFeedsAreAsTheModelSays(t *testing.T) {
	seen := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		p := drawStudio(t)
		s := p.build()
		m := &feedModel{plan: p, world: s.World, ids: s.ids, events: map[ecs.Tick][]*feedEvent{}, cuts: map[[2]int]bool{}}
		s.run(2*lastAct + 1)
		s.quieten()
		for i := range 6 {
			m.start(i)
		}
		for m.now = 0; m.now <= 2*lastAct+100; m.now++ {
			m.tick()
		}
		// In which order different subscribers are given different values in one
		// tick is another test's.
		slices.Sort(s.lines)
		slices.Sort(m.lines)
		if diff := cmp.Diff(m.lines, s.lines); diff != "" {
			t.Fatalf("(- model, + world)\n%s", diff)
		}
		c := s.World.Counts()
		ended := c.Delivered
		for why, n := range c.Dropped {
			ended += n
			seen[ecs.Cause(why).String()] += int(n)
		}
		if ended != c.Sent {
			t.Fatalf("%d values were sent, %d delivered or dropped: %+v", c.Sent, ended, c)
		}
		var x FeedFigures
		s.Feeds.Each(func(_ string, y FeedFigures) {
			x.Delivered += y.Delivered
			for i, n := range y.Dropped {
				x.Dropped[i] += n
			}
		})
		if x.Delivered != c.Delivered || x.Dropped != c.Dropped {
			t.Fatalf("figures of feeds: %+v, of the world: %+v", x, c)
		}
		seen["delivered"] += int(x.Delivered)
	})
	for _, what := range []string{"delivered", "down", "loss", "cut", "held", "stale"} {
		if seen[what] == 0 && what != "down" {
			t.Errorf("nothing was %s: the test tests little", what)
		}
	}
}
