// Proves that a world is what a simple model says it is, whatever is done to
// it: nodes born, buried, renamed after the dead, started, crashed, edited,
// grouped; and that a snapshot brings all of it back, into the same world or
// one declared like it, from where it goes on as if nothing had been.
//
// The model keeps a list of nodes as plain values, in the order of their
// numbers. After every step the whole world is compared with it, and the sums
// of pages that were kept with a full hash.
package ecs

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type account struct {
	Balance int64
	Saved   int64 // durable
	Rate    float64
}

// diary is boxed state: a text a row, and one that a crash leaves.
type diary struct{ pages, kept []string }

func (d *diary) room(row int) {
	for len(d.pages) <= row {
		d.pages, d.kept = append(d.pages, ""), append(d.kept, "")
	}
}

func (d *diary) Reset(row int, crashed bool) {
	d.room(row)
	d.pages[row] = ""
	if !crashed {
		d.kept[row] = ""
	}
}

func (d *diary) AppendRow(row int, to []byte) []byte {
	return append(append(append(to, d.kept[row]...), 0), d.pages[row]...)
}

func (d *diary) LoadRow(row int, from []byte) error {
	d.room(row)
	kept, page, ok := strings.Cut(string(from), "\x00")
	if !ok {
		return fmt.Errorf("a diary of %d bytes has no end of what is kept", len(from))
	}
	d.kept[row], d.pages[row] = kept, page
	return nil
}

// modelNode is all that is to be known of a node.
type modelNode struct {
	node    Node
	name    string
	program ProgramID
	pending bool // to be born, or buried while it was
	buried  bool // at the end of the phase
	dead    bool
	life    Life
	state   account
	birth   account
	page    string
	kept    string
	members []Node // of a group
}

type model struct {
	nodes []modelNode
	rows  map[ProgramID]int // ever needed at once
}

func (m model) clone() model {
	c := model{slices.Clone(m.nodes), maps.Clone(m.rows)}
	for i := range c.nodes {
		c.nodes[i].members = slices.Clone(c.nodes[i].members)
	}
	return c
}

// moment is a snapshot and what the model was then.
type moment struct {
	snapshot Snapshot
	model    model
	hash     uint64
	digest   Digest
}

type worldMachine struct {
	world *World
	model model
	then  *moment
	fresh int // names given
}

var initialAccount = account{Balance: 10, Saved: 20, Rate: 0.5}

func TestWorldIsItsModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newWorldMachine()
		actions := map[string]func(*rapid.T){
			"":          m.check,
			"nodes":     m.nodes,
			"node":      m.node,
			"bear":      m.bear,
			"bury":      m.bury,
			"structure": m.structure,
			"status":    m.status,
			"edit":      m.edit,
			"write":     m.write,
			"forget":    m.forget,
			"wipe":      m.wipe,
			"birth":     m.setBirth,
			"group":     m.group,
			"join":      m.join,
			"leave":     m.leave,
			"begin":     m.begin,
			"snapshot":  m.snapshot,
			"restore":   m.restore,
			"move":      m.move,
		}
		for range 4 { // some things need many steps to come together
			t.Repeat(actions)
		}
	})
}

// newWorldMachine declares a program with state, one with none, and one with
// boxed state.
func newWorldMachine() *worldMachine {
	w := NewWorld(Config{Seed: 1})
	w.Program(Schema{Name: "bank", State: initialAccount, Durable: []string{"Saved"}})
	w.Program(Schema{Name: "bare"})
	w.Program(Schema{Name: "diarist", State: initialAccount, Durable: []string{"Saved"}, Boxed: func() Boxed { return &diary{} }})
	w.Kind("hello", 8)
	return &worldMachine{world: w, model: model{rows: map[ProgramID]int{}}}
}

func (m *worldMachine) live(p ProgramID) int {
	n := 0
	for i := range m.model.nodes {
		if k := &m.model.nodes[i]; k.program == p && !k.dead && !k.pending {
			n++
		}
	}
	return n
}

