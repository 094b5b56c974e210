// Proves that no frame makes a replica panic or take memory out of proportion to
// what was sent, that what is refused changes nothing, and that what is
// accepted makes sense.
package netsync

import (
	"bytes"
	"runtime"
	"testing"
)

func FuzzFrame(f *testing.F) {
	s := newSource(everyType())
	im := imageOf(s.columns, 70)
	for c := range s.columns {
		put(im, s.columns, c, 9, 1)
	}
	s.next(im)
	key := s.keyframe()
	next := copyOf(im)
	for c := range s.columns {
		put(next, s.columns, c, 3, 1)
		put(next, s.columns, c, 69, 1)
	}
	delta, _ := s.next(next)
	f.Add(key.Header, key.Body)
	f.Add(delta.Header, delta.Body)
	f.Add([]byte(`{"v":1,"run":"r","epoch":1,"seq":2,"tick":1,"kind":"delta","base":1,"n":70,"layout":2,"sets":[],"cols":[]}`), []byte{})
	f.Add([]byte(`{"v":1,"run":"r","epoch":2,"seq":1,"tick":1,"kind":"keyframe","n":67108864,"cols":[]}`), []byte{})
	f.Fuzz(func(t *testing.T, header, body []byte) {
		r := NewReplica(key.Topic)
		mustApply(t, r, key)
		before := r.Digest()
		allocated := allocatedBy(func() {
			v, err := r.Apply(Frame{key.Topic, header, body})
			switch {
			case v == Refused && err == nil || v != Refused && err != nil:
				t.Fatalf("%v, and %v", v, err)
			case v == Applied && !r.Whole():
				t.Fatal("applied, and not whole")
			case v == Stale && r.Digest() != before:
				t.Fatal("stale, and applied")
			}
		})
		if limit := uint64(64*len(header) + 16*len(body) + 1<<20); allocated > limit {
			t.Fatalf("%d bytes were allocated for %d of header and %d of body", allocated, len(header), len(body))
		}
		for i := range r.values {
			if len(r.values[i]) != r.rows*r.columns[i].Type.Size() {
				t.Fatal("a column is not as long as its rows")
			}
		}
	})
}

// FuzzHeader holds that what was read is written so that it reads the same.
func FuzzHeader(f *testing.F) {
	sum := uint32(7)
	h := Header{Version: 1, Run: "a\"\\\n\x00é", Epoch: 1, Seq: 2, Tick: 3, Kind: Delta, Base: 1, Rows: 8, Layout: 1, CRC: &sum,
		Sets: []Span{{"bits", 0, 1}}, Columns: []Cell{{"x", "int8", "int64", 8, 3, 0, true}, {"y", "bool", "", 16, 3, 0, false}}}
	f.Add(appendHeader(nil, &h), 24)
	f.Add(appendMissed(nil, appendHeader(nil, &h), 9), 24)
	f.Add([]byte(`{"v":1,"seq":1,"kind":"items","n":3,"base":9}`), 0)
	f.Fuzz(func(t *testing.T, b []byte, body int) {
		if body < 0 {
			return
		}
		h, err := ParseHeader(b, body)
		if err != nil {
			return
		}
		if h.Layout == 0 && len(h.Columns) > 0 {
			return // never written
		}
		missed := h.Missed
		once := appendMissed(nil, appendHeader(nil, h), missed)
		again, err := ParseHeader(once, body)
		if err != nil {
			t.Fatalf("%s: %v", once, err)
		}
		twice := appendMissed(nil, appendHeader(nil, again), again.Missed)
		if !bytes.Equal(once, twice) {
			t.Fatalf("%s\n%s", once, twice)
		}
	})
}

func allocatedBy(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
