package main

import (
	"encoding/json"
	"fmt"
	"math"

	"orrery/ecs"
	"orrery/scheduler/trace"
	"orrery/systems"
)

// object is what sim run --json prints: fields may be added, and none changed.
type object struct {
	Scenario    string                  `json:"scenario"`
	Seed        uint64                  `json:"seed"`
	Tick        ecs.Tick                `json:"tick"`
	TimeS       trace.Float             `json:"time_s"`
	Interrupted bool                    `json:"interrupted"`
	Nodes       int                     `json:"nodes"`
	Links       int                     `json:"links"`
	Messages    messageCounts           `json:"messages"`
	Calls       callCounts              `json:"calls"`
	Timers      timerCounts             `json:"timers"`           // one-shot
	Gossip      *gossipCounts           `json:"gossip,omitempty"` // of the messages: what nodes say so that params and views spread
	Feeds       []feedCounts            `json:"feeds,omitempty"`  // to which something was published
	Rounded     []rounding              `json:"rounded"`          // waits that ticks made over 1% longer
	Checks      []checkResult           `json:"checks"`
	Counts      map[string]int64        `json:"counts"`
	Measures    map[string]distribution `json:"measures"`
	Series      []seriesColumns         `json:"series"`
	Pipes       []pipeFigures           `json:"pipes,omitempty"`
	Digest      string                  `json:"digest"`
	Again       string                  `json:"again"`
	WallS       trace.Float             `json:"wall_s"`
	Warnings    []problem               `json:"warnings"`
}

type messageCounts struct {
	Sent      uint64            `json:"sent"`
	Delivered uint64            `json:"delivered"`
	InFlight  int               `json:"in_flight"`
	Dropped   map[string]uint64 `json:"dropped"` // every cause, 0 too
}

type timerCounts struct {
	Set     uint64            `json:"set"`
	Fired   uint64            `json:"fired"`
	Pending int               `json:"pending"`
	Dropped map[string]uint64 `json:"dropped"` // every cause, 0 too
}

// feedCounts count a value once as published, and for each subscriber as
// delivered or dropped.
type feedCounts struct {
	Name      string            `json:"name"`
	Published uint64            `json:"published"`
	Delivered uint64            `json:"delivered"`
	Dropped   map[string]uint64 `json:"dropped"` // every cause, 0 too
}

type gossipCounts struct {
	Messages uint64 `json:"messages"`
	Bytes    uint64 `json:"bytes"`
}

// callCounts say how calls ended: made is the sum of the others.
type callCounts struct {
	Made     uint64            `json:"made"`
	Answered uint64            `json:"answered"`
	Failed   map[string]uint64 `json:"failed"` // by reason, 0 too
	Gone     uint64            `json:"gone"`   // with the node that called
	UnderWay uint64            `json:"under_way"`
}

type rounding struct {
	Word   string `json:"word"`
	WaitNS int64  `json:"wait_ns"`
	TookNS int64  `json:"took_ns"`
}

// checkResult has no time while it is undecided.
type checkResult struct {
	Name    string       `json:"name"`
	Kind    string       `json:"kind"`
	Outcome string       `json:"outcome"`
	Tick    *ecs.Tick    `json:"tick"`
	TimeS   *trace.Float `json:"time_s"`
	Asked   bool         `json:"asked"` // false: an always or a never that had nothing to look at
}

type distribution struct {
	Count uint64      `json:"count"`
	Min   int64       `json:"min"`
	Mean  trace.Float `json:"mean"`
	P50   int64       `json:"p50"`
	P90   int64       `json:"p90"`
	P99   int64       `json:"p99"`
	Max   int64       `json:"max"`
	Unit  string      `json:"unit"` // "ns", or "" for plain numbers
	// By has the parts of the measure by key, if it has any.
	By map[string]distribution `json:"by,omitempty"`
}

// pipeFigures are of a pipe: counts from the begin, the rest after the warmup.
type pipeFigures struct {
	Name      string       `json:"name"`
	Pushed    uint64       `json:"pushed"`
	Pulled    uint64       `json:"pulled"`
	Refused   uint64       `json:"refused"` // pushes that found it full
	Resent    uint64       `json:"resent"`
	Doubled   uint64       `json:"doubled"` // items that came to who had them
	RateIn    trace.Float  `json:"rate_in"` // a second
	RateOut   trace.Float  `json:"rate_out"`
	Queue     uint64       `json:"queue"` // pushed and not yet pulled
	QueueMean trace.Float  `json:"queue_mean"`
	QueueMax  uint64       `json:"queue_max"`
	Wait      distribution `json:"wait"` // from push to pull
}

type seriesColumns struct {
	Name  string         `json:"name"`
	Tick  []ecs.Tick     `json:"tick"`
	Value []*trace.Float `json:"value"` // null for what JSON has no number for
}