func anyProgram(t *rapid.T) ProgramID { return ProgramID(rapid.IntRange(1, 3).Draw(t, "program")) }

// newName is a name nobody has: a new one, or that of a dead.
func (m *worldMachine) newName(t *rapid.T) string {
	var free []string
	for i := range m.model.nodes {
		if n := &m.model.nodes[i]; n.dead && m.latest(n.name).dead {
			free = append(free, n.name)
		}
	}
	if len(free) > 0 && rapid.Bool().Draw(t, "again") {
		return rapid.SampledFrom(free).Draw(t, "name")
	}
	m.fresh++
	return fmt.Sprintf("n%d", m.fresh)
}

// latest returns the last node that was given a name.
func (m *worldMachine) latest(name string) *modelNode {
	for i := len(m.model.nodes) - 1; i >= 0; i-- {
		if n := &m.model.nodes[i]; n.name == name {
			return n
		}
	}
	return nil
}

// born is a node as it is at birth.
func born(n Node, p ProgramID, name string) modelNode {
	k := modelNode{node: n, name: name, program: p, life: Life{Name: hashString(name), Status: Down}}
	if p != 2 {
		k.state, k.birth = initialAccount, initialAccount
	}
	return k
}

func (m *worldMachine) nodes(t *rapid.T) {
	p := anyProgram(t)
	prefix := m.newName(t)
	n := rapid.IntRange(0, 3).Draw(t, "n")
	if n > 0 && (m.latest(prefix) != nil || strings.Contains(prefix, "[")) {
		m.fresh++
		prefix = fmt.Sprintf("n%d", m.fresh)
	}
	for i, node := range m.world.Nodes(p, prefix, n) {
		m.model.nodes = append(m.model.nodes, born(node, p, fmt.Sprintf("%s[%d]", prefix, i)))
	}
	m.model.rows[p] += n // nodes of a world being built take rows of their own
}

func (m *worldMachine) node(t *rapid.T) {
	p, name := anyProgram(t), m.newName(t)
	m.model.nodes = append(m.model.nodes, born(m.world.Node(p, name), p, name))
	m.model.rows[p]++
}

func (m *worldMachine) bear(t *rapid.T) {
	p, name := anyProgram(t), m.newName(t)
	k := born(m.world.Bear(p, name), p, name)
	k.pending = true
	m.model.nodes = append(m.model.nodes, k)
}

func (m *worldMachine) pick(t *rapid.T, what string, f func(*modelNode) bool) *modelNode {
	var fit []int
	for i := range m.model.nodes {
		if f(&m.model.nodes[i]) {
			fit = append(fit, i)
		}
	}
	if len(fit) == 0 {
		t.Skip("there is no " + what)
	}
	return &m.model.nodes[rapid.SampledFrom(fit).Draw(t, what)]
}

func isNode(n *modelNode) bool  { return n.program != GroupProgram }
func isGroup(n *modelNode) bool { return n.program == GroupProgram }
func isAlive(n *modelNode) bool { return isNode(n) && !n.dead && !n.pending }

// bury takes the dead and the unborn too.
func (m *worldMachine) bury(t *rapid.T) {
	n := m.pick(t, "node", isNode)
	m.world.Bury(n.node)
	n.buried = true
}

func (m *worldMachine) structure(t *rapid.T) {
	want := slices.ContainsFunc(m.model.nodes, func(n modelNode) bool { return n.pending || n.buried })
	if got := m.world.Structure(); got != want {
		t.Fatalf("Structure says %v; births or deaths were queued: %v", got, want)
	}
	for i := range m.model.nodes {
		n := &m.model.nodes[i]
		if n.buried && !n.pending && isNode(n) {
			n.dead, n.buried = true, false
		}
	}
	for i := range m.model.nodes {
		if n := &m.model.nodes[i]; n.pending {
			n.pending = false
			m.model.rows[n.program] = max(m.model.rows[n.program], m.live(n.program))
		}
	}
	for i := range m.model.nodes {
		n := &m.model.nodes[i]
		n.dead, n.buried = n.dead || n.buried, false
	}
	for i := range m.model.nodes {
		g := &m.model.nodes[i]
		g.members = slices.DeleteFunc(g.members, m.isDead)
	}
}

