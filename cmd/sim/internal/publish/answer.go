package publish

import (
	"fmt"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// refuse tells a client of a limit that its request met before anyone read it. It
// is called by the client's goroutine.
func (s *Station) refuse(request [][]byte, err error) [][]byte {
	s.mu.Lock()
	tick := s.tick
	s.mu.Unlock()
	return refusalAt(tick, request, err)
}

func refusalAt(tick ecs.Tick, request [][]byte, err error) [][]byte {
	e := Refuse(netsync.CodeLimit, err.Error(), "send less at a time")
	return netsync.Reply{Version: netsync.Version, ID: requestID(request), Tick: tick, Error: e}.Parts()
}

// requestID is the id of a request of whatever parts, 0 if it has none.
func requestID(parts [][]byte) uint64 {
	if len(parts) == 0 {
		return 0
	}
	return netsync.RequestID(parts[0])
}

// answer replies to requests, and keeps those that act for the tap. Requests are
// taken before events: who has made one and is unknown after them left before
// anyone knew it, and nothing will ever say so. Those of who has left since are
// answered before it is forgotten, so that what it asked for is done.
func (s *Station) answer() {
	requests := s.requests.Take()
	events := s.requests.Events()
	for _, e := range events {
		if e.Kind == zmq.Joined {
			s.clients[e.Viewer] = nil // it has a place at the desk once it asks
			s.here.Store(e.Viewer, nil)
		}
	}
	for _, r := range requests {
		s.taken++
		if c, known := s.clients[r.Client]; known {
			s.answerOne(c, r)
		}
	}
	for _, e := range events {
		switch e.Kind {
		case zmq.Left:
			s.forget(e.Viewer)
			s.dropped.leave(e)
		case zmq.Refused:
			s.refuseConnection(e)
		case zmq.Limited:
			s.limited.add(e.Count, "because %v", e.Err)
		}
	}
}

// forget ends what is a client's that has left.
func (s *Station) forget(id zmq.ID) {
	if c := s.clients[id]; c != nil {
		c.Leave()
		s.removeViews(func(v *view) bool { return v.asked == id })
		s.removeSamples(func(a *asking) bool { return a.asked == id })
	}
	delete(s.clients, id)
	s.here.Delete(id)
}

// answerOne replies to a request of a client, nil if it is its first.
func (s *Station) answerOne(c *netsync.Client, r zmq.Request) {
	if c == nil {
		var err error
		if c, err = s.desk.Join(); err != nil {
			s.requests.Reply(r, refusalAt(s.tick, r.Parts, err))
			return
		}
		s.clients[r.Client] = c
	}
	if len(r.Parts) != 1 {
		e := Refuse(netsync.CodeMalformed, fmt.Sprintf("a request of %d parts", len(r.Parts)), "send one JSON object in one part")
		s.requests.Reply(r, netsync.Reply{Version: netsync.Version, ID: requestID(r.Parts), Tick: s.tick, Error: e}.Parts())
		return
	}
	reply, frame := c.Reply(s.now(), r.Parts[0])
	if frame != nil {
		p := promise{to: r, parts: reply, frame: frame}
		if !frame.IsWritten() {
			p.written = s.lend(frame)
		}
		s.promises = append(s.promises, p)
		return
	}
	if reply != nil {
		s.requests.Reply(r, reply)
		return
	}
	r.Parts = nil // it has been read, and may wait for long
	for _, command := range s.desk.Take(nil) {
		s.pending = append(s.pending, &Command{Request: command.Request, station: s, command: command, from: r})
	}
}
