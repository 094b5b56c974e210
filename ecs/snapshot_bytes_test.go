// Proves that a snapshot's bytes are all of it: a world made anew goes on from
// them as the first one did, they are the same when written again, and bytes
// that are cut, damaged or made up are refused or harmless. The random worlds
// of world_rapid_test.go go through them too.
package ecs

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zeebo/xxh3"
	"pgregory.net/rapid"
)

func TestDeterminismOfSnapshotBytes(t *testing.T) {
	for _, at := range []Tick{0, 1, 17, 63, 64, 65, 90} {
		z := newZoo(Config{Seed: 3})
		z.populate(60)
		z.history(0, at)
		var s, read Snapshot
		z.Snapshot(&s)
		b := s.Append([]byte("before"))[len("before"):]
		want := z.history(at, 130)
		fork := newZoo(Config{Seed: 4})
		if err := fork.DecodeSnapshot(b, &read); err != nil {
			t.Fatal(err)
		}
		if err := fork.Restore(&read); err != nil {
			t.Fatal(err)
		}
		fork.all = z.all
		var again Snapshot
		fork.Snapshot(&again)
		if !bytes.Equal(b, again.Append(nil)) {
			t.Errorf("tick %d: restored, the world is written in other bytes", at)
		}
		sameHistory(t, fmt.Sprint("read at ", at), want, fork.history(at, 130))
	}
}

// busyBytes is a snapshot in which everything occurs that there is.
func busyBytes() []byte { return snapshotBytes(busyZoo(9)) }

// fewBytes is one too, of as few nodes and envelopes as it takes.
func fewBytes() []byte {
	z := newZoo(Config{Seed: 9})
	all := append(z.Nodes(z.wide, "w", 2), z.Node(z.bare, "b"), z.Node(z.boxed, "diarist"))
	z.all = z.Group("all", all)
	z.rows.Add(row{uint64(all[0]), 0.5})
	z.SetStatus(all[3], Up, 0)
	z.Post(&Envelope{To: all[0], tag: uint64(z.ping), A: 3}, 2)
	return snapshotBytes(z)
}

func snapshotBytes(z *zoo) []byte {
	far := z.Outside(makeNode(z.boxed, 1), z.big, 0, 0, "far")
	z.WithBytes(&far, []byte("to come"))
	z.Post(&far, z.Tick()+100_000)
	var s Snapshot
	z.Snapshot(&s)
	return s.Append(nil)
}

// readSnapshot decodes, and restores what can be decoded: neither may panic.
func readSnapshot(b []byte) error { return newZoo(Config{}).read(b) }

func (z *zoo) read(b []byte) error {
	var s Snapshot
	if err := z.DecodeSnapshot(b, &s); err != nil {
		return err
	}
	return z.Restore(&s)
}

func TestSnapshotBytesThatAreNot(t *testing.T) {
	b := busyBytes()
	if err := readSnapshot(b); err != nil {
		t.Fatal(err)
	}
	for n := range len(b) {
		if n > 3000 && n%97 != 0 {
			continue
		}
		if err := readSnapshot(b[:n]); err == nil {
			t.Fatalf("%d of %d bytes were taken for all", n, len(b))
		}
		damaged := bytes.Clone(b)
		damaged[n] ^= 1 << (n % 8)
		if err := readSnapshot(damaged); err == nil {
			t.Fatalf("byte %d of %d was changed, and nobody saw it", n, len(b))
		}
	}
	older := bytes.Clone(b)
	older[0] = 9
	if err := readSnapshot(older); err == nil || err.Error() != "snapshot: it is of version 9, and only 2 can be read" {
		t.Error(err)
	}
	other := NewWorld(Config{})
	if err := other.DecodeSnapshot(b, &Snapshot{}); err == nil || !strings.Contains(err.Error(), "has 3 programs, the world 0") {
		t.Error(err)
	}
}

// forged puts bytes in the place of others, and the sum right.
func forged(b []byte, at int, with []byte) []byte {
	b = bytes.Clone(b[:len(b)-8])
	copy(b[min(at, len(b)):], with)
	return binary.LittleEndian.AppendUint64(b, xxh3.Hash(b))
}

// A sum that fits proves nothing about who wrote it. Every byte of what is not
// columns is made to be others.
func TestSnapshotBytesThatAreForged(t *testing.T) {
	b := busyBytes()
	refused := 0
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(b)-8).Draw(t, "at")
		with := rapid.SampledFrom([][]byte{{0}, {1}, {255}, {0, 0, 0, 0}, {255, 255, 255, 255}, {0, 0, 0, 128}, {255, 255, 255, 255, 255, 255, 255, 127}}).Draw(t, "with")
		if readSnapshot(forged(b, at, with)) != nil {
			refused++
		}
	})
	if refused == 0 {
		t.Error("nothing forged was refused")
	}
}

// A world is taken from what one input says to what the next does: making one
// takes longer than all the rest, and Restore leaves nothing of what was there.
func FuzzDecodeSnapshot(f *testing.F) {
	b := fewBytes()
	f.Add(b[:len(b)-8])
	f.Add([]byte{snapshotVersion, 0, 0, 0})
	z := newZoo(Config{Envelopes: 64})
	if err := z.read(b); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if z.read(binary.LittleEndian.AppendUint64(slices.Clip(body), xxh3.Hash(body))) == nil {
			z.StateHash()
		}
	})
}

func BenchmarkSnapshotBytes(b *testing.B) {
	z := newZoo(Config{Seed: 1})
	z.Nodes(z.wide, "w", 100_000)
	var s Snapshot
	z.Snapshot(&s)
	kept := s.Append(nil)
	b.Run("append", func(b *testing.B) {
		b.SetBytes(int64(len(kept)))
		for b.Loop() {
			kept = s.Append(kept[:0])
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.SetBytes(int64(len(kept)))
		for b.Loop() {
			if err := z.DecodeSnapshot(kept, &s); err != nil {
				b.Fatal(err)
			}
		}
	})
}
