package systems

import (
	"fmt"
	"slices"

	"orrery/ecs"
)

// Verb is what an action does.
type Verb uint8

const (
	Start        Verb = iota // start the target
	Stop                     // stop the target with exit code Code
	Crash                    // crash the target if it is up, and restart it after Down, if Down > 0
	Restart                  // start the target again; crash it first if it is up
	Pause                    // hold what comes due for the target
	Resume                   // let the target go on
	CutOff                   // cut Target from Other, both ways unless OneWay
	Partition                // cut each of Sides from the others; nobody is on two
	Heal                     // end all cuts
	Slow                     // what goes to and from the target takes A/1000 times as long
	Message                  // send Kind with A and B to the target, from outside
	Join                     // have the target join the group Other
	Leave                    // have the target leave the group Other
	LoseDisk                 // crash the target, and take its durable state back to its birth; Down as for Crash
	CallService              // call the service Name, of the node or group Other if that is set
	PublishValue             // publish to the feed Name
	SetParam                 // set the param Name at the target, or at each of Nodes
	PushItem                 // push to the pipe Name, to Other if that is set
	CancelCall               // end the call of service Name that has the label Label
)

var verbNames = [...]string{"start", "stop", "crash", "restart", "pause", "resume", "cut", "partition", "heal", "slow", "send", "join", "leave", "lose_disk", "call", "publish", "set", "push", "cancel"}

func (v Verb) String() string { return verbNames[v] }

// OfChannels reports whether the verb is done through a channel: see [Outside].
func (v Verb) OfChannels() bool { return CallService <= v && v <= CancelCall }

// Action is something done to the world from outside its nodes, as data: a
// fault, or a command. Targets may be groups.
type Action struct {
	Verb     Verb
	Code     uint8
	OneWay   bool
	InFlight bool // a cut takes what is under way across it too
	Kind     ecs.Kind
	Target   ecs.Node
	Other    ecs.Node
	Sides    []ecs.Node
	Down     ecs.Nanoseconds
	A, B     uint64
	Payload  []byte // of a message, instead of A and B; of what goes through a channel, instead of A

	// Nodes are the target and Lists the sides, of a cut too, as lists that
	// need no group.
	Nodes []ecs.Node
	Lists [][]ecs.Node
	// Label names a cut or partition, so that Heal with it ends that alone; and a
	// crash, stop, pause or slowness of nodes, so that Start, Resume or Slow with the
	// usual factor and the label ends that alone: a node is up, goes on or is as
	// fast as usual again when none lasts. Without a label they end all of the
	// target's.
	Label uint64

	// Of what is done through channels: the target is the node that does it, 0 if
	// it is nobody. Who is told what came of it knows it by Label, 0: nobody is.
	Name    string          // of the service, feed, param or pipe
	Policy  Policy          // of a call: which of several providers,
	Keyed   bool            // or that to which Key belongs
	Key     uint64          // of an item too
	Timeout ecs.Nanoseconds // of a call
	Need    int             // of a call to Other, or to all: so many must answer; 0: one is asked
	All     bool            // of a call: all providers in view are asked, of Other if that is set. Each replies if Need is 0
	If      *Version        // of a set: only if the target has that version

	// Resolve is asked when the action is due, and completes it: for targets
	// that depend on the world as it then is.
	Resolve func(a *Action)
}

// Faults carries out actions.
type Faults struct {
	world     *ecs.World
	lifecycle *Lifecycle
	cuts      *Cuts
	deliver   *Deliver
	links     *Links
	groups    *Groups
	outside   *Outside
	tick      ecs.Tick
	sent      index // (node, kind) to how many messages it was sent in the tick
	labels    cutLabels
	seen      func(a *Action, refused string) // an observer's; see Watch
}

// NewFaults wires faults to what they act on.
func NewFaults(w *ecs.World, l *Lifecycle, c *Cuts, d *Deliver, links *Links, g *Groups) *Faults {
	return &Faults{world: w, lifecycle: l, cuts: c, deliver: d, links: links, groups: g, labels: cutLabels{ecs.NewRows[cutLabel](w, "cut.label")}}
}

