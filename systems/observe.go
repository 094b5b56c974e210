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
