package scheduler

import (
	"fmt"
	"slices"

	"orrery/ecs"
)

// flying is an envelope in flight in words that hold in any world: names, and
// a payload instead of where it lies.
type flying struct {
	due            ecs.Tick
	id             ecs.EnvelopeID
	from, to, kind string
	payload        string
}

func (f *flying) String() string {
	return fmt.Sprintf("%q from %s to %s, due at %d, with %s", f.kind, f.from, f.to, f.due, f.payload)
}

// differentEnvelopes compares what is in flight, in the order in which it will
// be handed out.
func differentEnvelopes(a, b *ecs.World) *Divergence {
	x, y := inFlight(a), inFlight(b)
	for i := range max(len(x), len(y)) {
		switch {
		case i == len(y):
			return &Divergence{Table: "envelope", Node: x[i].from, A: x[i].String(), B: "none"}
		case i == len(x):
			return &Divergence{Table: "envelope", Node: y[i].from, A: "none", B: y[i].String()}
		case x[i] != y[i]:
			return &Divergence{Table: "envelope", Node: x[i].from, Field: differentPart(&x[i], &y[i]), A: x[i].String(), B: y[i].String()}
		}
	}
	return nil
}

func inFlight(w *ecs.World) []flying {
	var all []flying
	w.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) {
		f := flying{due: due, id: e.ID(), from: w.NodeName(e.From), to: w.NodeName(e.To), kind: w.KindName(e.Kind())}
		if e.HasBytes() {
			f.payload = fmt.Sprintf("%x", w.Payload(e))
		} else {
			f.payload = fmt.Sprint(e.A, " ", e.B)
		}
		all = append(all, f)
	})
	slices.SortStableFunc(all, func(x, y flying) int { return compareTicks(x.due, y.due) })
	return all
}

func differentPart(x, y *flying) string {
	switch {
	case x.due != y.due:
		return "Due"
	case x.from != y.from:
		return "From"
	case x.to != y.to:
		return "To"
	case x.kind != y.kind:
		return "Kind"
	case x.payload != y.payload:
		return "Payload"
	}
	return "ID"
}
