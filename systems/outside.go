package systems

import (
	"fmt"
	"slices"

	"github.com/zeebo/xxh3"

	"orrery/ecs"
)

// Outside carries out what somebody outside does through channels: calls,
// values of feeds, params and items of pipes. Each is an event of the input
// phase: of a node, as if a handler of its had done it, or of nobody, and then it
// crosses no link and no cut.
//
// What comes of it is no state, but for calls under way: who asked is told, and
// the world goes on the same if there is nobody to tell, as in a replay. Replies
// to calls of nobody leave the world in the tick in which they are sent, after
// all handlers of that tick: else where a batch ends would show in which rows of
// calls are free.
type Outside struct {
	world    *ecs.World
	programs *Programs
	services *Services
	feeds    *Feeds
	params   *Params
	pipes    *Pipes
	deliver  *Deliver
	links    *Links
	told     func(o *Upshot)
	refused  string // the upshot of the latest action: why nothing was done
	tick     ecs.Tick
	done     index // (node, verb and name) to how often in the tick
	left     []departed
	row      [1]uint32
}

// departed is a reply that has left the world.
type departed struct {
	envelope ecs.Envelope
	ref      uint64
	payload  []byte
}

// Upshot is what came of an action of somebody outside: of a call when it has
// ended, of all else in its tick. A call to all of which each replies has one when
// it is made, with Of alone, and then one a reply. It is good until who is told
// returns.
type Upshot struct {
	Label   uint64 // the action's
	Refused string // why nothing was done; empty: it was
	Of      int    // so many replies are to come; 0: this is the end
	Reply   *Reply // of a call
	Version Version
	Value   []byte // of a set: what the node has by now, with its version
}

func newOutside(s *Set) *Outside {
	o := &Outside{
		world: s.World, programs: s.Programs, services: s.Services, feeds: s.Feeds, params: s.Params,
		pipes: s.Pipes, deliver: s.Deliver, links: s.Links,
	}
	s.Services.outside, s.Faults.outside = o, o
	s.World.SetLeaving(o.leaves)
	return o
}

// Tell has f told what comes of actions; nil ends it. f only looks, and may not
// keep what it is shown.
func (o *Outside) Tell(f func(o *Upshot)) { o.told = f }

// LatestLabel is the largest label of a call that is under way, 0 if none has one:
// who labels further actions of a run that goes on from another starts above it.
func (o *Outside) LatestLabel() (latest uint64) {
	calls := o.services.calls.pool.rows
	for i := range calls.Len() {
		if r := calls.At(i); r.Valid != 0 && r.Outside {
			latest = max(latest, r.Then)
		}
	}
	return latest
}

func (o *Outside) tell(x *Upshot) {
	o.refused = x.Refused
	if o.told != nil && x.Label != 0 {
		o.told(x)
	}
}

// validate panics on an action that cannot be meant.
func (o *Outside) validate(a *Action) {
	verb := verbNames[a.Verb]
	switch {
	case a.Name == "":
		panic(fmt.Sprintf("systems: action %s has no name; set Name to that of what is acted on", verb))
	case a.Target.IsGroup() || a.Target == 0 && (a.Verb == SetParam || a.Verb == PushItem):
		panic(fmt.Sprintf("systems: action %s of %q is done by %s; set Target to a node", verb, a.Name, o.world.NodeName(a.Target)))
	case a.Verb == CallService && (a.Kind == 0 || a.Kind.IsTimer() || a.Timeout < 0 || a.Timeout > maxSpan || a.Need < 0 || a.Need > 0 && a.Other == 0 && !a.All):
		panic(fmt.Sprintf("systems: action call of %q: kind %d, timeout %d ns, %d of %s must answer", a.Name, a.Kind, a.Timeout, a.Need, o.world.NodeName(a.Other)))
	case a.Verb == CancelCall && a.Label == 0:
		panic(fmt.Sprintf("systems: action cancel of %q has no label; set Label to that of the call", a.Name))
	case (a.Verb == CallService || a.Verb == CancelCall) && !o.services.opened:
		panic(fmt.Sprintf("systems: action call of %q: the world has no services; see Services.Open", a.Name))
	case a.Verb == PublishValue && !o.feeds.opened:
		panic(fmt.Sprintf("systems: action publish to %q: the world has no feeds; see Feeds.Open", a.Name))
	}
}

