package systems

import (
	"fmt"

	"orrery/ecs"
)

// CheckKind says when a predicate must hold.
type CheckKind uint8

const (
	AlwaysHolds     CheckKind = iota // in every tick in which something acted
	NeverHolds                       // in none
	EventuallyHolds                  // in some tick from After to After+Within
	SometimesHolds                   // in some tick of some run
	Linearizable                     // of a history of calls: recorded, and not judged yet
)

var checkKindNames = [...]string{"always", "never", "eventually", "sometimes", "linearizable"}

func (k CheckKind) String() string { return checkKindNames[k] }

// Outcome is what came of a check.
type Outcome uint8

const (
	Undecided Outcome = iota // the run ended before it could be told
	Held
	Broken // a safety check failed: always or never
	Unmet  // a liveness check failed, or a sometimes was not seen
)

var outcomeNames = [...]string{"undecided", "held", "broken", "unmet"}

func (o Outcome) String() string { return outcomeNames[o] }

// Check is an invariant. Its predicate gets the world at the end of a tick, for
// reading; it must ask nothing else.
type Check struct {
	Name   string
	Kind   CheckKind
	Holds  func(w *ecs.World) bool
	Every  ecs.Nanoseconds // look no more often than this; 0: whenever something acted
	After  ecs.Nanoseconds // eventually: the window's begin
	Within ecs.Nanoseconds // eventually: its length

	// Awaits is what the predicate is asked about, if that is not the world as it
	// is, and Came whether there was any; empty and nil: it is asked whenever the
	// check looks.
	Awaits string
	Came   func(w *ecs.World) bool
}

type checkRow struct {
	At      ecs.Tick // when the outcome was decided
	Looked  ecs.Tick // when the predicate was last asked; -1: never
	Outcome Outcome
	_       [7]byte
}

// Checks are the invariants of a run.
type Checks struct {
	world   *ecs.World
	deliver *Deliver
	list    []Check
	rows    *ecs.Rows[checkRow]
	broke   bool // a handler broke one in the tick under way
}

// NewChecks returns the checks of a world: none yet.
func NewChecks(w *ecs.World, d *Deliver) *Checks {
	return &Checks{world: w, deliver: d, rows: ecs.NewRows[checkRow](w, "check")}
}

func (k *Check) validate() {
	switch {
	case int(k.Kind) >= len(checkKindNames):
		panic(fmt.Sprintf("systems: check %q is of kind %d; there are always, never, eventually and sometimes", k.Name, k.Kind))
	case k.Holds == nil && k.Kind != Linearizable:
		panic(fmt.Sprintf("systems: %s %q has no predicate; set Holds", k.Kind, k.Name))
	case k.Every < 0 || k.After < 0:
		panic(fmt.Sprintf("systems: %s %q: Every is %d ns, After %d ns; neither may be negative", k.Kind, k.Name, k.Every, k.After))
	case k.Kind == EventuallyHolds && k.Within <= 0:
		panic(fmt.Sprintf("systems: eventually %q needs Within: how long the predicate may take to hold", k.Name))
	case k.Kind != EventuallyHolds && (k.After != 0 || k.Within != 0):
		panic(fmt.Sprintf("systems: %s %q has a window, After or Within, which only eventually has", k.Kind, k.Name))
	}
}

// Add declares a check.
func (c *Checks) Add(k Check) {
	k.validate()
	c.list = append(c.list, k)
	c.rows.Add(checkRow{Looked: -1})
}

// Break decides a safety check from within a handler: it is broken.
func (c *Checks) Break(i int) {
	if row := c.rows.At(i); row.Outcome == Undecided {
		row = c.rows.Edit(i)
		row.Outcome, row.At = Broken, c.world.Tick()
		c.broke = true
	}
}

// Len returns the number of checks.
func (c *Checks) Len() int { return len(c.list) }

// Next returns the next tick at which a check must look though nothing acts:
// an eventually's window may begin or end in idle time, or Never.
func (c *Checks) Next() ecs.Tick {
	if len(c.list) == 0 {
		return ecs.Never
	}
	return c.next()
}

