package publish

import (
	"time"

	"orrery/netsync"
)

// order asks the tap for what is due, and returns how long nothing will be.
func (s *Station) order() time.Duration {
	now := s.now()
	if s.ordered {
		return frameEvery
	}
	since := time.Duration(now) - s.asked
	nobody := len(s.viewers) == 0 && !s.samples.busy()
	if len(s.pending) == 0 && (nobody || since < frameEvery) {
		if nobody {
			return time.Second
		}
		return frameEvery - since
	}
	s.due = s.hub.Due(now, s.tick, s.due[:0])
	s.due = s.hub.Due(now, s.tick+1, s.due[:0]) // it may have gone on
	if s.clock.Ended {                          // which viewers wait to be told
		s.due = s.hub.Flush(now, s.tick, s.due[:0])
	}
	o := s.newOrder()
	o.commands, s.pending = s.pending, nil
	s.ordered, s.asked = true, time.Duration(now)
	s.tap.waiting.Store(o)
	return frameEvery
}

// newOrder is for the tables that are due, and all else.
func (s *Station) newOrder() *order {
	o := &order{asked: s.now()}
	for _, t := range s.due {
		for _, v := range s.views {
			if v.table == t {
				o.fillings = append(o.fillings, filling{view: v, image: v.blank()})
			}
		}
	}
	s.topics.want(o, s.clock.Ended)
	s.samples.want(o)
	return o
}

// take publishes what the tap has found: as of when it was asked for, so that
// how long the tap took does not make frames rarer.
func (s *Station) take(o *order) {
	s.begin(o)
	s.write(o)
	s.commit(o)
}

// begin is what of take comes before frames are written.
func (s *Station) begin(o *order) {
	if s.isPast(o) {
		s.drop(o)
		return
	}
	s.fork(o.epoch, o.clock.Tick)
	s.ordered, s.tick, s.clock = false, o.clock.Tick, o.clock
	s.clock.Viewers = len(s.viewers)
	s.desk.At(s.tick)
	for i := range o.fillings {
		f := &o.fillings[i]
		if f.moved {
			f.view.rename(f.keys, s.tick)
			o.renamed = true
			continue
		}
		p, err := f.view.publish(o.asked, f.image)
		if p != nil {
			o.publications = append(o.publications, p)
		}
		if err != nil && !f.view.said {
			f.view.said = true
			s.config.Say("%v", err)
		}
	}
}

// write writes frames, without the lock.
func (s *Station) write(o *order) {
	for _, p := range o.publications {
		p.Write()
	}
}

// commit has viewers get what an order has brought.
func (s *Station) commit(o *order) {
	if s.isPast(o) {
		return
	}
	for _, p := range o.publications {
		p.Commit()
	}
	if o.renamed {
		s.describe()
		s.asked = -frameEvery // at once, now that the sizes are known
	}
	s.slow(o.inFlight)
	s.topics.take(o, &s.clock, o.asked)
	s.samples.take(o, o.asked)
	if o.clock.Ended {
		s.hub.End(s.tick)
		s.due = s.hub.Flush(o.asked, s.tick, s.due[:0])
		if o.more() {
			s.asked = -frameEvery // the run waits for nothing any more
		}
		return
	}
	s.due = s.hub.Due(o.asked, s.tick, s.due[:0])
	if o.more() && (o.clock.Pace > 0 || o.clock.Paused) { // there is time for it
		s.asked = -frameEvery
	}
}

// more reports whether there is more to give out than an order takes.
func (o *order) more() bool {
	return len(o.found.events) == someEvents || len(o.found.points) == somePoints
}

// slow has links and networks published the more rarely the more there is to be
// counted.
func (s *Station) slow(inFlight int) {
	for _, v := range s.views {
		switch v.source.(type) {
		case *linkSource, *networkSource:
			v.table.SetRate(netsync.Rate{Every: countingEvery(inFlight)})
		}
	}
}
