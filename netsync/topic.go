package netsync

import (
	"fmt"
	"unicode/utf8"

	"orrery/ecs"
)

// Topics begin with what they are, so that a prefix selects: "columns/" has all
// tables, "columns/client" those of program client. A prefix may bring more than
// was meant (columns/clients too); the whole topic tells.
const (
	TopicColumns = "columns/"  // tables
	TopicRows    = "json/"     // the same tables as JSON rows
	TopicKeys    = "keys/"     // what a table's rows are called
	TopicEvents  = "events/"   // logs
	TopicSeries  = "series/"   // logs of values
	TopicSample  = "messages/" // logs of some messages, by request
	TopicSchema  = "schema"    // documents
	TopicClock   = "clock"
	TopicChecks  = "checks"
	TopicParams  = "params"
	TopicMeasure = "measures"
	TopicFeeds   = "feeds"
)

// Rate is how often a topic may have a frame: at most every so long, and at
// most every so many ticks. Zero is the hub's own, or every tick.
type Rate struct {
	Every Nanos
	Ticks ecs.Tick
}

// topic is what table, document and log have in common: frames with numbers.
type topic struct {
	name   string
	kind   string // of the frames that are not deltas
	rate   Rate
	wanted int // viewers that have it
	// idle is told that the last viewer that had it has gone.
	idle func()

	seq   uint64   // of the latest frame; counted in an epoch
	tick  ecs.Tick // of the latest frame
	last  Nanos    // when it was made
	has   bool     // there is a state to give
	ends  bool     // it is for viewers that have everything else
	kept  []kept   // the last frames, in order, up to the latest; of a log some are left out
	whole *Draft   // the complete frame of the latest state, if it was asked for

	// make begins the complete frame of the latest state, and cost says about
	// how many bytes it has. A log has none.
	make func() *Draft
	cost func() int64
	// settled reports whether the latest state is the last, once the run has
	// ended.
	settled func() bool
}

type kept struct {
	seq   uint64
	frame Frame
}

// keep adds the latest frame to those kept, and lets go of the oldest.
func (t *topic) keep(f Frame, most int, bytes int64) {
	t.kept = append(t.kept, kept{t.seq, f})
	var sum int64
	first := len(t.kept)
	for first > 0 && len(t.kept)-first < most {
		sum += t.kept[first-1].frame.Bytes()
		if sum > bytes && first < len(t.kept) {
			break
		}
		first--
	}
	n := copy(t.kept, t.kept[first:])
	clear(t.kept[n:])
	t.kept = t.kept[:n]
}

// forget drops the state; the numbers go on, unless the epoch is another.
func (t *topic) forget() {
	clear(t.kept)
	t.kept, t.whole, t.has = t.kept[:0], nil, false
}

// complete returns the complete frame of the latest state, begun once.
func (t *topic) complete() *Draft {
	if t.whole == nil || t.whole.seq != t.seq {
		t.whole = t.make()
	}
	return t.whole
}

// due reports whether a frame may be made of a newer state.
func (t *topic) due(now Nanos, tick ecs.Tick, c *Config) bool {
	return !t.has || now-t.last >= t.every(c) && tick-t.tick >= t.rate.Ticks
}

func (t *topic) every(c *Config) Nanos {
	if t.rate.Every > 0 {
		return t.rate.Every
	}
	return c.Every
}

// checkTopic refuses what would not be a topic.
func checkTopic(name string) error {
	switch {
	case name == "" || !utf8.ValidString(name):
		return fmt.Errorf("netsync: %q is no topic", name)
	case len(name) > MaxTopic:
		return fmt.Errorf("netsync: topic %.40q…: %w", name, &LimitError{"bytes of a topic", MaxTopic})
	}
	return nil
}
