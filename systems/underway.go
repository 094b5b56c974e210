package systems

import "orrery/ecs"

// NetworkFigures are how things stand with a network, all of its members
// together.
type NetworkFigures struct {
	Nodes                int
	Sent, Dropped, Bytes uint64
	Queue                ecs.Nanoseconds // the longest that what is sent now would wait for a member's way out
}

// Networks returns how many networks there are.
func (l *Links) Networks() int { return l.networks.nets.Len() }

// NetworkFigures returns the figures of a network, by declaration. It looks at
// each member if the network has a bandwidth.
func (l *Links) NetworkFigures(net int) NetworkFigures {
	n := &l.networks
	x := n.nets.At(net)
	f := NetworkFigures{Nodes: n.size(net), Sent: x.Sent, Dropped: x.Dropped, Bytes: x.Bytes}
	if x.Bandwidth == 0 {
		return f
	}
	now := l.world.Time(max(0, l.world.Tick()))
	for _, m := range n.members.All()[n.first(net):][:f.Nodes] {
		f.Queue = max(f.Queue, m.Free-now)
	}
	return f
}

// UnderWay counts the envelopes on their way over each link, by its row, and
// over each network: sent, and not come yet. What a paused node will be given
// when it resumes has come. It looks at all that is in flight, some 50 ns each.
func (s *Set) UnderWay(links, networks []uint64) {
	clear(links)
	clear(networks)
	s.World.EachInFlight(func(e *ecs.Envelope, _ ecs.Tick) {
		switch {
		case e.From.Program() == ecs.GroupProgram || s.Programs.Of(e.From.Program()).Direct:
		case e.IsFan():
			s.fanUnderWay(e, links, networks)
		case !e.IsTimer():
			s.Links.underWay(e.From, e.To, links, networks)
		}
	})
}

// fanUnderWay counts a value of a feed once for each node that it is for.
func (s *Set) fanUnderWay(e *ecs.Envelope, links, networks []uint64) {
	f := s.Feeds
	if e.Kind() != f.value {
		return
	}
	block := s.World.Payload(e)
	_, count, _ := unblock(block)
	last := ecs.Node(0) // several subscriptions of a node follow each other
	for i := range count {
		row, serial := splitEntry(addressee(block, i))
		if !f.lasts(row, serial) {
			continue
		}
		if to := f.faces.At(int(row)).Node; to != last {
			s.Links.underWay(e.From, to, links, networks)
			last = to
		}
	}
}

func (l *Links) underWay(from, to ecs.Node, links, networks []uint64) {
	if from == to {
		return
	}
	if i := l.index.find(uint64(from), uint64(to)); i >= 0 {
		links[i]++
		return
	}
	n := &l.networks
	for net := range networks {
		if n.member(net, from) >= 0 && n.member(net, to) >= 0 {
			networks[net]++
			return
		}
	}
}
