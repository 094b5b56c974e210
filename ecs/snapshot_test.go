// Proves what the random worlds of the other tests do not reach: boxed state
// goes through a snapshot as its canonical bytes alone, a snapshot fits only
// worlds declared alike and says what differs, and its memory is kept.
package ecs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// purse is boxed state of two programs: what it counts up says that the
// engine asked for no more than it needs.
type purse struct {
	coins         map[int]uint64
	resets, loads int
	broken        error
}

func (p *purse) Reset(row int, crashed bool) {
	p.resets++
	p.coins[row] = 1
	if crashed {
		p.coins[row] = 2
	}
}

func (p *purse) AppendRow(row int, to []byte) []byte {
	return append(to, strings.Repeat("o", int(p.coins[row]))...)
}

func (p *purse) LoadRow(row int, from []byte) error {
	p.loads++
	p.coins[row] = uint64(len(from))
	return p.broken
}

func purseWorld() (*World, *purse, []Node) {
	w := NewWorld(Config{})
	id := w.Program(Schema{Name: "saver", Boxed: func() Boxed { return &purse{coins: map[int]uint64{}} }})
	return w, w.programs[id].boxed.(*purse), w.Nodes(id, "n", 3)
}

func TestBoxedStateIsItsBytes(t *testing.T) {
	w, p, n := purseWorld()
	if p.resets != 3 {
		t.Fatalf("three nodes were born with %d resets", p.resets)
	}
	p.coins[0], p.coins[1], p.coins[2] = 5, 0, 300
	hash := w.StateHash()
	var s Snapshot
	w.Snapshot(&s)
	w.Forget(n[0])
	if p.coins[0] != 2 {
		t.Errorf("after a crash the purse holds %d coins", p.coins[0])
	}
	if w.StateHash() == hash {
		t.Error("a boxed value changed and the hash did not")
	}
	other, q, _ := purseWorld()
	other.Bury(n[1])
	other.Structure()
	for _, world := range []*World{w, other} {
		if err := world.Restore(&s); err != nil {
			t.Fatal(err)
		}
		if got := world.StateHash(); got != hash {
			t.Errorf("restored, the state hashes to %x, it was %x", got, hash)
		}
	}
	if q.coins[0] != 5 || q.coins[1] != 0 || q.coins[2] != 300 || q.loads != 3 {
		t.Errorf("restored, the purses are %v after %d loads", q.coins, q.loads)
	}
	w.Bury(n[2])
	w.Structure()
	w.Snapshot(&s)
	p.loads = 0
	if err := w.Restore(&s); err != nil || p.loads != 2 {
		t.Errorf("two live nodes were loaded %d times, %v", p.loads, err)
	}
}

func TestBoxedStateThatCannotBeLoaded(t *testing.T) {
	w, p, _ := purseWorld()
	var s Snapshot
	w.Snapshot(&s)
	p.broken = errors.New("counterfeit")
	if err := w.Restore(&s); !errors.Is(err, p.broken) || !strings.Contains(err.Error(), "state of n[0]: counterfeit") {
		t.Errorf("the error is %v", err)
	}
}

type state64 struct{ A [8]int64 }

func TestSnapshotsFitWorldsDeclaredAlike(t *testing.T) {
	base := func() *World {
		w := NewWorld(Config{})
		w.Program(Schema{Name: "bank", State: account{}})
		return w
	}
	var s Snapshot
	w := base()
	w.Nodes(1, "n", 3)
	w.Snapshot(&s)
	for _, tc := range []struct {
		name string
		make func() *World
		from *Snapshot
		want string
	}{
		{"alike", base, &s, ""},
		{"nothing taken", base, &Snapshot{}, "the snapshot is empty"},
		{"a program more", func() *World { w := base(); w.Program(Schema{Name: "bare"}); return w }, &s, "has 1 programs, the world 2"},
		{"a table more", func() *World { w := base(); NewRows[row](w, "row"); return w }, &s, "has 3 tables, the world 4"},
		{"another program", func() *World {
			w := NewWorld(Config{})
			w.Program(Schema{Name: "bench", State: account{}})
			return w
		}, &s, `is "bank.life" with rows of 24 bytes, the world's "bench.life"`},
		{"another state", func() *World {
			w := NewWorld(Config{})
			w.Program(Schema{Name: "bank", State: state64{}})
			return w
		}, &s, `"bank.state" with rows of 24 bytes, the world's "bank.state" with 64`},
	} {
		err := tc.make().Restore(tc.from)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: the error is %v; want %q", tc.name, err, tc.want)
		}
	}
}