// fold is the part of an action that only those of channels have.
func (o *Outside) fold(a *Action) {
	keyed := uint64(0)
	if a.Keyed {
		keyed = 1
	}
	o.world.Fold(ServiceKey(a.Name), xxh3.Hash(a.Payload), a.Key, keyed, uint64(a.Policy), uint64(a.Timeout), uint64(a.Need), a.Label)
	if a.If != nil {
		o.world.Fold(a.If.Counter, uint64(a.If.Writer))
	}
	if a.All {
		o.world.Fold(1)
	}
}

// act carries out an action.
func (o *Outside) act(a *Action) {
	o.refused = ""
	if a.Verb == CancelCall { // of a node that is paused too: it is no event of it
		o.services.cancelOutside(a.Target, a.Label)
		return
	}
	if o.tick != o.world.Tick() {
		o.tick = o.world.Tick()
		o.done.clear()
	}
	what := verbNames[a.Verb] + "/" + a.Name
	key := ServiceKey(what)
	nth := o.done.find(uint64(a.Target), key) + 1
	o.done.set(uint64(a.Target), key, nth)
	event := fmt.Sprintf("%s/%d", what, nth)
	if a.Target == 0 {
		o.world.Nobody(event, func(b *ecs.Batch) {
			o.do(b, a)
			o.links.Route(b)
		})
		return
	}
	life := o.world.Life(a.Target)
	if life.Status != ecs.Up {
		o.tell(&Upshot{Label: a.Label, Refused: fmt.Sprintf("%s is %s", o.world.NodeName(a.Target), life.Status)})
		return
	}
	row, _ := o.world.Row(a.Target)
	o.row[0] = uint32(row)
	o.deliver.Call(a.Target.Program(), o.row[:], ServiceKey(event), func(b *ecs.Batch) {
		b.At = 0
		o.do(b, a)
	})
}

// do does it as the one event of a batch.
func (o *Outside) do(b *ecs.Batch, a *Action) {
	var refused string
	switch a.Verb {
	case CallService:
		refused = o.call(b, a)
	case PublishValue:
		refused = o.publish(b, a)
	case SetParam:
		refused = o.set(b, a)
	case PushItem:
		refused = o.push(b, a)
	}
	if refused != "" {
		o.tell(&Upshot{Label: a.Label, Refused: refused})
	}
}

// publish publishes a value.
func (o *Outside) publish(b *ecs.Batch, a *Action) string {
	feed := o.feeds.Declare(a.Name)
	if a.Payload != nil {
		o.feeds.PublishBytes(b, 0, feed, a.Payload)
	} else {
		o.feeds.Publish(b, 0, feed, a.A)
	}
	o.tell(&Upshot{Label: a.Label})
	return ""
}

// set sets a param, unless the node has another version than is asked for.
func (o *Outside) set(b *ecs.Batch, a *Action) string {
	i := slices.IndexFunc(o.params.list, func(p param) bool { return p.name == a.Name })
	if i < 0 {
		panic(fmt.Sprintf("systems: action set: there is no param %q", a.Name))
	}
	id, refused := ParamID(i), ""
	if _, has := o.params.Get(a.Target, id); a.If != nil && has != *a.If {
		refused = "version conflict"
	} else {
		o.params.Set(b, 0, id, a.Payload)
	}
	x := Upshot{Label: a.Label, Refused: refused}
	x.Value, x.Version = o.params.Get(a.Target, id)
	o.tell(&x)
	return ""
}

// push pushes an item.
func (o *Outside) push(b *ecs.Batch, a *Action) string {
	pipe, ok := o.pipes.Named(a.Name)
	if !ok {
		panic(fmt.Sprintf("systems: action push: there is no pipe %q", a.Name))
	}
	x := Push{Pipe: pipe, A: a.A, Payload: a.Payload, To: a.Other, Key: a.Key}
	targets := o.pipes.Config(pipe).Targets
	if a.Other != 0 {
		targets = []ecs.Node{a.Other}
	}
	for _, n := range targets {
		if err := o.pipes.Joins(a.Target, n, x.Pipe); err != nil {
			return err.Error()
		}
	}
	if !o.pipes.Push(b, 0, &x) {
		return "the pipe is full"
	}
	o.tell(&Upshot{Label: a.Label})
	return ""
}

