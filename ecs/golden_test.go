// Proves that state and history hash to the same values on every
// architecture: a world with every type of column, floats that are not
// numbers, payloads of all lengths, timers, groups, deaths and boxed state is
// run for some ticks, and its digest and state hash at each are kept in
// testdata. Run it there: the test needs no Go toolchain beside it.
package ecs

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"orrery/ecs/random"
)

var update = flag.Bool("update", false, "write golden files anew; a changed one needs a new engine revision")

// wide has every type of column, nested and in arrays, and what is blank.
type wide struct {
	I64   int64
	U64   uint64
	F64   [3]float64
	At    [2]point
	F32   float32
	I32   int32
	U32   uint32
	_     [4]byte
	I16   int16
	U16   uint16
	I8    [2]int8
	U8    uint8
	Alive bool
}

// row is what is kept beside nodes.
type row struct {
	Key   uint64
	Share float64
}

// zoo is a world that uses everything the digest covers.
type zoo struct {
	*World
	wide, bare, boxed ProgramID
	ping, big, wake   Kind
	rows              *Rows[row]
	all               Node
	lottery           Stream
}

func newZoo(c Config) *zoo {
	z := &zoo{World: NewWorld(c)}
	z.wide = z.Program(Schema{Name: "wide", State: wide{I64: -1, F64: [3]float64{0.1, math.NaN(), math.Inf(-1)}}, Durable: []string{"F64", "I16"}})
	z.bare = z.Program(Schema{Name: "bare"})
	z.boxed = z.Program(Schema{Name: "boxed", State: account{Rate: math.Copysign(0, -1)}, Boxed: func() Boxed { return &diary{} }})
	z.rows = NewRows[row](z.World, "row")
	z.ping, z.big, z.wake = z.Kind("ping", 16), z.Kind("big", 0), z.TimerKind("wake")
	z.lottery = z.Stream("lottery")
	return z
}

// populate gives every program nodes and starts all but some.
func (z *zoo) populate(n int) {
	nodes := z.Nodes(z.wide, "w", n)
	nodes = append(nodes, z.Nodes(z.bare, "b", n/2)...)
	nodes = append(nodes, z.Node(z.boxed, "diarist"))
	z.all = z.Group("all", nodes)
	for i, v := range nodes {
		z.rows.Add(row{uint64(v), 1 / float64(i+1)})
		if i%7 != 3 {
			z.SetStatus(v, Up, 0)
		}
	}
	for i := range uint64(40) {
		to := nodes[int(i*i)%len(nodes)]
		z.Post(&Envelope{To: to, tag: random.Mix(i)<<idShift | uint64(z.ping), A: 90 + i%8}, Tick(i%5))
	}
}

// zooKeeper is every program's handler: what a node is told changes its state
// and is told on, near and far, to one and to all.
type zooKeeper struct{ z *zoo }

func (k zooKeeper) Handle(b *Batch) {
	for i := range b.Envelopes {
		e := &b.Envelopes[i]
		draw := b.Draws(k.z.lottery, i)
		k.write(b, i, draw.Uint64())
		if e.HasBytes() || e.A == 0 {
			continue
		}
		to := makeNode(k.z.wide, 1+uint32(draw.Uint64()%uint64(k.z.ProgramRows(k.z.wide))))
		far := Tick(1) << (draw.Uint64() % 9)
		b.Out = append(b.Out, Send{To: to, Cause: uint16(i), Kind: k.z.ping, Delay: far, A: e.A - 1, B: draw.Uint64()})
		switch e.A % 32 {
		case 0:
			b.SendBytes(i, makeNode(k.z.boxed, 1), k.z.big, 2, []byte(strings.Repeat("x", int(e.A*e.A%500))))
		case 3:
			b.Out = append(b.Out, Send{To: k.z.all, Cause: uint16(i), Kind: k.z.ping, Delay: 4})
		case 5:
			b.Out = append(b.Out, Send{To: b.Node(i), Cause: uint16(i), Kind: k.z.wake, Delay: 9, B: uint64(b.Life(i).Incarnation) << 32})
		}
	}
	k.z.Commit(b)
}