func (m *worldMachine) status(t *rapid.T) {
	n := m.pick(t, "live node", isAlive)
	s := rapid.SampledFrom([]Status{Down, Up, Up, Up, Paused, Paused, Crashed}).Draw(t, "status")
	exit := rapid.Uint8().Draw(t, "exit")
	m.world.SetStatus(n.node, s, exit)
	if s == n.life.Status {
		return
	}
	if s == Up && n.life.Status != Paused {
		n.life.Incarnation++
		n.life.Started = m.world.Tick()
	}
	n.life.Status, n.life.Exit = s, exit
}

func hasState(n *modelNode) bool { return isAlive(n) && n.program != 2 }

func (m *worldMachine) edit(t *rapid.T) {
	n := m.pick(t, "node with state", hasState)
	v := account{rapid.Int64().Draw(t, "balance"), rapid.Int64().Draw(t, "saved"), rapid.Float64().Draw(t, "rate")}
	*Edit[account](m.world, n.node) = v
	n.state = v
}

func (m *worldMachine) write(t *rapid.T) {
	n := m.pick(t, "diarist", func(n *modelNode) bool { return isAlive(n) && n.program == 3 })
	row, _ := m.world.Row(n.node)
	d := m.world.programs[3].boxed.(*diary)
	n.page, n.kept = rapid.StringMatching("[a-z]{0,9}").Draw(t, "page"), rapid.StringMatching("[a-z]{0,9}").Draw(t, "kept")
	d.pages[row], d.kept[row] = n.page, n.kept
}

func (m *worldMachine) forget(t *rapid.T) {
	n := m.pick(t, "live node", isAlive)
	m.world.Forget(n.node)
	saved := n.state.Saved
	n.state = n.birth
	n.state.Saved = saved
	n.page = ""
}

func (m *worldMachine) wipe(t *rapid.T) {
	n := m.pick(t, "live node", isAlive)
	m.world.Wipe(n.node)
	n.state, n.page, n.kept = n.birth, "", ""
}

func (m *worldMachine) setBirth(t *rapid.T) {
	n := m.pick(t, "live node", isAlive)
	m.world.SetBirthState(n.node)
	n.birth = n.state
}

func (m *worldMachine) begin(t *rapid.T) {
	m.world.Begin(m.world.Tick() + Tick(rapid.IntRange(1, 100).Draw(t, "ticks")))
}

func (m *worldMachine) group(t *rapid.T) {
	name := m.newName(t)
	var members []Node
	for range rapid.IntRange(0, 4).Draw(t, "n") {
		members = append(members, m.pick(t, "member", func(*modelNode) bool { return true }).node)
	}
	g := modelNode{node: m.world.Group(name, members), name: name}
	for _, n := range members {
		if !slices.Contains(g.members, n) && !m.isDead(n) {
			g.members = append(g.members, n)
		}
	}
	m.model.nodes = append(m.model.nodes, g)
}

// join asks for groups in themselves too, which must be refused.
func (m *worldMachine) join(t *rapid.T) {
	g := m.pick(t, "group", isGroup)
	n := m.pick(t, "member", func(*modelNode) bool { return true })
	if m.within(n.node, g.node) {
		if text := panicText(func() { m.world.Join(g.node, n.node) }); !strings.Contains(text, "cannot be in itself") {
			t.Fatalf("%s joined %s, which it is in: %q", n.name, g.name, text)
		}
		return
	}
	m.world.Join(g.node, n.node)
	if !slices.Contains(g.members, n.node) && !n.dead {
		g.members = append(g.members, n.node)
	}
}

