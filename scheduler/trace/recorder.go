package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/systems"
)

// Source is a file that a scenario was read from.
type Source struct {
	Name string
	Data []byte
}

// Config says what is recorded of a run, and how.
type Config struct {
	Run         *scheduler.Run
	Compression Compression
	// Every is the simulated time between snapshots; 0 lets the recorder
	// choose, so that they take a few parts in a hundred of the run's time.
	Every ecs.Nanoseconds
	// DeliveryCost is about how long the run takes to handle an envelope, in
	// nanoseconds: how often a snapshot pays follows from it. 0: 30, that of
	// programs for columns.
	DeliveryCost int
	Sources      []Source
	About        [][2]string // metadata of the caller: scenario, flags, parent
	Columns      []Columns
	// Messages records every envelope too, with its cause and what became of it.
	Messages bool
	// Events returns the events from the n-th on.
	Events func(n int) []Event
}

func (c *Config) validate() error {
	switch {
	case c.Run == nil:
		return fmt.Errorf("trace: there is no run to record; set Run")
	case c.Every < 0 || c.DeliveryCost < 0:
		return fmt.Errorf("trace: snapshots every %d ns, %d ns an envelope: neither may be negative", c.Every, c.DeliveryCost)
	}
	for _, k := range c.Columns {
		if k.Every < 1 || c.Run.World.StateTable(k.Program) == nil {
			return fmt.Errorf("trace: columns %q are wanted every %d ticks, of program %d; they need at least 1, and a state", k.Name, k.Every, k.Program)
		}
	}
	return nil
}

// digestRows is how many ticks' digests make a message.
const digestRows = 4096

// Recorder writes the trace of a run. It is the run's observer; the run does
// not know what it does.
type Recorder struct {
	config  Config
	run     *scheduler.Run
	writer  *writer
	unwatch func() // nil: it has no messages

	digests     rows
	checkpoints rows // by what state is hashed as
	points      int
	events      int
	decided     []systems.Outcome
	measured    map[string]uint64 // how many values a measure had when it was recorded; looked up only
	counted     []int64
	columns     []*columnWriter
	snapshot    ecs.Snapshot
	packed      []byte
	kept        ecs.Tick // of the latest snapshot, or the start
	since       uint64   // deliveries at the latest snapshot
	goal        uint64   // deliveries after it that are worth looking at what the next one costs
	next        ecs.Tick
	commanded   bool // something came from outside in the tick under way
}

// NewRecorder begins the trace of a run, at whatever tick the run is.
func NewRecorder(to io.Writer, c Config) (*Recorder, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	if c.DeliveryCost == 0 {
		c.DeliveryCost = 30
	}
	w, err := newWriter(to, c.Compression, topicsOf(c.Columns))
	if err != nil {
		return nil, err
	}
	r := &Recorder{config: c, run: c.Run, writer: w, points: len(c.Run.Measures.PointsSince(0)), measured: map[string]uint64{}}
	r.digests = newRows("digest")
	r.checkpoints = newRows(c.Run.World.PartNames()...)
	about := append([][2]string{
		{"engine", strconv.Itoa(scheduler.Revision)}, {"trace", strconv.Itoa(Revision)},
		{"seed", strconv.FormatUint(c.Run.World.Seed(), 10)}, {"tick_ns", strconv.FormatInt(int64(c.Run.World.Config().TickLength), 10)},
		{"begin", strconv.FormatInt(int64(c.Run.World.Tick()), 10)},
	}, c.About...)
	for _, s := range c.Sources {
		about = append(about, [2]string{filePrefix + s.Name, fileSum(s.Data)})
	}
	w.describe("run", about)
	for _, s := range c.Sources {
		w.attach(s.Name, "text/plain", s.Data)
	}
	for i, k := range c.Columns {
		r.columns = append(r.columns, newColumnWriter(k))
		var names []byte
		for _, n := range k.Nodes {
			names = append(append(names, c.Run.World.NodeName(n)...), '\n')
		}
		w.attach(columnsTopic(i)+nodesSuffix, "text/plain", names)
	}
	if c.Events != nil {
		r.events = len(c.Events(0))
	}
	for i := range c.Run.Checks.Len() {
		r.decided = append(r.decided, c.Run.Checks.Result(i).Outcome)
	}
	r.kept = c.Run.World.Tick()
	r.next = (max(0, c.Run.World.Tick())/r.spacing() + 1) * r.spacing()
	if c.Run.World.Tick() >= 0 {
		r.keep() // a fork's trace must not need another's
	}
	c.Run.Record(r)
	c.Run.Faults.Watch(r.input)
	if c.Messages {
		r.unwatch = c.Run.World.Watch(r.sent)
	}
	return r, w.err
}

