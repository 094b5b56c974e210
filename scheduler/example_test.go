package scheduler_test

import (
	"fmt"
	"time"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// Three nodes pass a token on over links of 2 ms. One crashes, and the token
// is lost.
func Example() {
	type state struct{ Passed uint64 }
	run := scheduler.New(ecs.Config{Seed: 1})
	token := run.World.Kind("token", 8)
	program := systems.AddNode(run.Set, systems.Node[state]{
		Name: "relay",
		On: []systems.On[state]{{Kind: token, Do: func(me *systems.Me, s *state, m *ecs.Envelope) {
			s.Passed++
			me.Send(me.Neighbours()[0], token, m.A+1, 0)
		}}},
	})
	nodes := run.World.Nodes(program, "relay", 3)
	run.Links.Ring(nodes, systems.Link{Latency: ecs.Nanoseconds(2 * time.Millisecond), OneWay: true})
	run.Start(nodes...)
	run.At(1, systems.Action{Verb: systems.Message, Target: nodes[0], Kind: token})
	run.At(100, systems.Action{Verb: systems.Crash, Target: nodes[1]})

	quiet, err := run.RunUntilQuiet(1000)
	fmt.Println("quiet:", quiet, err, "at tick", run.World.Tick())
	for _, n := range nodes {
		fmt.Println(run.World.NodeName(n), run.World.Life(n).Status, ecs.State[state](run.World, n).Passed)
	}
	// Output:
	// quiet: true <nil> at tick 100
	// relay[0] up 17
	// relay[1] crashed 0
	// relay[2] up 16
}

// A program a node at a time is handlers, each called with one node's state:
// here of a client that asks a server, and asks again if no answer comes.
func Example_node() {
	type client struct{ Asked, Answered uint64 }
	type server struct{ Served uint64 }
	const second = ecs.Nanoseconds(time.Second)

	run := scheduler.New(ecs.Config{Seed: 7})
	question, answer := run.World.Kind("question", 8), run.World.Kind("answer", 8)
	again := run.World.TimerKind("again")
	trip := run.Measures.Distribution("round trip, ticks")

	ask := func(me *systems.Me, s *client) {
		s.Asked++
		me.Send(me.Neighbours()[0], question, uint64(me.Tick()), 0)
		me.AfterKeyed(1, second/10, again, 0)
	}
	clients := systems.AddNode(run.Set, systems.Node[client]{
		Name:  "client",
		Start: ask,
		On: []systems.On[client]{
			{Kind: again, Do: func(me *systems.Me, s *client, _ *ecs.Envelope) { ask(me, s) }},
			{Kind: answer, Do: func(me *systems.Me, s *client, m *ecs.Envelope) {
				s.Answered++
				me.Measure(trip, int64(me.Tick())-int64(m.A))
				ask(me, s)
			}},
		},
	})
	servers := systems.AddNode(run.Set, systems.Node[server]{
		Name: "server",
		On: []systems.On[server]{{Kind: question, Do: func(me *systems.Me, s *server, m *ecs.Envelope) {
			s.Served++
			me.Send(m.From, answer, m.A, 0)
		}}},
	})
	c, s := run.World.Node(clients, "client"), run.World.Node(servers, "server")
	run.Links.Connect(c, s, systems.Link{Latency: second / 100, Jitter: second / 200, Loss: chance(1, 10)})
	run.Start(c, s)
	if err := run.RunUntil(run.Ticks(10 * second)); err != nil {
		fmt.Println(err)
	}
	state := ecs.State[client](run.World, c)
	fmt.Println("asked", state.Asked, "answered", state.Answered, "served", ecs.State[server](run.World, s).Served)
	fmt.Println("median", run.Measures.Spread(trip).P50)
	// Output:
	// asked 265 answered 222 served 244
	// median 26
}

// A program for columns is given events in batches, beside the columns of all
// its nodes, and fills in what is sent: the fast way. Here every node sends what
// it has to a node drawn at random.
func Example_columns() {
	type purse struct{ Coins, Got uint64 }
	const nodes = 1000

	run := scheduler.New(ecs.Config{Seed: 1})
	coin, whom := run.World.Kind("coin", 8), run.World.Stream("whom")
	var first ecs.Node
	program := run.Programs.Add(systems.Program{
		Schema: ecs.Schema{Name: "purse", State: purse{Coins: 10}},
		Direct: true, // no links: what is sent comes after its delay
		Act: func(b *ecs.Batch) {
			purses := ecs.States[purse](b)
			for i := range b.Envelopes {
				p := &purses[b.Rows[i]]
				p.Coins += b.Envelopes[i].A
				p.Got++
			}
		},
		Every: []systems.Every{{Name: "give", Period: ecs.Nanoseconds(5 * time.Millisecond), Act: func(b *ecs.Batch) {
			purses, out := ecs.States[purse](b), b.Room(b.Len())
			for i, row := range b.Rows {
				draws := b.Draws(whom, i)
				to := first + ecs.Node(draws.Below(nodes))
				out[i] = ecs.Send{To: to, Cause: uint16(i), Kind: coin, Delay: 3, A: purses[row].Coins}
				purses[row].Coins = 0
			}
		}}},
	})
	all := run.World.Nodes(program, "purse", nodes)
	first = all[0]
	run.Start(all...)
	if err := run.RunUntil(203); err != nil {
		fmt.Println(err)
	}
	var coins, most uint64
	run.World.EachInFlight(func(e *ecs.Envelope, _ ecs.Tick) { coins += e.A })
	for _, p := range ecs.Column[purse](run.World, program) {
		coins, most = coins+p.Coins, max(most, p.Coins)
	}
	fmt.Println(coins, "coins, and", run.World.Counts().Delivered, "gifts; the richest has", most)
	// Output:
	// 10000 coins, and 40000 gifts; the richest has 1050
}

// Compare finds where two runs part: here, because one of them has another
// fault.
func ExampleCompare() {
	a, b := election(ecs.Config{Seed: 7}), election(ecs.Config{Seed: 7})
	v3, _ := b.World.NodeNamed("v[3]")
	b.At(130, systems.Action{Verb: systems.Crash, Target: v3})
	fmt.Println(scheduler.Compare(a, b, 1000))
	// Output:
	// tick 130: voter.state of v[3]: Votes: 2, and 0 <nil>
}

// A client calls a service that one of two servers answers, and calls again
// when both have crashed.
func Example_services() {
	type server struct{ Served uint64 }
	type client struct{ Asked uint64 }
	const ms = ecs.Nanoseconds(time.Millisecond)

	run := scheduler.New(ecs.Config{Seed: 1})
	square := run.Services.Declare("square")
	servers := run.World.Nodes(systems.AddNode(run.Set, systems.Node[server]{
		Name: "server",
		Provides: []systems.Provide[server]{{Service: square, Do: func(me *systems.Me, s *server, a uint64) uint64 {
			s.Served++
			return a * a
		}}},
	}), "server", 2)
	one := run.World.Node(systems.AddNode(run.Set, systems.Node[client]{
		Name: "client",
		Every: []systems.EveryNode[client]{{Name: "ask", Period: 40 * ms, Do: func(me *systems.Me, s *client) {
			s.Asked++
			me.Call(systems.Call{Service: square, A: s.Asked, Timeout: 20 * ms, Then: 1})
		}}},
		Replies: []func(*systems.Me, *client, *systems.Reply){func(me *systems.Me, s *client, r *systems.Reply) {
			if r.Why != systems.NoReason {
				fmt.Printf("%d: %s after %d ms\n", me.Tick(), r.Why, r.Took/ms)
				return
			}
			fmt.Printf("%d: %d from %s after %d ms\n", me.Tick(), r.A, me.World().NodeName(r.Provider), r.Took/ms)
		}},
	}), "client")
	run.Links.Network(append(servers, one), systems.Link{Latency: 3 * ms})
	run.Start(append(servers, one)...)
	run.At(82, systems.Action{Verb: systems.Crash, Nodes: servers})
	fmt.Println(run.RunUntil(130))
	// Output:
	// 46: 1 from server[0] after 6 ms
	// 86: crashed after 6 ms
	// 121: no provider after 1 ms
	// <nil>
}
