package publish

import (
	"fmt"
	"slices"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

// maxSamples bounds the samples of a run: the simulation's thread asks each
// about every message.
const maxSamples = 16

// samples are what clients have asked for of messages, as the station has them.
type samples struct {
	list []*asking
	drop []*sample // that the tap is to stop
}

// asking is a sample, the topic that it goes to, and how much of it may.
type asking struct {
	*sample
	asked  zmq.ID
	log    *netsync.Log
	topic  string
	filled netsync.Nanos // when there was an order last
	left   int           // out, since that was said
	said   netsync.Nanos // when it was
}

// add makes the topic of a sample that watches already.
func (s *Station) addSample(c *Command) (any, *netsync.Error) {
	refuse := func(text, cure string) (any, *netsync.Error) {
		s.samples.drop = append(s.samples.drop, c.sample)
		return nil, Refuse(netsync.CodeLimit, text, cure)
	}
	if len(s.samples.list) == maxSamples {
		return refuse(fmt.Sprintf("more than %d samples of messages", maxSamples), "let somebody unexport one; each is asked about every message")
	}
	s.asks++
	topic := fmt.Sprintf("%s.ask%d", netsync.TopicSample, s.asks)
	log, err := s.hub.Log(topic, netsync.Rate{})
	if err != nil {
		return refuse(err.Error(), "unexport what is not needed any more")
	}
	s.samples.list = append(s.samples.list, &asking{sample: c.sample, asked: c.from.Client, log: log, topic: topic, filled: s.now()})
	s.describe()
	return map[string][]string{"topics": {topic}}, nil
}

// removeSamples takes samples back, and reports whether there was any.
func (s *Station) removeSamples(which func(a *asking) bool) bool {
	n := len(s.samples.list)
	s.samples.list = slices.DeleteFunc(s.samples.list, func(a *asking) bool {
		if !which(a) {
			return false
		}
		a.log.Remove()
		s.samples.drop = append(s.samples.drop, a.sample)
		return true
	})
	if n != len(s.samples.list) {
		s.describe()
	}
	return n != len(s.samples.list)
}

// busy reports whether the tap has something to do for samples.
func (s *samples) busy() bool { return len(s.list)+len(s.drop) > 0 }

// want has an order bring what was sampled, and room for what time allows.
func (s *samples) want(o *order) {
	o.drop, s.drop = s.drop, nil
	for _, a := range s.list {
		o.samples = append(o.samples, refill{a.sample, o.asked - a.filled})
		a.filled = o.asked
	}
}

// take publishes what an order has brought, and says how much was left out: once
// a second, and at the end.
func (s *samples) take(o *order, now netsync.Nanos) {
	for _, t := range o.found.taken {
		i := slices.IndexFunc(s.list, func(a *asking) bool { return a.sample == t.of })
		if i < 0 {
			continue // it was taken back
		}
		a := s.list[i]
		for j := range t.items {
			a.log.Add(mustJSON(&t.items[j]), now, o.clock.Tick)
		}
		a.left += t.left
		if a.left > 0 && (a.said == 0 || now-a.said >= netsync.Second || o.clock.Ended) {
			a.log.Add(mustJSON(leftItem{o.clock.Tick, a.left}), now, o.clock.Tick)
			a.left, a.said = 0, max(1, now)
		}
		if o.clock.Ended {
			a.log.Final()
		}
	}
}
