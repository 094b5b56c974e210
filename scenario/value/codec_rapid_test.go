// Proves by random values, with sharing and cycles: what is decoded is what was
// encoded, bytes are equal exactly if values are the same, copies are the same
// and separate, frozen means frozen.
package value

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.starlark.net/starlark"
	"pgregory.net/rapid"
)

func TestRoundTrip(t *testing.T) {
	c := testCodec()
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, false)
		data := encode(t, v)
		w, err := Decode(data, c)
		if err != nil {
			t.Fatalf("%v: %x: %v", v, data, err)
		}
		if !same(v, w) {
			t.Fatalf("%v became %v by way of %x", v, w, data)
		}
		if diff := cmp.Diff(data, encode(t, w)); diff != "" {
			t.Fatalf("%v is encoded again otherwise: %s", v, diff)
		}
		if v.String() != w.String() {
			t.Fatalf("%s prints as %s", v, w)
		}
	})
}

// TestBytesAreCanonical draws from few values, so that many pairs are alike.
func TestBytesAreCanonical(t *testing.T) {
	alike := 0
	rapid.Check(t, func(t *rapid.T) {
		v, w := drawValue(t, true), drawValue(t, true)
		if rapid.Bool().Draw(t, "alike") {
			w = Copy(v)
		}
		bytes := string(encode(t, v)) == string(encode(t, w))
		if bytes != same(v, w) {
			t.Fatalf("%v and %v: the same: %v, bytes equal: %v", v, w, same(v, w), bytes)
		}
		if bytes {
			alike++
		}
	})
	if alike == 0 {
		t.Error("no two values were alike")
	}
}

func TestCopyIsTheSameAndSeparate(t *testing.T) {
	c := testCodec()
	rapid.Check(t, func(t *rapid.T) {
		v := drawValue(t, false)
		if rapid.Bool().Draw(t, "frozen") {
			v.Freeze()
		}
		before := encode(t, v)
		w, err := c.Copy(v)
		if err != nil {
			t.Fatal(err)
		}
		if !same(v, w) {
			t.Fatalf("%v is copied as %v", v, w)
		}
		d := map[starlark.Value]bool{}
		containers(v, d)
		n := len(d)
		containers(w, d)
		if len(d) != 2*n {
			t.Fatalf("%v and its copy have %d containers, not twice %d", v, len(d), n)
		}
		clear(d)
		containers(w, d)
		for x := range d {
			if l, ok := x.(*starlark.List); ok {
				if err := l.Append(starlark.None); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(before, encode(t, v)); diff != "" {
			t.Fatalf("a change of the copy changes %v: %s", v, diff)
		}
		if w = Copy(v); n == 0 && isOther(v, w) {
			t.Fatalf("%v cannot change and is copied", v)
		}
	})
}

func containers(v starlark.Value, into map[starlark.Value]bool) {
	switch v := v.(type) {
	case *starlark.List, *starlark.Dict, *starlark.Set:
		if into[v] {
			return
		}
		into[v] = true
	case starlark.Tuple:
		for _, x := range v {
			containers(x, into)
		}
		return
	}
	for _, x := range inside(v) {
		containers(x, into)
	}
}

func TestDecodeFrozen(t *testing.T) {
	c := testCodec()
	rapid.Check(t, func(t *rapid.T) {
		data := encode(t, drawValue(t, false))
		for _, frozen := range []bool{false, true} {
			decode := Decode
			if frozen {
				decode = DecodeFrozen
			}
			v, err := decode(data, c)
			if err != nil {
				t.Fatal(err)
			}
			d := map[starlark.Value]bool{}
			containers(v, d)
			for x := range d {
				var err error
				switch x := x.(type) {
				case *starlark.List:
					err = x.Append(starlark.None)
				case *starlark.Dict:
					err = x.SetKey(starlark.None, starlark.None)
				case *starlark.Set:
					err = x.Insert(starlark.None)
				}
				if (err != nil) != frozen {
					t.Fatalf("%v, frozen: %v: %v", x, frozen, err)
				}
			}
		}
	})
}

// TestTruncated: no beginning of an encoding is one, and none with more after.
func TestTruncated(t *testing.T) {
	c := testCodec()
	rapid.Check(t, func(t *rapid.T) {
		data := encode(t, drawValue(t, false))
		for n := range data {
			if v, err := Decode(data[:n], c); err == nil {
				t.Fatalf("%d bytes of %x are %v", n, data, v)
			}
		}
		if v, err := Decode(append(data, 0), c); err == nil {
			t.Fatalf("%x with a byte more is %v", data, v)
		}
	})
}

// TestManyContainers: identity is kept beyond those that are found by a scan.
func TestManyContainers(t *testing.T) {
	for _, n := range []int{fewSeen - 1, fewSeen, fewSeen + 1, 1000} {
		l := starlark.NewList(nil)
		for range n {
			l.Append(starlark.NewList(nil))
		}
		for i := range n {
			l.Append(l.Index(i))
		}
		l.Append(l)
		var e Encoder
		for range 2 { // reused, it must have forgotten
			e.Reset(nil, nil)
			if err := e.Append(l); err != nil {
				t.Fatal(err)
			}
			v, err := Decode(e.Bytes(), nil)
			if err != nil || !same(l, v) || !same(l, Copy(l)) {
				t.Errorf("%d lists in a list lose their identity: %v", n, err)
			}
		}
	}
}
