// Holds the rows of a table against a list of who is alive, while nodes are
// born, die, and join and leave groups.
package publish

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/netsync"
)

type cell struct{ Value int64 }

// crowd is a world whose nodes come and go.
type crowd struct {
	w       *ecs.World
	program ecs.ProgramID
	group   ecs.Node
	alive   []ecs.Node // by row, 0 where nobody is
	born    int
}

func newCrowd() *crowd {
	c := &crowd{w: ecs.NewWorld(ecs.Config{})}
	c.program = c.w.Program(ecs.Schema{Name: "cell", State: cell{}})
	c.w.Program(ecs.Schema{Name: "other", State: cell{}})
	c.group = c.w.Group("some", nil)
	c.alive = c.w.Nodes(c.program, "a", 4)
	c.w.Begin(0)
	return c
}

func (c *crowd) bear(t *rapid.T) {
	c.born++
	name := "b"
	if c.born%2 == 0 {
		name = "c"
	}
	n := c.w.Bear(c.program, name+string(rune('0'+c.born)))
	c.w.Structure()
	row, _ := c.w.Row(n)
	for len(c.alive) <= row {
		c.alive = append(c.alive, 0)
	}
	c.alive[row] = n
	ecs.Edit[cell](c.w, n).Value = int64(n)
}

func (c *crowd) somebody(t *rapid.T) ecs.Node {
	n := rapid.SampledFrom(append([]ecs.Node{0}, c.alive...)).Draw(t, "who")
	if n == 0 {
		t.Skip("nobody")
	}
	return n
}

// want are the rows of a table of those that are selected.
func (c *crowd) want(selects func(n ecs.Node) bool) (names []string, values []int64) {
	names = []string{}
	for _, n := range c.alive {
		if n != 0 && selects(n) {
			names = append(names, c.w.NodeName(n))
			values = append(values, ecs.State[cell](c.w, n).Value)
		}
	}
	return names, values
}

func TestTablesFollowBirthsDeathsAndGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := newCrowd()
		listed := c.w.Nodes(1, "d", 0)
		listed = append(listed, c.alive[1], c.alive[3])
		fields := c.w.StateTable(c.program).Fields()
		all := slices.Clone(c.alive)
		sources := map[string]*stateSource{
			"all":     newListedSource(c.w, all, fields),
			"listed":  newListedSource(c.w, listed, fields),
			"pattern": newSelectedSource(c.w, c.program, fields, &netsync.Selection{Nodes: "c*"}, 0),
			"group":   newSelectedSource(c.w, c.program, fields, &netsync.Selection{}, c.group),
		}
		selects := map[string]func(n ecs.Node) bool{
			"all":     func(ecs.Node) bool { return true },
			"listed":  func(n ecs.Node) bool { return slices.Contains(listed, n) },
			"pattern": func(n ecs.Node) bool { return c.w.NodeName(n)[0] == 'c' },
			"group":   func(n ecs.Node) bool { return c.w.In(n, c.group) },
		}
		known := map[string][]string{}
		look := func(t *rapid.T) {
			for name, s := range sources {
				names, changed := s.keys(c.w)
				want, values := c.want(selects[name])
				if was, asked := known[name]; changed != (!asked || !slices.Equal(was, want)) {
					t.Fatalf("%s: rows are said to be others: %v, from %q to %q", name, changed, was, want)
				}
				if changed && !slices.Equal(append([]string{}, names...), want) {
					t.Fatalf("%s has rows %q, want %q", name, names, want)
				}
				known[name] = want
				column := make([]byte, 8*len(values))
				s.fill(c.w, [][]byte{column}, 0)
				for i, v := range values {
					if got := int64(column[8*i]) | int64(column[8*i+1])<<8 | int64(column[8*i+2])<<16 | int64(column[8*i+3])<<24; got != v&0xffffffff {
						t.Fatalf("%s: %s has %d, want %d", name, want[i], got, v)
					}
				}
			}
		}
		look(t)
		t.Repeat(map[string]func(t *rapid.T){
			"bear": c.bear,
			"die": func(t *rapid.T) {
				n := c.somebody(t)
				c.w.Bury(n)
				c.w.Structure()
				c.alive[slices.Index(c.alive, n)] = 0
			},
			"replace": func(t *rapid.T) { // as many as before, and others
				n := c.somebody(t)
				c.w.Bury(n)
				c.w.Structure()
				c.alive[slices.Index(c.alive, n)] = 0
				c.bear(t)
			},
			"join":  func(t *rapid.T) { c.w.Join(c.group, c.somebody(t)) },
			"leave": func(t *rapid.T) { c.w.Leave(c.group, c.somebody(t)) },
			"look":  look,
		})
		look(t)
	})
}

func TestLivesFollowWhoIsThere(t *testing.T) {
	c := newCrowd()
	s := &lifeSource{}
	if names, changed := s.keys(c.w); !changed || len(names) != 4 {
		t.Fatalf("rows %q, others: %v", names, changed)
	}
	if _, changed := s.keys(c.w); changed {
		t.Error("rows are others, and nothing has happened")
	}
	c.w.Bury(c.alive[0])
	c.w.Bear(c.program, "new")
	c.w.Structure()
	if names, changed := s.keys(c.w); !changed || !slices.Contains(names, "new") || slices.Contains(names, "a[0]") {
		t.Errorf("one has died and one was born: rows %q, others: %v", names, changed)
	}
}
