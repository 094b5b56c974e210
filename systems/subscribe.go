package systems

import (
	"cmp"
	"fmt"
	"slices"

	"orrery/ecs"
)

// Subscribe has the node of a batch's i-th event subscribe from now on; it may
// keep bytes with it, which [Value] brings back. Subscribed again to the same
// name, the later says how, and what is under way or waits stays so.
func (f *Feeds) Subscribe(b *ecs.Batch, i int, s Subscription, keep []byte) {
	f.subscribe(b.Node(i), &s, keep)
}

// Unsubscribe has a node subscribe to a name no longer; it reports whether it
// did. What is under way to it is dropped.
func (f *Feeds) Unsubscribe(n ecs.Node, name string) bool {
	topic := f.byKey.find(ServiceKey(name), 0)
	if topic < 0 {
		return false
	}
	row := f.bySub.find(uint64(n), uint64(topic))
	if row < 0 {
		return false
	}
	f.end(row)
	return true
}

func (f *Feeds) subscribe(n ecs.Node, s *Subscription, keep []byte) {
	if err := s.validate(); err != nil {
		panic(fmt.Sprintf("systems: %s subscribes: %v", f.world.NodeName(n), err))
	}
	topic := f.topicOf(s.Name)
	row := f.bySub.find(uint64(n), uint64(topic))
	if row < 0 {
		row = f.subs.take()
		if row == f.kept.Len() {
			f.kept.Add(functionRow{})
			f.faces.Add(faceRow{})
		}
		r := f.subs.rows.Edit(row)
		r.Node, r.Topic, r.Serial, r.Fresh = n, int32(topic), f.serial(n), 1
		*f.faces.Edit(row) = faceRow{Node: n, Serial: r.Serial, Topic: r.Topic}
		f.subs.own(row)
		f.bySub.put(uint64(n), uint64(topic), row)
		f.changes = append(f.changes, subscribed{int32(topic), false, f.subscriber(n, row, r.Serial)})
	}
	r, k := f.subs.rows.Edit(row), f.kept.Edit(row)
	r.Keep, r.Period, r.Function = int32(max(1, s.Keep)), f.world.TicksCeil(s.Every), 0
	f.faces.Edit(row).Then = s.Then
	f.setEar(row)
	f.setSlow(row)
	f.world.Unkeep(k.At)
	*k = functionRow{}
	if keep != nil {
		k.At, r.Function = f.world.Keep(keep)
	}
	f.shorten(row)
	if r.Period == 0 {
		f.endIdleLanes(row)
	}
}

func (f *Feeds) serial(n ecs.Node) uint32 {
	if f.serials.Len() == 0 {
		f.serials.Add(serialRow{})
	}
	s := f.serials.Edit(0)
	if s.Last++; s.Last == 0 {
		panic(&ecs.LimitError{Limit: "subscriptions of a run", Max: 1<<32 - 1, Where: f.world.NodeName(n)})
	}
	return s.Last
}

// end ends a subscription.
func (f *Feeds) end(row int) {
	r := f.subs.rows.At(row)
	for r.Count > 0 {
		f.drop(int(r.Head)-1, ecs.DroppedStale)
	}
	f.endLanes(row)
	f.changes = append(f.changes, subscribed{r.Topic, true, f.subscriber(r.Node, row, r.Serial)})
	k := f.kept.Edit(row)
	f.world.Unkeep(k.At)
	*k = functionRow{}
	f.bySub.drop(uint64(r.Node), uint64(r.Topic))
	f.slow -= int(f.faces.At(row).Slow)
	*f.faces.Edit(row) = faceRow{}
	f.setEar(row)
	f.subs.drop(row)
}

// setSlow notes whether a delivery must look at the whole of a subscription.
func (f *Feeds) setSlow(row int) {
	r, slow := f.subs.rows.At(row), uint32(0)
	if r.Period > 0 || r.Count > 0 {
		slow = 1
	}
	f.slow += int(slow) - int(f.faces.At(row).Slow)
	f.faces.Edit(row).Slow = slow
}

// announce has a node that starts in the next tick subscribe already: else what
// others publish as they start with it would not be for it.
func (f *Feeds) announce(n ecs.Node) {
	if s := f.world.Life(n).Status; s != ecs.Up && s != ecs.Paused {
		f.started(n)
	}
}

// started has a node that starts subscribe to what its program says.
func (f *Feeds) started(n ecs.Node) {
	all := f.programs.Of(n.Program()).Subscribes
	for i := range all {
		f.subscribe(n, &all[i], nil)
	}
}

// forget ends the subscriptions of a node that has ended, and what feeds know
// of it.
func (f *Feeds) forget(n ecs.Node) {
	for row := f.subs.first(n); row >= 0; row = f.subs.first(n) {
		f.end(row)
	}
	f.heard.forget(n)
	if f.anyLatched() {
		f.forgetPublisher(n)
	}
}

// resume notes that what waits for a node may go on to it.
func (f *Feeds) resume(n ecs.Node) {
	if f.subs.first(n) >= 0 {
		f.resumed = append(f.resumed, n)
	}
}

// Settle brings the tick's changes of who subscribes into view, for the ticks to
// come, and sends those who have joined what they missed.
func (f *Feeds) Settle() {
	if len(f.changes) > 0 {
		f.settle()
	}
}

func (f *Feeds) settle() {
	for _, c := range f.changes {
		t := &f.derived[c.topic]
		if c.gone {
			t.gone = append(t.gone, c.subscriber)
		} else {
			t.joined = append(t.joined, c.subscriber)
		}
		if len(t.joined)+len(t.gone) > len(t.members)+1024 { // nobody publishes to it
			f.settled(t)
		}
		if row, serial := splitEntry(c.entry); !c.gone && f.lasts(row, serial) {
			f.subs.rows.Edit(int(row)).Fresh = 0
			f.sendLate(c.topic, c.subscriber)
		}
	}
	f.changes = f.changes[:0]
}

// rejoin makes who subscribes again from the rows, those in the order of serial
// numbers who are not in view yet.
func (f *Feeds) rejoin() {
	f.slow = 0
	f.ears, f.thens = f.ears[:0], f.thens[:0]
	for i := range f.faces.Len() {
		f.slow += int(f.faces.At(i).Slow)
		f.setEar(i)
	}
	for i := range f.subs.rows.Len() {
		r := f.subs.rows.At(i)
		if r.Used == 0 {
			continue
		}
		m := f.subscriber(r.Node, i, r.Serial)
		switch {
		case r.Fresh != 0:
			f.changes = append(f.changes, subscribed{r.Topic, false, m})
		default:
			f.derived[r.Topic].joined = append(f.derived[r.Topic].joined, m)
		}
	}
	slices.SortStableFunc(f.changes, func(a, b subscribed) int { return cmp.Compare(a.serial(), b.serial()) })
}
