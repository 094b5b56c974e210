package systems

import (
	"fmt"

	"orrery/ecs"
)

// Program is what nodes run. It is written for columns, as here: each function
// is given a batch of events and fills the batch's Out with what is sent; or a
// node at a time, as a [Node], which makes one of these.
type Program struct {
	ecs.Schema
	// Act handles envelopes that are due.
	Act func(b *ecs.Batch)
	// Every are recurring timers, each first due one period after a node's
	// start.
	Every []Every
	// Start handles nodes that start, at first and after each restart.
	Start func(b *ecs.Batch)
	// Stop handles nodes that stop by themselves or are stopped; a crash does
	// not ask.
	Stop func(b *ecs.Batch)
	// Provides are keys of the services that each node provides from its start.
	Provides []uint64
	// Watches are keys of the params whose changes a node is woken for: by a
	// timer of the kind of [Params.Woken], in the tick after.
	Watches []uint64
	// Subscribes are what each node subscribes to from its start.
	Subscribes []Subscription
	// Pulls are the pipes that each node pulls from, if it is a target.
	Pulls []Pulling
	// Direct lets the nodes' envelopes go without a link: due after their
	// delay and nothing else. For models whose delays are their own.
	Direct bool

	// remake makes the program again for another set: its functions may know
	// the systems of one world.
	remake func(*Set) Program
}

func (p *Program) subscribes() bool { return len(p.Subscribes) > 0 }

// Every is a recurring timer of a program.
type Every struct {
	Name   string // of the entry; unique within the program
	Period ecs.Nanoseconds
	Act    func(b *ecs.Batch)
}

func (p *Program) validate() {
	for i := range p.Subscribes {
		if err := p.Subscribes[i].validate(); err != nil {
			panic(fmt.Sprintf("systems: program %q subscribes: %v", p.Name, err))
		}
	}
	for i, e := range p.Every {
		if e.Period <= 0 {
			panic(fmt.Sprintf("systems: program %q: recurring timer %q has a period of %d ns; it must be positive", p.Name, e.Name, e.Period))
		}
		if e.Act == nil {
			panic(fmt.Sprintf("systems: program %q: recurring timer %q has no function to call", p.Name, e.Name))
		}
		for _, other := range p.Every[:i] {
			if other.Name == e.Name {
				panic(fmt.Sprintf("systems: program %q has two recurring timers named %q", p.Name, e.Name))
			}
		}
	}
}

// Programs are the programs of a world, by number.
type Programs struct {
	world *ecs.World
	list  []*Program // 0 is nil: groups have no program
}

// NewPrograms returns a world's programs: none yet.
func NewPrograms(w *ecs.World) *Programs { return &Programs{world: w, list: []*Program{nil}} }

// Add declares a program.
func (p *Programs) Add(prog Program) ecs.ProgramID {
	prog.validate()
	id := p.world.Program(prog.Schema)
	p.list = append(p.list, &prog)
	return id
}

// Of returns a program by number.
func (p *Programs) Of(id ecs.ProgramID) *Program { return p.list[id] }

// Len returns one more than the highest number.
func (p *Programs) Len() int { return len(p.list) }

// like takes over another world's programs, whose schemas are declared already.
func (p *Programs) like(other *Programs, s *Set) {
	for _, prog := range other.list[len(p.list):] {
		if prog.remake != nil {
			made := prog.remake(s)
			prog = &made
		}
		p.list = append(p.list, prog)
	}
}
