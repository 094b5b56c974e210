// Proves that a run says which limit it met and who met it, and that misuse by
// a Go caller panics with its cause. What a limit allows is tried too.
package ecs

import (
	"fmt"
	"testing"
)

func TestProgramsAreLimited(t *testing.T) {
	w := NewWorld(Config{})
	for i := range MaxPrograms {
		id := w.Program(Schema{Name: fmt.Sprint("p", i), State: account{}})
		w.Node(id, fmt.Sprint("n", i))
	}
	wantLimit(t, func() { w.Program(Schema{Name: "one more"}) }, "programs", MaxPrograms, `program "one more"`)
	last := ProgramID(MaxPrograms)
	if n, ok := w.NodeNamed(fmt.Sprint("n", MaxPrograms-1)); !ok || n.Program() != last || len(Column[account](w, last)) != 1 {
		t.Errorf("the last program's node is %x, %v", n, ok)
	}
}

func TestKindsAreLimited(t *testing.T) {
	w := NewWorld(Config{})
	for i := len(w.kinds); i < MaxKinds; i++ {
		w.Kind(fmt.Sprint("k", i), 0)
	}
	if got := w.KindName(Kind(MaxKinds - 1)); got != fmt.Sprint("k", MaxKinds-1) {
		t.Errorf("the last kind is called %q", got)
	}
	wantLimit(t, func() { w.Kind("one more", 0) }, "kinds", MaxKinds, `kind "one more"`)
	wantLimit(t, func() { w.TimerKind("one more") }, "kinds", MaxKinds, `kind "one more"`)
}

func TestNodesAreLimited(t *testing.T) {
	w := NewWorld(Config{MaxNodes: 10})
	bank := w.Program(Schema{Name: "bank", State: account{}})
	bare := w.Program(Schema{Name: "bare"})
	w.Nodes(bank, "n", 8)
	wantLimit(t, func() { w.Nodes(bare, "m", 3) }, "nodes", 10, `program "bare"`, `"m"`)
	w.Bear(bare, "a")
	w.Bear(bare, "b")
	wantLimit(t, func() { w.Bear(bare, "c") }, "nodes", 10, `program "bare"`, `"c"`)
	wantLimit(t, func() { w.Node(bare, "c") }, "nodes", 10)
	w.Structure()
	w.Bury(must(w.NodeNamed("a")))
	w.Structure()
	w.Node(bare, "d") // the dead do not count
	wantLimit(t, func() { w.Node(bare, "e") }, "nodes", 10)
}

// TestNumbersAreLimited: a number has 24 bits for the order of birth, and is
// never given again.
func TestNumbersAreLimited(t *testing.T) {
	w := NewWorld(Config{})
	bare := w.Program(Schema{Name: "bare"})
	w.programs[bare].births = MaxNodes - 2
	w.Bear(bare, "last but one")
	if n := w.Bear(bare, "last"); n.Ordinal() != MaxNodes || n.Program() != bare {
		t.Errorf("the last node is %x", n)
	}
	wantLimit(t, func() { w.Bear(bare, "one more") }, "nodes of a program", MaxNodes, `program "bare"`, `"one more"`)
	wantLimit(t, func() { w.Nodes(bare, "more", 2) }, "nodes of a program", MaxNodes, `"more"`)
}

func TestEnvelopesAreLimited(t *testing.T) {
	w := NewWorld(Config{MaxEnvelopes: 5})
	bank := w.Program(Schema{Name: "bank"})
	n := w.Node(bank, "n")
	w.SetStatus(n, Up, 0)
	for range 5 {
		w.Post(&Envelope{To: n, From: n}, 3)
	}
	wantLimit(t, func() { w.Post(&Envelope{To: n, From: n}, 3) }, "envelopes in flight", 5, "met by n at tick -1")
	w.Begin(3)
	wantLimit(t, func() {
		w.Deliver(handle(func(b *Batch) {
			for range 6 {
				b.Out = append(b.Out, Send{To: n})
			}
			w.Commit(b)
		}))
	}, "envelopes in flight", 5, "met by bank at tick 3")
}

func TestPayloadsAreLimited(t *testing.T) {
	w := NewWorld(Config{MaxPayload: 8})
	var e Envelope
	w.WithBytes(&e, make([]byte, 8))
	wantLimit(t, func() { w.WithBytes(&e, make([]byte, 9)) }, "payload", 8, "8 bytes", "a send")
}

// handle is a handler that is one function.
type handle func(b *Batch)

func (h handle) Handle(b *Batch)   { h(b) }
func (h handle) Control(*Envelope) {}
func (h handle) Hold(*Envelope)    {}
func (h handle) Down(*Envelope)    {}

func TestConfigurationsRefused(t *testing.T) {
	for _, tc := range []struct {
		c    Config
		want string
	}{
		{Config{TickLength: -1}, "tick length is -1 ns"},
		{Config{BatchLength: 127}, "batch length is 127; it must be 1 to 126"},
		{Config{BatchLength: -1}, "batch length is -1"},
		{Config{MaxNodes: -1}, "nodes -1"},
		{Config{MaxEnvelopes: -1}, "envelopes -1"},
		{Config{MaxPayload: -1}, "payload -1 bytes"},
		{Config{Envelopes: -1}, "room for -1 envelopes"},
	} {
		wantPanic(t, func() { NewWorld(tc.c) }, "ecs: ", tc.want)
	}
}

