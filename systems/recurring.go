package systems

import (
	"cmp"
	"slices"

	"orrery/ecs"
	"orrery/ecs/random"
)

// Recurring fires the programs' recurring timers. Nodes that started in the
// same tick of a period form a cohort, which fires as a batch over rows: a
// million of them cost a scan and not a million envelopes. Which node is in
// which cohort follows from its life alone.
type Recurring struct {
	world    *ecs.World
	programs *Programs
	entries  []*entry // by program, then entry
	known    int      // programs whose entries are here
	touched  bool     // some cohort has rows that may have joined or left
	rows     []uint32 // memory that is used again: of due and settle,
	tail     []uint32 // and of merge
}

// entry is one recurring timer of one program.
type entry struct {
	program ecs.ProgramID
	act     func(*ecs.Batch)
	period  ecs.Tick
	root    uint64
	cohorts []*cohort // by phase
	next    ecs.Tick  // first tick after the last one at which a cohort is due
}

type cohort struct {
	phase   ecs.Tick // tick of the nodes' start, modulo the period
	rows    []uint32 // by node
	touched []uint32 // rows that may have joined or left this tick
}

// NewRecurring returns the recurring timers of a world's programs.
func NewRecurring(w *ecs.World, p *Programs) *Recurring {
	return &Recurring{world: w, programs: p}
}

// learn adds the entries of programs declared since.
func (r *Recurring) learn() {
	for ; r.known < r.programs.Len(); r.known++ {
		id := ecs.ProgramID(r.known)
		p := r.programs.Of(id)
		if p == nil {
			continue
		}
		for i := range p.Every {
			every := &p.Every[i]
			r.entries = append(r.entries, &entry{
				program: id, act: every.Act, next: ecs.Never,
				period: max(1, r.world.TicksCeil(every.Period)),
				root:   uint64(random.NewKey(0, p.Name+"/every/"+every.Name)),
			})
		}
	}
}

// Next returns the next tick at which a timer may fire, or Never.
func (r *Recurring) Next() ecs.Tick {
	r.Settle() // of nodes started between ticks
	next := ecs.Never
	for _, e := range r.entries {
		next = min(next, e.next)
	}
	return next
}

// Act fires what is due: by program, entry and node.
func (r *Recurring) Act(d *Deliver) {
	if len(r.entries) > 0 {
		r.act(d)
	}
}

func (r *Recurring) act(d *Deliver) {
	t := r.world.Tick()
	for _, e := range r.entries {
		if e.next != t {
			continue
		}
		if c := e.find(e.phaseOf(t)); c != nil {
			d.Call(e.program, r.due(e, c), e.root, e.act)
		}
		e.next = e.after(t)
	}
}

// due returns the rows of a cohort that fire: nodes up, and started earlier.
func (r *Recurring) due(e *entry, c *cohort) []uint32 {
	if r.world.AllUp(e.program) && len(c.touched) == 0 {
		return c.rows
	}
	t := r.world.Tick()
	r.rows = r.rows[:0]
	for _, row := range c.rows {
		if l := r.world.LifeAt(e.program, int(row)); l.Status == ecs.Up && l.Started < t {
			r.rows = append(r.rows, row)
		}
	}
	return r.rows
}

// started and ended note that a node's cohorts may change.
func (r *Recurring) started(n ecs.Node) { r.touch(n) }
func (r *Recurring) ended(n ecs.Node)   { r.touch(n) }

func (r *Recurring) touch(n ecs.Node) {
	r.learn()
	row, ok := r.world.Row(n)
	if !ok {
		return
	}
	for _, e := range r.entries {
		if e.program == n.Program() {
			c := e.cohort(e.phaseOf(r.world.Life(n).Started))
			c.touched = append(c.touched, uint32(row))
			r.touched = true
		}
	}
}

// Settle brings cohorts in line with the lives of nodes that started or ended
// in this tick.
//
// Invariant: cohorts hold rows, in the order of the nodes that lie there, so it
// runs before deaths give rows to others.
func (r *Recurring) Settle() {
	if r.touched {
		r.settleTouched()
	}
}

func (r *Recurring) settleTouched() {
	r.touched = false
	for _, e := range r.entries {
		changed := false
		for _, c := range e.cohorts {
			if len(c.touched) > 0 {
				r.settle(e, c)
				changed = true
			}
		}
		if changed {
			e.cohorts = slices.DeleteFunc(e.cohorts, func(c *cohort) bool { return len(c.rows) == 0 })
			e.next = e.after(r.world.Tick())
		}
	}
}