func seconds(d ecs.Nanoseconds) trace.Float { return trace.Float(float64(d) / 1e9) }

func (r *result) object() object {
	messages, timers := r.Counts.Messages(), &r.Counts.Timers
	o := object{
		Scenario: r.scenario.Name, Seed: r.Seed, Tick: r.Tick, TimeS: seconds(r.Time), Interrupted: r.interrupted,
		Nodes: r.Nodes, Links: r.Links, Checks: []checkResult{}, Rounded: []rounding{}, Counts: map[string]int64{}, Measures: map[string]distribution{},
		Messages: messageCounts{messages.Sent, messages.Delivered, r.InFlight, byCause(&messages)},
		Timers:   timerCounts{timers.Sent, timers.Delivered, r.Pending, byCause(timers)},
		Series:   r.seriesColumns(), Digest: fmt.Sprintf("%016x", uint64(r.Digest)), WallS: trace.Float(r.wall.Seconds()), Warnings: r.warnings(),
	}
	if r.Gossip.Messages > 0 {
		o.Gossip = &gossipCounts{r.Gossip.Messages, r.Gossip.Bytes}
	}
	for i := range r.Feeds {
		f := &r.Feeds[i]
		o.Feeds = append(o.Feeds, feedCounts{f.Name, f.Published, f.Delivered, byCause(&ecs.Traffic{Dropped: f.Dropped})})
	}
	for _, x := range r.scenario.Roundings() {
		o.Rounded = append(o.Rounded, rounding{x.Word, int64(x.Wait), int64(x.Took)})
	}
	o.Calls = callCounts{r.Calls.Made, r.Calls.Ended[systems.NoReason], map[string]uint64{}, r.Calls.Forgotten, r.Calls.UnderWay()}
	for _, why := range systems.Reasons() {
		o.Calls.Failed[why.String()] = r.Calls.Ended[why]
	}
	for _, c := range r.Checks {
		one := checkResult{Name: c.Name, Kind: c.Kind.String(), Outcome: c.Outcome.String(), Asked: c.Unasked == ""}
		if c.Outcome != systems.Undecided {
			at := seconds(r.scenario.Run.World.Time(c.At))
			one.Tick, one.TimeS = &c.At, &at
		}
		o.Checks = append(o.Checks, one)
	}
	for _, c := range r.Tallies {
		o.Counts[c.Name] = c.Value
	}
	for _, p := range r.Pipes {
		o.Pipes = append(o.Pipes, pipeFigures{
			Name: p.Name, Pushed: p.Pushed, Pulled: p.Pulled, Refused: p.Refused, Resent: p.Resent, Doubled: p.Doubled,
			RateIn: trace.Float(p.RateIn), RateOut: trace.Float(p.RateOut), Queue: p.Queue, QueueMean: trace.Float(p.MeanQueue), QueueMax: p.Longest, Wait: distributionOf(p.Wait),
		})
	}
	for _, m := range r.Spreads {
		one := distributionOf(m)
		if m.Key == "" {
			o.Measures[m.Name] = one
			continue
		}
		whole := o.Measures[m.Name]
		if whole.By == nil {
			whole.By = map[string]distribution{}
		}
		whole.By[m.Key] = one
		o.Measures[m.Name] = whole
	}
	stop := ecs.Tick(0)
	if r.interrupted {
		stop = r.Tick
	}
	o.Again = r.again(stop)
	return o
}

func byCause(t *ecs.Traffic) map[string]uint64 {
	all := map[string]uint64{}
	for c, n := range t.Dropped {
		all[ecs.Cause(c).String()] = n
	}
	return all
}

func distributionOf(m systems.Spread) distribution {
	d := distribution{Count: m.Count, Min: m.Min, Mean: trace.Float(m.Mean), P50: m.P50, P90: m.P90, P99: m.P99, Max: m.Max}
	if m.Unit == systems.Duration {
		d.Unit = "ns"
	}
	return d
}

func (r *result) seriesColumns() []seriesColumns {
	all := []seriesColumns{}
	for _, s := range r.scenario.Series {
		one := seriesColumns{Name: s.Name, Tick: []ecs.Tick{}, Value: []*trace.Float{}}
		for _, p := range r.scenario.Run.Measures.Points(systems.SeriesID(s.ID)) {
			v := (*trace.Float)(&p.Value)
			if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
				v = nil
			}
			one.Tick, one.Value = append(one.Tick, p.Tick), append(one.Value, v)
		}
		all = append(all, one)
	}
	return all
}

// printJSON prints one object on one line.
func (e *edge) printJSON(o any) error {
	encoder := json.NewEncoder(e.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(o)
}
