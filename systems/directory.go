package systems

import (
	"slices"

	"orrery/ecs"
)

// directory is who provides what, as nodes see it: all alike, one tick after
// each change. This is the oracle mode. Whoever asks says for which node, so
// that views that differ (by gossip) have their place here, and nowhere else.
//
// Invariant: it is derived. Between ticks it is what the provisions say.
type directory struct {
	index   index // (service, 0) to a list
	lists   [][]ecs.Node
	changes []change // of the tick under way, not seen yet
}

type change struct {
	service uint64
	node    ecs.Node
	gone    bool
}

// seen returns the providers that a node sees, in order; for reading.
func (d *directory) seen(_ ecs.Node, service uint64) []ecs.Node {
	if i := d.index.find(service, 0); i >= 0 {
		return d.lists[i]
	}
	return nil
}

// apply brings a change into view.
func (d *directory) apply(c change) {
	i := d.index.find(c.service, 0)
	if i < 0 {
		i = len(d.lists)
		d.lists = append(d.lists, nil)
		d.index.put(c.service, 0, i)
	}
	all := d.lists[i]
	if n := len(all); !c.gone && (n == 0 || all[n-1] < c.node) { // as at the begin of a run
		d.lists[i] = append(all, c.node)
		return
	}
	at, found := slices.BinarySearch(all, c.node)
	switch {
	case c.gone && found:
		d.lists[i] = slices.Delete(all, at, at+1)
	case !c.gone && !found:
		d.lists[i] = slices.Insert(all, at, c.node)
	}
}

func (d *directory) clear() {
	d.index.clear()
	d.lists, d.changes = d.lists[:0], d.changes[:0]
}
