// Proves the rule of labels: unique, none moved by a node that comes later, and
// one written once is as written.
package topology

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func labelsOf(nodes []Node) (labels []string) {
	for _, n := range nodes {
		labels = append(labels, n.Label)
	}
	return labels
}

func TestLabelNodes(t *testing.T) {
	for _, test := range []struct {
		nodes []Node
		want  []string
	}{
		{[]Node{{ID: "7", Label: "a"}, {ID: "8", Label: "a"}, {ID: "9", Label: "a"}}, []string{"a", "a (8)", "a (9)"}},
		{[]Node{{ID: "7"}, {ID: "8", Label: "7"}}, []string{"7", "7 (8)"}},
		{[]Node{{ID: "8", Label: "7"}, {ID: "7"}}, []string{"7", "7 (7)"}},
		// A written label is not displaced by a made one, wherever it stands.
		{[]Node{{ID: "7", Label: "a"}, {ID: "8", Label: "a"}, {ID: "9", Label: "a (8)"}}, []string{"a", "a (8) (8)", "a (8)"}},
		// Two made labels may meet, if an id is made to.
		{[]Node{{ID: "1", Label: "a"}, {ID: "x) (y", Label: "a"}, {ID: "2", Label: "a (x)"}, {ID: "y", Label: "a (x)"}},
			[]string{"a", "a (x) (y)", "a (x)", "a (x) (y) (y)"}},
	} {
		labelNodes(test.nodes)
		if diff := cmp.Diff(test.want, labelsOf(test.nodes)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLabelsAreUnique(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var nodes []Node
		for i, label := range rapid.SliceOfN(rapid.StringMatching(`[ab]?( \([0-3]\)){0,3}`), 1, 12).Draw(t, "labels") {
			nodes = append(nodes, Node{ID: fmt.Sprint(i), Label: label})
		}
		before := append([]Node(nil), nodes...)
		labelNodes(nodes)
		count, got := map[string]int{}, map[string]bool{}
		for i := range before {
			if before[i].Label == "" {
				before[i].Label = before[i].ID
			}
			count[before[i].Label]++
		}
		for i, n := range nodes {
			if n.Label == "" || got[n.Label] {
				t.Fatalf("%q", labelsOf(nodes))
			}
			got[n.Label] = true
			if count[before[i].Label] == 1 && n.Label != before[i].Label {
				t.Fatalf("%q became %q, though no other has it", before[i].Label, n.Label)
			}
		}
	})
}

func TestTidy(t *testing.T) {
	long := strings.Repeat("a  ", 16*maxName) // refused elsewhere, not worth the work
	for text, want := range map[string]string{
		"New York": "New York", "  a \t b\r\n": "a b", "\x00a\x7fb\u0085": "a b", "\u00a0": "", "São Paulo": "São Paulo",
		long: long,
	} {
		if got := tidy(text); got != want {
			t.Errorf("tidy(%q) = %q, want %q", text, got, want)
		}
	}
}
