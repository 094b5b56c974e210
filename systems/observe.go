package systems

import "orrery/ecs"

// What an observer asks after every tick, so that it must cost next to nothing.

// PointsSince returns the values of all series from the i-th on, as they were
// taken.
func (m *Measures) PointsSince(i int) []Point { return m.points.All()[min(i, m.points.Len()):] }

// SeriesName returns what a series was declared as.
func (m *Measures) SeriesName(id SeriesID) string { return m.series[id].name }

// Result returns what came of a check so far, by its number.
func (c *Checks) Result(i int) Result {
	k, row := &c.list[i], c.rows.At(i)
	return Result{Name: k.Name, Kind: k.Kind, Outcome: row.Outcome, At: row.At}
}

// Watch has f shown each action as it is carried out, targets resolved; nil
// ends it. What f sees it may not keep.
func (f *Faults) Watch(seen func(a *Action)) { f.seen = seen }

// NodesOf returns whom an action is done to.
func (f *Faults) NodesOf(a *Action) []ecs.Node { return f.targets(a) }

// Len returns how many params there are.
func (p *Params) Len() int { return len(p.list) }

// Consistency returns what holds between the values of a param.
func (p *Params) Consistency(id ParamID) Consistency { return p.list[id].consistency }

func (c Consistency) String() string { return [...]string{"local", "eventual"}[c] }

// Publication is a value of a feed as it is published.
type Publication struct {
	Feed  Feed
	From  ecs.Node // 0: it came from outside
	A     uint64
	Bytes []byte // instead of A, if not nil; good until the watcher returns
}

// Watch has f shown each value that is published to a feed; nil ends it. f only
// looks.
func (f *Feeds) Watch(seen func(p *Publication)) { f.seen = seen }

// EachLast calls do with the last value of each latched feed that has one.
func (f *Feeds) EachLast(do func(p *Publication)) {
	for i := range f.topics.Len() {
		t := f.topics.At(i)
		if t.LastFrom == 0 {
			continue
		}
		p := Publication{Feed: Feed(i), From: t.LastFrom, A: t.LastA}
		if t.Bytes != 0 {
			p.A, p.Bytes = 0, f.world.Kept(f.texts.At(i).Last)
		}
		do(&p)
	}
}
