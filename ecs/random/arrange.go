package random

import "math/bits"

// Shuffle puts n things into a random order, all orders alike, through swap. It
// panics if n is negative.
//
// Source: Fisher and Yates (1938), as in Knuth's algorithm P.
func (s *Source) Shuffle(n int, swap func(i, j int)) {
	if n < 0 {
		panic("random: a shuffle of fewer than no things")
	}
	for i := n - 1; i > 0; i-- {
		swap(i, int(s.Below(uint64(i)+1)))
	}
}

// Sample picks k distinct indices of [0, n), in random order: all ordered choices
// are alike. It makes k draws of Below and takes memory for k, whatever n is;
// none from the heap up to k = 32. It panics unless 0 ≤ k ≤ n.
//
// Source: the first k steps of Fisher and Yates's shuffle, of which only the
// displaced places are kept.
func (s *Source) Sample(n, k int, pick func(i int)) {
	if k < 0 || k > n {
		panic("random: a sample larger than what it is of, or smaller than none")
	}
	var small [64]displaced
	places := small[:]
	if 2*k > len(places) {
		places = make([]displaced, 1<<bits.Len(uint(2*k-1)))
	}
	for i := range k {
		j := i + int(s.Below(uint64(n-i)))
		chosen := find(places, j)
		pick(chosen.at(j))
		chosen.set(j, find(places, i).at(i))
	}
}

// displaced is a slot of a hash table with open addressing: what lies at a
// place of the shuffled order if not the place's own index. Its load is at most
// a half; slots are never freed.
type displaced struct {
	place int // the place plus 1; 0 in a free slot
	index int
}

// find returns the slot of a place, or the free slot where it belongs.
func find(places []displaced, place int) *displaced {
	mask := uint64(len(places) - 1)
	for h := Mix(uint64(place)); ; h++ {
		if d := &places[h&mask]; d.place == 0 || d.place == place+1 {
			return d
		}
	}
}

func (d *displaced) at(place int) int {
	if d.place == 0 {
		return place
	}
	return d.index
}

func (d *displaced) set(place, index int) { d.place, d.index = place+1, index }
