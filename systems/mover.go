package systems

import "orrery/ecs"

// movers are the nodes that have joined or left a group while the run was under
// way. A send without a link is a mistake of who wrote the scenario, and an
// error; but who has moved may have got where nothing was laid for it, or be
// known to those it has left: what has no way then is dropped, as by a fault.
//
// They lie outside of the digest, which has each join and leave already.
type movers struct {
	world *ecs.World
	rows  *ecs.Rows[mover]
	set   nodeSet
}

type mover struct {
	Node ecs.Node
	_    [4]byte
}

func newMovers(w *ecs.World) movers {
	m := movers{world: w, rows: ecs.NewRows[mover](w, "group.moved")}
	m.rows.Table().OutsideDigest()
	return m
}

// add notes that a node, or each in a group, has moved. What is said before the
// first tick is how a run begins.
func (m *movers) add(n ecs.Node) {
	if m.world.Tick() < 0 {
		return
	}
	for _, x := range m.world.Members(n) {
		if !m.set.has(x) {
			m.set.put(x, true)
			m.rows.Add(mover{Node: x})
		}
	}
}

func (m *movers) rebuild() {
	m.set.clear()
	for i := range m.rows.Len() {
		m.set.put(m.rows.At(i).Node, true)
	}
}

// excused reports whether two nodes may be without a link by no mistake.
func (l *Links) excused(a, b ecs.Node) bool { return l.movers.set.has(a) || l.movers.set.has(b) }

// Missing reports whether a link from one node to another is missing by mistake:
// then to send is an error. Where it is not, what has no way is dropped.
func (l *Links) Missing(from, to ecs.Node) bool {
	return from != to && !l.Joins(from, to) && !l.excused(from, to)
}