func (c *Checks) next() ecs.Tick {
	next := ecs.Never
	t := c.world.Tick()
	for i := range c.list {
		if k := &c.list[i]; k.Kind == EventuallyHolds && c.rows.At(i).Outcome == Undecided {
			for _, edge := range [2]ecs.Tick{c.from(k), c.until(k)} {
				if edge > t {
					next = min(next, edge)
				}
			}
		}
	}
	return next
}

func (c *Checks) from(k *Check) ecs.Tick  { return c.world.TicksCeil(k.After) }
func (c *Checks) until(k *Check) ecs.Tick { return c.world.TicksCeil(k.After + k.Within) }

// Act looks at every check that is not decided yet; it reports whether one
// broke, here or in a handler.
func (c *Checks) Act() bool {
	broken := c.broke
	c.broke = false
	acted := c.deliver.Acted()
	for i := range c.list {
		row := c.rows.At(i)
		if row.Outcome == Undecided && c.wants(&c.list[i], row, acted) {
			broken = c.look(i) == Broken || broken
		}
	}
	return broken
}

// wants reports whether a check is to look.
func (c *Checks) wants(k *Check, row *checkRow, acted bool) bool {
	t := c.world.Tick()
	if k.Kind == Linearizable {
		return false
	}
	if k.Kind == EventuallyHolds && (t == c.from(k) || t >= c.until(k)) {
		return true
	}
	if !acted || k.Kind == EventuallyHolds && t < c.from(k) {
		return false
	}
	return row.Looked < 0 || t >= row.Looked+c.world.TicksCeil(k.Every)
}

func (c *Checks) look(i int) Outcome {
	k, row, t := &c.list[i], c.rows.Edit(i), c.world.Tick()
	row.Looked = t
	holds := k.Holds(c.world)
	switch {
	case k.Kind == AlwaysHolds && !holds, k.Kind == NeverHolds && holds:
		row.Outcome, row.At = Broken, t
	case k.Kind == EventuallyHolds && t > c.until(k):
		row.Outcome, row.At = Unmet, c.until(k)
	case k.Kind == EventuallyHolds && holds, k.Kind == SometimesHolds && holds:
		row.Outcome, row.At = Held, t
	case k.Kind == EventuallyHolds && t == c.until(k):
		row.Outcome, row.At = Unmet, t
	}
	return row.Outcome
}

// Result is a check and what came of it so far.
type Result struct {
	Name    string
	Kind    CheckKind
	Outcome Outcome
	At      ecs.Tick // when it was decided
	Ends    ecs.Tick // of an eventually that is undecided at the end: when its window ends
	Unasked string   // what an always or a never awaited in vain, and so was never asked; empty: it was
}

// Results returns what came of each check; done says that the run has ended:
// an always that never broke has held then, a sometimes not seen is unmet. An
// always whose predicate was never asked has not held: it stays undecided, as
// nothing was looked at.
func (c *Checks) Results(done bool) []Result {
	var all []Result
	for i := range c.list {
		k, row := &c.list[i], c.rows.At(i)
		r := Result{Name: k.Name, Kind: k.Kind, Outcome: row.Outcome, At: row.At}
		if done && r.Outcome == Undecided {
			switch k.Kind {
			case AlwaysHolds, NeverHolds:
				if r.Unasked = c.awaited(k, row); r.Unasked == "" {
					r.Outcome, r.At = Held, c.world.Tick()
				}
			case EventuallyHolds:
				r.Ends = c.until(k)
			case SometimesHolds:
				r.Outcome, r.At = Unmet, c.world.Tick()
			}
		}
		all = append(all, r)
	}
	return all
}

// awaited is what a check awaited in vain; empty if its predicate was asked.
func (c *Checks) awaited(k *Check, row *checkRow) string {
	switch {
	case row.Looked < 0:
		return "a tick in which something acts"
	case k.Came != nil && !k.Came(c.world):
		return k.Awaits
	}
	return ""
}

// rebuild gives checks that were declared after the snapshot a row again.
func (c *Checks) rebuild() {
	c.broke = false
	for c.rows.Len() < len(c.list) {
		c.rows.Add(checkRow{Looked: -1})
	}
}

func (c *Checks) like(other *Checks) {
	for _, k := range other.list[len(c.list):] {
		c.Add(k)
	}
}
