package systems

import "orrery/ecs"

// A subscription by a pattern is paced, and has values wait, for each feed by
// itself: what the feed has of it is a lane. There is one as soon as a value of
// the feed waits or a period begins. One with a period lasts as long as its
// subscription; another until nothing waits in it.

// MaxLanes is for how many feeds all subscriptions by patterns of a run may hold
// values back at a time.
const MaxLanes = 1 << 22

// laneBit tells a lane from a subscription, among what wakes are for.
const laneBit = 1 << 31

// pace says when a value may be given.
type pace struct {
	Next ecs.Tick // when it may be given the next
	Wake ecs.Tick // for when a wake is under way; 0: none is
}

// laneRow is a lane. Its slot's Next is the next of its subscription; one more
// than a row.
type laneRow struct {
	pace
	Serial uint32 // of its subscription,
	Sub    int32  // whose row it is
	Feed   int32
	Count  int32 // of its values that wait:
	Head   int32 // the first and the last; one more than a row
	Tail   int32
	slot
	_ [4]byte
}

func (r *laneRow) place() (*slot, ecs.Node) { return &r.slot, 0 }

// queue is where the values of a feed wait for a subscription: in its lane, or
// with all that wait for the subscription if it is to one feed.
type queue struct {
	sub, lane int // lane is -1 if there is none
}

// queueOf returns where a feed's values wait; if there is to be a lane for them,
// it is made.
func (f *Feeds) queueOf(row int, feed int32) queue {
	if s := f.subs.rows.At(row); f.topics.At(int(s.Topic)).Pattern == 0 {
		return queue{row, -1}
	}
	lane := f.byLane.find(uint64(row), uint64(feed))
	if lane < 0 {
		lane = f.newLane(row, feed)
	}
	return queue{row, lane}
}

func (f *Feeds) newLane(row int, feed int32) int {
	s := f.subs.rows.Edit(row)
	lane := f.lanes.take()
	if lane == MaxLanes {
		panic(&ecs.LimitError{Limit: "feeds that subscriptions by patterns hold back", Max: MaxLanes, Where: f.world.NodeName(s.Node)})
	}
	r := f.lanes.rows.Edit(lane)
	r.Serial, r.Sub, r.Feed = s.Serial, int32(row), feed
	r.slot.Next, s.Lanes = s.Lanes, int32(lane)+1
	if r.slot.Next != 0 {
		f.lanes.slot(int(r.slot.Next) - 1).Prev = int32(lane) + 1
	}
	f.byLane.put(uint64(row), uint64(feed), lane)
	return lane
}

// endLane ends a lane in which nothing waits.
func (f *Feeds) endLane(lane int) {
	r := *f.lanes.rows.At(lane)
	if r.slot.Next != 0 {
		f.lanes.slot(int(r.slot.Next) - 1).Prev = r.slot.Prev
	}
	if r.slot.Prev != 0 {
		f.lanes.slot(int(r.slot.Prev) - 1).Next = r.slot.Next
	} else {
		f.subs.rows.Edit(int(r.Sub)).Lanes = r.slot.Next
	}
	f.byLane.drop(uint64(r.Sub), uint64(r.Feed))
	f.lanes.give(lane)
}

// endLanes ends all lanes of a subscription for which nothing waits.
func (f *Feeds) endLanes(row int) {
	for s := f.subs.rows.At(row); s.Lanes != 0; {
		f.endLane(int(s.Lanes) - 1)
	}
}

// endIdleLanes ends the lanes of a subscription, whose period is over for good, in
// which nothing waits.
func (f *Feeds) endIdleLanes(row int) {
	for lane := f.subs.rows.At(row).Lanes; lane != 0; {
		r := *f.lanes.rows.At(int(lane) - 1)
		if r.Count == 0 {
			f.endLane(int(lane) - 1)
		}
		lane = r.slot.Next
	}
}

// shorten drops what waits for a subscription beyond what it keeps.
func (f *Feeds) shorten(row int) {
	s := f.subs.rows.At(row)
	if s.Lanes == 0 {
		for q := (queue{row, -1}); f.waiting(q) > s.Keep; {
			f.drop(f.oldest(q), ecs.DroppedHeld)
		}
		return
	}
	for lane := s.Lanes; lane != 0; {
		for q := (queue{row, int(lane) - 1}); f.waiting(q) > s.Keep; {
			f.drop(f.oldest(q), ecs.DroppedHeld) // one is kept, and with it the lane
		}
		lane = f.lanes.rows.At(int(lane) - 1).slot.Next
	}
}

// paceOf returns when a queue's next value may be given.
func (f *Feeds) paceOf(q queue) *pace {
	if q.lane < 0 {
		return &f.subs.rows.Edit(q.sub).pace
	}
	return &f.lanes.rows.Edit(q.lane).pace
}

// waiting returns how many values wait in a queue.
func (f *Feeds) waiting(q queue) int32 {
	if q.lane < 0 {
		return f.subs.rows.At(q.sub).Count
	}
	return f.lanes.rows.At(q.lane).Count
}

// oldest returns the row of what has waited longest in a queue, which is not
// empty.
func (f *Feeds) oldest(q queue) int {
	if q.lane < 0 {
		return int(f.subs.rows.At(q.sub).Head) - 1
	}
	return int(f.lanes.rows.At(q.lane).Head) - 1
}

// entryOf names a queue, as the payload of a wake does.
func (f *Feeds) entryOf(q queue) uint64 {
	serial := f.subs.rows.At(q.sub).Serial
	if q.lane < 0 {
		return makeEntry(uint32(q.sub), serial)
	}
	return makeEntry(uint32(q.lane)|laneBit, serial)
}

// queueAt finds the queue that a wake is for; it is false if that has ended.
func (f *Feeds) queueAt(entry uint64) (queue, bool) {
	row, serial := splitEntry(entry)
	if row&laneBit == 0 {
		return queue{int(row), -1}, f.lasts(row, serial)
	}
	lane := int(row &^ laneBit)
	if lane >= f.lanes.rows.Len() || f.lanes.rows.At(lane).Serial != serial {
		return queue{}, false
	}
	return queue{int(f.lanes.rows.At(lane).Sub), lane}, true
}

// rebuildLanes makes what is derived from the lanes' rows again.
func (f *Feeds) rebuildLanes() {
	f.lanes.rebuildFree()
	f.byLane.clear()
	for i := range f.lanes.rows.Len() {
		if r := f.lanes.rows.At(i); r.Used != 0 {
			f.byLane.put(uint64(r.Sub), uint64(r.Feed), i)
		}
	}
}
