package systems

import (
	"fmt"

	"orrery/ecs"
)

// Verb is what an action does.
type Verb uint8

const (
	Start     Verb = iota // start the target
	Stop                  // stop the target with exit code Code
	Crash                 // crash the target, and restart it after Down, if Down > 0
	Restart               // start the target again; crash it first if it is up
	Pause                 // hold what comes due for the target
	Resume                // let the target go on
	CutOff                // cut Target from Other, both ways unless OneWay
	Partition             // cut each of Sides from the others
	Heal                  // end all cuts
	Message               // send Kind with A and B to the target, from outside
)

var verbNames = [...]string{"start", "stop", "crash", "restart", "pause", "resume", "cut", "partition", "heal", "send"}

func (v Verb) String() string { return verbNames[v] }

// Action is something done to the world from outside its nodes, as data: a
// fault, or a command. Targets may be groups.
type Action struct {
	Verb     Verb
	Code     uint8
	OneWay   bool
	InFlight bool // a cut takes what is under way too
	Kind     ecs.Kind
	Target   ecs.Node
	Other    ecs.Node
	Sides    []ecs.Node
	Down     ecs.Nanoseconds
	A, B     uint64
	Payload  []byte // of a message, instead of A and B
}

// Faults carries out actions.
type Faults struct {
	world     *ecs.World
	lifecycle *Lifecycle
	cuts      *Cuts
	applied   uint64 // within the tick: what tells equal messages apart
	tick      ecs.Tick
}

// NewFaults wires faults to what they act on.
func NewFaults(w *ecs.World, l *Lifecycle, c *Cuts) *Faults {
	return &Faults{world: w, lifecycle: l, cuts: c, tick: -1}
}

// Apply carries out an action at the tick under way, in the input phase, and
// folds it into the digest.
func (f *Faults) Apply(a *Action) {
	if f.tick != f.world.Tick() {
		f.tick, f.applied = f.world.Tick(), 0
	}
	f.applied++
	f.world.Fold(uint64(a.Verb)|uint64(a.Code)<<8|uint64(a.Kind)<<16, uint64(a.Target)|uint64(a.Other)<<32, a.A, a.B, uint64(a.Down))
	switch a.Verb {
	case CutOff:
		f.cuts.Between(a.Target, a.Other, a.OneWay)
	case Partition:
		for _, s := range a.Sides {
			f.world.Fold(uint64(s))
		}
		f.cuts.Partition(a.Sides...)
	case Heal:
		f.cuts.HealAll()
	case Message:
		f.send(a)
	default:
		for _, n := range f.world.Members(a.Target) {
			f.applyTo(n, a)
		}
	}
	if a.InFlight {
		f.cuts.DropInFlight()
	}
}

func (f *Faults) applyTo(n ecs.Node, a *Action) {
	switch a.Verb {
	case Start:
		f.lifecycle.Start(n)
	case Stop:
		f.lifecycle.Stop(n, a.Code)
	case Crash:
		f.lifecycle.Crash(n)
		if a.Down > 0 {
			f.lifecycle.StartAt(f.world.Tick()+max(1, f.world.TicksCeil(a.Down)), n)
		}
	case Restart:
		f.lifecycle.Crash(n)
		f.lifecycle.Start(n)
	case Pause:
		f.lifecycle.Pause(n)
	case Resume:
		f.lifecycle.Resume(n)
	default:
		panic(fmt.Sprintf("systems: no such verb %d", a.Verb))
	}
}

// send posts a message from outside: it is due in the next tick, and crosses
// no link.
func (f *Faults) send(a *Action) {
	for _, n := range f.world.Members(a.Target) {
		e := f.world.Outside(n, a.Kind, a.A, a.B, fmt.Sprintf("message %d", f.applied))
		if a.Payload != nil {
			f.world.WithBytes(&e, a.Payload)
		}
		f.world.Post(&e, f.world.Tick()+1)
	}
}
