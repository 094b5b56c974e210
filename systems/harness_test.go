// What the tests of this package share: a loop over a Set that mimics the
// phases of scheduler's, which tests here may not import, and programs that
// write down what came to them.
package systems

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"orrery/ecs"
	"orrery/ecs/random"
)

// ms is the length of a tick unless a test says otherwise.
const ms ecs.Nanoseconds = 1_000_000

type input struct {
	tick   ecs.Tick
	action Action
}

// rig is a Set and what is to be done to it when.
type rig struct {
	*Set
	inputs []input
	seen   []ecs.Tick // the ticks that were not skipped
}

func newRig(c ecs.Config) *rig { return &rig{Set: NewSet(ecs.NewWorld(c))} }

func (r *rig) at(t ecs.Tick, actions ...Action) {
	for _, a := range actions {
		r.inputs = append(r.inputs, input{t, a})
	}
}

// next is the next tick in which something is due.
func (r *rig) next() ecs.Tick {
	r.Services.Settle()
	next := min(r.World.NextDue(), r.Recurring.Next(), r.Checks.Next(), r.Measures.Next(), r.Epidemic.Next(), r.Outside.Next())
	for _, in := range r.inputs {
		if in.tick > r.World.Tick() {
			next = min(next, in.tick)
		}
	}
	return next
}

// tick runs the phases: input, act, structure, check, observe.
func (r *rig) tick(t ecs.Tick) {
	r.World.Begin(t)
	for i := range r.inputs {
		if r.inputs[i].tick == t {
			r.Faults.Apply(&r.inputs[i].action)
		}
	}
	r.Deliver.Act()
	r.Recurring.Act(r.Deliver)
	r.Lifecycle.Settle()
	r.Epidemic.Act(r.Deliver)
	r.Outside.Act()
	r.Recurring.Settle()
	r.World.Structure()
	r.Groups.Settle()
	r.Checks.Act()
	r.Measures.Observe()
	r.World.End()
	r.seen = append(r.seen, t)
}

// run runs every tick up to and including one.
func (r *rig) run(until ecs.Tick) {
	for t := r.next(); t <= until; t = r.next() {
		r.tick(t)
	}
	if r.World.Tick() < until {
		r.World.Begin(until)
	}
}

func (r *rig) start(nodes ...ecs.Node) { r.Lifecycle.StartAt(r.World.Tick()+1, nodes...) }

func (r *rig) snapshot() *ecs.Snapshot {
	r.Services.Settle()
	var s ecs.Snapshot
	r.World.Snapshot(&s)
	return &s
}

func (r *rig) restore(t interface{ Fatal(...any) }, s *ecs.Snapshot) {
	if err := r.World.Restore(s); err != nil {
		t.Fatal(err)
	}
	r.Rebuild()
}

// fork is a rig of its own that continues from a snapshot of this one.
func (r *rig) fork(t interface{ Fatal(...any) }, s *ecs.Snapshot) *rig {
	f := newRig(r.World.Config())
	f.Like(r.Set)
	f.inputs = slices.Clone(r.inputs)
	f.restore(t, s)
	return f
}

// sum is all that two equal runs have in common.
func (r *rig) sum() string {
	return fmt.Sprintf("tick %d digest %x state %x counts %+v", r.World.Tick(), r.World.Digest(), r.World.StateHash(), *r.World.Counts())
}

// tape is a program's notes, of all its nodes, in the order of events. It lies
// outside the world: only tests that do not restore use it.
type tape struct{ lines []string }

func (p *tape) note(format string, args ...any) {
	p.lines = append(p.lines, fmt.Sprintf(format, args...))
}

func (p *tape) take() []string {
	lines := p.lines
	p.lines = nil
	return lines
}

// word is a state of one number.
type word struct{ V uint64 }

// listener is a program whose nodes note what comes to them, as "1 a x 7": at
// tick 1, to a, of kind x, with A 7.
func (r *rig) listener(name string, to *tape, kinds ...ecs.Kind) ecs.ProgramID {
	n := Node[word]{
		Name:  name,
		Start: func(me *Me, _ *word) { to.note("%d %s start", me.Tick(), me.Name()) },
		Stop:  func(me *Me, _ *word) { to.note("%d %s stop", me.Tick(), me.Name()) },
	}
	for _, k := range kinds {
		n.On = append(n.On, On[word]{Kind: k, Do: func(me *Me, _ *word, e *ecs.Envelope) {
			to.note("%d %s %s %d", me.Tick(), me.Name(), me.World().KindName(e.Kind()), e.A)
		}})
	}
	return AddNode(r.Set, n)
}

// posted is an envelope under way, as the tests compare it.
type posted struct {
	ID       ecs.EnvelopeID
	From, To ecs.Node
	Due      ecs.Tick
	Payload  string
}

func (r *rig) posted(e *ecs.Envelope, due ecs.Tick) posted {
	payload := fmt.Sprintf("%x %x", e.A, e.B)
	if e.HasBytes() {
		payload = fmt.Sprintf("%x", r.World.Payload(e))
	}
	return posted{e.ID(), e.From, e.To, due, payload}
}

// inFlight lists what is under way, by due tick and, within one, in the order
// of sending.
func (r *rig) inFlight() []posted {
	var all []posted
	r.World.EachInFlight(func(e *ecs.Envelope, due ecs.Tick) { all = append(all, r.posted(e, due)) })
	slices.SortStableFunc(all, func(a, b posted) int { return int(a.Due - b.Due) })
	return all
}

// from makes an envelope as a node would send it; the name tells it from others
// of the tick.
func (r *rig) from(a, b ecs.Node, k ecs.Kind, name string) ecs.Envelope {
	e := r.World.Outside(b, k, 0, 0, name)
	e.From = a
	return e
}

// ratio is a probability for tests that know what they ask for.
func ratio(numerator, denominator uint64) random.Probability {
	p, err := random.Ratio(numerator, denominator)
	if err != nil {
		panic(err)
	}
	return p
}

// mustPanic runs do, which must panic with a text that has all the parts.
func mustPanic(t *testing.T, do func(), parts ...string) {
	t.Helper()
	defer func() {
		t.Helper()
		cause := recover()
		if cause == nil {
			t.Errorf("no panic; want one that says %q", parts)
			return
		}
		text := fmt.Sprint(cause)
		for _, part := range parts {
			if !strings.Contains(text, part) {
				t.Errorf("the panic says %q, which lacks %q", text, part)
			}
		}
	}()
	do()
}

// ticks draws spans of ticks, mostly short.
func ticks(t *rapid.T, label string) ecs.Tick {
	return ecs.Tick(rapid.OneOf(rapid.IntRange(0, 3), rapid.IntRange(0, 20), rapid.IntRange(0, 400)).Draw(t, label))
}