func TestSnapshotsAreIntoKeptMemory(t *testing.T) {
	z := newZoo(Config{Seed: 1})
	z.populate(200)
	for i := range Tick(20) {
		z.step(i)
	}
	var s Snapshot
	z.Snapshot(&s)
	if n := testing.AllocsPerRun(10, func() { z.Snapshot(&s) }); n > 0 {
		t.Errorf("a snapshot into kept memory allocates %.0f times", n)
	}
	if s.Tick() != 19 || s.Bytes() < 200*EnvelopeSize {
		t.Errorf("the snapshot is of tick %d and has %d bytes", s.Tick(), s.Bytes())
	}
}

// TestCheckpointsFallAlike: all state is hashed after so many deliveries, also
// if the world was restored in between.
func TestCheckpointsFallAlike(t *testing.T) {
	w := NewWorld(Config{})
	n := w.Node(w.Program(Schema{Name: "p"}), "n")
	w.SetStatus(n, Up, 0)
	ping := w.Kind("ping", 8)
	for i := range uint64(100) {
		w.Post(&Envelope{To: n, A: i}, 0)
	}
	run := func(from, to Tick) Digest {
		for t := from; t < to; t++ {
			w.Begin(t)
			w.Deliver(handle(func(b *Batch) {
				for i := range b.Envelopes {
					b.Out = append(b.Out, Send{To: n, Cause: uint16(i), Kind: ping})
				}
				w.Commit(b)
			}))
			w.End()
		}
		return w.Digest()
	}
	run(0, 20)
	var s Snapshot
	w.Snapshot(&s)
	want := run(20, 45) // 4,500 deliveries since the beginning
	run(45, 60)
	if err := w.Restore(&s); err != nil {
		t.Fatal(err)
	}
	if got := run(20, 45); got != want {
		t.Errorf("straight the digest is %x, restored %x", want, got)
	}
}

// TestSnapshotsStandAlone: what happens after one is taken, in the world it is
// of or in those restored from it, reaches neither it nor the others, though
// they share what only grows.
func TestSnapshotsStandAlone(t *testing.T) {
	z := busyZoo(9)
	// Room at the end of what is shared, for who would append in place.
	programs := z.programs[z.wide]
	programs.names.ranges = slices.Grow(programs.names.ranges, 10)
	programs.born.list = slices.Grow(programs.born.list, 10)
	var s Snapshot
	z.Snapshot(&s)
	hash := z.StateHash()
	worlds := []*zoo{z}
	for seed := range uint64(3) {
		fork := newZoo(Config{Seed: seed})
		if err := fork.Restore(&s); err != nil {
			t.Fatal(err)
		}
		if got := fork.StateHash(); got != hash {
			t.Fatalf("fork %d begins with state %x, want %x", seed, got, hash)
		}
		fork.all = z.all
		worlds = append(worlds, fork)
		for i, w := range worlds {
			w.goOwnWay(Tick(seed), i)
		}
	}
	for i, w := range worlds {
		n, ok := w.NodeNamed(fmt.Sprint("2 only in ", i))
		if !ok || !strings.HasSuffix(w.NodeName(n), fmt.Sprint("only in ", i)) {
			t.Fatalf("world %d lost a name: %v, %q", i, ok, w.NodeName(n))
		}
		w.Forget(n)
		if got := State[wide](w.World, n).I64; got != int64(i) {
			t.Errorf("in world %d a node was born with %d", i, got)
		}
	}
}

// goOwnWay makes a world unlike the others.
func (z *zoo) goOwnWay(round Tick, i int) {
	for k := range Tick(30) {
		z.step(40 + 30*round + k)
	}
	n := z.Node(z.wide, fmt.Sprint(round, " only in ", i))
	Edit[wide](z.World, n).I64 = int64(i)
	z.SetBirthState(n)
	Edit[wide](z.World, n).I64 = -1
}
