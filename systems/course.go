package systems

import (
	"orrery/ecs"
	"orrery/ecs/random"
)

// course is how values of one sender come to one list of subscribers, each over
// a link of its own that is plain, or to the sender itself: found when the same
// is asked for twice in a row, and good until subscriptions or links change. It
// spares a publish the links' rows, which are larger than all else it looks at:
// what was sent on all of them is counted once, and they are told when somebody
// reads them.
type course struct {
	of     courseKey
	looked bool // at the links
	good   bool
	legs   []leg
	rows   []int32 // of the links, by subscriber; -1: it is the sender
	gone   []int32 // places of those that a value is lost for

	sent, bytes uint64 // on each of rows, and not told them yet
}

// courseKey says what a course depends on. A version of 0 is no list's.
type courseKey struct {
	from             ecs.Node
	list             uint64
	changes, rewired uint32
}

// leg is a part of a list of subscribers, of one program, whom links alike lead
// to.
type leg struct {
	odds
	program ecs.ProgramID
	own     bool // the sender
	end     int
}

// odds are what decides about a value on a plain wire.
type odds struct {
	Latency, Jitter ecs.Nanoseconds
	Loss            random.Probability
}

func (x *wire) odds() odds { return odds{x.Latency, x.Jitter, x.Loss} }

// shortLegs is how many subscribers a leg must have on average: to find the
// legs of links that all differ would cost more than it spares.
const shortLegs = 8

// course returns how the value in hand comes to subscribers, nil if that is to
// be found for each of them.
func (x *fan) course(l *Links, all []subscriber) *course {
	c, key := &l.course, courseKey{x.from.From, x.feeds.listed, l.changes, l.rewired}
	switch {
	case x.alone || !x.linked || key.list == 0 || !l.senders.has(key.from):
		return nil
	case c.of != key:
		l.bringUp()
		c.of, c.looked, c.good = key, false, false
		return nil
	case !c.looked:
		l.bringUp()
		c.looked, c.good = true, x.look(l, c, all)
	}
	if !c.good {
		return nil
	}
	return c
}

// look finds a course; it reports whether there is one.
func (x *fan) look(l *Links, c *course, all []subscriber) bool {
	c.legs, c.rows = c.legs[:0], c.rows[:0]
	for i := range all {
		m := &all[i]
		next, row := leg{program: m.node.Program(), own: m.node == x.from.From}, -1
		if !next.own {
			if row = x.wire(l, m); row < 0 || !l.wires.At(row).plain() {
				return false
			}
			next.odds = l.wires.At(row).odds()
		}
		c.rows = append(c.rows, int32(row))
		if n := len(c.legs); n > 0 {
			if next.end = c.legs[n-1].end; next == c.legs[n-1] {
				c.legs[n-1].end = i + 1
				continue
			}
		}
		next.end = i + 1
		if c.legs = append(c.legs, next); len(c.legs) > len(all)/shortLegs+1 {
			return false
		}
	}
	return true
}

// follow decides about subscribers along a course.
func (x *fan) follow(l *Links, c *course, all []subscriber) {
	from := 0
	for i := range c.legs {
		way := &c.legs[i]
		if way.own {
			for _, m := range all[from:way.end] {
				x.bounds.add(m.entry, x.dice.now+1)
			}
		} else {
			c.gone = x.draw(all[from:way.end], way.odds, c.gone[:0])
			for _, k := range c.gone {
				l.wires.Edit(int(c.rows[from+int(k)])).Dropped++
			}
			x.lost[ecs.DroppedLoss] += len(c.gone)
		}
		x.bounds.end(way.program)
		from = way.end
	}
	c.sent++
	c.bytes += x.dice.size
}

// bringUp tells links what was sent on them along a course.
func (l *Links) bringUp() {
	c := &l.course
	if c.sent == 0 {
		return
	}
	for _, row := range c.rows {
		if row >= 0 {
			w := l.wires.Edit(int(row))
			w.Sent += c.sent
			w.Bytes += c.bytes
		}
	}
	c.sent, c.bytes = 0, 0
}
