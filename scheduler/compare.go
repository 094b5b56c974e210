package scheduler

import (
	"fmt"

	"orrery/ecs"
)

// Divergence is where two runs part: the first tick at whose end they differ,
// and in what.
type Divergence struct {
	Tick ecs.Tick
	// Table is what differs: a program's "client.state" or "client.life", a
	// table such as "link", "envelope" for what is in flight, "failure" if the
	// runs did not end alike, or "history" if all there is to see is equal and
	// only what happened on the way, or the seed, was not.
	Table string
	Node  string // whose it is, an envelope's sender for one; empty if nobody's
	Field string
	A, B  string // what each run has there
}

func (d *Divergence) String() string {
	s := fmt.Sprintf("tick %d: %s", d.Tick, d.Table)
	if d.Node != "" {
		s += " of " + d.Node
	}
	if d.Field != "" {
		s += ": " + d.Field
	}
	return fmt.Sprintf("%s: %s, and %s", s, d.A, d.B)
}

// Compare runs two runs side by side up to and including a tick, and returns
// where they part, or nil. It hashes all state at the end of every tick, so
// that a difference is found in the tick it arises in and not when it first
// shows in what is sent. The error is the failure that ended both runs alike.
func Compare(a, b *Run, until ecs.Tick) (*Divergence, error) {
	if ta, tb := a.World.Tick(), b.World.Tick(); ta != tb {
		return nil, fmt.Errorf("compare: one run is at tick %d, the other at tick %d; take both to the same first", ta, tb)
	}
	for {
		if d := difference(a.World, b.World); d != nil {
			return d, nil
		}
		t := min(a.Next(), b.Next(), until)
		if t <= a.World.Tick() {
			return nil, nil
		}
		if d, err := ended(t, a.RunUntil(t), b.RunUntil(t)); d != nil || err != nil {
			return d, err
		}
	}
}

// ended tells runs that fail alike, which is an end and no difference, from
// those that do not.
func ended(t ecs.Tick, a, b error) (*Divergence, error) {
	switch {
	case a == nil && b == nil:
		return nil, nil
	case a != nil && b != nil && a.Error() == b.Error():
		return nil, a
	}
	return &Divergence{Tick: t, Table: "failure", A: outcome(a), B: outcome(b)}, nil
}

func outcome(err error) string {
	if err == nil {
		return "no failure"
	}
	return err.Error()
}

// difference finds in what two worlds differ. It looks at what nodes hold
// first, since that is where most differences come from, and then at what
// they sent.
func difference(a, b *ecs.World) *Divergence {
	if a.Digest() == b.Digest() && a.StateHash() == b.StateHash() {
		return nil
	}
	for _, look := range []func(a, b *ecs.World) *Divergence{differentNodes, differentEnvelopes, differentTables} {
		if d := look(a, b); d != nil {
			d.Tick = a.Tick()
			return d
		}
	}
	if a.Digest() == b.Digest() { // the seed, or the states that nodes were born with
		return &Divergence{Tick: a.Tick(), Table: "history", A: fmt.Sprintf("all state %016x", a.StateHash()), B: fmt.Sprintf("all state %016x", b.StateHash())}
	}
	return &Divergence{Tick: a.Tick(), Table: "history", A: fmt.Sprintf("digest %016x", a.Digest()), B: fmt.Sprintf("digest %016x", b.Digest())}
}
