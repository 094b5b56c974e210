package systems

import (
	"slices"

	"orrery/ecs"
)

// heard are the names of feeds that each node has met. They are kept where they
// are asked for alone: a row for each node and feed is much where many listen.
type heard struct {
	pool pool[heardRow, *heardRow]
	at   index // (node, topic) to rows
	kept bool
}

type heardRow struct {
	Node  ecs.Node
	Topic int32
	slot
	_ [4]byte
}

func (r *heardRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

func newHeard(w *ecs.World) heard { return heard{pool: newPool[heardRow](w, "feed.heard")} }

// Remember has each node know the feeds that it meets, for [Feeds.Known]. It is
// said before the run.
func (f *Feeds) Remember() { f.heard.kept = true }

// Known returns the names of the feeds that a node has met since it started,
// sorted: of those it has published to, or was given a value of. What others
// know is no news to it, so no more than values tells a node of a feed.
func (f *Feeds) Known(n ecs.Node) []string {
	var all []string
	for i := f.heard.pool.first(n); i >= 0; i = f.heard.pool.next(i) {
		all = append(all, f.derived[f.heard.pool.rows.At(i).Topic].name)
	}
	slices.Sort(all)
	return all
}

// meet has a node know a feed.
func (h *heard) meet(n ecs.Node, topic int32) {
	if h.at.find(uint64(n), uint64(topic)) >= 0 {
		return
	}
	i := h.pool.take()
	r := h.pool.rows.Edit(i)
	r.Node, r.Topic = n, topic
	h.pool.own(i)
	h.at.put(uint64(n), uint64(topic), i)
}

// forget ends what a node knows, with its incarnation.
func (h *heard) forget(n ecs.Node) {
	for i := h.pool.first(n); i >= 0; i = h.pool.first(n) {
		h.at.drop(uint64(n), uint64(h.pool.rows.At(i).Topic))
		h.pool.drop(i)
	}
}

func (h *heard) rebuild() {
	h.pool.rebuild()
	h.at.clear()
	for i := range h.pool.rows.Len() {
		if r := h.pool.rows.At(i); r.Used != 0 {
			h.at.put(uint64(r.Node), uint64(r.Topic), i)
		}
	}
}
