// Proves that actions from outside are what they say and no more: each is in the
// digest with all that tells it from others, and none shifts another's
// messages, nor does a restore.
package systems

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"orrery/ecs"
)

func faultRig() (*rig, []ecs.Node, [2]ecs.Kind) {
	r := newRig(ecs.Config{})
	kinds := [2]ecs.Kind{r.World.Kind("k", 8), r.World.Kind("l", 8)}
	p := r.Programs.Add(Program{Schema: ecs.Schema{Name: "p"}})
	n := r.World.Nodes(p, "n", 4)
	n = append(n, r.World.Group("g", n[:2]))
	return r, n, kinds
}

// messages are drawn from few, so that equal ones meet.
type message struct {
	Target, Kind int
	A            uint64
}

var messages = rapid.SliceOf(rapid.Custom(func(t *rapid.T) message {
	return message{rapid.IntRange(0, 4).Draw(t, "target"), rapid.IntRange(0, 1).Draw(t, "kind"), rapid.Uint64Range(0, 1).Draw(t, "a")}
}))

// A message's identity derives from its target, its kind and how many of the
// kind came before it in the tick: so all differ, and none is shifted by other
// actions of the tick.
func TestOtherActionsShiftNoMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := messages.Draw(t, "messages")
		send := func(only int, others bool) []posted {
			r, n, kinds := faultRig()
			r.World.Begin(3)
			for _, m := range list {
				if others {
					r.Faults.Apply(&Action{Verb: Pause, Target: n[3]})
				}
				if only < 0 || m.Target == only {
					r.Faults.Apply(&Action{Verb: Message, Target: n[m.Target], Kind: kinds[m.Kind], A: m.A})
				}
			}
			return r.inFlight()
		}
		all := send(-1, true)
		if diff := cmp.Diff(all, send(-1, false)); diff != "" {
			t.Fatalf("other actions shift messages: %s", diff)
		}
		ids := map[ecs.EnvelopeID]bool{}
		for _, p := range all {
			if ids[p.ID] {
				t.Fatalf("two messages have the ID %x: %v", p.ID, all)
			}
			ids[p.ID] = true
		}
		for _, p := range send(3, false) {
			if !ids[p.ID] {
				t.Fatalf("messages to others shift %+v", p)
			}
		}
	})
}

// The tick after a restore is the tick it was.
func TestActionsAfterARestore(t *testing.T) {
	r, n, kinds := faultRig()
	r.run(2)
	s := r.snapshot()
	r.at(3, Action{Verb: Message, Target: n[4], Kind: kinds[0]}, Action{Verb: Message, Target: n[4], Kind: kinds[0]})
	r.run(3)
	want := r.inFlight()
	f := r.fork(t, s)
	r.restore(t, s)
	for _, x := range []*rig{r, f} {
		x.run(3)
		if diff := cmp.Diff(want, x.inFlight()); diff != "" {
			t.Error(diff)
		}
	}
}

// Any two actions that differ in a field give different digests, even if the
// world does not.
func TestActionsAreInTheDigest(t *testing.T) {
	_, n, kinds := faultRig()
	base := Action{Verb: CutOff, Target: n[0], Other: n[1]}
	variants := map[string]Action{"base": base}
	add := func(name string, change func(*Action)) {
		a := base
		change(&a)
		variants[name] = a
	}
	add("target", func(a *Action) { a.Target = n[2] })
	add("other", func(a *Action) { a.Other = n[2] })
	add("one way", func(a *Action) { a.OneWay = true })
	add("in flight", func(a *Action) { a.InFlight = true })
	add("code", func(a *Action) { a.Code = 1 })
	add("down", func(a *Action) { a.Down = 1 })
	add("kind", func(a *Action) { a.Kind = kinds[1] })
	add("a", func(a *Action) { a.A = 1 })
	add("b", func(a *Action) { a.B = 1 })
	add("verb", func(a *Action) { a.Verb = Start })
	add("partition", func(a *Action) { a.Verb, a.Sides = Partition, n[:2] })
	add("partition in three", func(a *Action) { a.Verb, a.Sides = Partition, n[:3] })
	add("payload", func(a *Action) { a.Verb, a.Kind, a.Payload = Message, kinds[0], []byte("x") })
	add("another payload", func(a *Action) { a.Verb, a.Kind, a.Payload = Message, kinds[0], []byte("y") })
	digests := map[ecs.Digest]string{}
	for name, a := range variants {
		r, _, _ := faultRig()
		r.World.Begin(0)
		r.Faults.Apply(&a)
		if other, ok := digests[r.World.Digest()]; ok {
			t.Errorf("%s and %s have one digest", name, other)
		}
		digests[r.World.Digest()] = name
	}
}
