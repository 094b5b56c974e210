// Proves that no two nodes have a name at a time, in whatever program they
// are and however they were named, and that a name finds its latest bearer:
// the index against a list looked through from the end.
package ecs

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

type named struct {
	name string
	node Node
	dead bool
}

type namesMachine struct {
	world *World
	list  []named
	kept  Snapshot
	then  []named
}

func TestNamesAreUniqueAmongTheLiving(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &namesMachine{world: NewWorld(Config{})}
		m.world.Program(Schema{Name: "p"})
		m.world.Program(Schema{Name: "q"})
		m.snapshot(t)
		actions := map[string]func(*rapid.T){
			"":         m.check,
			"one":      m.one,
			"bear":     m.bear,
			"many":     m.many,
			"group":    m.group,
			"bury":     m.bury,
			"buryAll":  m.buryAll,
			"snapshot": m.snapshot,
			"restore":  m.restore,
		}
		for range 3 {
			t.Repeat(actions)
		}
	})
}

// few names, some of which are those of ranges, so that they meet.
var someNames = rapid.SampledFrom([]string{"a", "b", "a[0]", "a[1]", "a[01]", "a[1][0]", "b[2]", "b[", "]", "c", "c[4000000000]"})

func (m *namesMachine) find(name string) *named {
	for i := len(m.list) - 1; i >= 0; i-- {
		if m.list[i].name == name {
			return &m.list[i]
		}
	}
	return nil
}

// try names nodes, which is to be refused if one that lives has such a name.
func (m *namesMachine) try(t *rapid.T, names []string, do func() Node) {
	taken := ""
	for _, name := range names {
		if n := m.find(name); n != nil && !n.dead {
			taken = name
		}
	}
	var first Node
	text := panicText(func() { first = do() })
	if (text != "") != (taken != "") {
		t.Fatalf("named %v: taken is %q; it says %q", names, taken, text)
	}
	for i, name := range names {
		if taken == "" {
			m.list = append(m.list, named{name, first + Node(i), false})
		}
	}
}

func (m *namesMachine) one(t *rapid.T) {
	p, name := ProgramID(rapid.IntRange(1, 2).Draw(t, "program")), someNames.Draw(t, "name")
	m.try(t, []string{name}, func() Node { return m.world.Node(p, name) })
}

// bear leaves the node unborn, until somebody is buried.
func (m *namesMachine) bear(t *rapid.T) {
	p, name := ProgramID(rapid.IntRange(1, 2).Draw(t, "program")), someNames.Draw(t, "name")
	m.try(t, []string{name}, func() Node { return m.world.Bear(p, name) })
}

func (m *namesMachine) many(t *rapid.T) {
	p, prefix := ProgramID(rapid.IntRange(1, 2).Draw(t, "program")), someNames.Draw(t, "prefix")
	var names []string
	for i := range rapid.IntRange(1, 5).Draw(t, "n") {
		names = append(names, fmt.Sprintf("%s[%d]", prefix, i))
	}
	m.try(t, names, func() Node { return m.world.Nodes(p, prefix, len(names))[0] })
}

func (m *namesMachine) group(t *rapid.T) {
	name := someNames.Draw(t, "name")
	if rapid.IntRange(0, 5).Draw(t, "seldom") > 0 {
		return // groups live for ever, and would take all names
	}
	m.try(t, []string{name}, func() Node { return m.world.Group(name, nil) })
}

func (m *namesMachine) bury(t *rapid.T) {
	if len(m.list) > 0 {
		m.kill(&m.list[rapid.IntRange(0, len(m.list)-1).Draw(t, "who")])
	}
	m.world.Structure()
}

func (m *namesMachine) buryAll(*rapid.T) {
	for i := range m.list {
		m.kill(&m.list[i])
	}
	m.world.Structure()
}

func (m *namesMachine) kill(n *named) {
	if !n.node.IsGroup() {
		m.world.Bury(n.node)
		n.dead = true
	}
}

func (m *namesMachine) snapshot(*rapid.T) {
	m.world.Structure()
	m.world.Snapshot(&m.kept)
	m.then = append([]named(nil), m.list...)
}

func (m *namesMachine) restore(t *rapid.T) {
	if err := m.world.Restore(&m.kept); err != nil {
		t.Fatal(err)
	}
	m.list = append([]named(nil), m.then...)
}

func (m *namesMachine) check(t *rapid.T) {
	for _, name := range []string{"a", "b", "c", "a[0]", "a[1]", "a[2]", "a[4]", "a[5]", "a[01]", "a[1][0]", "b[2]", "b[", "]", "c[4000000000]", "", "[0]"} {
		got, ok := m.world.NodeNamed(name)
		want := m.find(name)
		if ok != (want != nil) || ok && got != want.node {
			t.Fatalf("NodeNamed(%q) is %x, %v; want %v", name, got, ok, want)
		}
	}
	for _, n := range m.list {
		if got := m.world.NodeName(n.node); got != n.name {
			t.Fatalf("%x is called %q, want %q", n.node, got, n.name)
		}
	}
}

// TestNamesOfShorterRanges: a range hides only those of its names that an
// older one of the same prefix shares with it, also when a restored world finds
// them in another order.
func TestNamesOfShorterRanges(t *testing.T) {
	w := NewWorld(Config{})
	p, q := w.Program(Schema{Name: "p"}), w.Program(Schema{Name: "q"})
	old := w.Nodes(q, "a", 5)
	for _, n := range old {
		w.Bury(n)
	}
	w.Structure()
	young := w.Nodes(p, "a", 2)
	for range 2 {
		if n, _ := w.NodeNamed("a[1]"); n != young[1] {
			t.Errorf("a[1] is %x, want the latest, %x", n, young[1])
		}
		if n, _ := w.NodeNamed("a[4]"); n != old[4] {
			t.Errorf("a[4] is %x, want %x", n, old[4])
		}
		var s Snapshot
		w.Snapshot(&s)
		if err := w.Restore(&s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNamesManyTimesOver: a name given again and again costs no more than
// another, and the index grows over single names.
func TestNamesManyTimesOver(t *testing.T) {
	w := NewWorld(Config{})
	p := w.Program(Schema{Name: "p"})
	for range 2000 {
		w.Bury(w.Node(p, "phoenix"))
		w.Structure()
	}
	if w.names.used != 1 {
		t.Errorf("a name given 2000 times takes %d places of the index", w.names.used)
	}
	for i := range 2000 {
		w.Node(p, fmt.Sprint("n", i))
	}
	for i := range 2000 {
		if n, ok := w.NodeNamed(fmt.Sprint("n", i)); !ok || w.NodeName(n) != fmt.Sprint("n", i) {
			t.Fatalf("n%d is found as %q, %v", i, w.NodeName(n), ok)
		}
	}
	if len(w.names.slots) > 4*w.names.used {
		t.Errorf("the index has %d places for %d names", len(w.names.slots), w.names.used)
	}
}
