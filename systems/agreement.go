package systems

import "orrery/ecs"

// agreement tells whether the nodes of each part that are up know the same: if
// so, rounds of anti-entropy among them would change nothing, and there are none.
// It is told part by part: what nodes do that no link joins with others, however
// far, shifts no probe of theirs.
//
// Invariant: it is derived, from members' hashes, lives and links. What it says
// is what each node would find if it asked all the others, so that to leave
// rounds out saves messages and changes no value.
type agreement struct {
	stale   bool   // the tallies are to be made anew
	links   uint32 // changes of links that it knows of
	lives   uint32 // starts and ends of nodes so far
	parts   parts
	tallies []tally // by part
	hashes  index   // (hash, part) to how many nodes have it, of those that are not 0
	apart   int     // parts whose nodes differ
}

// tally is what the nodes of a part know that are up.
type tally struct {
	up       int
	informed int // nodes whose hash is not 0
	hashes   int // different ones, of those
}

// differ reports whether one node of a part knows what another does not.
func (t *tally) differ() bool { return t.hashes > 1 || t.hashes == 1 && t.up > t.informed }

// current brings it in line with links that were added since.
func (e *Epidemic) current() *agreement {
	if a := &e.agree; !a.stale && a.links == e.links.changes {
		return a
	}
	return e.retell()
}

// retell makes the agreement anew. Parts change with links only.
func (e *Epidemic) retell() *agreement {
	a := &e.agree
	if a.links != e.links.changes || a.parts.len() == 0 {
		a.parts.build(e.links)
	}
	a.stale, a.links, a.apart = false, e.links.changes, 0
	a.hashes.clear()
	a.tallies = append(a.tallies[:0], make([]tally, a.parts.len())...)
	for part := range a.tallies {
		for _, n := range a.parts.nodes(part) {
			if e.counts(n) {
				a.count(part, e.hashOf(n), 1)
			}
		}
	}
	return a
}

// counts reports whether a node takes part now, if a link has it.
func (e *Epidemic) counts(n ecs.Node) bool {
	life := e.world.Life(n)
	return life.Status == ecs.Up || life.Status == ecs.Paused
}

// someone returns a node of a part that is up, 0 if none is.
func (e *Epidemic) someone(part int) ecs.Node {
	for _, n := range e.agree.parts.nodes(part) {
		if e.counts(n) {
			return n
		}
	}
	return 0
}

func (e *Epidemic) hashOf(n ecs.Node) uint64 {
	if m := e.member(n); m >= 0 {
		return e.members.rows.At(m).Hash
	}
	return 0
}

// count adds nodes of a part that know the same, or takes them away.
func (a *agreement) count(part int, hash uint64, nodes int) {
	t := &a.tallies[part]
	if t.differ() {
		a.apart--
	}
	if t.up += nodes; hash != 0 {
		t.informed += nodes
		before := max(0, a.hashes.find(hash, uint64(part)))
		switch now := before + nodes; {
		case now == 0:
			a.hashes.drop(hash, uint64(part))
			t.hashes--
		default:
			if before == 0 {
				t.hashes++
			}
			a.hashes.set(hash, uint64(part), now)
		}
	}
	if t.differ() {
		a.apart++
	}
}

// rehash notes that a member knows one thing instead of another.
func (e *Epidemic) rehash(m int, was, is uint64) {
	r := e.members.rows.Edit(m)
	before := r.Hash
	r.Hash += is - was
	a := &e.agree
	if a.stale || a.links != e.links.changes || !e.counts(r.Node) {
		return
	}
	if part := a.parts.find(r.Node); part >= 0 {
		a.count(part, before, -1)
		a.count(part, r.Hash, 1)
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
	if part := a.parts.find(n); part >= 0 {
		a.count(part, e.hashOf(n), nodes)
	}
}
