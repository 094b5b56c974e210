package ecs

import (
	"fmt"
	"reflect"
	"unsafe"

	"orrery/ecs/random"
)

// Batch is what a program is given at once: some of the envelopes that are
// due for its nodes, in send order, or some of its nodes whose recurring timer
// fires, or nodes that start or stop. How what is due is split into batches
// must not matter to the program.
type Batch struct {
	Tick Tick
	// Envelopes are what is due; empty if Rows fire a recurring timer,
	// start or stop.
	Envelopes []Envelope
	// Rows are the rows of the targets in the program's columns.
	Rows []uint32
	// Out takes what the program sends, in the order of Cause: append to it.
	Out []Send
	// At is the event in hand, for who hands events out one at a time: a
	// failure names its node. -1 otherwise.
	At int

	world   *World
	program *program
	root    uint64 // what stands for an envelope's ID where there is none
	exited  bool
	counted counted
}

// counted is how many of the first sends in Out one event has caused: what
// NextID found last, so that a handler that sends much is not counted anew for
// each. It is forgotten with each batch.
type counted struct{ out, cause, index int }

// World returns the world the batch belongs to.
func (b *Batch) World() *World { return b.world }

// Program returns whose batch it is.
func (b *Batch) Program() ProgramID { return b.program.id }

// Len returns the number of events.
func (b *Batch) Len() int { return len(b.Rows) }

// Node returns the node of the i-th event.
func (b *Batch) Node(i int) Node {
	if len(b.Envelopes) > 0 {
		return b.Envelopes[i].To
	}
	return b.program.node(b.Rows[i])
}

// ID returns the identity of the i-th event: what draws are keyed by, and what
// the IDs of its sends derive from.
func (b *Batch) ID(i int) EnvelopeID {
	if len(b.Envelopes) > 0 {
		return b.Envelopes[i].ID()
	}
	name := b.program.life.data[b.Rows[i]].Name
	return EnvelopeID(random.Mix(name^random.Mix(b.root+uint64(b.Tick)*golden)) >> idShift)
}

// NextID returns the identity that the next send caused by the i-th event,
// the last in Out so far, will have.
func (b *Batch) NextID(i int) EnvelopeID {
	from, index := 0, 0
	if c := &b.counted; c.cause == i && c.out <= len(b.Out) {
		from, index = c.out, c.index
	}
	for k := len(b.Out); k > from && int(b.Out[k-1].Cause) == i; k-- {
		index++
	}
	b.counted = counted{len(b.Out), i, index}
	return EnvelopeID(childTag(b.ID(i), uint64(index), 0) >> idShift)
}

// Draws returns the i-th event's draws from a stream.
func (b *Batch) Draws(s Stream, i int) random.Source {
	return b.world.Key(s).At(int64(b.Tick), uint64(b.ID(i)))
}

// Room returns n sends to fill at the end of Out.
func (b *Batch) Room(n int) []Send {
	have := len(b.Out)
	if cap(b.Out) < have+n {
		grown := make([]Send, have, 2*(have+n))
		copy(grown, b.Out)
		b.Out = grown
	}
	b.Out = b.Out[:have+n]
	return b.Out[have:]
}

// Part has the batch be some of its own events, with nothing sent yet: for who
// hands out a batch's events apart from each other, in their order.
func (b *Batch) Part(from, to int, of *Batch) {
	b.Envelopes, b.Rows, b.Out, b.At, b.counted = of.Envelopes[from:to:to], of.Rows[from:to:to], b.Out[:0], -1, counted{}
}

// States returns the state column of the batch's program. It panics if S is
// not the type that the program declared. The slice dies with the batch.
func States[S any](b *Batch) []S { return column[S](b.program) }

// Column returns the state column of a program, a row a node. It is for
// reading, between ticks; it dies when [Table.Epoch] changes.
func Column[S any](w *World, id ProgramID) []S { return column[S](w.programs[id]) }

func column[S any](p *program) []S {
	if p.stateType != reflect.TypeFor[S]() {
		panic(fmt.Sprintf("ecs: program %q keeps a %v, not a %v", p.schema.Name, p.stateType, reflect.TypeFor[S]()))
	}
	return unsafe.Slice((*S)(p.state.base), p.state.rows)
}

// State returns one node's state for reading between ticks, or nil if the node
// has died. The pointer dies when the table's epoch changes.
func State[S any](w *World, n Node) *S {
	p := w.programs[n.Program()]
	row, ok := p.row(n)
	if !ok {
		return nil
	}
	return &column[S](p)[row]
}

// Edit is State for building a world or for an input: it marks the change.
func Edit[S any](w *World, n Node) *S {
	s := State[S](w, n)
	if s != nil {
		p, row := w.locate(n)
		w.mark(p, row)
	}
	return s
}

// Current describes what the world is doing, for a failure's report: program,
// and node if it is known.
func (w *World) Current() (program string, n Node) {
	b := &w.batch
	if b.program == nil || b.Tick != w.tick {
		return "", 0
	}
	if b.At >= 0 && b.At < len(b.Rows) {
		n = b.Node(b.At)
	} else if len(b.Rows) == 1 {
		n = b.Node(0)
	}
	return b.program.schema.Name, n
}
