package systems

import (
	"fmt"

	"orrery/ecs"
)

// Subscribe is a feed that a node subscribes to, or a pattern, and what handles
// its values.
type Subscribe[S any] struct {
	Name  string
	Keep  int             // see [Subscription]
	Every ecs.Nanoseconds // see [Subscription]
	Later bool            // not from the start
	Do    func(me *Me, s *S, v *Value)
}

func (x *Subscribe[S]) subscription(i int) Subscription {
	return Subscription{Name: x.Name, Keep: x.Keep, Every: x.Every, Then: uint64(i)}
}

// listen adds the handler of feeds' values.
func (a *adapter[S]) listen(s *Set) {
	if len(a.node.Subscribes) == 0 {
		return
	}
	s.Feeds.Open()
	for i := range a.node.Subscribes {
		x := &a.node.Subscribes[i]
		if x.Do == nil {
			panic(fmt.Sprintf("systems: program %q subscribes to %q without a function; set Do", a.node.Name, x.Name))
		}
		a.me.later = append(a.me.later, x.subscription(i))
	}
	a.add(On[S]{s.Feeds.Kind(), func(me *Me, state *S, _ *ecs.Envelope) {
		if v := me.set.Feeds.Read(me.b, me.b.At); v != nil {
			a.node.Subscribes[v.Then].Do(me, state, v)
		}
	}}, s.World)
}

// Publish publishes a value for whoever subscribes.
func (m *Me) Publish(feed Feed, a uint64) { m.set.Feeds.Publish(m.b, m.b.At, feed, a) }

// PublishBytes is Publish with bytes, which are copied.
func (m *Me) PublishBytes(feed Feed, payload []byte) {
	m.set.Feeds.PublishBytes(m.b, m.b.At, feed, payload)
}

// Subscribe has the node subscribe to one of its program's Subscribes, by name,
// from now on.
func (m *Me) Subscribe(name string) {
	for _, s := range m.later {
		if s.Name == name {
			m.set.Feeds.Subscribe(m.b, m.b.At, s, nil)
			return
		}
	}
	panic(fmt.Sprintf("systems: %s subscribes to %q, which is not among its program's Subscribes", m.Name(), name))
}

// Unsubscribe has the node subscribe to a name no longer; it reports whether it
// did.
func (m *Me) Unsubscribe(name string) bool { return m.set.Feeds.Unsubscribe(m.Self(), name) }