// call calls a service.
func (o *Outside) call(b *ecs.Batch, a *Action) string {
	s, n := o.services, a.Target
	c := Call{Service: Service{ServiceKey(a.Name), a.Kind}, A: a.A, Payload: a.Payload, Timeout: a.Timeout, Then: a.Label, outside: true}
	to := o.asked(b, a)
	if have := s.InFlight(n); have+1+len(to) > MaxCalls {
		return fmt.Sprintf("%s has %d calls in flight, and may have %d", o.world.NodeName(n), have, MaxCalls)
	}
	if a.Need == 0 && (!a.All || len(to) == 0) {
		to = []ecs.Node{o.provider(b, a)}
	}
	for _, x := range to {
		if n != 0 && x != 0 && x != n && !s.canSend(n, x) {
			return fmt.Sprintf("no link joins %s and %s", o.world.NodeName(n), o.world.NodeName(x))
		}
	}
	switch {
	case a.All && a.Need > len(to):
		s.Gather(b, 0, &c, nil, a.Need) // there is no provider
		return ""
	case a.Need > 0:
		s.Gather(b, 0, &c, to, a.Need)
		return ""
	case a.All:
		o.tell(&Upshot{Label: a.Label, Of: len(to)})
	}
	for _, c.To = range to {
		s.Call(b, 0, &c)
	}
	return ""
}

// asked are those of whom some must answer, or all that provide a service.
func (o *Outside) asked(b *ecs.Batch, a *Action) []ecs.Node {
	if !a.All {
		if a.Other == 0 {
			return nil
		}
		return o.world.Members(a.Other)
	}
	s, key := o.services, ServiceKey(a.Name)
	seen := s.providing(key)
	if a.Target != 0 {
		seen = s.PickAll(b, 0, key)
	}
	seen = slices.Clone(seen)
	if a.Other != 0 {
		seen = slices.DeleteFunc(seen, func(n ecs.Node) bool { return !o.world.In(n, a.Other) })
	}
	return seen
}

// provider is whom a call goes to; 0: there is nobody. Nobody sees who provides
// a service now, wherever that is.
func (o *Outside) provider(b *ecs.Batch, a *Action) ecs.Node {
	if a.Other != 0 && !a.Other.IsGroup() {
		return a.Other
	}
	s, key := o.services, ServiceKey(a.Name)
	seen := s.Providers(a.Target, key)
	if a.Target == 0 {
		seen = s.providing(key)
	}
	if a.Other != 0 {
		seen = slices.DeleteFunc(slices.Clone(seen), func(n ecs.Node) bool { return !o.world.In(n, a.Other) })
	}
	if a.Keyed {
		return s.pickBy(seen, a.Target, a.Key)
	}
	return s.pick(b, 0, key, a.Policy, seen)
}

// leaves takes a reply that leaves the world.
func (o *Outside) leaves(e *ecs.Envelope) bool {
	if s := o.services; !s.opened || e.Kind() != s.answer && e.Kind() != s.failed {
		return false
	}
	d := departed{envelope: *e, ref: e.B}
	if e.HasBytes() {
		ref, rest := split(o.world.Payload(e))
		d.ref, d.payload = ref, slices.Clone(rest)
		if d.payload == nil {
			d.payload = []byte{} // a value of no bytes is one of bytes
		}
	}
	o.left = append(o.left, d)
	return true
}

// Act is the system's part of the act phase, after all handlers have run: calls
// of nobody end.
func (o *Outside) Act() {
	if o.services.opened {
		o.settle()
	}
}

func (o *Outside) settle() {
	for i := range o.left {
		d := &o.left[i]
		if r := o.services.answered(&d.envelope, d.ref, d.payload); r != nil {
			panic("systems: a reply to somebody outside is a node's")
		}
	}
	o.left = o.left[:0]
	o.services.expireOutside()
}

// Next returns the tick in which a call of nobody ends by time, or ecs.Never.
func (o *Outside) Next() ecs.Tick {
	if !o.services.opened {
		return ecs.Never
	}
	return o.due()
}

func (o *Outside) due() ecs.Tick {
	c := &o.services.calls
	if k := c.callers.first(0); k >= 0 {
		if head := c.callers.rows.At(k).Head; head != 0 {
			return max(o.world.Tick()+1, c.pool.rows.At(int(head)-1).Due)
		}
	}
	return ecs.Never
}

// rebuild forgets a tick that a restore has undone.
func (o *Outside) rebuild() {
	o.left = o.left[:0]
	o.done.clear()
}
