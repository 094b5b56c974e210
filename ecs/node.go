package ecs

import "fmt"

// Tick is a moment or a span of simulated time, counted in ticks of
// [Config.TickLength]. Ticks start at 0; a run may last 2^61 ticks.
type Tick int64

// Never is the tick that does not come.
const Never Tick = 1 << 62

// Nanoseconds is a span of simulated time. A time.Duration converts to it
// unchanged.
type Nanoseconds int64

// Node is the number of a node: its program in the high 8 bits, and the order
// of its birth within that program below. Numbers are never reused within a
// run, rows are; no rule of the simulation may depend on a number, only on a
// name. The zero Node is nobody: the sender of what comes from outside.
type Node uint32

const (
	programShift = 24
	ordinalMask  = 1<<programShift - 1

	// MaxPrograms is how many programs a world may hold. arche v0.15.3 says
	// 256 component types, but rounds how many there are up to a multiple of
	// 16 in 8 bits: 240, of which lives take one.
	MaxPrograms = 239
	// MaxNodes is how many nodes of one program may be born in a run.
	MaxNodes = ordinalMask
)

// ProgramID is the index of a program, in order of declaration. Groups are
// nodes of program 0.
type ProgramID uint8

// GroupProgram is the program of groups; it has no handlers.
const GroupProgram ProgramID = 0

// Program returns what the node runs.
func (n Node) Program() ProgramID { return ProgramID(n >> programShift) }

// IsGroup reports whether the node is a group of nodes.
func (n Node) IsGroup() bool { return n != 0 && n.Program() == GroupProgram }

// Ordinal returns how many nodes of its program were born before the node.
func (n Node) Ordinal() uint32 { return uint32(n) & ordinalMask }

func makeNode(p ProgramID, ordinal uint32) Node {
	return Node(uint32(p)<<programShift | ordinal)
}

// Kind says what an envelope is about. Kinds are declared with [World.Kind]
// and [World.TimerKind]; a timer's has a bit of its own.
type Kind uint16

// IsTimer reports whether the kind is a one-shot timer's or the engine's.
func (k Kind) IsTimer() bool { return k&timerFlag != 0 }

// MaxKinds is how many kinds a world may hold, the engine's own included.
const MaxKinds = 1 << kindBits

// The engine's own kinds. They are not handed to a program as messages.
const (
	KindNone  Kind = timerFlag | iota
	KindStart      // starts the target
	KindStop       // stops the target with exit code A
	firstUserKind
)

// Index returns the kind's number in order of declaration, the engine's own
// kinds first: below [MaxKinds].
func (k Kind) Index() int { return int(k & kindMask) }

// IsControl reports whether the kind is the engine's own.
func (k Kind) IsControl() bool { return k&timerFlag != 0 && k < firstUserKind }

// Status is where a node is in its life.
type Status uint8

const (
	Absent  Status = iota // the row is free: never born, or dead
	Down                  // born, and not started, or stopped, or crashed
	Up                    // running
	Paused                // running, but what comes due for it waits
	Crashed               // down through a fault
)

var statusNames = [...]string{"absent", "down", "up", "paused", "crashed"}

func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return fmt.Sprintf("Status(%d)", uint8(s))
}

// Life is the component every node has.
type Life struct {
	Name        uint64 // hash of the node's name: what draws and digests use
	Started     Tick   // tick of the latest start
	Incarnation uint32 // number of starts so far
	Status      Status
	Exit        uint8 // exit code of the latest stop
	_           [2]uint8
}