func (r *Recurring) settle(e *entry, c *cohort) {
	touched := slices.Compact(r.sorted(e, c.touched))
	joining := r.rows[:0]
	for _, row := range touched {
		l := r.world.LifeAt(e.program, int(row))
		if (l.Status == ecs.Up || l.Status == ecs.Paused) && e.phaseOf(l.Started) == c.phase {
			joining = append(joining, row)
		}
	}
	r.rows = joining
	r.merge(e, c, touched, joining)
	c.touched = c.touched[:0]
}

// order compares rows of an entry's program by the nodes that lie there.
func (r *Recurring) order(e *entry, a, b uint32) int {
	return int(r.world.NodeOfRow(e.program, int(a))) - int(r.world.NodeOfRow(e.program, int(b)))
}

func (r *Recurring) sorted(e *entry, rows []uint32) []uint32 {
	order := func(a, b uint32) int { return r.order(e, a, b) }
	if !slices.IsSortedFunc(rows, order) {
		slices.SortStableFunc(rows, order)
	}
	return rows
}

// merge takes from a cohort the rows of leaving and adds those of joining, all
// three in order. What comes before the first of them stays as it is.
func (r *Recurring) merge(e *entry, c *cohort, leaving, joining []uint32) {
	first, _ := slices.BinarySearchFunc(c.rows, leaving[0], func(a, b uint32) int { return r.order(e, a, b) })
	r.tail = append(r.tail[:0], c.rows[first:]...)
	rows, tail := c.rows[:first], r.tail
	for len(tail)+len(joining) > 0 {
		for len(leaving) > 0 && len(tail) > 0 && r.order(e, leaving[0], tail[0]) < 0 {
			leaving = leaving[1:]
		}
		switch {
		case len(tail) > 0 && len(leaving) > 0 && tail[0] == leaving[0]:
			tail = tail[1:]
		case len(joining) > 0 && (len(tail) == 0 || r.order(e, joining[0], tail[0]) < 0):
			rows, joining = append(rows, joining[0]), joining[1:]
		default:
			rows, tail = append(rows, tail[0]), tail[1:]
		}
	}
	c.rows = rows
}

// phaseOf returns where in the period a tick lies, for one before the first
// too.
func (e *entry) phaseOf(t ecs.Tick) ecs.Tick {
	p := t % e.period
	if p < 0 {
		p += e.period
	}
	return p
}

// find returns the cohort of a phase, or nil.
func (e *entry) find(phase ecs.Tick) *cohort {
	i, ok := e.search(phase)
	if !ok {
		return nil
	}
	return e.cohorts[i]
}

func (e *entry) search(phase ecs.Tick) (int, bool) {
	return slices.BinarySearchFunc(e.cohorts, phase, func(c *cohort, p ecs.Tick) int { return cmp.Compare(c.phase, p) })
}

// cohort returns the cohort of a phase, a new one if there is none.
func (e *entry) cohort(phase ecs.Tick) *cohort {
	i, ok := e.search(phase)
	if !ok {
		e.cohorts = slices.Insert(e.cohorts, i, &cohort{phase: phase})
	}
	return e.cohorts[i]
}

// after returns the first tick after t at which a cohort is due.
func (e *entry) after(t ecs.Tick) ecs.Tick {
	if len(e.cohorts) == 0 {
		return ecs.Never
	}
	from := t + 1
	i, _ := e.search(e.phaseOf(from))
	start := from - e.phaseOf(from)
	if i == len(e.cohorts) {
		return start + e.period + e.cohorts[0].phase
	}
	return start + e.cohorts[i].phase
}

// rebuild makes the cohorts again from the nodes' lives, after a restore.
func (r *Recurring) rebuild() {
	r.learn()
	r.touched = false
	for _, e := range r.entries {
		e.cohorts = nil
		for row := range r.world.ProgramRows(e.program) {
			l := r.world.LifeAt(e.program, row)
			if l.Status == ecs.Up || l.Status == ecs.Paused {
				c := e.cohort(e.phaseOf(l.Started))
				c.rows = append(c.rows, uint32(row))
			}
		}
		for _, c := range e.cohorts {
			r.sorted(e, c.rows)
		}
		e.next = e.after(r.world.Tick())
	}
}
