package systems

import "orrery/ecs"

// CallCounts say how the calls of a run ended: each of them once, with a value
// or for a reason, or with its node.
type CallCounts struct {
	Made      uint64
	Ended     [reasons]uint64 // by reason; by NoReason: with a value
	Forgotten uint64          // as the node that called had ended
}

// UnderWay returns how many have not ended.
func (c *CallCounts) UnderWay() uint64 {
	n := c.Made - c.Forgotten
	for _, ended := range c.Ended {
		n -= ended
	}
	return n
}

// Reasons returns all reasons for which a call gets no value.
func Reasons() []Reason {
	var all []Reason
	for r := NoReason + 1; int(r) < reasons; r++ {
		all = append(all, r)
	}
	return all
}

// outcomeRow is a count; the rows are one a reason, then madeCalls and
// forgottenCalls.
type outcomeRow struct{ Count uint64 }

const (
	madeCalls = reasons + iota
	forgottenCalls
	outcomes
)

func newOutcomes(w *ecs.World) *ecs.Rows[outcomeRow] {
	rows := ecs.NewRows[outcomeRow](w, "call.outcome")
	rows.Table().OutsideDigest()
	return rows
}

// countCall counts what becomes of calls; discoveries are none, and members of
// a call to several are one with it.
func (s *Services) countCall(as callSort, what int) {
	if as == singleCall || as == gatherCall {
		s.outcomes.Edit(what).Count++
	}
}

func (s *Services) openOutcomes() {
	for s.outcomes.Len() < outcomes {
		s.outcomes.Add(outcomeRow{})
	}
}

// Counts returns how the calls of the run so far have ended.
func (s *Services) Counts() (c CallCounts) {
	if s.outcomes.Len() < outcomes {
		return c
	}
	for r := range c.Ended {
		c.Ended[r] = s.outcomes.At(r).Count
	}
	c.Made, c.Forgotten = s.outcomes.At(madeCalls).Count, s.outcomes.At(forgottenCalls).Count
	return c
}
