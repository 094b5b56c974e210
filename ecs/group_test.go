// Proves that groups too large to look through are what small ones are, and
// cost no more than their size to make.
package ecs

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestLargeGroupsAreSets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := NewWorld(Config{})
		nodes := w.Nodes(w.Program(Schema{Name: "p"}), "n", 3*longRoster)
		g := w.Group("g", nodes[:rapid.IntRange(0, 2*longRoster).Draw(t, "first")])
		want := slices.Clone(w.Members(g))
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(nodes)-1), 1, 100).Draw(t, "changes") {
			n := nodes[i]
			at := slices.Index(want, n)
			switch leave := rapid.Bool().Draw(t, "leave"); {
			case leave:
				w.Leave(g, n)
				want = slices.DeleteFunc(want, func(m Node) bool { return m == n })
			case at < 0:
				w.Join(g, n)
				want = append(want, n)
			default:
				w.Join(g, n)
			}
			if got := w.Members(g); !slices.Equal(got, want) {
				t.Fatalf("members are %v, want %v", got, want)
			}
		}
	})
}

// TestGroupsCannotLoop: not in themselves, however long the way round.
func TestGroupsCannotLoop(t *testing.T) {
	w := NewWorld(Config{})
	chain := []Node{w.Group("g0", nil)}
	for i := range 5 {
		chain = append(chain, w.Group(fmt.Sprint("g", i+1), chain[i:]))
	}
	for i, g := range chain {
		for _, above := range chain[i:] {
			wantPanic(t, func() { w.Join(g, above) }, fmt.Sprintf("group %q cannot be in itself", w.NodeName(g)))
		}
	}
}

// TestGroupOfMany would take minutes if joining looked at all who joined.
func TestGroupOfMany(t *testing.T) {
	w := NewWorld(Config{})
	const n = 200_000
	g := w.Group("all", w.Nodes(w.Program(Schema{Name: "p"}), "n", n))
	if got := len(w.Members(g)); got != n {
		t.Errorf("the group has %d members", got)
	}
}
