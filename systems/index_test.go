// Proves that index is a map from pairs of numbers to rows: a rapid state
// machine does the same to it and to a Go map. Keys are few, so that they
// collide and runs wrap around the table's end, where deletion by shifting
// back is hard.
package systems

import (
	"testing"

	"pgregory.net/rapid"
)

func TestIndexIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x index
		model := map[[2]uint64]int{}
		pairs := rapid.Custom(func(t *rapid.T) [2]uint64 {
			return [2]uint64{rapid.Uint64Range(0, 7).Draw(t, "a"), rapid.Uint64Range(0, 5).Draw(t, "b")}
		})
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				p, row := pairs.Draw(t, "pair"), rapid.IntRange(0, 1000).Draw(t, "row")
				if _, ok := model[p]; !ok {
					x.put(p[0], p[1], row)
					model[p] = row
				}
			},
			"set": func(t *rapid.T) {
				p, row := pairs.Draw(t, "pair"), rapid.IntRange(0, 1000).Draw(t, "row")
				x.set(p[0], p[1], row)
				model[p] = row
			},
			"drop": func(t *rapid.T) {
				p := pairs.Draw(t, "pair")
				x.drop(p[0], p[1])
				delete(model, p)
			},
			"clear": func(t *rapid.T) {
				if rapid.IntRange(0, 9).Draw(t, "one in ten") == 0 {
					x.clear()
					clear(model)
				}
			},
			"": func(t *rapid.T) {
				if x.used != len(model) {
					t.Fatalf("%d pairs, want %d", x.used, len(model))
				}
				for a := range uint64(8) {
					for b := range uint64(6) {
						want, ok := model[[2]uint64{a, b}]
						if !ok {
							want = -1
						}
						if got := x.find(a, b); got != want {
							t.Fatalf("find(%d, %d) = %d, want %d", a, b, got, want)
						}
					}
				}
			},
		})
	})
}

// Deletion around the table's end is rare with drawn keys: here every table
// begins with a run that lies across it.
func TestIndexDropsAcrossTheEnd(t *testing.T) {
	last, first := wrapping(t)
	for drop := range len(last) + len(first) {
		var x index
		keys := append(append([]uint64{}, last...), first...)
		for row, a := range keys {
			x.put(a, 0, row)
		}
		x.drop(keys[drop], 0)
		for row, a := range keys {
			want := row
			if row == drop {
				want = -1
			}
			if got := x.find(a, 0); got != want {
				t.Errorf("after drop of %d: find(%d) = %d, want %d", keys[drop], a, got, want)
			}
		}
	}
}

// wrapping returns keys at home in the last slot of a table of 16 and keys at
// home in the first.
func wrapping(t *testing.T) (last, first []uint64) {
	x := index{slots: make([]indexSlot, 16)}
	for a := uint64(0); len(last) < 4 || len(first) < 3; a++ {
		switch home := x.home(a, 0); {
		case home == 15 && len(last) < 4:
			last = append(last, a)
		case home == 0 && len(first) < 3:
			first = append(first, a)
		case a > 10_000:
			t.Fatal("no keys found: is home still a function of the table's size?")
		}
	}
	return last, first
}

func TestIndexInUseDoesNotAllocate(t *testing.T) {
	var x index
	for a := range uint64(100) {
		x.put(a, 1, int(a))
	}
	if n := testing.AllocsPerRun(100, func() { x.drop(50, 1); x.put(50, 1, 50); x.set(50, 1, 51); x.find(50, 1) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
