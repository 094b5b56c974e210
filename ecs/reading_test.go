// Proves that marks tell of every change, to the digest and to who reads tables,
// also when their generations have been used up and begin anew.
package ecs

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestMarksTellOfEveryChange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := NewWorld(Config{Seed: 1})
		rows := NewRows[struct{ V int64 }](w, "row")
		n := rapid.IntRange(1, 3*PageRows).Draw(t, "rows")
		for range n {
			rows.Add(struct{ V int64 }{})
		}
		if rapid.Bool().Draw(t, "old") {
			w.generation = math.MaxUint32 - uint32(rapid.IntRange(1, 20).Draw(t, "left"))
		}
		copied, since := make([]int64, n), Reading(0)
		for range 40 {
			for range rapid.IntRange(0, 2).Draw(t, "edits") {
				rows.Edit(rapid.IntRange(0, n-1).Draw(t, "row")).V++
			}
			if rapid.Bool().Draw(t, "hash") {
				got := w.StateHash()
				for _, table := range w.tables {
					table.summed = 0
					for page := range table.marks {
						table.marks[page] = max(table.marks[page], 1)
					}
				}
				if want := w.StateHash(); got != want {
					t.Fatalf("the state's hash is %x, and %x if all pages are hashed", got, want)
				}
			}
			if rapid.Bool().Draw(t, "read") {
				for first := 0; first < n; first += PageRows {
					last := min(first+PageRows, n)
					for row := first; row < last && rows.Table().ChangedSince(since, first, last); row++ {
						copied[row] = rows.At(row).V
					}
				}
				since = w.Read()
				for row, v := range copied {
					if v != rows.At(row).V {
						t.Fatalf("row %d is %d, and was read as %d", row, rows.At(row).V, v)
					}
				}
			}
		}
	})
}