// isDead reports whether a node has died: such are in no group.
func (m *worldMachine) isDead(n Node) bool {
	return slices.ContainsFunc(m.model.nodes, func(x modelNode) bool { return x.node == n && x.dead })
}

// within reports whether a group is a node or in it, at any depth.
func (m *worldMachine) within(n, g Node) bool {
	return n == g || slices.ContainsFunc(m.members(n), func(x Node) bool { return m.within(x, g) })
}

func (m *worldMachine) leave(t *rapid.T) {
	g := m.pick(t, "group", isGroup)
	n := m.pick(t, "member", func(*modelNode) bool { return true })
	m.world.Leave(g.node, n.node)
	g.members = slices.DeleteFunc(g.members, func(x Node) bool { return x == n.node })
}

// members are those a node was given, groups as such.
func (m *worldMachine) members(n Node) []Node {
	for i := range m.model.nodes {
		if g := &m.model.nodes[i]; g.node == n {
			return g.members
		}
	}
	return nil
}

// allMembers unfolds groups in groups; each node once, where it came first.
func (m *worldMachine) allMembers(n Node) []Node {
	if !n.IsGroup() {
		return []Node{n}
	}
	var all []Node
	for _, x := range m.members(n) {
		for _, y := range m.allMembers(x) {
			if !slices.Contains(all, y) {
				all = append(all, y)
			}
		}
	}
	return all
}

func (m *worldMachine) snapshot(t *rapid.T) {
	m.structure(t)
	if m.then == nil {
		m.then = &moment{}
	}
	m.world.Snapshot(&m.then.snapshot)
	m.then.model, m.then.hash, m.then.digest = m.model.clone(), m.world.StateHash(), m.world.Digest()
}

// restore drops what is queued, as a run does that goes back.
func (m *worldMachine) restore(t *rapid.T) {
	if m.then == nil {
		t.Skip("no snapshot")
	}
	if err := m.world.Restore(&m.then.snapshot); err != nil {
		t.Fatal(err)
	}
	m.model = m.then.model.clone()
	if h := m.world.StateHash(); h != m.then.hash {
		t.Fatalf("the restored state hashes to %x, it was %x", h, m.then.hash)
	}
	if d := m.world.Digest(); d != m.then.digest {
		t.Fatalf("the restored digest is %x, it was %x", d, m.then.digest)
	}
}

// move goes on in another world, which has had nodes of its own.
func (m *worldMachine) move(t *rapid.T) {
	if m.then == nil {
		t.Skip("no snapshot")
	}
	other := NewWorld(Config{Seed: 2})
	other.DeclareLike(m.world)
	other.Nodes(1, "litter", rapid.IntRange(0, 200).Draw(t, "litter"))
	other.Node(3, "litterer")
	m.world = other
	if rapid.Bool().Draw(t, "as bytes") {
		kept := m.then.snapshot
		if err := other.DecodeSnapshot(kept.Append(nil), &m.then.snapshot); err != nil {
			t.Fatal(err)
		}
	}
	m.restore(t)
}

func (m *worldMachine) check(t *rapid.T) {
	m.checkNames(t)
	m.checkNodes(t)
	m.checkPrograms(t)
	kept := m.world.StateHash()
	for _, table := range m.world.tables {
		for page := range table.marks {
			table.marks[page] = m.world.generation
		}
	}
	if full := m.world.StateHash(); kept != full {
		t.Fatalf("sums of pages kept give %x, all hashed again %x: a change was not marked", kept, full)
	}
}

