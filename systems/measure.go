package systems

import (
	"fmt"

	"orrery/ecs"
)

// Measures are the figures of a run: counters, distributions, series. They
// change nothing in it, so they are no part of the digest, but they are part
// of a snapshot: a run that goes back forgets what it then had not measured.
type Measures struct {
	world    *ecs.World
	counters *ecs.Rows[counterRow]
	spreads  spreads // by declaration
	keyed    keyed   // of parts of distributions
	points   *ecs.Rows[Point]
	// Warmup is the tick before which nothing is measured, so that figures are
	// of a world that has settled.
	Warmup ecs.Tick
	names  struct{ counters, spreads []string }
	series []series
}

// Counter, Distribution and SeriesID are numbers of figures, by declaration.
type (
	Counter      int
	Distribution int
	SeriesID     int
)

type counterRow struct{ Value int64 }

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
		world: w, counters: ecs.NewRows[counterRow](w, "counter"), spreads: newSpreads(w, "distribution"),
		points: ecs.NewRows[Point](w, "series"), keyed: newKeyed(w),
	}
	m.counters.Table().OutsideDigest()
	m.points.Table().OutsideDigest()
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

// settled reports whether the warmup is over; before the first tick there is
// none.
func (m *Measures) settled() bool { return m.Warmup == 0 || m.world.Tick() >= m.Warmup }

// Count adds to a counter.
func (m *Measures) Count(c Counter, n int64) {
	if m.settled() {
		m.counters.Edit(int(c)).Value += n
	}
}

// Distribution declares a distribution of integers (nanoseconds, hops), or
// finds it.
func (m *Measures) Distribution(name string) Distribution {
	for i, n := range m.names.spreads {
		if n == name {
			return Distribution(i)
		}
	}
	m.names.spreads = append(m.names.spreads, name)
	m.spreads.add()
	return Distribution(len(m.names.spreads) - 1)
}

// Add adds a value to a distribution.
func (m *Measures) Add(d Distribution, v int64) {
	if m.settled() {
		m.spreads.record(int(d), v)
	}
}

// Measure is Add for values whose unit is known only now: the first one's
// becomes the distribution's. With a key, the part of the distribution that
// has it gets the value too.
func (m *Measures) Measure(d Distribution, v int64, u Unit, key string) error {
	if !m.settled() {
		return nil
	}
	s := m.spreads.rows.Edit(int(d))
	if s.Count == 0 {
		s.Unit = u
	}
	if s.Unit != u {
		return fmt.Errorf("it has values that are %ss, and this is a %s", s.Unit, u)
	}
	if key == "" {
		m.Add(d, v)
		return nil
	}
	return m.addBy(d, key, v, u)
}

func (m *Measures) addBy(d Distribution, key string, v int64, u Unit) error {
	i, err := m.keyed.find(d, key)
	if err != nil {
		return err
	}
	m.Add(d, v)
	m.keyed.spreads.rows.Edit(i).Unit = u
	m.keyed.spreads.record(i, v)
	return nil
}

// Spread sums up a distribution. Quantiles are at most 1/64 too high.
type Spread struct {
	Name          string
	Key           string // of a part of the distribution; empty for all of it
	Unit          Unit
	Count         uint64
	Min, Max      int64
	Mean          float64
	P50, P90, P99 int64
}

// Spread returns a distribution's summary.
func (m *Measures) Spread(d Distribution) Spread {
	s := m.spreads.summary(int(d))
	s.Name = m.names.spreads[d]
	return s
}

// Parts returns the summaries of a distribution's parts, in the order in which
// their keys came.
func (m *Measures) Parts(d Distribution) []Spread {
	var all []Spread
	for i := range m.keyed.keys.Len() {
		if k := m.keyed.keys.At(i); Distribution(k.Of) == d {
			s := m.keyed.spreads.summary(i)
			s.Name, s.Key = m.names.spreads[d], k.text()
			all = append(all, s)
		}
	}
	return all
}

// Spreads returns every distribution's summary, in order of declaration, each
// before those of its parts.
func (m *Measures) Spreads() []Spread {
	var all []Spread
	for d := range m.names.spreads {
		all = append(append(all, m.Spread(Distribution(d))), m.Parts(Distribution(d))...)
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
	if len(m.series) > 0 && m.settled() {
		m.observe()
	}
}

func (m *Measures) observe() {
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
	for m.spreads.rows.Len() < len(m.names.spreads) {
		m.spreads.add()
	}
	m.keyed.rebuild()
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
	m.Warmup = other.Warmup
}
