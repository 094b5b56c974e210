package scheduler_test

import (
	"fmt"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

type pingState struct {
	Sent, Answered, Late uint64
	At                   [16]ecs.Tick
}

type pongState struct{ Got, Bytes uint64 }

// faulty are links with each of the faults a link has, and one with all.
var faulty = []systems.Link{
	{Latency: 4 * ms, Loss: chance(1, 5)},
	{Latency: 2 * ms, Jitter: 9 * ms},
	{Latency: 3 * ms, Jitter: 1 * ms, Duplicate: chance(1, 3)},
	{Latency: 5 * ms, Reorder: chance(1, 4)},
	{Latency: 1 * ms, Corrupt: chance(1, 3)},
	{Latency: 2 * ms, Bandwidth: 150_000, Queue: 6 * ms},
	{Latency: 2 * ms, Jitter: 9 * ms, FIFO: true},
	{Latency: 2 * ms, Jitter: 5 * ms, Loss: chance(1, 9), Duplicate: chance(1, 7), Reorder: chance(1, 5), Corrupt: chance(1, 6), Bandwidth: 400_000, Queue: 20 * ms},
}

// pingpong sends numbered pings over faulty links, some with payloads of bytes,
// and awaits each answer with a keyed timer of its own.
func pingpong(c ecs.Config) *scheduler.Run {
	run := scheduler.New(c)
	ping, pong := run.World.Kind("ping", 16), run.World.Kind("pong", 16)
	p := pinger{ping: ping, late: run.World.TimerKind("late"), trip: run.Measures.Distribution("round trip")}
	pingers := systems.AddNode(run.Set, systems.Node[pingState]{
		Name:  "pinger",
		Every: []systems.EveryNode[pingState]{{Name: "ping", Period: 3 * ms, Do: p.send}},
		On:    []systems.On[pingState]{{Kind: pong, Do: p.answer}, {Kind: p.late, Do: p.expire}},
	})
	pongers := systems.AddNode(run.Set, systems.Node[pongState]{
		Name: "ponger",
		On: []systems.On[pongState]{{Kind: ping, Do: func(me *systems.Me, s *pongState, m *ecs.Envelope) {
			s.Got++
			if m.HasBytes() {
				s.Bytes += uint64(len(me.Bytes(m)))
				me.SendBytes(m.From, pong, me.Bytes(m))
				return
			}
			me.Send(m.From, pong, m.A, m.B)
		}}},
	})
	for i, link := range faulty {
		a, b := run.World.Node(pingers, fmt.Sprintf("a%d", i)), run.World.Node(pongers, fmt.Sprintf("b%d", i))
		run.Links.Connect(a, b, link)
		run.Start(a, b)
	}
	networked(run, pingers, pongers)
	return run
}

// networked adds pairs that meet in networks instead of having a link.
func networked(run *scheduler.Run, pingers, pongers ecs.ProgramID) {
	for i, link := range []systems.Link{faulty[6], faulty[7]} {
		a, b := run.World.Nodes(pingers, fmt.Sprintf("net%d.a", i), 2), run.World.Nodes(pongers, fmt.Sprintf("net%d.b", i), 2)
		run.Links.Network([]ecs.Node{b[0], a[0], b[1], a[1]}, link)
		run.Start(a...)
		run.Start(b...)
	}
}

type pinger struct {
	ping, late ecs.Kind
	trip       systems.Distribution
}

func (p *pinger) send(me *systems.Me, s *pingState) {
	s.Sent++
	s.At[s.Sent%16] = me.Tick()
	me.AfterKeyed(s.Sent%16, 25*ms, p.late, s.Sent)
	to := me.Neighbours()[0]
	if s.Sent%3 == 0 {
		me.SendBytes(to, p.ping, payload(s.Sent))
		return
	}
	me.Send(to, p.ping, s.Sent, s.Sent*s.Sent)
}

// payload is a number and some more bytes, of a length that differs.
func payload(n uint64) []byte {
	b := make([]byte, 1+n%70)
	for i := range b {
		b[i] = byte(n) + byte(i)
	}
	return b
}

func (p *pinger) answer(me *systems.Me, s *pingState, m *ecs.Envelope) {
	number := m.A
	if m.HasBytes() {
		number = uint64(me.Bytes(m)[0])
	}
	if me.Cancel(number % 16) {
		s.Answered++
		me.Measure(p.trip, int64(me.Tick()-s.At[number%16]))
	}
}

func (p *pinger) expire(me *systems.Me, s *pingState, m *ecs.Envelope) { s.Late++ }
