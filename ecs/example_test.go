package ecs_test

import (
	"fmt"

	"orrery/ecs"
)

// account is a component: sized fields, widest first.
type account struct {
	Balance int64
	Open    bool
	_       [7]byte
}

// teller handles what comes due: it pays in what a message carries, and sends
// half of it on.
type teller struct{ world *ecs.World }

func (t teller) Handle(b *ecs.Batch) {
	accounts := ecs.States[account](b)
	for i, e := range b.Envelopes {
		accounts[b.Rows[i]].Balance += int64(e.A)
		if e.From == 0 { // from outside
			next, _ := t.world.NodeNamed("account[1]")
			b.Out = append(b.Out, ecs.Send{To: next, Cause: uint16(i), Kind: e.Kind(), Delay: 5, A: e.A / 2})
		}
	}
	t.world.Commit(b)
}

func (teller) Control(*ecs.Envelope) {}
func (teller) Hold(*ecs.Envelope)    {}
func (teller) Down(*ecs.Envelope)    {}

// A world is built, then run tick by tick: here by hand, in package scheduler
// by a table of phases.
func ExampleWorld() {
	w := ecs.NewWorld(ecs.Config{Seed: 1})
	bank := w.Program(ecs.Schema{Name: "bank", State: account{Open: true}})
	deposit := w.Kind("deposit", 8)
	accounts := w.Nodes(bank, "account", 2)
	for _, n := range accounts {
		w.SetStatus(n, ecs.Up, 0)
	}
	e := w.Outside(accounts[0], deposit, 100, 0, "first deposit")
	w.Post(&e, 3)
	for t := w.NextDue(); t != ecs.Never; t = w.NextDue() {
		w.Begin(t)
		w.Deliver(teller{w})
		w.End()
		for i, a := range ecs.Column[account](w, bank) {
			fmt.Printf("tick %d: %s has %d\n", t, w.NodeName(accounts[i]), a.Balance)
		}
	}
	// Output:
	// tick 3: account[0] has 100
	// tick 3: account[1] has 0
	// tick 8: account[0] has 100
	// tick 8: account[1] has 50
}

// What a schema calls durable survives a crash; the rest is again what the
// node was born with.
func ExampleSchema() {
	type state struct{ Written, Cached int64 }
	w := ecs.NewWorld(ecs.Config{})
	store := w.Program(ecs.Schema{Name: "store", State: state{Cached: -1}, Durable: []string{"Written"}})
	n := w.Node(store, "store")
	*ecs.Edit[state](w, n) = state{Written: 7, Cached: 7}
	w.Forget(n)
	fmt.Println(*ecs.State[state](w, n))
	// Output: {7 -1}
}

// A component that would lie in memory differently elsewhere is refused with
// what to do about it.
func ExampleSchema_refused() {
	defer func() { fmt.Println(recover()) }()
	ecs.NewWorld(ecs.Config{}).Program(ecs.Schema{Name: "client", State: struct {
		Sent int64
		Name string
	}{}})
	// Output: ecs: client: field Name of struct { Sent int64; Name string } is a string; a component holds only bool, sized integers, floats, and arrays and structs of them
}

// A column is one slice, a row a node.
func ExampleColumn() {
	w := ecs.NewWorld(ecs.Config{})
	bank := w.Program(ecs.Schema{Name: "bank", State: account{Balance: 10}})
	w.Nodes(bank, "account", 1000)
	total := int64(0)
	for _, a := range ecs.Column[account](w, bank) {
		total += a.Balance
	}
	fmt.Println(total)
	// Output: 10000
}

// A view may be kept: read after its rows have moved, it panics under -tags
// debug.
func ExampleViewOf() {
	w := ecs.NewWorld(ecs.Config{})
	bank := w.Program(ecs.Schema{Name: "bank", State: account{Balance: 10}})
	n := w.Nodes(bank, "account", 3)
	view := ecs.ViewOf[account](w, bank)
	ecs.Edit[account](w, n[1]).Balance = 99
	fmt.Println(view.Rows()[1].Balance)
	// Output: 99
}

// A snapshot brings back the world it was taken of, or makes another the same.
func ExampleWorld_Snapshot() {
	w := ecs.NewWorld(ecs.Config{Seed: 1})
	bank := w.Program(ecs.Schema{Name: "bank", State: account{}})
	n := w.Node(bank, "account")
	ecs.Edit[account](w, n).Balance = 50

	var s ecs.Snapshot
	w.Snapshot(&s)
	ecs.Edit[account](w, n).Balance = 0

	fork := ecs.NewWorld(ecs.Config{})
	fork.DeclareLike(w)
	if err := fork.Restore(&s); err != nil {
		fmt.Println(err)
	}
	fmt.Println(ecs.State[account](w, n).Balance, ecs.State[account](fork, n).Balance, fork.Seed())
	// Output: 0 50 1
}

// A group is a node: what is sent to it reaches each member once.
func ExampleWorld_Group() {
	w := ecs.NewWorld(ecs.Config{})
	bank := w.Program(ecs.Schema{Name: "bank"})
	east, west := w.Nodes(bank, "east", 2), w.Nodes(bank, "west", 2)
	all := w.Group("all", []ecs.Node{w.Group("coast", east), east[1], west[0]})
	for _, n := range w.Members(all) {
		fmt.Println(w.NodeName(n))
	}
	// Output:
	// east[0]
	// east[1]
	// west[0]
}
