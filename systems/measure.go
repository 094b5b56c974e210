package systems

import (
	"fmt"
	"math/bits"

	"orrery/ecs"
)

// Measures are the figures of a run: counters, distributions, series. They
// change nothing in it, so they are no part of the digest, but they are part
// of a snapshot: a run that goes back forgets what it then had not measured.
type Measures struct {
	world    *ecs.World
	counters *ecs.Rows[counterRow]
	spreads  *ecs.Rows[spreadRow]
	buckets  *ecs.Rows[bucketRow] // spreadBuckets for each distribution
	points   *ecs.Rows[Point]
	names    struct{ counters, spreads []string }
	series   []series
}

// Counter, Distribution and SeriesID are numbers of figures, by declaration.
type (
	Counter      int
	Distribution int
	SeriesID     int
)

type counterRow struct{ Value int64 }

type spreadRow struct {
	Count    uint64
	Min, Max int64
	Sum      int64
}

type bucketRow struct{ Count uint64 }

// A distribution keeps values in buckets whose width is at most 1/64 of the
// value: log-linear, as HdrHistogram (Tene, 2012). Negative values count as 0
// in the buckets, and exactly in min, max and mean.
const (
	subBits       = 6
	spreadBuckets = (64 - subBits + 1) << subBits
)

// Point is one value of a series.
type Point struct {
	Tick   ecs.Tick
	Value  float64
	Series uint32
	_      [4]byte
}

type series struct {
	name  string
	every ecs.Tick
	value func(w *ecs.World) float64
}

// NewMeasures returns the figures of a world: none yet.
func NewMeasures(w *ecs.World) *Measures {
	m := &Measures{
		world: w, counters: ecs.NewRows[counterRow](w, "counter"), spreads: ecs.NewRows[spreadRow](w, "distribution"),
		buckets: ecs.NewRows[bucketRow](w, "distribution.bucket"), points: ecs.NewRows[Point](w, "series"),
	}
	for _, t := range []*ecs.Table{m.counters.Table(), m.spreads.Table(), m.buckets.Table(), m.points.Table()} {
		t.OutsideDigest()
	}
	return m
}

// Counter declares a counter, or finds it.
func (m *Measures) Counter(name string) Counter {
	for i, n := range m.names.counters {
		if n == name {
			return Counter(i)
		}
	}
	m.names.counters = append(m.names.counters, name)
	m.counters.Add(counterRow{})
	return Counter(len(m.names.counters) - 1)
}

// Count adds to a counter.
func (m *Measures) Count(c Counter, n int64) { m.counters.Edit(int(c)).Value += n }

// Distribution declares a distribution of integers (nanoseconds, hops), or
// finds it.
func (m *Measures) Distribution(name string) Distribution {
	for i, n := range m.names.spreads {
		if n == name {
			return Distribution(i)
		}
	}
	m.names.spreads = append(m.names.spreads, name)
	m.addSpread()
	return Distribution(len(m.names.spreads) - 1)
}

func (m *Measures) addSpread() {
	m.spreads.Add(spreadRow{})
	for range spreadBuckets {
		m.buckets.Add(bucketRow{})
	}
}

// Add adds a value to a distribution.
func (m *Measures) Add(d Distribution, v int64) {
	s := m.spreads.Edit(int(d))
	if s.Count == 0 {
		s.Min, s.Max = v, v
	}
	s.Count++
	s.Sum += v
	s.Min, s.Max = min(s.Min, v), max(s.Max, v)
	m.buckets.Edit(int(d)*spreadBuckets+bucketOf(uint64(max(v, 0)))).Count++
}

// bucketOf returns the bucket of a value: exact below 64, then 64 buckets for
// each doubling.
func bucketOf(v uint64) int {
	if v < 1<<subBits {
		return int(v)
	}
	shift := bits.Len64(v) - 1 - subBits
	return (shift+1)<<subBits | int(v>>shift)&(1<<subBits-1)
}

