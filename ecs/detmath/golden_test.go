// Proves the contract: each function's bits over a fixed sample hash to a
// constant. The constants hold on every architecture; run this test there.
package detmath

import (
	"math"
	"testing"
)

const goldenSample = 20_000

// A digest folds bits by FNV-1a, a word at a time.
type digest uint64

func newDigest() digest { return 0xcbf29ce484222325 }

func (d *digest) fold(bits uint64) {
	*d = (*d ^ digest(bits)) * 0x100000001b3
	*d ^= *d >> 29
}

// goldenOne hashes f over the edges, floats of any bits, and four ranges in
// which results are neither 0 nor infinite.
func goldenOne(f func(float64) float64) uint64 {
	d, s := newDigest(), sampler(4)
	fold := func(x float64) { d.fold(math.Float64bits(f(x))) }
	for _, x := range edges {
		fold(x)
	}
	for range goldenSample {
		fold(s.anyBits())
		fold(s.within(-1, 1))
		fold(s.within(0, 1000))
		fold(s.within(-750, 750))
		fold(s.magnitude(-60, 60))
	}
	return uint64(d)
}

// goldenTwo is goldenOne for two arguments.
func goldenTwo(f func(x, y float64) float64) uint64 {
	d, s := newDigest(), sampler(5)
	fold := func(x, y float64) { d.fold(math.Float64bits(f(x, y))) }
	for _, x := range edges {
		for _, y := range edges {
			fold(x, y)
		}
	}
	for range goldenSample {
		fold(s.anyBits(), s.anyBits())
		fold(s.within(0, 100), s.within(-50, 50))
		fold(1+s.magnitude(-30, -10), s.within(-1e6, 1e6))
		fold(-s.within(0, 10), float64(s.next()%41)-20)
	}
	return uint64(d)
}

func TestGolden(t *testing.T) {
	for _, test := range []struct {
		name string
		got  uint64
		want uint64
	}{
		{"Sqrt", goldenOne(Sqrt), 0xf8bf90c1b528c0b6},
		{"Floor", goldenOne(Floor), 0xa5df06114eb1b291},
		{"Ceil", goldenOne(Ceil), 0xa77cb0a1ec72eb58},
		{"Trunc", goldenOne(Trunc), 0xb1acd6884dc637d3},
		{"Round", goldenOne(Round), 0x5b2c1de448c62fef},
		{"Log", goldenOne(Log), 0x8ff45ec0183569df},
		{"Log2", goldenOne(Log2), 0x1b454d43cec10468},
		{"Log10", goldenOne(Log10), 0x45770396d86f9a67},
		{"Log1p", goldenOne(Log1p), 0xc52cd7e1cb481d92},
		{"Exp", goldenOne(Exp), 0xee082ac5583e2084},
		{"Expm1", goldenOne(Expm1), 0x5a1d9254badec1cf},
		{"Sin", goldenOne(Sin), 0x56d03c250b30c0f3},
		{"Cos", goldenOne(Cos), 0xb53c27f411c135a1},
		{"Tan", goldenOne(Tan), 0x5402c8474c5aa46a},
		{"Pow", goldenTwo(Pow), 0x48901a07364f23aa},
		{"Mod", goldenTwo(Mod), 0xd3a9871e6aa38d50},
		{"Hypot", goldenTwo(Hypot), 0x073a0e23a5a3e666},
		{"Int64", goldenInt64(), 0x07a89cd9f978860f},
	} {
		if test.got != test.want {
			t.Errorf("%s: the bits hash to %#016x, want %#016x", test.name, test.got, test.want)
		}
	}
}

func goldenInt64() uint64 {
	d, s := newDigest(), sampler(6)
	fold := func(x float64) {
		i, ok := Int64(x)
		d.fold(uint64(i))
		if ok {
			d.fold(1)
		}
	}
	for _, x := range edges {
		fold(x)
	}
	for range goldenSample {
		fold(s.anyBits())
		fold(s.magnitude(0, 70))
		fold(-s.magnitude(0, 70))
	}
	return uint64(d)
}