func TestMisusePanics(t *testing.T) {
	w := NewWorld(Config{})
	bank := w.Program(Schema{Name: "bank", State: account{}})
	bare := w.Program(Schema{Name: "bare"})
	n, m := w.Node(bank, "n"), w.Node(bare, "m")
	g := w.Group("g", []Node{n})
	dead := w.Node(bank, "dead")
	w.Bury(dead)
	w.Structure()
	for _, tc := range []struct {
		name string
		do   func()
		want []string
	}{
		{"another type of state", func() { Column[wide](w, bank) }, []string{`program "bank" keeps a ecs.account, not a ecs.wide`}},
		{"state of none", func() { Column[wide](w, bare) }, []string{`program "bare"`, "not a ecs.wide"}},
		{"a node's state by another type", func() { State[point](w, n) }, []string{`program "bank" keeps a ecs.account`}},
		{"two programs of a name", func() { w.Program(Schema{Name: "bank"}) }, []string{`program "bank" is declared twice`}},
		{"durable without state", func() { w.Program(Schema{Name: "x", Durable: []string{"A"}}) }, []string{`program "x" has durable fields and no state`}},
		{"durable unknown", func() { w.Program(Schema{Name: "x", State: account{}, Durable: []string{"Blance"}}) }, []string{`program "x"`, `durable field "Blance" is not a field of ecs.account`}},
		{"a program not there", func() { w.Nodes(77, "x", 1) }, []string{`nodes "x": there is no program 77`}},
		{"a birth of a program not there", func() { w.Bear(77, "x") }, []string{`node "x": there is no program 77`}},
		{"nodes that are groups", func() { w.Nodes(GroupProgram, "x", 1) }, []string{"there is no program 0"}},
		{"a name taken", func() { w.Node(bare, "n") }, []string{`a node "n" is there already, in program "bank"`}},
		{"a name taken by a group", func() { w.Bear(bare, "g") }, []string{`a node "g" is there already, in program "group"`}},
		{"a status of the dead", func() { w.SetStatus(dead, Up, 0) }, []string{"dead is not alive"}},
		{"a status of a group", func() { w.SetStatus(g, Down, 0) }, []string{"g is not alive"}},
		{"a join to a node", func() { w.Join(n, m) }, []string{"n is not a group"}},
		{"a join of nobody", func() { w.Join(g, makeNode(bank, 99)) }, []string{"node 1/99 cannot join", "never born"}},
		{"members of no group", func() { w.Members(9) }, []string{"node 0/9 is not a group"}},
		{"a kind too wide", func() { w.Kind("x", 17) }, []string{`kind "x"`, "0 to 16 bytes, not 17"}},
		{"a snapshot within a tick", func() { w.Bear(bare, "b"); w.Snapshot(&Snapshot{}) }, []string{"within a tick"}},
	} {
		t.Run(tc.name, func(t *testing.T) { wantPanic(t, tc.do, tc.want...) })
	}
}

// TestBadTargetsPanic: to whom an envelope goes is looked at when it is sent
// or, in the fast path of a batch, when it is due; never is it somebody else.
func TestBadTargetsPanic(t *testing.T) {
	for name, to := range map[string]Node{
		"nobody":                   0,
		"a program not there":      makeNode(9, 1),
		"the next program":         makeNode(2, 1),
		"a node not born":          makeNode(1, 3),
		"a number without a birth": makeNode(1, 0),
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWorld(Config{})
			n := w.Nodes(w.Program(Schema{Name: "bank"}), "n", 2)[0]
			w.SetStatus(n, Up, 0)
			ping := w.Kind("ping", 8)
			w.Post(&Envelope{To: n}, 0)
			send := handle(func(b *Batch) {
				b.Out = append(b.Out, Send{To: to, Kind: ping})
				w.Commit(b)
			})
			wantPanic(t, func() {
				w.Begin(0)
				w.Deliver(send)
				w.Begin(1)
				w.Deliver(handle(func(b *Batch) { t.Errorf("%s was handed what is for %x", w.NodeName(b.Node(0)), to) }))
			}, `kind "ping" from n[0]`, w.NodeName(to), "never born")
			wantPanic(t, func() { w.Post(&Envelope{To: to, From: n}, 3) }, "from n[0]", "never born")
		})
	}
}

func TestCausesMustNotFall(t *testing.T) {
	w := NewWorld(Config{})
	n := w.Node(w.Program(Schema{Name: "bank"}), "n")
	w.SetStatus(n, Up, 0)
	for range 3 {
		w.Post(&Envelope{To: n}, 0)
	}
	for name, commit := range map[string]func(b *Batch){
		"commit": w.Commit,
		"route":  func(b *Batch) { b.Sends(func(*Envelope, Tick) {}) },
	} {
		var s Snapshot
		w.Snapshot(&s)
		w.Begin(0)
		wantPanic(t, func() {
			w.Deliver(handle(func(b *Batch) {
				b.Out = append(b.Out, Send{To: n, Cause: 1}, Send{To: n, Cause: 2}, Send{To: n, Cause: 1})
				commit(b)
			}))
		}, `program "bank": Out[2] is caused by event 1`, "order of their causes")
		if err := w.Restore(&s); err != nil {
			t.Fatal(name, err)
		}
	}
}
