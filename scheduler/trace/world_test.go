package trace_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"testing"

	"orrery/ecs"
	"orrery/ecs/random"
	"orrery/scheduler"
	"orrery/scheduler/trace"
	"orrery/systems"
)

var update = flag.Bool("update", false, "write the golden files")

const ms = ecs.Nanoseconds(1_000_000)

type walker struct {
	Steps int64
	Far   float64
	Calm  bool
	_     [7]byte
}

// chatter is a small world that uses what a trace keeps: messages over links
// that lose some, recurring timers, faults, a series, checks, columns.
type chatter struct {
	*scheduler.Run
	nodes []ecs.Node
	hello ecs.Kind
	heard systems.Counter
	far   systems.Distribution

	figures bool // it counts and measures, which makes its state large
	notes   []trace.Event

	silent ecs.Tick // from when on one node counts wrong what nobody is told
}

// newChatter makes it; odd makes one node count wrong, from a tick on.
func newChatter(seed uint64, odd ecs.Tick) *chatter {
	c := &chatter{Run: scheduler.New(ecs.Config{Seed: seed})}
	c.hello = c.World.Kind("hello", 16)
	program := systems.AddNode(c.Set, systems.Node[walker]{
		Name: "walker",
		On: []systems.On[walker]{{Kind: c.hello, Do: func(me *systems.Me, s *walker, m *ecs.Envelope) {
			s.Steps++
			if odd > 0 && me.Tick() >= odd && me.Name() == "walker[3]" {
				s.Steps++
			}
			s.Far += float64(m.A) / 3
			if c.silent > 0 && me.Tick() >= c.silent && me.Name() == "walker[3]" {
				s.Far++
			}
			if c.figures {
				c.Measures.Count(c.heard, 1)
				c.Measures.Measure(c.far, int64(m.A), 0, me.Name())
			}
			s.Calm = s.Steps%5 == 0
			me.Send(me.Neighbours()[int(s.Steps)%2], c.hello, m.A+1, uint64(s.Steps))
		}}},
		Every: []systems.EveryNode[walker]{{Name: "greet", Period: 20 * ms, Do: func(me *systems.Me, s *walker) {
			me.Send(me.Neighbours()[0], c.hello, 1, 0)
		}}},
	})
	c.nodes = c.World.Nodes(program, "walker", 7)
	half, err := random.Ratio(1, 2)
	if err != nil {
		panic(err)
	}
	c.Links.Ring(c.nodes, systems.Link{Latency: 3 * ms, Jitter: 4 * ms, Loss: half})
	c.Measures.Series("steps", 10*ms, func(w *ecs.World) float64 { return float64(ecs.State[walker](w, c.nodes[0]).Steps) })
	c.Checks.Add(systems.Check{Name: "walks", Kind: systems.SometimesHolds, Holds: func(w *ecs.World) bool { return ecs.State[walker](w, c.nodes[0]).Steps > 9 }})
	c.Start(c.nodes...)
	c.At(50, systems.Action{Verb: systems.Crash, Target: c.nodes[2], Down: 30 * ms})
	c.At(90, systems.Action{Verb: systems.Partition, Lists: [][]ecs.Node{c.nodes[:3], c.nodes[3:]}})
	c.At(130, systems.Action{Verb: systems.Heal})
	return c
}

func (c *chatter) withFigures() *chatter {
	c.heard, c.far, c.figures = c.Measures.Counter("heard"), c.Measures.Distribution("far"), true
	return c
}

func (c *chatter) config(kind trace.Compression) trace.Config {
	id := c.nodes[0].Program()
	return trace.Config{
		Run: c.Run, Compression: kind, Every: 100 * ms,
		Sources: []trace.Source{{Name: "a.star", Data: []byte("hello")}, {Name: "empty"}},
		About:   [][2]string{{"scenario", "chatter"}},
		Columns: []trace.Columns{{Name: "all", Program: id, Nodes: c.nodes, Fields: c.World.StateTable(id).Fields(), Every: 5}},
		Events: func(n int) []trace.Event {
			for t := ecs.Tick(100 * len(c.notes)); t <= c.World.Tick(); t += 100 {
				c.notes = append(c.notes, trace.Event{Tick: t, Node: "walker[1]", Kind: "hundred", Fields: json.RawMessage(fmt.Sprintf(`{"n":%d}`, t/100))})
			}
			return c.notes[n:]
		},
	}
}

// record runs it up to a tick, with a command from outside on the way; pause is
// called after every tick.
func record(t testing.TB, c *chatter, kind trace.Compression, until ecs.Tick, pause func(*trace.Recorder)) []byte {
	t.Helper()
	var b bytes.Buffer
	r, err := trace.NewRecorder(&b, c.config(kind))
	if err != nil {
		t.Fatal(err)
	}
	for c.Next() <= until {
		if c.World.Tick() == 200 {
			c.Command(systems.Action{Verb: systems.Message, Target: c.nodes[5], Kind: c.hello, A: 77})
		}
		if _, err := c.Step(); err != nil {
			t.Fatal(err)
		}
		if pause != nil {
			pause(r)
		}
	}
	if err := c.RunUntil(until); err != nil {
		t.Fatal(err)
	}
	s := c.End()
	if err := r.Close(&s); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func open(t testing.TB, b []byte) *trace.File {
	t.Helper()
	f, err := trace.Open(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return f
}
