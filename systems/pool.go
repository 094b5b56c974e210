package systems

import "orrery/ecs"

// pool is rows that are taken and given back, each owned by a node, whose rows
// are a list. The free rows are a list within the rows too.
//
// Invariant: which row is taken next follows from the rows alone, as for
// [Timers]: an envelope may name its row, and the digest sees envelopes.
type pool[T any, P pooled[T]] struct {
	rows  *ecs.Rows[T]
	heads nodeRows // the first row of a node's list
	free  int32    // one more than the first free row
}

// slot is a pooled row's place in the list of its node, or in that of free
// rows: Prev and Next are one more than a row, 0 for none.
type slot struct {
	Prev, Next int32
	Used       int32
}

type pooled[T any] interface {
	*T
	place() (*slot, ecs.Node)
}

func newPool[T any, P pooled[T]](w *ecs.World, name string) pool[T, P] {
	p := pool[T, P]{rows: ecs.NewRows[T](w, name)}
	p.rows.Table().DigestIfUsed()
	return p
}

func (p *pool[T, P]) slot(i int) *slot {
	s, _ := P(p.rows.Edit(i)).place()
	return s
}

// take returns a row to use, all zero: the one freed last, or a new one.
func (p *pool[T, P]) take() int {
	if p.free == 0 {
		var zero T
		i := p.rows.Add(zero)
		p.slot(i).Used = 1
		return i
	}
	i := int(p.free) - 1
	s := p.slot(i)
	if p.free = s.Next; p.free != 0 {
		p.slot(int(p.free) - 1).Prev = 0
	}
	*s = slot{Used: 1}
	return i
}

// give frees a row that is in no list.
func (p *pool[T, P]) give(i int) {
	var zero T
	*p.rows.Edit(i) = zero
	if p.free != 0 {
		p.slot(int(p.free) - 1).Prev = int32(i) + 1
	}
	p.slot(i).Next = p.free
	p.free = int32(i) + 1
}

// first returns the first row of a node, next the one after a row; -1 if there
// is none.
func (p *pool[T, P]) first(n ecs.Node) int { return p.heads.find(n) }

func (p *pool[T, P]) next(i int) int {
	s, _ := P(p.rows.At(i)).place()
	return int(s.Next) - 1
}

// own puts a row in front of its node's list.
func (p *pool[T, P]) own(i int) {
	s, n := P(p.rows.Edit(i)).place()
	if head := p.first(n); head >= 0 {
		s.Next = int32(head) + 1
		p.slot(head).Prev = int32(i) + 1
	}
	p.heads.set(n, i)
}

// drop takes a row from its node's list and frees it.
func (p *pool[T, P]) drop(i int) {
	s, n := P(p.rows.Edit(i)).place()
	if s.Next != 0 {
		p.slot(int(s.Next) - 1).Prev = s.Prev
	}
	switch {
	case s.Prev != 0:
		p.slot(int(s.Prev) - 1).Next = s.Next
	case s.Next != 0:
		p.heads.set(n, int(s.Next)-1)
	default:
		p.heads.set(n, -1)
	}
	p.give(i)
}

// rebuild makes what is derived from the rows again: the head of a list is the
// row that none comes before.
func (p *pool[T, P]) rebuild() {
	p.heads.clear()
	p.free = 0
	for i := range p.rows.Len() {
		s, n := P(p.rows.At(i)).place()
		switch {
		case s.Prev != 0:
		case s.Used == 0:
			p.free = int32(i) + 1
		default:
			p.heads.set(n, i)
		}
	}
}

// rebuildFree is rebuild for a pool whose rows are in no lists of nodes.
func (p *pool[T, P]) rebuildFree() {
	p.heads.clear()
	p.free = 0
	for i := range p.rows.Len() {
		if s, _ := P(p.rows.At(i)).place(); s.Used == 0 && s.Prev == 0 {
			p.free = int32(i) + 1
		}
	}
}
