package netsync

import (
	"errors"
	"fmt"
	"slices"

	"orrery/ecs"
)

// Config is how a hub publishes. The zero value of a field is its default.
type Config struct {
	Run     string // names the run: another one after a restart
	Epoch   uint64 // 1; a fork has one more
	Every   Nanos  // between frames of a topic: 1/30 s
	Rows    Nanos  // between frames of JSON rows: 1/5 s
	Refresh Nanos  // between keyframes: 1 s
	Keep    int    // deltas kept for a viewer that is a moment behind: 4
	Digests uint64 // a delta of so many has a digest: 16
	Quantum int64  // bytes that a topic may send a turn: 64 KiB
	Viewers int    // at most: 256
	Frame   int64  // bytes of a frame at most: 1 GiB
	Log     int64  // bytes that are kept of a log: 1 MiB
	Shown   int    // rows that JSON rows show at most: 10000
}

func (c *Config) validate() error {
	if c.Run == "" {
		return errors.New("netsync: a hub's run needs a name, another one for each start")
	}
	c.Epoch = max(c.Epoch, 1)
	defaults(&c.Every, Second/30)
	defaults(&c.Rows, Second/5)
	defaults(&c.Refresh, Second)
	defaults(&c.Keep, 4)
	defaults(&c.Digests, 16)
	defaults(&c.Quantum, 64<<10)
	defaults(&c.Viewers, 256)
	defaults(&c.Frame, 1<<30)
	defaults(&c.Log, 1<<20)
	defaults(&c.Shown, 10000)
	if min(c.Every, c.Rows, c.Refresh) < 0 || c.Keep < 0 || c.Quantum < 1024 || c.Viewers < 0 || c.Frame < 0 || c.Log < 0 || c.Shown < 0 {
		return fmt.Errorf("netsync: a hub cannot be %+v: nothing is below 0, and a quantum not below 1024 bytes", *c)
	}
	return nil
}

func defaults[T comparable](v *T, to T) {
	if *v == *new(T) {
		*v = to
	}
}

// Hub has the topics and the viewers of a run.
type Hub struct {
	config  Config
	topics  []*topic // in order of their making
	tables  []*Table
	logs    []*Log
	docs    []*Document
	viewers []*Viewer
	layouts uint64 // of all tables, so that no two of one name are mistaken
	floor   uint64 // seq of topics that were taken back: others of the name go on
	ended   bool   // the world stays as it is
	end     ecs.Tick
	now     Nanos // when it was asked last what is due
}

// NewHub returns a hub without topics.
func NewHub(c Config) (*Hub, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	return &Hub{config: c}, nil
}

// Run and epoch of the frames.
func (h *Hub) Run() (run string, epoch uint64) { return h.config.Run, h.config.Epoch }

// add makes a topic known, to viewers too.
func (h *Hub) add(t *topic) error {
	if err := checkTopic(t.name); err != nil {
		return err
	}
	if h.find(t.name) != nil {
		return fmt.Errorf("netsync: there is a topic %q already", t.name)
	}
	if len(h.topics) == MaxTopics {
		return fmt.Errorf("netsync: topic %q: %w", t.name, &LimitError{"topics", MaxTopics})
	}
	t.seq = h.floor
	h.topics = append(h.topics, t)
	for _, v := range h.viewers {
		v.meet(t)
	}
	return nil
}

// remove takes a topic back.
func (h *Hub) remove(t *topic) {
	h.floor = max(h.floor, t.seq)
	h.topics = slices.DeleteFunc(h.topics, func(x *topic) bool { return x == t })
	for _, v := range h.viewers {
		v.part(t)
	}
}

func (h *Hub) find(name string) *topic {
	for _, t := range h.topics {
		if t.name == name {
			return t
		}
	}
	return nil
}

// Topics returns the names of all topics, in order of their making.
func (h *Hub) Topics() []string {
	names := make([]string, len(h.topics))
	for i, t := range h.topics {
		names[i] = t.name
	}
	return names
}

