// Holds packing, which takes several values at once, against one at a time.
package netsync

import (
	"bytes"
	"math"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
)

func TestPackedOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Uint64(), 0, 70).Draw(t, "values")
		column := appendWords(nil, values, 8)
		for _, packed := range []ecs.Type{ecs.Uint8, ecs.Uint16, ecs.Uint32, ecs.Uint64} {
			want := []byte("before")
			for at := range values {
				want = append(want, make([]byte, packed.Size())...)
				putWord(packed, want[len(want)-packed.Size():], values[at])
			}
			if got := appendPacked([]byte("before"), column, packed.Size()); !bytes.Equal(got, want) {
				t.Fatalf("%d values as %s are %x, and should be %x", len(values), packed, got, want)
			}
		}
	})
}

// The digest that is reckoned on the way is that of the whole image, and the
// type the narrowest, wherever in a column the widest value lies.
func TestKeyframeBlockByBlock(t *testing.T) {
	columns := four(ecs.Int64)
	rapid.Check(t, func(t *rapid.T) {
		rows := rapid.IntRange(1, 3*blockBytes/8).Draw(t, "rows")
		im := imageOf(columns, rows)
		wide := rapid.IntRange(0, rows-1).Draw(t, "row")
		value := rapid.SampledFrom([]int64{0, -128, 128, math.MinInt16, 1 << 15, 1 << 31, math.MinInt64}).Draw(t, "value")
		put(im, columns, 2, wide, uint64(value))
		var h Header
		var sum uint32
		appendKeyframe(nil, &h, columns, im, nil, &sum)
		if sum != im.Digest() {
			t.Fatalf("digest %08x, and should be %08x", sum, im.Digest())
		}
		if want := signedOf(breadth(uint64(value))).String(); h.Columns[2].Type != want {
			t.Fatalf("%d lies as %s, and should as %s", value, h.Columns[2].Type, want)
		}
	})
}
