package systems

import "orrery/ecs"

// Expire returns what the next call that is over by now, of the node of a
// batch's i-th event, is to be told: nil if there is none, and then the node's
// timer is set for the next. It is asked until then when the timer has fired.
func (s *Services) Expire(b *ecs.Batch, i int) *Reply {
	k := s.calls.callers.first(b.Node(i))
	if k < 0 {
		return nil
	}
	for {
		c := s.calls.callers.rows.Edit(k)
		if c.Head == 0 {
			return nil
		}
		row := int(c.Head) - 1
		if due := s.calls.pool.rows.At(row).Due; due > b.Tick {
			s.arm(b, i, c, due)
			return nil
		}
		if reply := s.forNode(s.expire(b, c, row)); reply != nil {
			return reply
		}
	}
}

// expire ends a call that is due; nil if nobody is to be told.
func (s *Services) expire(b *ecs.Batch, c *callerRow, row int) *Reply {
	r := s.calls.pool.rows.At(row)
	switch {
	case r.Sort == discoveryCall:
		return s.expireDiscovery(b, c, row)
	case r.Sort == memberCall:
		return s.lostMember(row, r.Why)
	}
	if r.Why == NoReason {
		return s.end(row, TimedOut)
	}
	return s.end(row, r.Why)
}

// expireOutside ends the calls of nobody that are over.
func (s *Services) expireOutside() {
	k := s.calls.callers.first(0)
	if k < 0 {
		return
	}
	for {
		c := s.calls.callers.rows.Edit(k)
		if c.Head == 0 {
			return
		}
		row := int(c.Head) - 1
		if s.calls.pool.rows.At(row).Due > s.world.Tick() {
			return
		}
		s.forNode(s.expire(nil, c, row))
	}
}