// Fork says that the run is another from here on: state that was jumped to, a
// fork, a restart, and which tick that is. Every topic begins again, and every
// viewer with it. Documents keep their values but for those that are forgotten.
func (h *Hub) Fork(run string, epoch uint64, tick ecs.Tick) {
	if run == h.config.Run && epoch <= h.config.Epoch {
		panic(fmt.Sprintf("netsync: epoch %d of run %s does not come after %d", epoch, run, h.config.Epoch))
	}
	h.config.Run, h.config.Epoch, h.floor, h.ended = run, epoch, 0, false
	for _, t := range h.topics {
		t.forget()
		t.seq = 0
	}
	for _, t := range h.tables {
		t.encoder, t.latest = NewEncoder(t.columns), nil
	}
	for _, d := range h.docs {
		d.begin(tick)
	}
	for _, l := range h.logs {
		l.items, l.count, l.pending, l.skipped, l.final = l.items[:0], 0, 0, false, false
	}
	for _, v := range h.viewers {
		for i := range v.feeds {
			v.feeds[i].seq, v.feeds[i].deficit = 0, 0
		}
	}
}

// End says that the world stays as it is at a tick, until a Fork. What comes last
// is for viewers that have the end of everything else: of documents and logs that
// is what they have when they are Final.
func (h *Hub) End(tick ecs.Tick) {
	if !h.ended {
		h.ended, h.end = true, tick
	}
}

// pass tells viewers that have subscribed when that was.
func (h *Hub) pass(now Nanos) {
	h.now = now
	for _, v := range h.viewers {
		if v.fresh {
			v.fresh, v.joined = false, now
		}
	}
}

// Settled reports whether everything that somebody has is as it was at the end.
func (h *Hub) Settled() bool {
	return h.ended && !slices.ContainsFunc(h.topics, func(t *topic) bool { return t.wanted > 0 && !t.ends && !t.settled() })
}

// Due makes frames of the documents and logs whose time has come, and returns
// the tables of which an image is wanted now: somebody has them, the world has
// gone on, and their time has come; or they have no state to give yet. It is to
// be asked between ticks, while the world is paused too. What is not due is
// not lost: it is due later, or at Flush.
func (h *Hub) Due(now Nanos, tick ecs.Tick, due []*Table) []*Table {
	h.pass(now)
	for _, d := range h.docs {
		d.tend(now, tick)
	}
	for _, l := range h.logs {
		l.tend(now, tick)
	}
	for _, t := range h.tables {
		t.tendRows(now, false)
		t.refresh(now, tick)
		if t.isWanted() && (!t.columnsTopic.has || t.columnsTopic.tick != tick) && t.columnsTopic.due(now, tick, &h.config) {
			due = append(due, t)
		}
	}
	return due
}

// Wait returns how long from now on nothing will be due because of time, if
// the world is at a tick and something waits for time alone.
func (h *Hub) Wait(now Nanos, tick ecs.Tick) (wait Nanos, any bool) {
	consider := func(t *topic, waits bool) {
		if waits && tick-t.tick >= t.rate.Ticks {
			left := max(0, t.last+t.every(&h.config)-now)
			if !any || left < wait {
				wait, any = left, true
			}
		}
	}
	for _, t := range h.tables {
		consider(t.columnsTopic, t.isWanted() && t.columnsTopic.tick != tick)
		consider(t.rowsTopic, t.rowsTopic.wanted > 0 && t.rowsTopic.tick != tick)
	}
	for _, d := range h.docs {
		consider(d.topic, d.dirty)
	}
	for _, l := range h.logs {
		consider(l.topic, l.pending > 0)
	}
	return wait, any
}

// Flush is Due at the end of a run, or before a long wait: whatever differs is
// due, however short ago the last was.
func (h *Hub) Flush(now Nanos, tick ecs.Tick, due []*Table) []*Table {
	h.pass(now)
	for _, d := range h.docs {
		if d.dirty {
			d.frame(now)
		}
	}
	for _, l := range h.logs {
		if l.pending > 0 {
			l.frame(now, tick)
		}
	}
	for _, t := range h.tables {
		t.tendRows(now, true)
		if t.isWanted() && (!t.columnsTopic.has || t.columnsTopic.tick != tick) {
			due = append(due, t)
		}
	}
	return due
}

// header begins the header of a topic's latest frame.
func (h *Hub) header(t *topic) Header {
	return Header{Version: Version, Run: h.config.Run, Epoch: h.config.Epoch, Seq: t.seq, Tick: t.tick, Kind: t.kind}
}
