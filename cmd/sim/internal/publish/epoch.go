package publish

import (
	"orrery/ecs"
	"orrery/netsync"
)

// Arrival is the result of a command that took the run to another moment: the
// epoch that begins there, or the one that goes on.
type Arrival struct {
	Epoch uint64 `json:"epoch"`
}

// Epoch is the one that the world is in.
func (t *Tap) Epoch() uint64 { return t.epoch }

// Fork says that the world is at another moment now, from which another epoch
// begins. What was given out before is given out again, as it then was.
func (t *Tap) Fork() Arrival {
	t.epoch++
	t.events, t.points = 0, 0
	t.lasts.begin(&t.world)
	for _, s := range t.samples {
		s.forget()
	}
	return Arrival{t.epoch}
}

// fork follows the tap into an epoch. Every viewer begins again there, and what
// is known of the world is not true any more.
func (s *Station) fork(epoch uint64, tick ecs.Tick) {
	run, now := s.hub.Run()
	if epoch <= now {
		return
	}
	s.tick = tick
	s.hub.Fork(run, epoch, tick)
	s.topics.forget()
	for _, a := range s.samples.list {
		a.left = 0
	}
	s.describe()
	s.asked = -frameEvery // at once
}

// forget drops what was true of another moment. The schema stays.
func (t *topics) forget() {
	for _, d := range []*netsync.Document{t.clock, t.checks, t.measures, t.params, t.feeds} {
		d.Forget()
	}
	t.summed, t.looked, t.heard = 0, 0, 0
}

// isPast reports whether an order was filled in an epoch that is over.
func (s *Station) isPast(o *order) bool {
	_, now := s.hub.Run()
	return o.epoch < now
}

// drop takes an order back of which nothing is to be published.
func (s *Station) drop(o *order) {
	s.ordered = false
	for i := range o.fillings {
		if f := &o.fillings[i]; !f.moved {
			f.view.unused = f.image
		}
	}
}
