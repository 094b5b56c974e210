// Proves what the state hash covers and what it does not see. It sees every
// field of every column, lives, births, payloads and envelopes in flight; it
// does not see where rows lie, how a NaN is written, what lies between fields,
// or whether a page's sum was kept or made anew.
package ecs

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"orrery/ecs/random"
)

// busyZoo is a zoo in the middle of its life.
func busyZoo(seed uint64) *zoo {
	z := newZoo(Config{Seed: seed})
	z.populate(30)
	for t := range Tick(40) {
		z.step(t)
	}
	return z
}

// fullHash hashes all pages again.
func (w *World) fullHash() uint64 {
	for _, t := range w.tables {
		for page := range t.marks {
			t.marks[page] = w.generation
		}
	}
	return w.StateHash()
}

// TestHashSeesEveryBit flips bits of values, which changes the hash, and back.
func TestHashSeesEveryBit(t *testing.T) {
	z := busyZoo(1)
	before := z.fullHash()
	rapid.Check(t, func(t *rapid.T) {
		table := rapid.SampledFrom(z.tables).Filter(func(t *Table) bool { return t.Rows() > 0 }).Draw(t, "table")
		row := rapid.IntRange(0, table.rows-1).Draw(t, "row")
		if table.owner != nil && table.owner.free(row) {
			return
		}
		f := rapid.SampledFrom(table.fields).Draw(t, "field")
		bit := rapid.IntRange(0, 8*f.Type.Size()-1).Draw(t, "bit")
		if f.Type == Bool {
			bit = 0
		}
		flip := func() {
			at := (*byte)(unsafe.Add(table.base, row*table.stride+f.Offset+bit/8))
			*at ^= 1 << (bit % 8)
			table.marks[row>>pageShift] = z.generation
		}
		wasNaN := isNaN(table, row, &f)
		flip()
		if wasNaN && isNaN(table, row, &f) {
			flip() // one NaN is as another
			return
		}
		changed := z.StateHash()
		flip()
		if changed == before {
			t.Fatalf("%s: bit %d of %s in row %d does not show", table.name, bit, f.Name, row)
		}
		if after := z.StateHash(); after != before {
			t.Fatalf("%s: flipped and flipped back, it hashes to %x, before %x", table.name, after, before)
		}
	})
}

func isNaN(t *Table, row int, f *Field) bool {
	p := unsafe.Add(t.base, row*t.stride+f.Offset)
	switch f.Type {
	case Float32:
		return math.IsNaN(float64(*(*float32)(p)))
	case Float64:
		return math.IsNaN(*(*float64)(p))
	}
	return false
}

func TestHashSeesEnvelopes(t *testing.T) {
	base := func() (*World, Envelope) {
		w := newZoo(Config{}).World
		w.Nodes(1, "n", 3)
		return w, Envelope{To: makeNode(1, 1), From: makeNode(1, 2), tag: 9<<idShift | 4, A: 5, B: 6}
	}
	hash := func(change func(w *World, e *Envelope) Tick) uint64 {
		w, e := base()
		due := change(w, &e)
		w.Post(&e, due)
		return w.StateHash()
	}
	changes := map[string]func(w *World, e *Envelope) Tick{
		"none":    func(w *World, e *Envelope) Tick { return 10 },
		"target":  func(w *World, e *Envelope) Tick { e.To++; return 10 },
		"source":  func(w *World, e *Envelope) Tick { e.From++; return 10 },
		"outside": func(w *World, e *Envelope) Tick { e.From = 0; return 10 },
		"kind":    func(w *World, e *Envelope) Tick { e.tag++; return 10 },
		"timer":   func(w *World, e *Envelope) Tick { e.tag |= timerFlag; return 10 },
		"id":      func(w *World, e *Envelope) Tick { e.tag += 1 << idShift; return 10 },
		"A":       func(w *World, e *Envelope) Tick { e.A++; return 10 },
		"B":       func(w *World, e *Envelope) Tick { e.B++; return 10 },
		"A for B": func(w *World, e *Envelope) Tick { e.A, e.B = e.B, e.A; return 10 },
		"due":     func(w *World, e *Envelope) Tick { return 11 },
		"far":     func(w *World, e *Envelope) Tick { return 1 << 30 },
		"bytes":   func(w *World, e *Envelope) Tick { w.WithBytes(e, []byte("x")); return 10 },
		"others":  func(w *World, e *Envelope) Tick { w.WithBytes(e, []byte("y")); return 10 },
		"empty":   func(w *World, e *Envelope) Tick { w.WithBytes(e, nil); return 10 },
		"twice":   func(w *World, e *Envelope) Tick { w.Post(e, 10); return 10 },
		"nothing": nil,
	}
	seen := map[uint64]string{}
	for name, change := range changes {
		w, _ := base()
		h := w.StateHash()
		if change != nil {
			h = hash(change)
		}
		if other, same := seen[h]; same {
			t.Errorf("an envelope changed by %q hashes as by %q", name, other)
		}
		seen[h] = name
	}
}

