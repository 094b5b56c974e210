package systems

import (
	"fmt"

	"orrery/ecs"
)

// Pull is a pipe that a node pulls from: Do is called once an item.
type Pull[S any] struct {
	Pipe Pipe
	Do   func(me *Me, s *S, it *Item)
	// Into makes the node a stage: nothing is pulled while that pipe is full,
	// and what Do pushes to it is always taken. 0: none.
	Into Pipe
	// Time is how long a pull takes, asked as it begins; nil: no time. Do is
	// called at its end, and the next begins then.
	Time func(me *Me, s *S) ecs.Nanoseconds
}

// Drain is called once there is room in a pipe in which there was none for a
// push of this incarnation.
type Drain[S any] struct {
	Pipe Pipe
	Do   func(me *Me, s *S)
}

// pulls says to pipes what a node's program pulls.
func (a *adapter[S]) pulls() []Pulling {
	var all []Pulling
	for _, x := range a.node.Pulls {
		if x.Do == nil {
			panic(fmt.Sprintf("systems: program %q pulls from pipe %q without a function; set Do", a.node.Name, a.me.set.Pipes.Name(x.Pipe)))
		}
		one := Pulling{Pipe: x.Pipe, Into: x.Into}
		if x.Time != nil {
			one.Time = func(b *ecs.Batch, i int, event ecs.EnvelopeID) ecs.Nanoseconds {
				a.me.ended = event
				d := x.Time(&a.me, &ecs.States[S](b)[b.Rows[i]])
				a.me.ended = 0
				return d
			}
		}
		all = append(all, one)
	}
	return all
}

// piped handles what pipes send; it reports whether the envelope was that.
func (a *adapter[S]) piped(me *Me, s *S, e *ecs.Envelope) bool {
	p := me.set.Pipes
	if !p.opened {
		return false
	}
	var it *Item
	switch e.Kind() {
	case p.item:
		it = p.Arrived(me.b, me.b.At)
	case p.ack:
		if room := p.Acknowledged(me.b, me.b.At); room != 0 {
			a.drained(me, s, room)
		}
	case p.wake:
		p.Woken(me.b, me.b.At)
	default:
		return false
	}
	if it == nil && !me.exiting {
		it = p.Next(me.b, me.b.At)
	}
	for it != nil && !me.exiting {
		me.pulling = true
		a.node.Pulls[it.At].Do(me, s, it)
		me.pulling = false
		if !me.exiting {
			it = p.Next(me.b, me.b.At)
		}
	}
	p.staging = 0
	return true
}

func (a *adapter[S]) drained(me *Me, s *S, room Pipe) {
	for _, d := range a.node.Drains {
		if d.Pipe == room {
			d.Do(me, s)
		}
	}
}

// Push pushes a number to a pipe; it reports whether there was room.
func (m *Me) Push(p Pipe, a uint64) bool {
	return m.set.Pipes.Push(m.b, m.b.At, &Push{Pipe: p, A: a})
}

// PushItem is Push of anything to anywhere.
func (m *Me) PushItem(x Push) bool { return m.set.Pipes.Push(m.b, m.b.At, &x) }
