package systems

import (
	"fmt"

	"orrery/ecs"
)

// Reason is why a call got no value.
type Reason uint8

const (
	NoReason       Reason = iota
	NoProvider            // none was in view
	TimedOut              // no reply came in time
	Cancelled             // the caller gave up
	UnknownService        // the node that was asked does not provide it
	Crashed               // the node that was asked was down when the request came, or ended before it answered, and its host says so
	QueueFull             // the provider serves so many already
	Failed                // the provider answered with an error of its own
	Unlinked              // one of several, to whom the caller has no link
	Corrupted             // a link has changed why the provider refused

	reasons = int(Corrupted) + 1
)

var reasonNames = [reasons]string{"", "no provider", "timeout", "cancelled", "unknown service", "crashed", "queue full", "failed", "no link", "corrupted"}

func (r Reason) String() string { return reasonNames[r] }

// Known reports whether it is a reason: what a link has corrupted may be none.
func (r Reason) Known() bool { return r > NoReason && int(r) < reasons }

// MaxCalls is how many calls a node may have in flight, each member of a call
// to several nodes counted.
const MaxCalls = 1 << 16

// MaxDeferred is how many requests may be deferred in a world.
const MaxDeferred = 1 << 20

// Call is what is asked of whom.
type Call struct {
	Service Service
	To      ecs.Node        // 0: nobody was found, and the call ends with NoProvider
	A       uint64          // the argument
	Payload []byte          // instead of A; copied
	Timeout ecs.Nanoseconds // rounded up to a tick
	Then    uint64          // the caller's own, which the reply brings back:
	Tag     uint64          // what goes on, and with what
	Keep    []byte          // or, instead of Then, bytes; copied

	// Unlinked is whom the call would go to if there were a link. Then To is 0,
	// and the call ends with that as its reason.
	Unlinked ecs.Node

	outside bool // Then is a label, and who is outside is told of the end
}

// callSort is what a row of calls is.
type callSort uint8

const (
	singleCall    callSort = iota
	gatherCall             // of several members, of which a number must answer
	memberCall             // of a gather
	discoveryCall          // no call: it waits for providers
)

// callRow is a call in flight. The calls of a node are a list, in order of Due.
type callRow struct {
	Valid     uint64 // one more than the call's ID; 0: the row is free
	Service   uint64
	Then, Tag uint64 // Then is a hash if bytes are kept
	Value     uint64 // of a member that answered; a hash if it is bytes
	Sent      ecs.Tick
	Due       ecs.Tick // when it is looked at
	Deadline  ecs.Tick
	Node      ecs.Node
	Provider  ecs.Node
	Parent    int32 // of a member: one more than a row
	Member    int32 // the first member of a gather, or the next; one more than a row
	Need, Of  int32 // of a gather: how many must answer, of how many;
	Got, Lost int32 // how many did, or failed. Got of a member is its place among the answers
	Caller    int32 // the row of its node
	Sort      callSort
	Why       Reason // with which it ends when it is due
	Keeps     bool   // bytes lie in its row of kept
	Outside   bool   // it is not for the node to hear how it ends; Then is a label
	slot
	_ [4]byte
}

