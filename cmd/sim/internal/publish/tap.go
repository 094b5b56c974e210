package publish

import (
	"fmt"
	"slices"
	"sync/atomic"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// A World is a run as viewers are shown it.
type World struct {
	Run     *scheduler.Run
	Columns []trace.Columns // what the scenario exports
	Series  []string        // names, by number
	Parts   []netsync.Part  // what else there is to act on
	// EventCount and Events give what was noted and printed: some at most, from
	// the n-th on.
	EventCount func() int
	Events     func(n, most int) []trace.Event
	// Unit returns that of a field of a program's state, as "ns"; "" if it has none.
	Unit func(id ecs.ProgramID, field string) string
	// Value returns what a program has put into bytes as JSON; nil if that
	// cannot be told.
	Value func(kept []byte) []byte
	// Message returns what an envelope says as JSON, given its payload of bytes;
	// nil if that cannot be told.
	Message func(e *ecs.Envelope, payload []byte) []byte
}

func (w *World) unitOf(id ecs.ProgramID, field string) string {
	if w.Unit == nil {
		return ""
	}
	return w.Unit(id, field)
}

// A Tap is the simulation thread's end. Its methods are for that thread
// alone, between ticks. It reads the world and never writes.
type Tap struct {
	world   World
	waiting atomic.Pointer[order] // nil: nothing is wanted
	filled  chan *order           // with room for the one order that is under way

	epoch          uint64
	events, points int  // given out so far, in this epoch
	follows        bool // nothing was left out of the events since the last order
	lasts          lasts
	samples        []*sample // that watch
}

const (
	// oldEvents is how many events of the past viewers are shown: the log's
	// base tells them what they did not see.
	oldEvents = 10000
	// lateEvents is how many who follows a paced run may be behind.
	lateEvents = 250000
	// someEvents is how many are written at a time: each takes microseconds.
	someEvents = 500
	// someFeeds is of how many feeds there are figures.
	someFeeds = 1000
	// somePoints is how many points of series are copied at a time.
	somePoints = 10000
)

func newTap(w World) *Tap {
	t := &Tap{world: w, filled: make(chan *order, 1), epoch: 1}
	t.lasts.begin(&t.world)
	return t
}

// Serve fills the order that waits, if one does, and returns commands that
// came with it. It costs one load if there is none.
func (t *Tap) Serve(now Clock) []*Command {
	if t.waiting.Load() == nil {
		return nil
	}
	o := t.waiting.Swap(nil)
	t.fill(o, now)
	t.filled <- o
	return o.commands
}

func (t *Tap) fill(o *order, now Clock) {
	w := t.world.Run.World
	o.clock, o.epoch = now, t.epoch
	o.clock.Tick, o.clock.TickNS = max(0, w.Tick()), w.Config().TickLength
	o.clock.TimeNS, o.clock.Digest = w.Time(o.clock.Tick), fmt.Sprintf("%016x", uint64(w.Digest()))
	o.inFlight = w.InFlight()
	reading := w.Read()
	for i := range o.fillings {
		o.fillings[i].fill(w, o.clock.Tick, t.epoch, reading)
	}
	for _, s := range o.drop {
		s.stop()
		t.samples = slices.DeleteFunc(t.samples, func(x *sample) bool { return x == s })
	}
	for _, x := range o.samples {
		o.found.taken = append(o.found.taken, x.sample.take(x.since))
	}
	t.collect(o)
}

// collect takes what has come since the last time: references, for the station
// to write.
func (t *Tap) collect(o *order) {
	run := t.world.Run
	if o.events && t.world.EventCount != nil {
		most := oldEvents
		if t.follows && (o.clock.Pace > 0 || o.clock.Paused) { // they come in further frames
			most = lateEvents
		}
		from := max(t.events, t.world.EventCount()-most)
		o.found.skipped, o.found.events = from-t.events, t.world.Events(from, someEvents)
		t.events = from + len(o.found.events)
	}
	t.follows = o.events
	if o.points {
		all := run.Measures.PointsSince(t.points)
		all = all[:min(somePoints, len(all))]
		o.found.points = append(o.found.points, all...)
		t.points += len(all)
	}
	if o.checks {
		for i := range run.Checks.Len() {
			o.found.checks = append(o.found.checks, run.Checks.Result(i))
		}
	}
	if o.feeds {
		o.found.lasts = t.lasts.items(&t.world)
	}
	if o.params {
		o.found.params = paramItems(&t.world)
	}
	if o.measures {
		o.found.spreads, o.found.tallies = run.Measures.Spreads(), run.Measures.Tallies()
		o.found.calls = run.Services.Counts()
		run.Feeds.Each(func(name string, x systems.FeedFigures) {
			if len(o.found.feeds) < someFeeds {
				o.found.feeds = append(o.found.feeds, feedItemOf(name, &x))
			}
		})
	}
}

// An order is what the station wants to know, and then what the tap found.
type order struct {
	fillings                         []filling
	events, points, checks, measures bool
	params, feeds                    bool
	commands                         []*Command
	samples                          []refill
	drop                             []*sample
	asked                            netsync.Nanos
	epoch                            uint64 // in which it was filled

	clock    Clock
	inFlight int
	found    struct {
		skipped int // events
		events  []trace.Event
		points  []systems.Point
		checks  []systems.Result
		spreads []systems.Spread
		tallies []systems.Tally
		calls   systems.CallCounts
		feeds   []feedItem
		params  []paramItem
		lasts   []lastItem
		taken   []taken
	}

	renamed      bool // some rows are others
	publications []*netsync.Publication
}

// refill is a sample that is to give what it has, and how long ago it was asked
// last.
type refill struct {
	sample *sample
	since  netsync.Nanos
}

// A filling is one table's part of an order. If the rows are others than the
// station thought it has their keys, and no image: that is for the next order.
type filling struct {
	view  *view
	image *netsync.Image
	keys  []string
	moved bool
}

func (f *filling) fill(w *ecs.World, tick ecs.Tick, epoch uint64, now ecs.Reading) {
	if f.view.epoch != epoch {
		f.view.epoch = epoch
		f.view.forget()
		f.view.source.forget()
	}
	if f.keys, f.moved = f.view.source.keys(w); f.moved {
		f.view.forget()
		return
	}
	f.image.Tick = tick
	f.view.fill(w, f.image, now)
}

// A Clock is where the run stands, as topic clock has it.
type Clock struct {
	Tick    ecs.Tick        `json:"tick"`
	TimeNS  ecs.Nanoseconds `json:"time_ns"`
	Until   ecs.Tick        `json:"until"`
	TickNS  ecs.Nanoseconds `json:"tick_ns"`
	Pace    trace.Float     `json:"pace"` // 0: as fast as it goes
	Paused  bool            `json:"paused"`
	Ended   bool            `json:"ended"`
	Digest  string          `json:"digest"`
	Viewers int             `json:"viewers"`
}
