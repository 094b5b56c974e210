// Proves that a replica which is given any interleaving of keyframes and deltas,
// with frames lost, repeated and out of order, with epochs and changes of
// layout, equals its source or knows that it does not; that a keyframe always
// heals it; and that no change of a frame's bytes passes for the source's
// columns while it bears a digest.
package netsync

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

func TestReplicaEqualsSource(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSource(everyType())
		s.bare = rapid.Bool().Draw(t, "bare")
		r := NewReplica("columns/t/all")
		history := map[[2]uint64]uint32{} // digest by epoch and seq
		var sent []Frame
		im := imageOf(s.columns, rapid.IntRange(0, 200).Draw(t, "rows"))
		check := func(*rapid.T) {
			if !r.Whole() {
				return
			}
			if want, ok := history[[2]uint64{r.Epoch(), r.Seq()}]; !ok || r.Digest() != want {
				t.Fatalf("whole at %d of epoch %d with digest %08x, want %08x", r.Seq(), r.Epoch(), r.Digest(), want)
			}
		}
		publish := func(t *rapid.T) (Frame, bool) {
			im = copyOf(im)
			im.Tick++
			if rapid.IntRange(0, 9).Draw(t, "reshape") == 0 {
				im.Resize(s.columns, rapid.IntRange(0, 200).Draw(t, "rows"))
			}
			mutate(t, im, s.columns)
			d, ok := s.next(im)
			if ok {
				sent = append(sent, d)
			}
			history[[2]uint64{s.header.Epoch, s.header.Seq}] = im.Digest()
			return d, ok
		}
		publish(t)
		t.Repeat(map[string]func(*rapid.T){
			"": check,
			"delta": func(t *rapid.T) {
				if d, ok := publish(t); ok {
					_, _ = r.Apply(d)
				}
			},
			"lost": func(t *rapid.T) { publish(t) },
			"keyframe": func(t *rapid.T) {
				mustApplyOrStale(t, r, s.keyframe())
				if !r.Whole() || r.Digest() != s.encoder.Latest().Digest() {
					t.Fatal("a keyframe of the latest image does not heal")
				}
				if _, ask := r.Request(1); ask {
					t.Fatal("a whole replica asks")
				}
			},
			"again": func(t *rapid.T) {
				if len(sent) == 0 {
					t.Skip()
				}
				_, _ = r.Apply(rapid.SampledFrom(sent).Draw(t, "frame"))
			},
			"fork": func(t *rapid.T) {
				s.header.Epoch++
				s.header.Seq = 0
				if d, ok := publish(t); ok {
					if v, _ := r.Apply(d); v == Applied {
						t.Fatal("a delta of a new epoch was applied")
					}
				}
			},
		})
	})
}

func mustApplyOrStale(t *rapid.T, r *Replica, f Frame) {
	if v, err := r.Apply(f); err != nil || v == Gap {
		t.Fatalf("%v, %v: %s", v, err, f.Header)
	}
}

// Every frame that has a digest is either as it was or refused: any byte of its
// body may change.
func TestReplicaRefusesDamage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newSource(everyType())
		im := imageOf(s.columns, rapid.IntRange(1, 100).Draw(t, "rows"))
		s.next(im)
		key := s.keyframe()
		next := copyOf(im)
		mutate(t, next, s.columns)
		delta, _ := s.next(next)
		r := NewReplica(key.Topic)
		if v, _ := r.Apply(key); v != Applied {
			t.Fatal("the keyframe was not applied")
		}
		damaged := delta
		damaged.Body = bytes.Clone(delta.Body)
		if len(damaged.Body) == 0 {
			t.Skip()
		}
		at := rapid.IntRange(0, len(damaged.Body)-1).Draw(t, "at")
		damaged.Body[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		v, err := r.Apply(damaged)
		if v == Applied && r.Digest() != next.Digest() {
			t.Fatal("damage was applied")
		}
		if v != Applied && (err == nil || r.Whole()) {
			t.Fatalf("%v, %v, whole %v", v, err, r.Whole())
		}
	})
}

