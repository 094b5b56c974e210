// Proves that payloads stay what they were: a slab against a list of payloads
// and how many share each, through growth, reuse of blocks, and snapshots into
// the same world or another. Every byte of the slab belongs to one block, in
// use or free.
package ecs

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type payload struct {
	handle  uint64
	bytes   []byte
	holders int
}

type slabMachine struct {
	world *World
	live  []payload
	kept  Snapshot
	then  []payload
}

const slabTestLimit = 5000

func TestSlabKeepsPayloads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &slabMachine{world: NewWorld(Config{MaxPayload: slabTestLimit})}
		m.snapshot(t)
		t.Repeat(map[string]func(*rapid.T){
			"":         m.check,
			"put":      m.put,
			"putAgain": m.put,
			"share":    m.share,
			"release":  m.release,
			"snapshot": m.snapshot,
			"restore":  m.restore,
			"move":     m.move,
		})
	})
}

func (m *slabMachine) put(t *rapid.T) {
	// Around powers of two a length falls in one class or the next.
	length := rapid.OneOf(
		rapid.IntRange(0, 70),
		rapid.IntRange(0, slabTestLimit),
		rapid.Custom(func(t *rapid.T) int {
			return 1<<rapid.IntRange(5, 12).Draw(t, "power") - slabHeader + rapid.IntRange(-1, 1).Draw(t, "beside")
		}),
	).Draw(t, "length")
	b := bytes.Repeat([]byte{rapid.Byte().Draw(t, "byte")}, length)
	m.live = append(m.live, payload{m.world.slab.put(b), b, 1})
}

func (m *slabMachine) any(t *rapid.T) int {
	if len(m.live) == 0 {
		t.Skip("no payload")
	}
	return rapid.IntRange(0, len(m.live)-1).Draw(t, "which")
}

func (m *slabMachine) share(t *rapid.T) {
	p := &m.live[m.any(t)]
	m.world.slab.share(p.handle)
	p.holders++
}

func (m *slabMachine) release(t *rapid.T) {
	i := m.any(t)
	m.world.slab.release(m.live[i].handle)
	if m.live[i].holders--; m.live[i].holders == 0 {
		m.live = slices.Delete(m.live, i, i+1)
	}
}

func (m *slabMachine) snapshot(*rapid.T) {
	m.world.Snapshot(&m.kept)
	m.then = slices.Clone(m.live)
}

func (m *slabMachine) restore(t *rapid.T) {
	if err := m.world.Restore(&m.kept); err != nil {
		t.Fatal(err)
	}
	m.live = slices.Clone(m.then)
}

// move goes on in another world.
func (m *slabMachine) move(t *rapid.T) {
	m.world = NewWorld(Config{MaxPayload: slabTestLimit})
	m.world.slab.put(make([]byte, rapid.IntRange(0, 300).Draw(t, "litter")))
	m.restore(t)
}

func (m *slabMachine) check(t *rapid.T) {
	s := &m.world.slab
	inUse := 0
	for _, p := range m.live {
		if got := s.get(p.handle); !bytes.Equal(got, p.bytes) {
			t.Fatalf("payload at %d: %d bytes %.8x…, put were %d bytes %.8x…", p.handle, len(got), got, len(p.bytes), p.bytes)
		}
		inUse += 1 << (slabMinShift + slabClass(len(p.bytes)))
	}
	free := 0
	for class, head := range s.free {
		for h := head; h != 0; h = binary.LittleEndian.Uint32(s.bytes[h-1:]) {
			free += 1 << (slabMinShift + class)
		}
	}
	if inUse+free != len(s.bytes) {
		t.Fatalf("the slab has %d bytes; %d are in use and %d free", len(s.bytes), inUse, free)
	}
}

// TestSlabReusesBlocks: what was released is taken again before memory grows.
func TestSlabReusesBlocks(t *testing.T) {
	s := slab{max: 1 << 20}
	var handles []uint64
	for n := range 200 {
		handles = append(handles, s.put(make([]byte, n*n)))
	}
	size := len(s.bytes)
	for range 5 {
		for _, h := range handles {
			s.release(h)
		}
		for n := range handles {
			handles[n] = s.put(make([]byte, n*n))
		}
	}
	if len(s.bytes) != size {
		t.Errorf("the slab grew from %d to %d bytes; as much was released as put", size, len(s.bytes))
	}
}

func TestSlabLimits(t *testing.T) {
	s := slab{max: 100}
	s.put(make([]byte, 100))
	wantLimit(t, func() { s.put(make([]byte, 101)) }, "payload", 100, "100 bytes", "a send")
}

// TestSlabClassesFit: a block is the smallest that holds payload and header.
func TestSlabClassesFit(t *testing.T) {
	for class := range slabClasses {
		longest := 1<<(slabMinShift+class) - slabHeader
		if got := slabClass(longest); got != class {
			t.Errorf("%d bytes are of class %d, want %d", longest, got, class)
		}
		if got := slabClass(longest + 1); got != class+1 {
			t.Errorf("%d bytes are of class %d, want %d", longest+1, got, class+1)
		}
	}
}