func (r *callRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// keptRow is where the bytes of a call lie.
type keptRow struct{ Then, Value ecs.Kept }

// callerRow is a node that has called.
type callerRow struct {
	Armed      ecs.Tick // when its timer fires; Never: it has none
	Node       ecs.Node
	Head, Tail int32 // of its calls: one more than a row
	Count      int32 // of its calls, answered members too
	slot
	_ [4]byte
}

func (r *callerRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

type calls struct {
	pool    pool[callRow, *callRow]
	kept    *ecs.Rows[keptRow] // a row for each call
	callers pool[callerRow, *callerRow]
}

func newCalls(w *ecs.World) calls {
	c := calls{pool: newPool[callRow](w, "call"), kept: ecs.NewRows[keptRow](w, "call.kept"), callers: newPool[callerRow](w, "caller")}
	c.kept.Table().OutsideDigest()
	return c
}

// A reply says which call it answers by its row and as many bits of its ID as
// there is room for: no row is looked up, and a reply that comes late finds
// another ID.
const (
	rowShift = 36
	idMask   = 1<<rowShift - 1
)

func makeRef(row int, id ecs.EnvelopeID) uint64 { return uint64(row)<<rowShift | uint64(id)&idMask }

// Call calls a service for the node of a batch's i-th event, whose reply comes
// to it later, or a reason why there is none. The call's ID is that of its
// request.
func (s *Services) Call(b *ecs.Batch, i int, c *Call) ecs.EnvelopeID {
	id := b.NextID(i)
	row := s.open(b, i, c, id, singleCall)
	sent := s.ask(b, i, c, row)
	s.enqueue(b, i, row, sent)
	return id
}

// open makes the row of a call.
func (s *Services) open(b *ecs.Batch, i int, c *Call, id ecs.EnvelopeID, as callSort) int {
	w, n := s.world, b.Node(i)
	row := s.calls.pool.take()
	if row == s.calls.kept.Len() {
		if row >= 1<<(64-rowShift) {
			panic(&ecs.LimitError{Limit: "calls in flight", Max: 1 << (64 - rowShift), Where: w.NodeName(n)})
		}
		s.calls.kept.Add(keptRow{})
	}
	r := s.calls.pool.rows.Edit(row)
	r.Valid, r.Service, r.Node, r.Sort = uint64(id)+1, c.Service.Key, n, as
	r.Sent, r.Deadline = b.Tick, b.Tick+max(1, w.TicksCeil(c.Timeout))
	r.Due, r.Then, r.Tag, r.Outside = r.Deadline, c.Then, c.Tag, c.outside
	if c.Keep != nil {
		s.calls.kept.Edit(row).Then, r.Then = w.Keep(c.Keep)
		r.Keeps = true
	}
	s.countCall(as, madeCalls)
	return row
}

// ask sends the request of a call, if there is somebody to ask; it reports whether
// it did.
func (s *Services) ask(b *ecs.Batch, i int, c *Call, row int) bool {
	r := s.calls.pool.rows.Edit(row)
	if r.Provider = c.To; c.To == 0 {
		r.Due, r.Why = b.Tick+1, NoProvider
		if c.Unlinked != 0 {
			r.Provider, r.Why = c.Unlinked, Unlinked
		}
		return false
	}
	ref := makeRef(row, ecs.EnvelopeID(r.Valid-1))
	if c.Payload != nil {
		b.SendBytes(i, c.To, c.Service.Kind, 0, s.joined(ref, c.Payload))
		return true
	}
	b.Out = append(b.Out, ecs.Send{To: c.To, Cause: uint16(i), Kind: c.Service.Kind, A: c.A, B: ref})
	return true
}

// enqueue puts a call into its node's list, by when it is due, and sees to it
// that the node's timer fires then. A call that sent nothing sends a timer of
// its own: else the next one would have its ID.
func (s *Services) enqueue(b *ecs.Batch, i int, row int, sent bool) {
	due := s.calls.pool.rows.At(row).Due
	k := s.caller(b.Node(i))
	c := s.calls.callers.rows.Edit(k)
	if c.Count++; c.Count > MaxCalls {
		panic(&ecs.LimitError{Limit: "calls in flight of a node", Max: MaxCalls, Where: s.world.NodeName(b.Node(i))})
	}
	if !sent {
		c.Armed = ecs.Never
	}
	s.calls.pool.rows.Edit(row).Caller = int32(k)
	s.insert(c, row)
	s.arm(b, i, c, due)
}

// caller returns the row of a node that calls.
func (s *Services) caller(n ecs.Node) int {
	if k := s.calls.callers.first(n); k >= 0 {
		return k
	}
	k := s.calls.callers.take()
	r := s.calls.callers.rows.Edit(k)
	r.Node, r.Armed = n, ecs.Never
	s.calls.callers.own(k)
	return k
}

// insert links a call behind those that are due no later. Mostly that is all
// of them.
func (s *Services) insert(c *callerRow, row int) {
	rows := s.calls.pool.rows
	r := rows.Edit(row)
	before := c.Tail
	for before != 0 && rows.At(int(before)-1).Due > r.Due {
		before = rows.At(int(before) - 1).Prev
	}
	r.Prev = before
	if before == 0 {
		r.Next, c.Head = c.Head, int32(row)+1
	} else {
		p := rows.Edit(int(before) - 1)
		r.Next, p.Next = p.Next, int32(row)+1
	}
	if r.Next == 0 {
		c.Tail = int32(row) + 1
	} else {
		rows.Edit(int(r.Next) - 1).Prev = int32(row) + 1
	}
}

// unlink takes a call from its node's list.
func (s *Services) unlink(c *callerRow, row int) {
	rows := s.calls.pool.rows
	r := rows.Edit(row)
	if r.Prev == 0 {
		c.Head = r.Next
	} else {
		rows.Edit(int(r.Prev) - 1).Next = r.Next
	}
	if r.Next == 0 {
		c.Tail = r.Prev
	} else {
		rows.Edit(int(r.Next) - 1).Prev = r.Prev
	}
	r.Prev, r.Next = 0, 0
}

// arm has the timer of a node's calls fire at a tick, unless it does by then.
// A timer that was to fire earlier and has not was lost while the node was
// paused. Nobody has no timer: see [Outside.Next].
func (s *Services) arm(b *ecs.Batch, i int, c *callerRow, at ecs.Tick) {
	if c.Node == 0 || c.Armed <= at && c.Armed > b.Tick {
		return
	}
	c.Armed = at
	b.Out = append(b.Out, ecs.Send{
		To: c.Node, Cause: uint16(i), Kind: s.wake, Delay: at - b.Tick, B: uint64(b.Life(i).Incarnation) << 32,
	})
}

// Cancel ends a node's call, which is told so in the next tick; it reports
// whether the call was under way.
func (s *Services) Cancel(b *ecs.Batch, i int, id ecs.EnvelopeID) bool {
	k := s.calls.callers.first(b.Node(i))
	if k < 0 {
		return false
	}
	c, rows := s.calls.callers.rows.Edit(k), s.calls.pool.rows
	for at := c.Head; at != 0; at = rows.At(int(at) - 1).Next {
		r := rows.At(int(at) - 1)
		if r.Valid != uint64(id)+1 || r.Sort == memberCall {
			continue
		}
		if r.Why != NoReason {
			return false // it has ended already, and is about to be told
		}
		s.unlink(c, int(at)-1)
		r = rows.Edit(int(at) - 1)
		r.Due, r.Why = b.Tick+1, Cancelled
		s.insert(c, int(at)-1)
		s.arm(b, i, c, r.Due)
		return true
	}
	return false
}

// cancelOutside ends the calls that somebody outside has made under a label.
func (s *Services) cancelOutside(n ecs.Node, label uint64) {
	k := s.calls.callers.first(n)
	if k < 0 {
		return
	}
	rows, found := s.calls.pool.rows, []int(nil)
	for at := s.calls.callers.rows.At(k).Head; at != 0; at = rows.At(int(at) - 1).Next {
		if r := rows.At(int(at) - 1); r.Outside && r.Then == label {
			found = append(found, int(at)-1)
		}
	}
	for _, row := range found {
		s.forNode(s.end(row, Cancelled))
	}
}

// dropCall takes a call from its node's list and frees it, with its members.
func (s *Services) dropCall(row int) {
	rows := s.calls.pool.rows
	c := s.calls.callers.rows.Edit(int(rows.At(row).Caller))
	first := int32(0)
	switch rows.At(row).Sort {
	case gatherCall:
		first = rows.At(row).Member
	case discoveryCall:
		s.unwatch(row)
	}
	s.freeCall(c, row)
	for first != 0 {
		next := rows.At(int(first) - 1).Member
		s.freeCall(c, int(first)-1)
		first = next
	}
}

func (s *Services) freeCall(c *callerRow, row int) {
	r := s.calls.pool.rows.At(row)
	if r.Sort != memberCall || r.Got == 0 {
		s.unlink(c, row)
	}
	c.Count--
	if r.Keeps {
		k := s.calls.kept.At(row)
		s.world.Unkeep(k.Then)
		s.world.Unkeep(k.Value)
		*s.calls.kept.Edit(row) = keptRow{}
	}
	s.calls.pool.give(row)
}

// forgetCalls drops the calls of a node that has ended.
func (s *Services) forgetCalls(n ecs.Node) {
	k := s.calls.callers.first(n)
	if k < 0 {
		return
	}
	for head := s.calls.callers.rows.At(k).Head; head != 0; head = s.calls.callers.rows.At(k).Head {
		r := s.calls.pool.rows.At(int(head) - 1)
		if r.Sort == memberCall {
			head = r.Parent
		}
		if r := s.calls.pool.rows.At(int(head) - 1); r.Outside {
			s.outside.tell(&Upshot{Label: r.Then, Refused: fmt.Sprintf("%s has ended", s.world.NodeName(n))})
		}
		s.countCall(s.calls.pool.rows.At(int(head)-1).Sort, forgottenCalls)
		s.dropCall(int(head) - 1)
	}
	s.calls.callers.drop(k)
}

// InFlight returns how many calls of a node are under way.
func (s *Services) InFlight(n ecs.Node) int {
	if k := s.calls.callers.first(n); k >= 0 {
		return int(s.calls.callers.rows.At(k).Count)
	}
	return 0
}

func (s *Services) rebuildCalls() {
	c := &s.calls
	c.callers.rebuild()
	c.pool.heads.clear()
	c.pool.free = 0
	s.watching = s.watching[:0]
	for i := range c.pool.rows.Len() {
		r := c.pool.rows.At(i)
		switch {
		case r.Used == 0 && r.Prev == 0:
			c.pool.free = int32(i) + 1
		case r.Used != 0 && r.Sort == discoveryCall:
			s.watching = append(s.watching, int32(i))
		}
	}
}

// tooManyDeferred is a limit that a run met.
func (s *Services) tooManyDeferred(n ecs.Node) {
	panic(&ecs.LimitError{Limit: "deferred requests", Max: MaxDeferred, Where: fmt.Sprintf("%s, which defers another", s.world.NodeName(n))})
}