// TestDigestSeesChangesTogether: differences that come several at a time must
// not cancel out. Signs do come together: two runs may part in that all of a
// message's floats, or a float in each of several messages, are negated.
func TestDigestSeesChangesTogether(t *testing.T) {
	type message struct {
		tag, a, b uint64
		due       Tick
	}
	run := func(messages []message) (Digest, uint64) {
		w := newZoo(Config{}).World
		n := w.Nodes(1, "n", 3)
		for i, m := range messages {
			w.Post(&Envelope{To: n[i%3], From: n[0], tag: m.tag, A: m.a, B: m.b}, m.due)
		}
		return w.Digest(), w.StateHash()
	}
	anyBit := rapid.OneOf(rapid.Just(63), rapid.IntRange(60, 63), rapid.IntRange(0, 63))
	rapid.Check(t, func(t *rapid.T) {
		var one []message
		for i := range rapid.IntRange(1, 5).Draw(t, "messages") {
			one = append(one, message{random.Mix(uint64(i))<<idShift | 4, rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b"), Tick(rapid.IntRange(1, 1000).Draw(t, "due"))})
		}
		other := slices.Clone(one)
		for range rapid.IntRange(1, 4).Draw(t, "flips") {
			m := &other[rapid.IntRange(0, len(other)-1).Draw(t, "message")]
			switch bit := anyBit.Draw(t, "bit"); rapid.IntRange(0, 3).Draw(t, "field") {
			case 0:
				m.a ^= 1 << bit
			case 1:
				m.b ^= 1 << bit
			case 2: // another kind, a little sooner or later: both small numbers
				m.tag += uint64(1 + bit%3)
				m.due -= Tick(1 + bit%3)
			case 3:
				m.a ^= 1 << bit
				m.b ^= 1 << bit
			}
		}
		if slices.Equal(one, other) {
			return
		}
		d, h := run(one)
		if d2, h2 := run(other); d == d2 || h == h2 {
			t.Fatalf("digests %x and %x, states %x and %x of runs that differ:\n%x\n%x", d, d2, h, h2, one, other)
		}
	})
}

// TestHashIgnoresWherePayloadsLie: equal bytes are equal wherever the slab
// has them.
func TestHashIgnoresWherePayloadsLie(t *testing.T) {
	hash := func(litter int) uint64 {
		w := newZoo(Config{}).World
		n := w.Nodes(1, "n", 1)[0]
		for range litter {
			w.slab.put(make([]byte, 100))
		}
		e := Envelope{To: n, tag: 4}
		w.WithBytes(&e, []byte("the same payload"))
		w.Post(&e, 3)
		return w.StateHash() + uint64(w.Digest())
	}
	if hash(0) != hash(7) {
		t.Error("an offset in the slab shows in the hash")
	}
}

// TestHashSeesBirthStates: what a crash will take a node back to is future.
func TestHashSeesBirthStates(t *testing.T) {
	hash := func(born bool) uint64 {
		w := NewWorld(Config{})
		n := w.Node(w.Program(Schema{Name: "bank", State: account{}}), "n")
		Edit[account](w, n).Balance = 7
		if born {
			w.SetBirthState(n)
		}
		return w.StateHash()
	}
	if hash(false) == hash(true) {
		t.Error("worlds that part when a node crashes hash alike")
	}
}

// TestHashSeesOrderOfRows: rows that are not nodes have no names; which is
// which is told by order alone.
func TestHashSeesOrderOfRows(t *testing.T) {
	hash := func(keys ...uint64) uint64 {
		w := NewWorld(Config{})
		r := NewRows[row](w, "row")
		for _, k := range keys {
			r.Add(row{Key: k})
		}
		return w.StateHash()
	}
	if hash(1, 2) == hash(2, 1) {
		t.Error("two rows swapped hash alike; a group's members, whom sends reach in order, are such rows")
	}
}

// TestHashSeesSeed: draws to come depend on it.
func TestHashSeesSeed(t *testing.T) {
	if NewWorld(Config{Seed: 1}).StateHash() == NewWorld(Config{Seed: 2}).StateHash() {
		t.Error("worlds of different seeds hash alike")
	}
}

func TestHashIgnoresKindsOfNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newZoo(Config{}).World
		n := w.Nodes(1, "n", 1)[0]
		hash := func(x float64, y float32) uint64 {
			s := Edit[wide](w, n)
			s.F64[1], s.F32 = x, y
			return w.StateHash()
		}
		want := hash(math.NaN(), float32(math.NaN()))
		sign := rapid.Uint64Range(0, 1).Draw(t, "sign") << 63
		double := math.Float64frombits(sign | 0x7ff<<52 | rapid.Uint64Range(1, 1<<52-1).Draw(t, "payload"))
		single := math.Float32frombits(uint32(sign>>32) | 0xff<<23 | rapid.Uint32Range(1, 1<<23-1).Draw(t, "payload32"))
		if got := hash(double, single); got != want {
			t.Fatalf("NaN %x and %x hash to %x, NaN to %x", math.Float64bits(double), math.Float32bits(single), got, want)
		}
		if hash(math.Inf(1), single) == want || hash(double, 0) == want || hash(0, single) == hash(math.Copysign(0, -1), single) {
			t.Fatal("infinity or the sign of zero does not show")
		}
	})
}

