package systems

import "orrery/ecs"

// agreement tells whether all nodes that are up and reach others know the same:
// if so, rounds of anti-entropy would change nothing, and there are none.
//
// Invariant: it is derived, from members' hashes, lives and links. What it says
// is what each node would find if it asked all the others, so that to leave
// rounds out saves messages and changes no value.
type agreement struct {
	stale    bool
	links    uint32 // changes of links that it knows of
	lives    uint32 // starts and ends of nodes so far
	hashes   index  // (hash, 0) to how many nodes have it, of those that are not 0
	informed int    // nodes whose hash is not 0
	up       int    // all nodes that count
}

// current brings it in line with links that were added since.
func (e *Epidemic) current() *agreement {
	a := &e.agree
	if a.links != e.links.changes {
		a.stale = true
	}
	if !a.stale {
		return a
	}
	a.stale, a.links = false, e.links.changes
	a.hashes.clear()
	a.informed, a.up = 0, 0
	for p := 1; p < e.world.Programs(); p++ {
		id := ecs.ProgramID(p)
		for row := range e.world.ProgramRows(id) {
			if n := e.world.NodeAt(id, row); n != 0 && e.counts(n) {
				a.up++
				a.add(e.hashOf(n), 1)
			}
		}
	}
	return a
}

// counts reports whether a node takes part now.
func (e *Epidemic) counts(n ecs.Node) bool {
	life := e.world.Life(n)
	return (life.Status == ecs.Up || life.Status == ecs.Paused) && e.links.Reach(n) > 0
}

func (e *Epidemic) hashOf(n ecs.Node) uint64 {
	if m := e.member(n); m >= 0 {
		return e.members.rows.At(m).Hash
	}
	return 0
}

func (a *agreement) add(hash uint64, nodes int) {
	if hash == 0 {
		return
	}
	a.informed += nodes
	if count := max(0, a.hashes.find(hash, 0)) + nodes; count > 0 {
		a.hashes.set(hash, 0, count)
	} else {
		a.hashes.drop(hash, 0)
	}
}

// all reports whether nobody differs.
func (a *agreement) all() bool {
	different := a.hashes.used
	if a.up > a.informed {
		different++
	}
	return different < 2
}

// rehash notes that a member knows one thing instead of another.
func (e *Epidemic) rehash(m int, was, is uint64) {
	r := e.members.rows.Edit(m)
	before := r.Hash
	r.Hash += is - was
	if a := &e.agree; !a.stale && a.links == e.links.changes && e.counts(r.Node) {
		a.add(before, -1)
		a.add(r.Hash, 1)
	}
}

// started and ended note that a node takes part from now on, or no longer: it is
// up in both.
func (e *Epidemic) started(n ecs.Node) { e.recount(n, 1) }
func (e *Epidemic) ended(n ecs.Node)   { e.recount(n, -1) }

func (e *Epidemic) recount(n ecs.Node, nodes int) {
	e.agree.lives++
	if e.opened {
		e.agreeAnew(n, nodes)
	}
}

func (e *Epidemic) agreeAnew(n ecs.Node, nodes int) {
	a := &e.agree
	if a.stale || a.links != e.links.changes || !e.counts(n) {
		return
	}
	a.up += nodes
	a.add(e.hashOf(n), nodes)
}