// What is malformed is refused by a reason that names it, and changes nothing.
func TestReplicaRefuses(t *testing.T) {
	const begin = `{"v":1,"run":"r","epoch":1,"seq":2,"tick":5,`
	for _, test := range []struct{ header, want string }{
		{``, "no JSON object"},
		{`[]`, "no JSON object"},
		{`{`, "no JSON: unexpected end"},
		{`{"a":` + strings.Repeat("[", 99), "more than 32 levels of JSON"},
		{`{"v":2,"kind":"delta"}`, "version 2 of the wire; this reads 1"},
		{begin + `"kind":"delt"}`, `a kind "delt"`},
		{begin + `"kind":"delta","base":2,"n":8}`, "delta 2 of base 2"},
		{begin + `"kind":"keyframe","n":-1}`, "-1 rows"},
		{begin + `"kind":"keyframe","n":99999999}`, "99999999 rows"},
		{begin + `"kind":"items","n":1}`, "items are no columns"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"text","off":0,"len":8}]}`, `"text" of "", which is no packing`},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int16","of":"int8","off":0,"len":16}]}`, `which is no packing`},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int8","off":4,"len":8}]}`, "does not lie in the body"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int64","off":8,"len":64}]}`, "does not lie in the body"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int64","off":9223372036854775800,"len":64}]}`, "does not lie in the body"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int64","off":0,"len":16}]}`, "has 16 bytes for 8 rows"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int8","off":0,"len":8},{"name":"b","type":"int8","off":0,"len":8}]}`, "lies over the one before"},
		{begin + `"kind":"keyframe","n":8,"cols":[{"name":"a","type":"int8","off":0,"len":8},{"name":"a","type":"int8","off":8,"len":8}]}`, `two columns "a"`},
		{begin + `"kind":"keyframe","n":8,"crc":7,"cols":[{"name":"a","type":"int8","off":0,"len":8}]}`, "should be 00000007"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":0,"len":2}]}`, "2 bytes of \"bits\" for 2 rows"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":0,"len":1}]}`, "bits beyond 2 rows"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"uint32","off":0,"len":8}]}`, "row 4294967295 after -1, of 2"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"cols":[{"name":"a","type":"int8","off":8,"len":2,"set":0}]}`, "is of set 0, of which there are 0"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":8,"len":1}],"cols":[{"name":"a","type":"int8","off":8,"len":2,"set":0}]}`, "has 2 values for 1 rows"},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":8,"len":1}],"cols":[{"name":"b","type":"int8","off":8,"len":1,"set":0}]}`, `no column "b"`},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":8,"len":1}],"cols":[{"name":"a","type":"bool","off":8,"len":1,"set":0}]}`, `is of bool, and was of int8`},
		{begin + `"kind":"delta","base":1,"n":2,"layout":1,"sets":[{"type":"bits","off":8,"len":1}],"cols":[{"name":"a","type":"int8","off":8,"len":1,"set":0,"add":true}]}`, `is a difference of int8`},
	} {
		body := []byte("\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		r := NewReplica("t")
		mustApply(t, r, Frame{"t", []byte(`{"v":1,"run":"r","epoch":1,"seq":1,"tick":1,"kind":"keyframe","n":2,"layout":1,"cols":[{"name":"a","type":"int8","off":0,"len":2}]}`), body})
		v, err := r.Apply(Frame{"t", []byte(test.header), body})
		if v != Refused || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, %v\nwant %s", test.header, v, err, test.want)
		}
		if r.Whole() {
			t.Errorf("%s: the replica believes itself whole", test.header)
		}
	}
}

// A delta that does not follow what is held is a gap, whatever it is that is
// another, and the next keyframe mends it.
func TestReplicaSeesGaps(t *testing.T) {
	const delta = `{"v":1,"run":"r","epoch":1,"seq":2,"tick":1,"kind":"delta","base":1,"n":2,"layout":1,"cols":[]}`
	key := Frame{"t", []byte(`{"v":1,"run":"r","epoch":1,"seq":1,"tick":1,"kind":"keyframe","n":2,"layout":1,"cols":[{"name":"a","type":"int8","off":0,"len":2}]}`), make([]byte, 8)}
	for _, test := range []struct {
		from, to string
		want     Verdict
	}{
		{"", "", Applied},
		{`"run":"r"`, `"run":"s"`, Gap},
		{`"epoch":1`, `"epoch":2`, Gap},
		{`"epoch":1`, `"epoch":0`, Stale},
		{`"base":1`, `"base":0`, Gap},
		{`"seq":2,"tick":1,"kind":"delta","base":1`, `"seq":3,"tick":1,"kind":"delta","base":2`, Gap},
		{`"seq":2,"tick":1,"kind":"delta","base":1`, `"seq":1,"tick":1,"kind":"delta","base":0`, Stale},
		{`"n":2`, `"n":3`, Gap},
		{`"layout":1`, `"layout":2`, Gap},
	} {
		r := NewReplica("t")
		mustApply(t, r, key)
		v, err := r.Apply(Frame{"t", []byte(strings.Replace(delta, test.from, test.to, 1)), nil})
		if _, asks := r.Request(1); v != test.want || err != nil || r.Whole() == (v == Gap) || asks != (v == Gap) {
			t.Errorf("with %s: %v, %v, whole %v", test.to, v, err, r.Whole())
		}
		if v == Gap {
			mustApply(t, r, key)
		}
	}
}

// Differences are sent only where adding them does not overflow, since other
// languages' integers do not wrap.
func TestDifferencesDoNotOverflow(t *testing.T) {
	columns := []Column{{"a", ecs.Int64, "", nil}}
	for _, test := range []struct {
		was, is int64
		add     bool
	}{
		{1 << 40, 1<<40 + 127, true}, {math.MaxInt64, math.MinInt64, false}, {math.MinInt64, math.MaxInt64, false},
		{-1 << 40, -1<<40 - 128, true}, {1, 2, false}, {0, 1 << 40, false},
	} {
		s := newSource(columns)
		was, is := imageOf(columns, 1), imageOf(columns, 1)
		put(was, columns, 0, 0, uint64(test.was))
		put(is, columns, 0, 0, uint64(test.is))
		s.next(was)
		f, _ := s.next(is)
		if h, err := ParseHeader(f.Header, len(f.Body)); err != nil || h.Columns[0].Add != test.add {
			t.Errorf("%d to %d: %s, %v", test.was, test.is, f.Header, err)
		}
	}
}
