package systems

import "orrery/ecs"

// Triggers are actions that wait for the world to get into a state: done once,
// in the tick after the one at whose end the predicate first held.
type Triggers struct {
	world  *ecs.World
	faults *Faults
	list   []Trigger
	rows   *ecs.Rows[triggerRow]
}

// Trigger is a predicate and what is done once it holds. The predicate gets the
// world at the end of a tick, for reading.
type Trigger struct {
	Holds   func(w *ecs.World) bool
	Actions []Action
}

type triggerRow struct {
	Held ecs.Tick // the tick at whose end the predicate first held; -1: not yet
	Done bool
	_    [7]byte
}

// NewTriggers returns the triggers of a world: none yet.
func NewTriggers(w *ecs.World, f *Faults) *Triggers {
	return &Triggers{world: w, faults: f, rows: ecs.NewRows[triggerRow](w, "trigger")}
}

// Add declares a trigger.
func (t *Triggers) Add(g Trigger) {
	t.list = append(t.list, g)
	t.rows.Add(triggerRow{Held: -1})
}

// Next returns the tick after the present one if a trigger's actions are due,
// or Never.
func (t *Triggers) Next() ecs.Tick {
	for i := range t.list {
		if r := t.rows.At(i); r.Held >= 0 && !r.Done {
			return t.world.Tick() + 1
		}
	}
	return ecs.Never
}

// Input does what is due, in the input phase.
func (t *Triggers) Input() {
	for i := range t.list {
		if r := t.rows.At(i); r.Held < 0 || r.Done {
			continue
		}
		t.rows.Edit(i).Done = true
		for k := range t.list[i].Actions {
			a := t.list[i].Actions[k]
			t.faults.Apply(&a)
		}
	}
}

// Len returns the number of triggers.
func (t *Triggers) Len() int { return len(t.list) }

// Act asks the predicates that have not held, in the check phase of a tick in
// which something acted.
func (t *Triggers) Act() {
	for i := range t.list {
		if t.rows.At(i).Held < 0 && t.list[i].Holds(t.world) {
			t.rows.Edit(i).Held = t.world.Tick()
		}
	}
}

func (t *Triggers) like(other *Triggers) {
	for _, g := range other.list[len(t.list):] {
		t.Add(g)
	}
}