// bucketTop returns the greatest value of a bucket.
func bucketTop(i int) uint64 {
	if i < 1<<subBits {
		return uint64(i)
	}
	shift := i>>subBits - 1
	return (uint64(i&(1<<subBits-1)|1<<subBits)+1)<<shift - 1
}

// Spread sums up a distribution. Quantiles are at most 1/64 too high.
type Spread struct {
	Name          string
	Count         uint64
	Min, Max      int64
	Mean          float64
	P50, P90, P99 int64
}

// Spread returns a distribution's summary.
func (m *Measures) Spread(d Distribution) Spread {
	s := m.spreads.At(int(d))
	out := Spread{Name: m.names.spreads[d], Count: s.Count, Min: s.Min, Max: s.Max}
	if s.Count > 0 {
		out.Mean = float64(s.Sum) / float64(s.Count)
		out.P50, out.P90, out.P99 = m.quantile(d, 50), m.quantile(d, 90), m.quantile(d, 99)
	}
	return out
}

// quantile returns the least bucket's top at or below which a percentage of
// the values lie.
func (m *Measures) quantile(d Distribution, percent uint64) int64 {
	s := m.spreads.At(int(d))
	rank := (s.Count*percent + 99) / 100
	var seen uint64
	for i := range spreadBuckets {
		if seen += m.buckets.At(int(d)*spreadBuckets + i).Count; seen >= rank {
			return max(s.Min, min(s.Max, int64(min(bucketTop(i), 1<<63-1))))
		}
	}
	return s.Max
}

// Spreads returns every distribution's summary, in order of declaration.
func (m *Measures) Spreads() []Spread {
	var all []Spread
	for d := range m.names.spreads {
		all = append(all, m.Spread(Distribution(d)))
	}
	return all
}

// Tally is a counter's name and value.
type Tally struct {
	Name  string
	Value int64
}

// Tallies returns every counter, in order of declaration.
func (m *Measures) Tallies() []Tally {
	var all []Tally
	for i, n := range m.names.counters {
		all = append(all, Tally{n, m.counters.At(i).Value})
	}
	return all
}

// Series declares a value to be taken every so often, at the end of the tick:
// of the world as it then is, and for reading only.
func (m *Measures) Series(name string, every ecs.Nanoseconds, value func(w *ecs.World) float64) SeriesID {
	switch {
	case every <= 0:
		panic(fmt.Sprintf("systems: series %q is to be taken every %d ns; it must be positive", name, every))
	case value == nil:
		panic(fmt.Sprintf("systems: series %q has no function that gives its value", name))
	}
	m.series = append(m.series, series{name, max(1, m.world.TicksCeil(every)), value})
	return SeriesID(len(m.series) - 1)
}

// Next returns the next tick at which a series wants a value, or Never.
func (m *Measures) Next() ecs.Tick {
	next := ecs.Never
	t := m.world.Tick() + 1
	for i := range m.series {
		every := m.series[i].every
		next = min(next, (t+every-1)/every*every)
	}
	return next
}

// Observe takes the values due at the tick under way.
func (m *Measures) Observe() {
	t := m.world.Tick()
	for i := range m.series {
		if s := &m.series[i]; t%s.every == 0 {
			m.points.Add(Point{Tick: t, Value: s.value(m.world), Series: uint32(i)})
		}
	}
}

// Points returns a series' values so far.
func (m *Measures) Points(id SeriesID) []Point {
	var all []Point
	for _, p := range m.points.All() {
		if p.Series == uint32(id) {
			all = append(all, p)
		}
	}
	return all
}

// rebuild gives figures that were declared after the snapshot their rows again.
func (m *Measures) rebuild() {
	for m.counters.Len() < len(m.names.counters) {
		m.counters.Add(counterRow{})
	}
	for m.spreads.Len() < len(m.names.spreads) {
		m.addSpread()
	}
}

// like declares what another world's measures have and these have not.
func (m *Measures) like(other *Measures) {
	for _, n := range other.names.counters[len(m.names.counters):] {
		m.Counter(n)
	}
	for _, n := range other.names.spreads[len(m.names.spreads):] {
		m.Distribution(n)
	}
	m.series = append(m.series[:0], other.series...)
}