func (r *Recorder) spacing() ecs.Tick { return max(1, r.run.World.TicksCeil(r.config.Every)) }

// Err returns the error that writing met, after which nothing is written.
func (r *Recorder) Err() error { return r.writer.err }

// Offset returns how many bytes are written for good.
func (r *Recorder) Offset() uint64 { return r.writer.offset }

func (r *Recorder) time(t ecs.Tick) uint64 { return uint64(max(0, r.run.World.Time(t))) }
func (r *Recorder) seconds(t ecs.Tick) Float {
	return Float(float64(r.time(t)) / 1e9)
}

// Observe is called by the run at the end of every tick.
func (r *Recorder) Observe(w *ecs.World) {
	if r.writer.err != nil {
		return
	}
	t := w.Tick()
	r.digests.add(t, uint64(w.Digest()))
	r.checkpoints.add(t, w.CheckpointParts()...)
	r.observeChecks()
	r.observeSeries()
	if r.config.Events != nil {
		r.observeEvents()
	}
	for i, c := range r.columns {
		if frame := c.frame(w); frame != nil {
			r.writer.message(uint16(topicColumns+i), r.time(t), frame)
		}
	}
	if r.digests.len() == digestRows {
		r.flushDigests()
	}
	if r.commanded || len(r.writer.chunk) >= chunkSize {
		r.commanded = false
		r.seal()
	}
	if r.wantsSnapshot(w) {
		r.keep()
	}
}

func (r *Recorder) json(topic uint16, t ecs.Tick, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		r.writer.err = fmt.Errorf("trace: %s at tick %d: %w", r.writer.topics[topic].name, t, err)
		return
	}
	r.writer.message(topic, r.time(t), b)
}

func (r *Recorder) observeChecks() {
	for i := range r.run.Checks.Len() {
		c := r.run.Checks.Result(i)
		if i == len(r.decided) {
			r.decided = append(r.decided, systems.Undecided)
		}
		if c.Outcome != r.decided[i] {
			r.decided[i] = c.Outcome
			r.json(topicChecks, r.run.World.Tick(), Check{c.At, r.seconds(c.At), c.Name, c.Kind.String(), c.Outcome.String()})
		}
	}
}

func (r *Recorder) observeSeries() {
	for _, p := range r.run.Measures.PointsSince(r.points) {
		r.points++
		value := (*Float)(&p.Value)
		if finite(p.Value) == nil {
			value = nil
		}
		r.json(topicSeries, p.Tick, Point{p.Tick, r.seconds(p.Tick), r.run.Measures.SeriesName(systems.SeriesID(p.Series)), value})
	}
}

func (r *Recorder) observeEvents() {
	for _, e := range r.config.Events(r.events) {
		r.events++
		e.Time = r.seconds(e.Tick)
		r.json(topicEvents, max(0, e.Tick), e)
	}
}

// observeFigures records the counts and measures that are not as they were when
// they were recorded last.
func (r *Recorder) observeFigures() {
	t := r.run.World.Tick()
	for i, c := range r.run.Measures.Tallies() {
		if i == len(r.counted) {
			r.counted = append(r.counted, 0)
		}
		if c.Value != r.counted[i] {
			r.counted[i] = c.Value
			r.json(topicCounts, t, Count{t, r.seconds(t), c.Name, c.Value})
		}
	}
	for _, m := range r.run.Measures.Spreads() {
		name := m.Name + "\x00" + m.Key
		if m.Count == r.measured[name] {
			continue
		}
		r.measured[name] = m.Count
		unit := ""
		if m.Unit == systems.Duration {
			unit = "ns"
		}
		r.json(topicMeasures, t, Measure{t, r.seconds(t), m.Name, m.Key, unit, m.Count, m.Min, Float(m.Mean), m.P50, m.P90, m.P99, m.Max})
	}
}

// flushDigests writes what is in no message yet of digests and checkpoints.
func (r *Recorder) flushDigests() {
	r.eachRows(r.writer.message)
	r.digests.clear()
	r.checkpoints.clear()
}

func (r *Recorder) eachRows(write func(topic uint16, time uint64, data []byte)) {
	if r.digests.len() > 0 {
		write(topicDigests, r.time(r.digests.last), r.digests.frame())
	}
	if r.checkpoints.len() > 0 {
		write(topicCheckpoints, r.time(r.checkpoints.last), r.checkpoints.frame())
	}
}