func (m *worldMachine) checkNames(t *rapid.T) {
	seen := map[Node]string{}
	for i := range m.model.nodes {
		n := &m.model.nodes[i]
		if other, twice := seen[n.node]; twice {
			t.Fatalf("%s and %s have the number %x", other, n.name, n.node)
		}
		seen[n.node] = n.name
		if got := m.world.NodeName(n.node); got != n.name {
			t.Fatalf("%s is called %q", n.name, got)
		}
		latest := m.latest(n.name).node
		if got, ok := m.world.NodeNamed(n.name); !ok || got != latest {
			t.Fatalf("NodeNamed(%q) is %x, %v; want the latest, %x", n.name, got, ok, latest)
		}
	}
}

func (m *worldMachine) checkNodes(t *rapid.T) {
	places := map[string]string{}
	for i := range m.model.nodes {
		n := &m.model.nodes[i]
		if !n.pending {
			if diff := cmp.Diff(m.allMembers(n.node), m.world.Members(n.node), equalIfEmpty); diff != "" {
				t.Fatalf("members of %s: %s", n.name, diff)
			}
		}
		row, ok := m.world.Row(n.node)
		if ok != isAlive(n) {
			t.Fatalf("%s has a row: %v; it is alive: %v", n.name, ok, isAlive(n))
		}
		if !ok {
			continue
		}
		at := fmt.Sprint(n.program, " ", row)
		if other := places[at]; other != "" {
			t.Fatalf("%s and %s are both at %s", n.name, other, at)
		}
		places[at] = n.name
		m.checkNode(t, n, row)
	}
}

var equalIfEmpty = cmp.Transformer("empty", func(s []Node) []Node {
	if len(s) == 0 {
		return nil
	}
	return s
})

func (m *worldMachine) checkNode(t *rapid.T, n *modelNode, row int) {
	w := m.world
	if got := w.Life(n.node); got != n.life || *w.LifeAt(n.program, row) != n.life {
		t.Fatalf("%s's life is %+v, want %+v", n.name, got, n.life)
	}
	if got := w.NodeAt(n.program, row); got != n.node {
		t.Fatalf("at %s's row lies %s", n.name, w.NodeName(got))
	}
	if !hasState(n) {
		return
	}
	s := State[account](w, n.node)
	if *s != n.state || s != &Column[account](w, n.program)[row] {
		t.Fatalf("%s's state is %+v at %p, want %+v at row %d of the column", n.name, *s, s, n.state, row)
	}
	if n.program == 3 {
		d := w.programs[3].boxed.(*diary)
		if d.pages[row] != n.page || d.kept[row] != n.kept {
			t.Fatalf("%s's diary is %q and %q, want %q and %q", n.name, d.pages[row], d.kept[row], n.page, n.kept)
		}
	}
}

func (m *worldMachine) checkPrograms(t *rapid.T) {
	total := 0
	for p := ProgramID(1); int(p) < m.world.Programs(); p++ {
		live, up := m.live(p), 0
		for i := range m.model.nodes {
			if n := &m.model.nodes[i]; n.program == p && isAlive(n) && n.life.Status == Up {
				up++
			}
		}
		total += live
		rows := m.world.ProgramRows(p)
		if rows != m.model.rows[p] {
			t.Fatalf("%s has %d rows; %d were needed", m.world.ProgramName(p), rows, m.model.rows[p])
		}
		if got, want := m.world.AllUp(p), up == rows; got != want && live > 0 {
			t.Fatalf("%s: AllUp is %v; %d of %d rows are up", m.world.ProgramName(p), got, up, rows)
		}
		for row := range rows {
			if n := m.world.NodeAt(p, row); n != 0 && !slices.ContainsFunc(m.model.nodes, func(k modelNode) bool { return k.node == n && isAlive(&k) }) {
				t.Fatalf("at row %d of %s lies %s, who is not alive", row, m.world.ProgramName(p), m.world.NodeName(n))
			}
		}
	}
	if got := m.world.LiveNodes(); got != total {
		t.Fatalf("LiveNodes is %d, want %d", got, total)
	}
}