// Apply carries out an action at the tick under way, in the input phase, and
// folds it into the digest.
func (f *Faults) Apply(a *Action) {
	if a.Resolve != nil {
		resolved := *a
		a.Resolve(&resolved)
		a = &resolved
		if len(a.Nodes) == 0 && len(a.Lists) == 0 && a.Target == 0 {
			return // nobody, this time
		}
	}
	if a.Verb == SetParam && len(a.Nodes) > 0 {
		f.setEach(a)
		return
	}
	f.validate(a)
	f.deliver.acted = f.world.Tick()
	f.fold(a)
	if f.seen != nil && !a.Verb.OfChannels() {
		f.seen(a, "")
	}
	var cut Cut
	switch a.Verb {
	case CutOff:
		sides := f.sides(a, a.Target, a.Other)
		cut = f.cuts.separate(sides[0], sides[1], a.OneWay)
		f.labels.put(a.Label, cut)
	case Partition:
		cut = f.cuts.split(f.sides(a, a.Sides...))
		f.labels.put(a.Label, cut)
	case Heal:
		f.heal(a.Label)
	case Message:
		f.send(a)
	case Join, Leave:
		f.regroup(a)
	case CallService, PublishValue, SetParam, PushItem, CancelCall:
		f.outside.act(a)
		if f.seen != nil {
			f.seen(a, f.outside.refused)
		}
	default:
		for _, n := range f.targets(a) {
			f.applyTo(n, a)
		}
	}
	if a.InFlight {
		f.cuts.DropInFlight(cut)
	}
}

// validate panics on an action that cannot be meant.
func (f *Faults) validate(a *Action) {
	switch {
	case int(a.Verb) >= len(verbNames):
		panic(fmt.Sprintf("systems: there is no action %d; the last is %d, %s", a.Verb, len(verbNames)-1, verbNames[len(verbNames)-1]))
	case a.Verb == Heal:
	case a.Verb.OfChannels():
		f.outside.validate(a)
	case (a.Verb == CutOff || a.Verb == Partition) && len(a.Lists) > 1:
	case a.Verb == Partition:
		if len(a.Sides) < 2 || slices.Contains(a.Sides, 0) {
			panic(fmt.Sprintf("systems: action partition has the sides %v; it needs two nodes or groups at least", a.Sides))
		}
	case a.Target == 0 && len(a.Nodes) == 0:
		panic(fmt.Sprintf("systems: action %s has no target; set Target to a node or group", verbNames[a.Verb]))
	case a.Verb == CutOff && a.Other == 0:
		panic(fmt.Sprintf("systems: action cut of %s has no other side; set Other to a node or group", f.world.NodeName(a.Target)))
	case (a.Verb == Join || a.Verb == Leave) && !a.Other.IsGroup():
		panic(fmt.Sprintf("systems: action %s of %s: %s is no group; set Other to one", verbNames[a.Verb], f.world.NodeName(a.Target), f.world.NodeName(a.Other)))
	case a.Verb == Message && a.Kind.IsTimer():
		panic(fmt.Sprintf("systems: action send to %s: kind %q is a timer's or the engine's; declare a message's with Kind", f.world.NodeName(a.Target), f.world.KindName(a.Kind)))
	}
}

func (f *Faults) fold(a *Action) {
	flags := uint64(a.Verb) | uint64(a.Code)<<8 | uint64(a.Kind)<<16
	if a.OneWay {
		flags |= 1 << 32
	}
	if a.InFlight {
		flags |= 1 << 33
	}
	f.world.Fold(flags, uint64(a.Target)|uint64(a.Other)<<32, a.A, a.B, uint64(a.Down), uint64(len(a.Sides)))
	for _, s := range a.Sides {
		f.world.Fold(uint64(s))
	}
	for _, list := range append([][]ecs.Node{a.Nodes}, a.Lists...) {
		if len(list) > 0 {
			f.world.Fold(uint64(len(list)))
		}
		for _, n := range list {
			f.world.Fold(uint64(n))
		}
	}
	if a.Verb.OfChannels() {
		f.outside.fold(a)
	}
}

func (f *Faults) applyTo(n ecs.Node, a *Action) {
	switch a.Verb {
	case Start:
		f.start(n, a.Label)
	case Stop, Crash, LoseDisk:
		f.fell(n, a)
	case Restart:
		f.lifecycle.Crash(n)
		f.lifecycle.Start(n)
	case Pause:
		f.pause(n, a.Label)
	case Resume:
		f.resume(n, a.Label)
	case Slow:
		f.slow(n, a.A, a.Label)
	}
}