// TestHashIgnoresRows: the same nodes hash alike in whichever rows they lie.
// The order in which others died decides which rows they take.
func TestHashIgnoresRows(t *testing.T) {
	build := func(deaths []int) *World {
		z := newZoo(Config{})
		for _, p := range []ProgramID{z.wide, z.bare, z.boxed} {
			dead := z.Nodes(p, fmt.Sprint("dead", p), 7)
			for _, i := range deaths {
				z.Bury(dead[i])
				z.Structure()
			}
			for i := range 9 {
				n := z.Bear(p, fmt.Sprint("n", i, " ", p))
				z.Structure()
				z.SetStatus(n, Up, 0)
				if i%3 == 0 {
					z.SetStatus(n, Crashed, uint8(i))
				}
				z.give(n, i)
			}
		}
		return z.World
	}
	order := []int{0, 1, 2, 3, 4, 5, 6}
	want := build(order).StateHash()
	rapid.Check(t, func(t *rapid.T) {
		deaths := rapid.Permutation(order).Draw(t, "deaths")
		if got := build(deaths).StateHash(); got != want {
			t.Fatalf("after deaths in order %v the world hashes to %x; in order of birth to %x", deaths, got, want)
		}
	})
}

// give sets a node's state to what a number says.
func (z *zoo) give(n Node, i int) {
	switch n.Program() {
	case z.wide:
		*Edit[wide](z.World, n) = wide{I64: int64(i), F32: float32(i)}
	case z.boxed:
		Edit[account](z.World, n).Rate = float64(i)
		z.programs[z.boxed].boxed.(*diary).pages[must(z.Row(n))] = fmt.Sprint(i)
	}
	if i%2 == 0 {
		z.SetBirthState(n)
	}
}

func must[T any](v T, ok bool) T {
	if !ok {
		panic("it is not there")
	}
	return v
}

// TestSumsOfPagesAreKept: whatever was marked and hashed in between, the sum
// of pages is that of hashing all again. Some hundred rows make several pages.
func TestSumsOfPagesAreKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		z := newZoo(Config{})
		nodes := z.Nodes(z.wide, "n", rapid.IntRange(1, 300).Draw(t, "nodes"))
		z.rows.Add(row{})
		any := rapid.SampledFrom(nodes)
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) {
				if kept, full := z.StateHash(), z.fullHash(); kept != full {
					t.Fatalf("sums kept give %x, all hashed again %x", kept, full)
				}
			},
			"edit": func(t *rapid.T) {
				if s := Edit[wide](z.World, any.Draw(t, "node")); s != nil {
					s.U64 = rapid.Uint64().Draw(t, "value")
				}
			},
			"hash": func(*rapid.T) { z.StateHash() },
			"add": func(t *rapid.T) {
				for range rapid.IntRange(1, 70).Draw(t, "n") {
					z.rows.Add(row{Key: rapid.Uint64().Draw(t, "key")})
				}
			},
			"row": func(t *rapid.T) {
				if z.rows.Len() > 0 {
					z.rows.Edit(rapid.IntRange(0, z.rows.Len()-1).Draw(t, "row")).Share++
				}
			},
			"truncate": func(t *rapid.T) { z.rows.Truncate(rapid.IntRange(0, z.rows.Len()).Draw(t, "to")) },
			"bury":     func(t *rapid.T) { z.Bury(any.Draw(t, "node")); z.Structure() },
		})
	})
}

// TestPlainPathIsCanonical: reading a row's memory and writing it out field by
// field give one hash. On a big-endian host only the second is taken, so this
// is what makes the two alike.
func TestPlainPathIsCanonical(t *testing.T) {
	z := busyZoo(5)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom(z.Members(z.all)).Filter(func(n Node) bool { return z.Life(n).Status != Absent && n.Program() == z.wide }).Draw(t, "node")
		l := z.LifeAt(n.Program(), must(z.Row(n)))
		l.Started, l.Exit = Tick(rapid.Int64().Draw(t, "started")), rapid.Uint8().Draw(t, "exit")
		z.mark(z.programs[n.Program()], uint32(must(z.Row(n))))
		plain := z.fullHash()
		for _, table := range z.tables {
			was := table.plain
			table.plain = false
			defer func() { table.plain = was }()
		}
		if canonical := z.fullHash(); canonical != plain {
			t.Fatalf("memory as it lies hashes to %x, in canonical form to %x", plain, canonical)
		}
	})
}

