package systems

import (
	"cmp"
	"slices"

	"orrery/ecs"
)

// Discover waits until at least some providers of a service are in view of the
// i-th event's node that it has a link to, or until time is up: the call's
// Service, Timeout, Then, Tag and Keep count.
func (s *Services) Discover(b *ecs.Batch, i int, c *Call, least int) ecs.EnvelopeID {
	id := b.NextID(i)
	row := s.open(b, i, c, id, discoveryCall)
	r := s.calls.pool.rows.Edit(row)
	r.Need = int32(least)
	if s.discovers(r) {
		r.Due = b.Tick + 1
	}
	at, _ := slices.BinarySearch(s.watching, int32(row))
	s.watching = slices.Insert(s.watching, at, int32(row))
	s.enqueue(b, i, row, false)
	return id
}

// discovers reports whether a discovery's node sees enough that it can call.
func (s *Services) discovers(r *callRow) bool {
	seen, left := s.Providers(r.Node, r.Service), int(r.Need)
	if len(seen) < left {
		return false
	}
	for _, n := range seen {
		if left <= 0 {
			break
		}
		if s.Reaches(r.Node, n) {
			left--
		}
	}
	return left <= 0
}

// relinked reports whether links have been made since it was asked last: who waits
// may have come in reach of a provider that it has seen all along.
func (s *Services) relinked() bool {
	was := s.linked
	s.linked = s.links.changes
	return was != s.linked && len(s.watching) > 0
}

// found has the discoveries whose service changed, and which see enough, end in
// the next tick: node by node, and each node's in the order of its calls. Rows
// tell no order, as those of others lie between them. Anew stands for a change
// of all services.
func (s *Services) found(changes []change, anew bool) {
	w, rows := s.world, s.calls.pool.rows
	s.waking = s.waking[:0]
	for _, row := range s.watching {
		r := rows.At(int(row))
		// Few see enough: who does is looked for in the changes, of which there may
		// be many, and then among those in reach.
		if r.Due > w.Tick()+1 && len(s.Providers(r.Node, r.Service)) >= int(r.Need) && (anew || slices.ContainsFunc(changes, func(c change) bool {
			return c.service == r.Service && (c.viewer == 0 || c.viewer == r.Node)
		})) && s.discovers(r) {
			s.waking = append(s.waking, row)
		}
	}
	slices.SortStableFunc(s.waking, func(a, b int32) int {
		x, y := rows.At(int(a)), rows.At(int(b))
		return cmp.Or(cmp.Compare(x.Node, y.Node), cmp.Compare(x.Sent, y.Sent), cmp.Compare(x.Valid, y.Valid))
	})
	for _, row := range s.waking {
		s.wakeAt(int(row), w.Tick()+1)
	}
}

// wakeAt has a call looked at at a tick, from outside of its node's handlers.
func (s *Services) wakeAt(row int, at ecs.Tick) {
	w, rows := s.world, s.calls.pool.rows
	n := rows.At(row).Node
	c := s.calls.callers.rows.Edit(int(rows.At(row).Caller))
	s.unlink(c, row)
	rows.Edit(row).Due = at
	s.insert(c, row)
	if c.Armed <= at && c.Armed > w.Tick() {
		return
	}
	c.Armed = at
	e := w.Outside(n, s.wake, 0, uint64(w.Life(n).Incarnation)<<32, "discover")
	w.Post(&e, at)
}

// expireDiscovery ends a discovery that sees enough or whose time is up, and
// else puts it back.
func (s *Services) expireDiscovery(b *ecs.Batch, c *callerRow, row int) *Reply {
	r := s.calls.pool.rows.At(row)
	n, service, why := r.Node, r.Service, r.Why
	if why == NoReason && !s.discovers(r) {
		if why = TimedOut; b.Tick < r.Deadline {
			s.unlink(c, row)
			s.calls.pool.rows.Edit(row).Due = r.Deadline
			s.insert(c, row)
			return nil
		}
	}
	reply := s.end(row, why)
	s.discovered = append(s.discovered[:0], s.inReach(n, s.Providers(n, service))...)
	reply.Found = s.discovered
	return reply
}

func (s *Services) unwatch(row int) {
	if at, ok := slices.BinarySearch(s.watching, int32(row)); ok {
		s.watching = slices.Delete(s.watching, at, at+1)
	}
}
