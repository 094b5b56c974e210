// Proves that draws are the same on every architecture and for ever: constants,
// to be met wherever the test runs. A change here is a change of every run.
package random

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGoldenKeys(t *testing.T) {
	long := strings.Repeat("link between two nodes ", 20) // XXH3 has another path over 240 bytes
	got := []Key{NewKey(0, ""), NewKey(1, ""), NewKey(0, "link.loss"), NewKey(math.MaxUint64, "link.loss"), NewKey(1, long)}
	want := []Key{11309655046249898899, 7579260717558507153, 8798835201592750285,
		16178433449170877627, 17559087107531363138}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// The published XXH3 of nothing anchors the hash.
	if anchor := Key(Mix(0x2d06800538d394c2 + Mix(golden))); got[0] != anchor {
		t.Errorf("the key of no name is %#x, want %#x", got[0], anchor)
	}
}

// draws are the first draws of one event.
type draws struct {
	Uint64, Below         uint64
	Between               int64
	Unit                  float64
	Chance                bool
	Exponential, Of, Zipf uint64
	Normal                float64
	Shuffled, Sampled     []int
	AfterEverything       uint64
}

func take(s Source) draws {
	p, _ := Ratio(1, 3)
	d := draws{
		Uint64: s.Uint64(), Below: s.Below(1000), Between: s.Between(-1000, 1000), Unit: s.Unit(), Chance: s.Chance(p),
		Exponential: s.Exponential(), Of: s.ExponentialOf(1_000_000), Zipf: s.Zipf(1000, 1.1), Normal: s.Normal(),
		Shuffled: indices(5),
	}
	s.Shuffle(5, func(i, j int) { d.Shuffled[i], d.Shuffled[j] = d.Shuffled[j], d.Shuffled[i] })
	s.Sample(1_000_000, 5, func(i int) { d.Sampled = append(d.Sampled, i) })
	d.AfterEverything = s.Uint64()
	return d
}

func TestGoldenDraws(t *testing.T) {
	got := take(NewKey(42, "golden").At(1000, 7))
	want := draws{
		Uint64: 0x5e49f4bb9304e220, Below: 951, Between: 442, Unit: 0.8686795452900887, Chance: false,
		Exponential: 0x2163fd4ae3087ed, Of: 32272, Zipf: 19, Normal: -0.5910370804798915,
		Shuffled: []int{1, 4, 2, 3, 0}, Sampled: []int{363028, 86456, 524497, 27662, 511735},
		AfterEverything: 0xcf8649cf5307d96f,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("draws changed:\n%s", diff)
	}
}

// TestGoldenDigests folds many draws of each kind, so that the rare paths are
// among them.
func TestGoldenDigests(t *testing.T) {
	z, _ := NewZipf(1_000_000, 0.9)
	for _, test := range []struct {
		name string
		draw func(*Source) uint64
		want uint64
	}{
		{"Uint64", (*Source).Uint64, 0x513cabddcf5a0c17},
		{"Below", func(s *Source) uint64 { return s.Below(3 << 62) }, 0x5aeca5e42a6bd057},
		{"Unit", func(s *Source) uint64 { return math.Float64bits(s.Unit()) }, 0xa85bc771cf50a655},
		{"Exponential", (*Source).Exponential, 0xa51a696548c6ff2b},
		{"Normal", func(s *Source) uint64 { return math.Float64bits(s.Normal()) }, 0xc5effd72404718bd},
		{"Zipf", z.Draw, 0x4763a143bf774f6a},
	} {
		key, digest := NewKey(42, test.name), uint64(0)
		for event := range uint64(20_000) {
			s := key.At(int64(event/10), event)
			for range 3 {
				digest = Mix(digest ^ test.draw(&s))
			}
		}
		if digest != test.want {
			t.Errorf("%s: draws fold to %#016x, want %#016x", test.name, digest, test.want)
		}
	}
}