// TestCanonicalBytes pins the canonical form itself.
func TestCanonicalBytes(t *testing.T) {
	z := newZoo(Config{})
	n := z.Node(z.wide, "n")
	*Edit[wide](z.World, n) = wide{I64: -2, U64: 0x0102030405060708, F64: [3]float64{1, math.Float64frombits(0xfff8dead00000001), -0.5}, F32: 2, I32: -3, U32: 7,
		At: [2]point{{1, 2}, {-1, 0x10203}}, I16: 0x102, I8: [2]int8{-1, 5}, U8: 9, Alive: true}
	table := z.programs[z.wide].state
	got := make([]byte, table.stride)
	table.canonicalRow(unsafe.Pointer(table.byteAt(0)), got)
	want := "feffffffffffffff" + "0807060504030201" +
		"000000000000f03f" + "010000000000f87f" + "000000000000e0bf" +
		"01000000" + "02000000" + "ffffffff" + "03020100" +
		"00000040" + "fdffffff" + "07000000" + "00000000" + "0201" + "0000" + "ff05" + "09" + "01"
	if text := fmt.Sprintf("%x", got); text != want {
		t.Errorf("canonical form is\n%s, want\n%s", text, want)
	}
}

// TestBlankFieldsStayZero: the plain path hashes what is blank, so nothing may
// ever write there. Go's compiler clears blank fields whichever way a value is
// made; if a new one does not, this fails and hashWords must mask.
func TestBlankFieldsStayZero(t *testing.T) {
	type blank struct {
		A int64
		B int32
		_ [4]byte
	}
	to := make([]blank, 1)
	memory := unsafe.Slice((*byte)(unsafe.Pointer(&to[0])), 16)
	ways := map[string]func(x int64){
		"keyed":   func(x int64) { to[0] = blank{A: x, B: 1} },
		"unkeyed": func(x int64) { to[0] = blank{x, 1, [4]byte{1, 2, 3, 4}} },
		"local":   func(x int64) { s := blank{x, 1, [4]byte{1}}; escape(&s.A); to[0] = s },
		"returned": func(x int64) {
			to[0] = func() (s blank) { s.A, s.B = x, 1; return s }()
		},
		"copied": func(x int64) { from := []blank{{A: x, B: 1}}; copy(to, from) },
	}
	for name, way := range ways {
		for i := range memory {
			memory[i] = 0xff
		}
		dirtyStack(8)
		way(5)
		for _, b := range memory[12:] {
			if b != 0 {
				t.Errorf("%s: a blank field holds %x", name, memory[12:])
				break
			}
		}
	}
}

//go:noinline
func escape(p *int64) { *p++ }

//go:noinline
func dirtyStack(n uint64) uint64 {
	var page [256]uint64
	for i := range page {
		page[i] = ^uint64(i)
	}
	return page[random.Mix(n)%256]
}

// What a table takes out of the digest shows in no hash of state, nor does
// anything behind it, whether rows are hashed as they lie or not; and it is in a
// snapshot.
func TestFieldsOutsideTheDigest(t *testing.T) {
	type whole struct{ Shapes, Measured, Too uint64 }
	type broken struct {
		Shapes   float64
		Measured uint64
	}
	w := NewWorld(Config{})
	a, b := NewRows[whole](w, "whole"), NewRows[broken](w, "broken")
	a.Table().OutsideDigestFrom("Measured")
	b.Table().OutsideDigestFrom("Measured")
	a.Add(whole{})
	b.Add(broken{})
	before := w.StateHash()
	var s Snapshot
	w.Snapshot(&s)
	a.Edit(0).Measured, a.Edit(0).Too, b.Edit(0).Measured = 1, 2, 3
	if w.StateHash() != before {
		t.Error("what is outside the digest is hashed")
	}
	a.Edit(0).Shapes = 1
	one := w.StateHash()
	if b.Edit(0).Shapes = 1; one == before || w.StateHash() == one {
		t.Error("what shapes the future is not hashed")
	}
	if err := w.Restore(&s); err != nil || *a.At(0) != (whole{}) || *b.At(0) != (broken{}) {
		t.Errorf("restored rows are %+v and %+v: %v", *a.At(0), *b.At(0), err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a field that is not there is taken out of the digest")
		}
	}()
	a.Table().OutsideDigestFrom("measured")
}
