package systems

import (
	"slices"

	"orrery/ecs"
)

// directory is who provides what, as nodes see it. In the oracle mode all see
// the same, one tick after each change. In the other each node has a view of its
// own, and hears of changes by gossip.
//
// Invariant: it is derived. Between ticks it is what the provisions say, or what
// members of the epidemic know.
type directory struct {
	gossip  *gossipViews // nil: oracle
	index   index        // (service, viewer) to a list; viewer 0: all
	lists   [][]ecs.Node
	free    []int    // lists that nobody has
	changes []change // of the tick under way, not seen yet
	sighted []change // seen in the tick under way, of which who waits has not been told
}

// change is that a node provides a service, or does no longer, as a viewer sees
// it; viewer 0 stands for all.
type change struct {
	service      uint64
	node, viewer ecs.Node
	gone         bool
}

// seen returns the providers that a node sees, in order; for reading.
func (d *directory) seen(viewer ecs.Node, service uint64) []ecs.Node {
	if d.gossip == nil {
		viewer = 0
	}
	if i := d.index.find(service, uint64(viewer)); i >= 0 {
		return d.lists[i]
	}
	return nil
}

// apply brings a change into view.
func (d *directory) apply(c change) {
	i := d.index.find(c.service, uint64(c.viewer))
	switch {
	case i < 0 && c.gone:
		return
	case i < 0:
		i = d.newList()
		d.index.put(c.service, uint64(c.viewer), i)
	}
	all := d.lists[i]
	if n := len(all); !c.gone && (n == 0 || all[n-1] < c.node) { // as at the begin of a run
		d.lists[i] = append(all, c.node)
		return
	}
	at, found := slices.BinarySearch(all, c.node)
	switch {
	case c.gone && found && len(all) == 1:
		d.lists[i], d.free = all[:0], append(d.free, i)
		d.index.drop(c.service, uint64(c.viewer))
	case c.gone && found:
		d.lists[i] = slices.Delete(all, at, at+1)
	case !c.gone && !found:
		d.lists[i] = slices.Insert(all, at, c.node)
	}
}

func (d *directory) newList() int {
	if last := len(d.free) - 1; last >= 0 {
		i := d.free[last]
		d.free = d.free[:last]
		return i
	}
	d.lists = append(d.lists, nil)
	return len(d.lists) - 1
}

// settle brings the tick's changes into view, and returns those that somebody
// who waits has not been told of.
func (d *directory) settle() []change {
	if d.gossip != nil {
		d.gossip.publish(d.changes)
	} else {
		for _, c := range d.changes {
			d.apply(c)
		}
		d.sighted = append(d.sighted, d.changes...)
	}
	d.changes = d.changes[:0]
	return d.sighted
}

func (d *directory) clear() {
	d.index.clear()
	d.lists, d.free, d.changes, d.sighted = d.lists[:0], d.free[:0], d.changes[:0], d.sighted[:0]
}