// write changes a node's state by numbers alone that are exact everywhere.
func (k zooKeeper) write(b *Batch, i int, x uint64) {
	switch b.Program() {
	case k.z.wide:
		s := &States[wide](b)[b.Rows[i]]
		s.I64 += int64(x >> 40)
		s.U64 ^= x
		s.F64[x%3] = float64(s.I64) / 3
		s.F32 = float32(s.I64) / 7
		s.At[x&1].Y--
		s.I16, s.I8[1], s.Alive = int16(x), int8(x>>8), !s.Alive
		if x%64 == 0 {
			s.F64[0] = math.Float64frombits(x | 0x7ff8<<48) // a NaN of any payload
		}
	case k.z.boxed:
		s := &States[account](b)[b.Rows[i]]
		s.Balance += int64(len(k.z.Payload(&b.Envelopes[i])))
		d := k.z.programs[k.z.boxed].boxed.(*diary)
		d.pages[b.Rows[i]] = fmt.Sprint(b.Tick)
	}
}

func (k zooKeeper) Control(*Envelope) {}
func (k zooKeeper) Hold(*Envelope)    {}
func (k zooKeeper) Down(*Envelope)    {}

// step runs one tick: some die, are born, crash and start between.
func (z *zoo) step(t Tick) {
	z.Begin(t)
	z.Deliver(zooKeeper{z})
	switch victim := makeNode(z.wide, uint32(t)%uint32(z.ProgramRows(z.wide))+1); {
	case t%16 == 5:
		z.Bury(victim)
	case t%16 == 7:
		z.Bear(z.wide, fmt.Sprintf("late%d", t))
	case t%16 == 9 && z.Life(victim).Status == Up:
		z.SetStatus(victim, Crashed, 0)
		z.Forget(victim)
	case t%16 == 11 && z.Life(victim).Status == Crashed, t%16 == 11 && z.Life(victim).Status == Down:
		z.SetStatus(victim, Up, 0)
		z.SetBirthState(victim)
	case t%16 == 13:
		*z.rows.Edit(int(t) % z.rows.Len()) = row{uint64(t), math.Sqrt(float64(t))}
	}
	z.Structure()
	z.End()
}

// history is a line a tick.
func (z *zoo) history(from, to Tick) string {
	var b strings.Builder
	for t := from; t < to; t++ {
		z.step(t)
		fmt.Fprintf(&b, "tick %d: digest %016x, state %016x, in flight %d, delivered %d\n", t, z.Digest(), z.StateHash(), z.InFlight(), z.Counts().Delivered)
	}
	return b.String()
}

// sameHistory shows the first tick at which two histories part.
func sameHistory(t *testing.T, what, want, got string) {
	t.Helper()
	wanted, lines := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(wanted), len(lines)) {
		if wanted[i] != lines[i] {
			t.Errorf("%s:\nwant %s\ngot  %s", what, wanted[i], lines[i])
			return
		}
	}
	if len(wanted) != len(lines) {
		t.Errorf("%s: %d lines, want %d", what, len(lines), len(wanted))
	}
}

func TestGoldenStateHash(t *testing.T) {
	z := newZoo(Config{Seed: 20240229})
	z.populate(150)
	got := z.history(0, 120)
	const file = "testdata/state_hash.golden"
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	sameHistory(t, file+" (go test ./ecs -update writes it anew)", string(want), got)
}

// TestDeterminismOfBatches: how what is due is split must not show.
func TestDeterminismOfBatches(t *testing.T) {
	var want string
	for _, length := range []int{0, 1, 2, 7, 64, 126} {
		z := newZoo(Config{Seed: 1, BatchLength: length})
		z.populate(60)
		got := z.history(0, 100)
		if want == "" {
			want = got
		}
		sameHistory(t, fmt.Sprint("batches of ", length), want, got)
	}
}

// TestDeterminismOfRestore: a run that goes back, or goes on elsewhere from a
// snapshot, has the same history.
func TestDeterminismOfRestore(t *testing.T) {
	for _, at := range []Tick{0, 1, 17, 63, 64, 65, 90} {
		z := newZoo(Config{Seed: 3})
		z.populate(60)
		z.history(0, at)
		var s Snapshot
		z.Snapshot(&s)
		want := z.history(at, 130)
		fork := newZoo(Config{Seed: 4})
		for _, again := range []*zoo{z, fork, fork} {
			if err := again.Restore(&s); err != nil {
				t.Fatal(err)
			}
			again.all = z.all
			sameHistory(t, fmt.Sprint("restored at ", at), want, again.history(at, 130))
		}
	}
}