func (r *Recorder) seal() {
	r.flushDigests()
	r.writer.seal()
}

// wantsSnapshot decides by what the run has done, never by how long it took:
// the same run has its snapshots at the same ticks. Between two of them
// fifteen times as much work is the run's, and at least a hundredth of all it has
// done: so they stay few, and there is one near every moment. How much state
// there is it looks at as often as it may pay only.
func (r *Recorder) wantsSnapshot(w *ecs.World) bool {
	if r.config.Every > 0 {
		if w.Tick() < r.next {
			return false
		}
		r.next = (w.Tick()/r.spacing() + 1) * r.spacing()
		return true
	}
	delivered := w.Counts().Delivered
	done := delivered - r.since
	if done < 2000 || done < delivered/100 {
		return false
	}
	if done < r.goal {
		return false
	}
	r.goal = stateBytes(w) * snapshotCost / uint64(r.config.DeliveryCost)
	return done >= r.goal
}

// snapshotCost is how long the run goes on for a byte of a snapshot, in
// nanoseconds: fifteen times what keeping it takes, or more.
const snapshotCost = 300

// stateBytes is about how long a snapshot is.
func stateBytes(w *ecs.World) uint64 {
	n := w.InFlight() * ecs.EnvelopeSize
	for _, t := range w.Tables() {
		n += t.Rows() * t.Stride()
	}
	return uint64(n)
}

// Keep writes a snapshot of a run that stands between two ticks, if it has gone
// on since the last one far enough that it pays: at its end, from which it may
// be gone on from, and by which a replay that parts late can say in what.
func (r *Recorder) Keep() {
	w := r.run.World
	done, size := w.Counts().Delivered-r.since, stateBytes(w)
	if r.writer.err == nil && w.Tick() > r.kept && (size <= smallState || done*uint64(r.config.DeliveryCost) >= size*snapshotCost/4) {
		r.keep()
	}
}

// smallState is what is kept at the end of any run.
const smallState = 512 << 10

// keep writes a snapshot, in a chunk of its own.
func (r *Recorder) keep() {
	r.observeFigures()
	r.seal()
	r.kept = r.run.World.Tick()
	w := r.run.World
	w.Snapshot(&r.snapshot)
	r.packed = r.snapshot.Append(r.packed[:0])
	r.since = w.Counts().Delivered
	r.writer.message(topicSnapshots, r.time(w.Tick()), r.packed)
	r.writer.seal()
}

// Tail returns what is not written yet as a chunk, to be put at Offset for the
// time being: what is written next takes its place. So a run that is killed has
// lost nothing that was in it, and one that goes on writes the same bytes as if
// nobody had asked.
func (r *Recorder) Tail() []byte {
	w := r.writer
	if w.err != nil || len(w.at) == 0 && r.digests.len() == 0 {
		return nil
	}
	chunk, at, start, end := len(w.chunk), len(w.at), w.start, w.end
	r.eachRows(w.addMessage)
	b, _, err := w.sealed()
	w.chunk, w.at, w.start, w.end = w.chunk[:chunk], w.at[:at], start, end
	if err != nil {
		return nil // the chunk itself will meet the error
	}
	return b
}

// Close ends the trace with what the run came to, and lets go of the run.
func (r *Recorder) Close(s *scheduler.Summary, about ...[2]string) error {
	r.run.Record(nil)
	r.run.Faults.Watch(nil)
	if r.unwatch != nil {
		r.unwatch()
	}
	r.checkpoints.add(r.run.World.Tick(), r.run.World.CheckpointParts()...)
	r.observeChecks() // of a tick that a failure ended
	r.observeSeries()
	if r.config.Events != nil {
		r.observeEvents()
	}
	r.observeFigures()
	r.seal()
	messages := s.Counts.Messages()
	pairs := [][2]string{
		{"tick", strconv.FormatInt(int64(s.Tick), 10)}, {"digest", fmt.Sprintf("%016x", uint64(s.Digest))},
		{"nodes", strconv.Itoa(s.Nodes)}, {"sent", strconv.FormatUint(messages.Sent, 10)}, {"delivered", strconv.FormatUint(messages.Delivered, 10)},
	}
	for _, c := range s.Checks {
		pairs = append(pairs, [2]string{"check " + c.Name, fmt.Sprintf("%s %s", c.Kind, c.Outcome)})
	}
	r.writer.describe("end", append(pairs, about...))
	return r.writer.close()
}