// setEach has each of several nodes set a param, as an action of its own: one may
// be refused, and another not.
func (f *Faults) setEach(a *Action) {
	one := *a
	one.Resolve, one.Nodes = nil, nil
	for _, n := range f.targets(a) {
		one.Target = n
		f.Apply(&one)
	}
}

// regroup has nodes or groups join or leave one; a group stays a group.
func (f *Faults) regroup(a *Action) {
	nodes := a.Nodes
	if len(nodes) == 0 {
		nodes = []ecs.Node{a.Target}
	}
	for _, n := range nodes {
		if a.Verb == Join {
			f.groups.Join(a.Other, n)
		} else {
			f.groups.Leave(a.Other, n)
		}
	}
}

// send posts a message from outside: it is due in the next tick, and crosses
// no link. Its identity derives from the target, the kind and how many of the
// kind the target was sent in the tick, so that no other action shifts it.
func (f *Faults) send(a *Action) {
	if f.tick != f.world.Tick() {
		f.tick = f.world.Tick()
		f.sent.clear()
	}
	kind := f.world.KindName(a.Kind)
	for _, n := range f.targets(a) {
		nth := f.sent.find(uint64(n), uint64(a.Kind)) + 1
		f.sent.set(uint64(n), uint64(a.Kind), nth)
		e := f.world.Outside(n, a.Kind, a.A, a.B, fmt.Sprintf("message/%s/%d", kind, nth))
		if a.Payload != nil {
			f.world.WithBytes(&e, a.Payload)
		}
		f.world.Post(&e, f.world.Tick()+1)
	}
}

// rebuild forgets a tick that a restore has undone.
func (f *Faults) rebuild() { f.sent.clear() }

// targets are whom an action is done to, one by one.
func (f *Faults) targets(a *Action) []ecs.Node {
	if len(a.Nodes) == 0 {
		return f.world.Members(a.Target)
	}
	var all []ecs.Node
	for _, n := range a.Nodes {
		all = append(all, f.world.Members(n)...)
	}
	return all
}

// sides are the sides of a cut: lists, or the members of nodes and groups.
func (f *Faults) sides(a *Action, nodes ...ecs.Node) [][]ecs.Node {
	if len(a.Lists) > 0 {
		return f.membersOf(a.Lists)
	}
	lists := make([][]ecs.Node, len(nodes))
	for i, n := range nodes {
		lists[i] = f.world.Members(n)
	}
	return lists
}

// membersOf has the members of groups in their place.
func (f *Faults) membersOf(lists [][]ecs.Node) [][]ecs.Node {
	all := make([][]ecs.Node, len(lists))
	for i, list := range lists {
		if all[i] = list; slices.ContainsFunc(list, ecs.Node.IsGroup) {
			all[i] = f.targets(&Action{Nodes: list})
		}
	}
	return all
}

// heal ends the cut of a label, or all if there is none.
func (f *Faults) heal(label uint64) {
	if label == 0 {
		f.cuts.HealAll()
		f.labels.rows.Truncate(0)
		return
	}
	if cut := f.labels.take(label); cut != 0 {
		f.cuts.Heal(cut)
	}
}

// cutLabels are the cuts that have a label and are not healed.
type cutLabels struct{ rows *ecs.Rows[cutLabel] }

type cutLabel struct{ Label, Cut uint64 }

func (l *cutLabels) put(label uint64, cut Cut) {
	if label != 0 {
		l.rows.Add(cutLabel{label, uint64(cut)})
	}
}

// LatestLabel is the largest label of a fault that lasts, 0 if none has one: who
// labels further faults of a run that goes on from another starts above it.
func (f *Faults) LatestLabel() (latest uint64) {
	for _, x := range f.lifecycle.outages.rows.All() {
		latest = max(latest, x.Label)
	}
	for i := range f.labels.rows.Len() {
		latest = max(latest, f.labels.rows.At(i).Label)
	}
	return latest
}

// take forgets a label and returns its cut, none if it is not known.
func (l *cutLabels) take(label uint64) Cut {
	for i := range l.rows.Len() {
		if x := *l.rows.At(i); x.Label == label {
			last := l.rows.Len() - 1
			*l.rows.Edit(i) = *l.rows.At(last)
			l.rows.Truncate(last)
			return Cut(x.Cut)
		}
	}
	return 0
}
