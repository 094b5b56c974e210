package systems

import "orrery/ecs"

// pipeFigures are what is counted of pipes. They lie outside the digest, and in
// snapshots.
type pipeFigures struct {
	measures *Measures
	rows     *ecs.Rows[pipeFigure] // by pipe
	spreads  spreads               // of times in queue, of the first mostPipeSpreads pipes
}

// mostPipeSpreads bounds how many pipes have quantiles: each takes 30 KB.
const mostPipeSpreads = 256

// pipeFigure counts from the begin; Early has what was before the warmup's end.
type pipeFigure struct {
	Pushed, Pulled             uint64
	EarlyPushed, EarlyPulled   uint64
	Refused, Resent, Doubled   uint64
	Lost                       uint64 // with nodes that died
	Queue, Longest             uint64
	Area                       uint64 // items times ticks
	Since                      ecs.Tick
	Waited, WaitedMost, Counts uint64 // of times in queue, in nanoseconds
}

// PipeFigures sum up a pipe.
type PipeFigures struct {
	Name           string
	Pushed, Pulled uint64 // from the begin
	Refused        uint64 // pushes that found it full
	Resent         uint64 // items that were sent again
	Doubled        uint64 // items that came to a target that had them
	Queue, Longest uint64 // pushed and not yet pulled; at most
	// The rest is of the time after the warmup.
	RateIn, RateOut float64 // items a second
	MeanQueue       float64
	Wait            Spread // from push to pull; its quantiles are those of [Pipes.All], if there are not many pipes
}

func newPipeFigures(w *ecs.World) pipeFigures {
	f := pipeFigures{rows: ecs.NewRows[pipeFigure](w, "pipe.figure"), spreads: newSpreads(w, "pipe.wait")}
	f.rows.Table().OutsideDigest()
	return f
}

func (x *pipeFigures) add() {
	if x.rows.Add(pipeFigure{}) < mostPipeSpreads {
		x.spreads.rows.Edit(x.spreads.add()).Unit = Duration
	}
}

// change moves a queue's length.
func (x *pipeFigures) change(now ecs.Tick, k Pipe, by uint64) *pipeFigure {
	r := x.rows.At(int(k) - 1)
	r.count(now, x.measures.Warmup)
	r.Queue += by
	r.Longest = max(r.Longest, r.Queue)
	return r
}

// count adds up the time for which a queue was as long as it is.
func (r *pipeFigure) count(now, from ecs.Tick) {
	if now == r.Since {
		return
	}
	since := max(r.Since, from)
	if now > since {
		r.Area += r.Queue * uint64(now-since)
	}
	r.Since = now
}

func (x *pipeFigures) pushed(now ecs.Tick, k Pipe) {
	r := x.change(now, k, 1)
	if r.Pushed++; !x.measures.settled() {
		r.EarlyPushed++
	}
}

func (x *pipeFigures) pulled(now ecs.Tick, k Pipe, wait ecs.Nanoseconds) {
	r := x.change(now, k, ^uint64(0))
	if r.Pulled++; !x.measures.settled() {
		r.EarlyPulled++
		return
	}
	r.Counts++
	r.Waited += uint64(wait)
	r.WaitedMost = max(r.WaitedMost, uint64(wait))
	if int(k) <= mostPipeSpreads {
		x.spreads.record(int(k)-1, int64(wait))
	}
}

func (x *pipeFigures) refused(k Pipe)          { x.rows.At(int(k)-1).Refused++ }
func (x *pipeFigures) resent(k Pipe, n uint64) { x.rows.At(int(k) - 1).Resent += n }
func (x *pipeFigures) doubled(k Pipe)          { x.rows.At(int(k)-1).Doubled++ }

func (x *pipeFigures) lost(now ecs.Tick, k Pipe, n uint64) { x.change(now, k, -n).Lost += n }

// Figures sums up a pipe, without quantiles, so that it may be asked each tick.
func (p *Pipes) Figures(k Pipe) PipeFigures {
	r := *p.figures.rows.At(int(k) - 1)
	now, from := p.world.Tick(), max(0, p.figures.measures.Warmup)
	r.count(now, from)
	f := PipeFigures{
		Name: p.Name(k), Pushed: r.Pushed, Pulled: r.Pulled, Refused: r.Refused, Resent: r.Resent, Doubled: r.Doubled,
		Queue: r.Queue, Longest: r.Longest,
	}
	if f.Wait = (Spread{Unit: Duration, Count: r.Counts, Max: int64(r.WaitedMost)}); r.Counts > 0 {
		f.Wait.Mean = float64(r.Waited) / float64(r.Counts)
	}
	if now > from {
		seconds := float64(p.world.Time(now-from)) / 1e9
		f.RateIn, f.RateOut = float64(r.Pushed-r.EarlyPushed)/seconds, float64(r.Pulled-r.EarlyPulled)/seconds
		f.MeanQueue = float64(r.Area) / float64(now-from)
	}
	return f
}

// All returns the figures of every pipe, in order of declaration.
func (p *Pipes) All() []PipeFigures {
	var all []PipeFigures
	for k := range p.list {
		f := p.Figures(Pipe(k + 1))
		if k < mostPipeSpreads {
			f.Wait = p.figures.spreads.summary(k)
		}
		all = append(all, f)
	}
	return all
}

// rebuild gives pipes that were declared after a snapshot their rows again.
func (x *pipeFigures) rebuild(pipes int) {
	for x.rows.Len() < pipes {
		x.add()
	}
}
