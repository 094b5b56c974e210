package systems

import (
	"cmp"
	"fmt"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Answer is what one of several providers answered.
type Answer struct {
	Provider ecs.Node
	A        uint64
	Payload  []byte // instead of A
	order    int32
}

// Gather calls several nodes, each once, and ends once: when need of them, at
// least one, have answered with a value, when that cannot be any more, or when
// time is up. If they are fewer, nobody is asked, and it ends with NoProvider.
// One to whom there is no link will not answer.
func (s *Services) Gather(b *ecs.Batch, i int, c *Call, to []ecs.Node, need int) ecs.EnvelopeID {
	if need < 1 {
		panic(fmt.Sprintf("systems: %s calls %d nodes of which %d must answer; that is 1 at least", s.world.NodeName(b.Node(i)), len(to), need))
	}
	if to = EachOnce(to); need > len(to) {
		to = nil
	}
	id := ecs.EnvelopeID(random.Mix(uint64(b.NextID(i))) >> 12)
	all := s.open(b, i, c, id, gatherCall)
	r := s.calls.pool.rows.Edit(all)
	r.Need, r.Of = int32(need), int32(len(to))
	if need > len(to) {
		r.Due, r.Why = b.Tick+1, NoProvider
	}
	s.enqueue(b, i, all, len(to) > 0)
	one := *c
	one.Then, one.Tag, one.Keep, one.outside = 0, 0, nil, false
	last := int32(0)
	for _, n := range to {
		if one.To, one.Unlinked = n, 0; !s.Reaches(b.Node(i), n) {
			one.To, one.Unlinked = 0, n
		}
		row := s.open(b, i, &one, b.NextID(i), memberCall)
		sent := s.ask(b, i, &one, row)
		s.calls.pool.rows.Edit(row).Parent = int32(all) + 1
		if last == 0 {
			s.calls.pool.rows.Edit(all).Member = int32(row) + 1
		} else {
			s.calls.pool.rows.Edit(int(last) - 1).Member = int32(row) + 1
		}
		last = int32(row) + 1
		s.enqueue(b, i, row, sent)
	}
	return id
}

// EachOnce returns nodes without those that are there already: a list itself that
// has each once. A node that answers twice is no majority.
func EachOnce(nodes []ecs.Node) []ecs.Node {
	if increasing(nodes) {
		return nodes
	}
	known := make(map[ecs.Node]bool, len(nodes)) // looked up only
	once := make([]ecs.Node, 0, len(nodes))
	for _, n := range nodes {
		if !known[n] {
			known[n] = true
			once = append(once, n)
		}
	}
	return once
}

// answeredMember keeps what a member answered; it returns the end of the whole
// if it has come.
func (s *Services) answeredMember(row int, why Reason, e *ecs.Envelope, payload []byte) *Reply {
	if why != NoReason {
		reply := s.lostMember(row, why)
		if reply != nil {
			reply.A, reply.Payload = e.A, payload
			if why == Failed && payload == nil {
				reply.A >>= 8
			}
		}
		return reply
	}
	r := s.calls.pool.rows.Edit(row)
	all := int(r.Parent) - 1
	whole := s.calls.pool.rows.Edit(all)
	s.unlink(s.calls.callers.rows.Edit(int(r.Caller)), row)
	whole.Got++
	r.Got, r.Value = whole.Got, e.A
	if payload != nil {
		s.calls.kept.Edit(row).Value, r.Value = s.world.Keep(payload)
		r.Keeps = true
	}
	if whole.Why != NoReason || whole.Got < whole.Need {
		return nil
	}
	return s.end(all, NoReason)
}

// lostMember frees a member that will not answer; it returns the end of the
// whole if too few are left.
func (s *Services) lostMember(row int, why Reason) *Reply {
	rows := s.calls.pool.rows
	all := int(rows.At(row).Parent) - 1
	who := rows.At(row).Provider
	s.leave(all, row)
	s.freeCall(s.calls.callers.rows.Edit(int(rows.At(all).Caller)), row)
	whole := rows.Edit(all)
	whole.Lost++
	if whole.Why != NoReason || whole.Of-whole.Lost >= whole.Need {
		return nil
	}
	reply := s.end(all, why)
	reply.Provider = who
	return reply
}

// leave takes a member from the list of its gather.
func (s *Services) leave(all, row int) {
	rows := s.calls.pool.rows
	next := rows.At(row).Member
	if rows.At(all).Member == int32(row)+1 {
		rows.Edit(all).Member = next
		return
	}
	at := int(rows.At(all).Member) - 1
	for rows.At(at).Member != int32(row)+1 {
		at = int(rows.At(at).Member) - 1
	}
	rows.Edit(at).Member = next
}

// collect puts the answers of a gather's members into the reply in hand.
func (s *Services) collect(all int) {
	rows, p := s.calls.pool.rows, &s.reply
	if rows.At(all).Sort != gatherCall {
		return
	}
	for at := rows.At(all).Member; at != 0; at = rows.At(int(at) - 1).Member {
		r := rows.At(int(at) - 1)
		if r.Got == 0 {
			continue
		}
		a := Answer{Provider: r.Provider, A: r.Value, order: r.Got}
		if r.Keeps {
			a.A, a.Payload = 0, slices.Clone(s.world.Kept(s.calls.kept.At(int(at)-1).Value))
		}
		p.Answers = append(p.Answers, a)
	}
	slices.SortStableFunc(p.Answers, func(a, b Answer) int { return cmp.Compare(a.order, b.order) })
}
