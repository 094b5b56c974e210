package scheduler

import (
	"orrery/ecs"
	"orrery/systems"
)

// Summary is what a run came to.
type Summary struct {
	Seed     uint64
	Tick     ecs.Tick
	Time     ecs.Nanoseconds
	Nodes    int
	Links    int
	InFlight int // messages, those that wait for who is paused too
	Pending  int // one-shot timers
	Counts   ecs.Counts
	Calls    systems.CallCounts
	Checks   []systems.Result
	Tallies  []systems.Tally
	Spreads  []systems.Spread
	Pipes    []systems.PipeFigures
	Digest   ecs.Digest
	Feeds    []Feed                           // to which something was published
	Gossip   struct{ Messages, Bytes uint64 } // among the messages: what nodes say so that entries spread
}

// Feed is what came of the values of a feed.
type Feed struct {
	Name string
	systems.FeedFigures
}

// End ends the run: it hashes all state once more, which may fail as a tick
// may (see [Run.Failed]), and sums up.
func (r *Run) End() Summary {
	if r.failed == nil {
		r.guarded(r.World.Checkpoint) // what it returns, Failed does
	}
	return r.summary(true)
}

// Summary sums up a run under way.
func (r *Run) Summary() Summary { return r.summary(false) }

// underWay is what was sent and is neither delivered nor dropped: it is counted,
// so that a summary costs the same whatever is in flight.
func underWay(t *ecs.Traffic) int { return int(t.Sent - t.Delivered - t.Lost()) }

func (r *Run) summary(done bool) Summary {
	w := r.World
	messages := w.Counts().Messages()
	sum := Summary{
		Seed: w.Seed(), Tick: w.Tick(), Time: w.Time(w.Tick()), Nodes: w.LiveNodes(), Links: r.Links.Len(),
		InFlight: underWay(&messages), Pending: underWay(&w.Counts().Timers), Counts: *w.Counts(), Calls: r.Services.Counts(), Checks: r.Checks.Results(done),
		Tallies: r.Measures.Tallies(), Spreads: r.Measures.Spreads(), Pipes: r.Pipes.All(), Digest: w.Digest(),
	}
	r.Feeds.Each(func(name string, x systems.FeedFigures) { sum.Feeds = append(sum.Feeds, Feed{name, x}) })
	sum.Gossip.Messages, sum.Gossip.Bytes = r.Epidemic.Traffic()
	return sum
}

// Worst returns the worst outcome of the checks: Broken before Unmet before
// Undecided before Held.
func (s *Summary) Worst() systems.Outcome {
	worst := systems.Held
	rank := map[systems.Outcome]int{systems.Held: 0, systems.Undecided: 1, systems.Unmet: 2, systems.Broken: 3}
	for _, c := range s.Checks {
		if rank[c.Outcome] > rank[worst] {
			worst = c.Outcome
		}
	}
	return worst
}
