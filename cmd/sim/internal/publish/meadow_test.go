package publish

import (
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scheduler"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// blade is a node's state, all of which is exported.
type blade struct{ A, B, C, D int64 }

// A meadow is a published world of many nodes, whose simulation is the test's.
type meadow struct {
	t       testing.TB
	run     *scheduler.Run
	state   *ecs.Table
	nodes   []ecs.Node // by row
	station *Station
	draws   *rand.Rand
	grown   time.Time
	refused atomic.Uint64     // joins, which came again
	served  func(call func()) // runs a call to the tap, or measures it
}

func newMeadow(t testing.TB, nodes int) *meadow {
	return newMeadowOf(t, nodes, Config{Frames: "tcp://127.0.0.1:0", Requests: "tcp://127.0.0.1:0"})
}

// newMeadowOf publishes one as c says.
func newMeadowOf(t testing.TB, nodes int, c Config) *meadow {
	run := scheduler.New(ecs.Config{Seed: 1})
	program := systems.AddNode(run.Set, systems.Node[blade]{Name: "blade"})
	list := run.World.Nodes(program, "blade", nodes)
	run.Start(list...)
	m := &meadow{t: t, run: run, state: run.World.StateTable(program), nodes: list, draws: rand.New(rand.NewPCG(1, 2)), served: func(call func()) { call() }}
	for row := range nodes { // of all values, which no packing makes shorter
		for _, f := range m.state.Fields() {
			m.state.SetInt64At(row, f.Offset, int64(m.draws.Uint64()))
		}
	}
	columns := trace.Columns{Name: "blade", Program: program, Nodes: list, Fields: m.state.Fields()}
	var err error
	c.Run, c.World = "meadow", World{Run: run, Columns: []trace.Columns{columns}}
	m.station, err = Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// step is a simulation's millisecond: thirty times a second a tenth of the
// nodes change.
func (m *meadow) step() {
	if now := time.Now(); now.Sub(m.grown) >= frameEvery {
		m.grown = now
		for range m.state.Rows() / 10 {
			row := m.draws.IntN(m.state.Rows())
			for _, f := range m.state.Fields() {
				m.state.SetInt64At(row, f.Offset, m.state.Int64At(row, f.Offset)+1)
			}
			m.run.World.Changed(m.nodes[row])
		}
	}
	if err := m.run.RunUntil(m.run.World.Tick() + 1); err != nil {
		m.t.Fatal(err)
	}
	m.served(func() { m.station.Tap().Serve(Clock{}) })
	time.Sleep(time.Millisecond)
}

func (m *meadow) close() {
	if err := m.station.Close(Clock{Ended: true}); err != nil {
		m.t.Error(err)
	}
}

// join attaches somebody who wants the columns. As any client it tries again:
// when many come at once, a station ends the oldest handshakes.
func (m *meadow) join() (k *zmq.Client, err error) {
	frames, _ := m.station.Endpoints()
	for tries := 0; ; tries++ {
		k, err = zmq.Dial(m.t.Context(), zmq.DialConfig{Endpoint: frames, Type: "SUB"})
		if err == nil {
			break
		}
		m.refused.Add(1)
		if tries == 100 {
			return nil, err
		}
		time.Sleep(100 * time.Millisecond)
	}
	if err := k.Subscribe("columns/blade"); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// next is the next frame of the columns.
func next(k *zmq.Client) (netsync.Frame, *netsync.Header, error) {
	parts, err := k.Receive()
	if err != nil {
		return netsync.Frame{}, nil, err
	}
	f, err := netsync.ParseFrame(parts)
	if err != nil {
		return f, nil, err
	}
	h, err := netsync.ParseHeader(f.Header, len(f.Body))
	return f, h, err
}

func isColumns(f netsync.Frame) bool { return strings.HasPrefix(f.Topic, netsync.TopicColumns) }
