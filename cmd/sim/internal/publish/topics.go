package publish

import (
	"encoding/json"
	"math"
	"slices"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// topics are those that are no tables: what little there is of it is written as
// JSON by the station, not by the simulation's thread.
type topics struct {
	world                           *World
	schema, clock, checks, measures *netsync.Document
	params, feeds                   *netsync.Document
	events                          *netsync.Log
	series                          []*netsync.Log // by number
	summed, looked, heard           netsync.Nanos  // when measures were, params and feeds
}

func (t *topics) open(h *netsync.Hub, w *World) (err error) {
	t.world = w
	for _, d := range []struct {
		to   **netsync.Document
		name string
		rate netsync.Nanos
	}{
		{&t.schema, netsync.TopicSchema, 0}, {&t.clock, netsync.TopicClock, 0},
		{&t.checks, netsync.TopicChecks, netsync.Second / 10}, {&t.measures, netsync.TopicMeasure, 0},
		{&t.params, netsync.TopicParams, 0}, {&t.feeds, netsync.TopicFeeds, 0},
	} {
		if *d.to, err = h.Document(d.name, netsync.Rate{Every: d.rate}); err != nil {
			return err
		}
	}
	for _, d := range []*netsync.Document{t.clock, t.checks, t.measures, t.params, t.feeds} {
		d.Fades()
	}
	if t.events, err = h.Log(netsync.TopicEvents+"all", netsync.Rate{}); err != nil {
		return err
	}
	for _, name := range w.Series {
		l, err := h.Log(netsync.TopicSeries+name, netsync.Rate{})
		if err != nil {
			return err
		}
		t.series = append(t.series, l)
	}
	return nil
}

func (t *topics) setSchema(s netsync.Schema, tick ecs.Tick) { t.schema.Set(mustJSON(s), tick) }

// want says what an order is to bring beside tables: what somebody looks at. Once
// the run has ended, that is what has not been looked at since.
func (t *topics) want(o *order, ended bool) {
	looked := func(d *netsync.Document, last *netsync.Nanos, every netsync.Nanos) bool {
		if !d.IsWanted() || d.IsFinal() || !ended && d.IsSet() && o.asked-*last < every {
			return false
		}
		*last = o.asked
		return true
	}
	o.events = t.world.EventCount != nil && t.events.IsWanted()
	o.points = slices.ContainsFunc(t.series, (*netsync.Log).IsWanted)
	o.checks = t.checks.IsWanted()
	o.measures = looked(t.measures, &t.summed, measuresEvery)
	o.feeds = looked(t.feeds, &t.heard, netsync.Second/10)
	o.params = looked(t.params, &t.looked, measuresEvery)
}

// measuresEvery is how often measures are summed up, and params looked at: that
// takes longer than all else.
const measuresEvery = netsync.Second / 2

// take publishes what an order has brought.
func (t *topics) take(o *order, clock *Clock, now netsync.Nanos) {
	tick := o.clock.Tick
	t.clock.ComesLast(clock.Ended)
	t.clock.Set(mustJSON(clock), tick)
	t.events.Skip(o.found.skipped, now, tick)
	for _, e := range o.found.events {
		t.events.Add(mustJSON(eventItem{e.Tick, e.Kind, e.Node, json.RawMessage(e.Fields)}), now, tick)
	}
	for _, p := range o.found.points {
		if int(p.Series) < len(t.series) {
			t.series[p.Series].Add(mustJSON(pointItem{p.Tick, number(p.Value)}), now, tick)
		}
	}
	if o.checks {
		t.checks.Set(mustJSON(checkItems(o.found.checks)), tick)
	}
	if o.feeds {
		t.feeds.Set(mustJSON(o.found.lasts), tick)
	}
	if o.params {
		t.params.Set(mustJSON(o.found.params), tick)
	}
	if o.measures {
		t.measures.Set(mustJSON(measureItems{spreadItems(o.found.spreads), tallyItems(o.found.tallies), callItemOf(&o.found.calls), o.found.feeds}), tick)
	}
	if clock.Ended {
		t.end(o)
	}
}

// end says which topics have their last state by an order that was filled after
// the end.
func (t *topics) end(o *order) {
	t.schema.Final()
	for _, d := range []struct {
		*netsync.Document
		brought bool
	}{{t.checks, o.checks}, {t.measures, o.measures}, {t.params, o.params}, {t.feeds, o.feeds}} {
		if d.brought {
			d.Final()
		}
	}
	if t.world.EventCount == nil || o.events && len(o.found.events) < someEvents {
		t.events.Final()
	}
	if o.points && len(o.found.points) < somePoints {
		for _, l := range t.series {
			l.Final()
		}
	}
}

type eventItem struct {
	Tick   ecs.Tick        `json:"tick"`
	Kind   string          `json:"kind"`
	Node   string          `json:"node,omitempty"`
	Fields json.RawMessage `json:"fields"`
}

type pointItem struct {
	Tick  ecs.Tick     `json:"tick"`
	Value *trace.Float `json:"value"` // null for what JSON has no number for
}

func number(v float64) *trace.Float {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return (*trace.Float)(&v)
}

type checkItem struct {
	Name    string    `json:"name"`
	Kind    string    `json:"kind"`
	Outcome string    `json:"outcome"`
	Tick    *ecs.Tick `json:"tick,omitempty"` // when it was decided
}

func checkItems(results []systems.Result) []checkItem {
	all := make([]checkItem, len(results))
	for i := range results {
		c := &results[i]
		all[i] = checkItem{Name: c.Name, Kind: c.Kind.String(), Outcome: c.Outcome.String()}
		if c.Outcome != systems.Undecided {
			all[i].Tick = &c.At
		}
	}
	return all
}

type measureItems struct {
	Measures []spreadItem     `json:"measures"`
	Counts   map[string]int64 `json:"counts"`
	Calls    *callItem        `json:"calls,omitempty"` // if there were any
	Feeds    []feedItem       `json:"feeds,omitempty"` // to which something was published
}

// callItem is what became of the calls of services.
type callItem struct {
	Made     uint64            `json:"made"`
	UnderWay uint64            `json:"under_way"`
	Replied  uint64            `json:"replied"` // with a value
	Failed   map[string]uint64 `json:"failed"`  // by reason, as reply.error
}

func callItemOf(c *systems.CallCounts) *callItem {
	if c.Made == 0 {
		return nil
	}
	item := &callItem{c.Made, c.UnderWay(), c.Ended[systems.NoReason], map[string]uint64{}}
	for _, r := range systems.Reasons() {
		if n := c.Ended[r]; n > 0 {
			item.Failed[r.String()] = n
		}
	}
	return item
}

// feedItem counts a value once as published, and for each subscriber as
// delivered or dropped.
type feedItem struct {
	Name      string `json:"name"`
	Published uint64 `json:"published"`
	Delivered uint64 `json:"delivered"`
	Dropped   uint64 `json:"dropped"`
}

func feedItemOf(name string, x *systems.FeedFigures) feedItem {
	item := feedItem{Name: name, Published: x.Published, Delivered: x.Delivered}
	for _, n := range x.Dropped {
		item.Dropped += n
	}
	return item
}

type spreadItem struct {
	Name  string      `json:"name"`
	Key   string      `json:"key,omitempty"`
	Unit  string      `json:"unit,omitempty"`
	Count uint64      `json:"count"`
	Min   int64       `json:"min"`
	Mean  trace.Float `json:"mean"`
	P50   int64       `json:"p50"`
	P90   int64       `json:"p90"`
	P99   int64       `json:"p99"`
	Max   int64       `json:"max"`
}

func spreadItems(spreads []systems.Spread) []spreadItem {
	all := make([]spreadItem, len(spreads))
	for i, s := range spreads {
		all[i] = spreadItem{Name: s.Name, Key: s.Key, Count: s.Count, Min: s.Min, Mean: trace.Float(s.Mean), P50: s.P50, P90: s.P90, P99: s.P99, Max: s.Max}
		if s.Unit == systems.Duration {
			all[i].Unit = "ns"
		}
	}
	return all
}

func tallyItems(tallies []systems.Tally) map[string]int64 {
	all := map[string]int64{}
	for _, t := range tallies {
		all[t.Name] = t.Value
	}
	return all
}

func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("publish: a value cannot be written: " + err.Error())
	}
	return b
}
