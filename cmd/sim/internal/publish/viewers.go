package publish

import (
	"time"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

// Subscribers is how many viewers wanted something at a time, at most: who has left
// again, before anybody looked, was there.
func (s *Station) Subscribers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count() // a topic may have come up since
	return s.most
}

// count takes note of how many viewers want something now.
func (s *Station) count() {
	n := 0
	for _, v := range s.viewers {
		if v.Topics() > 0 {
			n++
		}
	}
	s.most = max(s.most, n)
}

// next is what a viewer's connection is sent when it can take a frame.
func (s *Station) next(id zmq.ID) ([][]byte, bool) {
	given, w, ok := s.given(id)
	if !ok {
		return nil, false
	}
	s.finishWriting(w)
	return given.Frame().Parts(), true
}

func (s *Station) given(id zmq.ID) (netsync.Given, *writing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.viewers[id]
	if v == nil {
		return netsync.Given{}, nil, false
	}
	g, ok := v.Take()
	return g, s.lend(g.Draft()), ok
}

// meet takes note of viewers that came, went, or want something else.
func (s *Station) meet() {
	for _, e := range s.publisher.Events() {
		switch e.Kind {
		case zmq.Joined:
			v, err := s.hub.Join()
			if err != nil {
				s.config.Say("viewer %s is shown nothing: %v", e.Remote, err)
				continue
			}
			s.viewers[e.Viewer] = v
		case zmq.Left:
			if v := s.viewers[e.Viewer]; v != nil {
				v.Leave()
				delete(s.viewers, e.Viewer)
			}
			s.cut.leave(e)
		case zmq.Subscribed:
			if v := s.viewers[e.Viewer]; v != nil {
				first := v.Topics() == 0
				if err := v.Subscribe(e.Topic); err != nil {
					s.ignored.add(1, "because of %v", err)
				}
				if first {
					s.count()
				}
				s.publisher.Wake(e.Viewer)
			}
		case zmq.Unsubscribed:
			if v := s.viewers[e.Viewer]; v != nil {
				v.Unsubscribe(e.Topic)
			}
		case zmq.Refused:
			s.refuseConnection(e)
		}
	}
	now := time.Now()
	for _, c := range []*complaint{&s.refused, &s.cut, &s.dropped, &s.limited, &s.ignored} {
		c.tell(now, s.config.Say)
	}
}

func (s *Station) refuseConnection(e zmq.Event) {
	if !isGone(e.Err) { // else it closed before it said who it is
		s.refused.add(e.Count, "from %s: %v", e.Remote, e.Err)
	}
}
