package main

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"orrery/bench"
	"orrery/ecs"
	"orrery/scenario"
	"orrery/scheduler"
	"orrery/scheduler/trace"
	"orrery/testdata"
)

var benchCommand = command{
	name: "bench", args: "phold", takes: takesModels,
	brief: "measure how fast this machine simulates",
	about: `PHOLD is the usual benchmark of simulators: every node begins with one event,
and an event goes to a drawn node after a drawn delay. The engine and the limit
(the same events in plain slices, with nothing around) run in turn, and
ratio_to_limit is the median of their ratios: 1 is as fast as the limit.`,
	examples: []example{
		{"sim bench phold", "a thousand nodes, ten million events"},
		{"sim bench phold --nodes 1000000 --style node", "a million, a Go call a message"},
		{"sim bench phold --style limit --json", "the limit alone, for other programs"},
	},
	flags: func(f *pflag.FlagSet) action {
		o := benchFlags{nodes: 1000, events: 10_000_000, seed: 1}
		f.Var(number{&o.nodes, "a number of nodes", 2, ecs.MaxNodes}, "nodes", "how many nodes (1000)")
		f.Var(number{&o.events, "a number of events", 1, 1 << 40}, "events", "how many events at least (10 million)")
		f.Var(number{&o.seed, "a seed", 0, maxUint64}, "seed", "what all draws come from (1)")
		f.StringVar(&o.style, "style", "columns", "`how` nodes are programmed: columns, node (a call a message), script, or limit")
		f.StringVar(&o.model, "model", "coarse", "`which` delays: coarse (a tick is 1/32 of the mean), fine (1/1024), or uniform")
		f.BoolVar(&o.json, "json", false, "print one JSON object")
		return o.run
	},
}

type benchFlags struct {
	nodes, events, seed uint64
	style, model        string
	json                bool
}

// figures are what bench prints.
type figures struct {
	Nodes        uint64      `json:"nodes"`
	Events       uint64      `json:"events"`
	EventsPerS   trace.Float `json:"events_per_s"`
	RatioToLimit trace.Float `json:"ratio_to_limit"`
	BytesPerNode trace.Float `json:"bytes_per_node"`
	Digest       *string     `json:"digest"` // the limit has none
	Style        string      `json:"style"`
	Model        string      `json:"model"`
	Seed         uint64      `json:"seed"`
	LimitPerS    trace.Float `json:"limit_events_per_s"`
	Tick         ecs.Tick    `json:"tick"`
}

func (o *benchFlags) run(e *edge, args []string) error {
	if len(args) != 1 || args[0] != "phold" {
		return wrongUsage("bench takes the name of a model, and phold is the one there is: sim bench phold")
	}
	m, err := o.phold()
	if err != nil {
		return err
	}
	if err := o.known(); err != nil {
		return err
	}
	f, err := o.race(e, m)
	if err != nil {
		return err
	}
	if o.json {
		return e.printJSON(f)
	}
	digest := "-"
	if f.Digest != nil {
		digest = *f.Digest
	}
	e.print("nodes           %d\nevents          %d\nevents_per_s    %.0f\nratio_to_limit  %.3f\nbytes_per_node  %.1f\ndigest          %s\n",
		f.Nodes, f.Events, f.EventsPerS, f.RatioToLimit, f.BytesPerNode, digest)
	return nil
}

// phold returns the model asked for.
func (o *benchFlags) phold() (m bench.PHOLD, err error) {
	switch o.model {
	case "coarse":
		m = bench.Coarse(int(o.nodes))
	case "fine":
		m = bench.Fine(int(o.nodes))
	case "uniform":
		m = bench.Uniform(int(o.nodes))
	default:
		return m, wrongUsage("--model %s: it is coarse, fine or uniform", quote(o.model))
	}
	m.Seed = o.seed
	return m, nil
}

// known refuses a style that there is not.
func (o *benchFlags) known() error {
	switch o.style {
	case "columns", "node", "limit":
		return nil
	case "script":
		if o.model != "coarse" {
			return wrongUsage("--style script: a script has the coarse model only, not %s", o.model)
		}
		return nil
	}
	return wrongUsage("--style %s: it is columns, node, script or limit", quote(o.style))
}

// A racer runs on by some ticks; it counts its events.
type racer struct {
	run    func(ticks ecs.Tick) error
	events func() uint64
}

// rounds are how many parts the race has; the first two are for warming up.
const rounds, warmup = 22, 2

// race runs the style and the limit in turn, so that a machine that changes its
// speed changes both.
func (o *benchFlags) race(e *edge, m bench.PHOLD) (*figures, error) {
	before := heap()
	style, finish, err := o.racer(m)
	if err != nil {
		return nil, err
	}
	ticks := o.round(m)
	if err := style.run(warmup * ticks); err != nil {
		return nil, err
	}
	f := &figures{Nodes: o.nodes, Style: o.style, Model: o.model, Seed: o.seed, BytesPerNode: trace.Float(heap()-before) / trace.Float(o.nodes)}
	limit := limitRacer(m)
	if err := limit.run(warmup * ticks); err != nil {
		return nil, err
	}
	var own, base lap
	var ratios []float64
	for style.events() < o.events {
		if e.interrupted() {
			return nil, errors.New("interrupted")
		}
		a, err := timed(limit, ticks)
		if err != nil {
			return nil, err
		}
		b, err := timed(style, ticks)
		if err != nil {
			return nil, err
		}
		base, own = base.plus(a), own.plus(b)
		ratios = append(ratios, b.rate()/a.rate())
	}
	f.Events, f.EventsPerS, f.LimitPerS = style.events(), trace.Float(own.rate()), trace.Float(base.rate())
	if len(ratios) > 0 {
		slices.Sort(ratios)
		f.RatioToLimit = trace.Float(ratios[len(ratios)/2])
	}
	finish(f)
	return f, nil
}

// round returns how many ticks a round has: a number that depends on nothing
// measured, so that a digest can be compared.
func (o *benchFlags) round(m bench.PHOLD) ecs.Tick {
	delay := m.Mean + m.Lookahead/1024
	if m.Mean == 0 {
		delay = 32
	}
	perTick := float64(o.nodes) / float64(delay)
	return max(1, ecs.Tick(float64(o.events)/perTick/rounds))
}

// racer builds the style asked for, and what adds its digest.
func (o *benchFlags) racer(m bench.PHOLD) (r racer, finish func(*figures), err error) {
	c := ecs.Config{Envelopes: m.Nodes}
	var run *scheduler.Run
	switch o.style {
	case "columns":
		run = m.Columns(c)
	case "node":
		run = m.Calls(c)
	case "script":
		if run, err = o.script(); err != nil {
			return racer{}, nil, err
		}
	default:
		return limitRacer(m), func(*figures) {}, nil
	}
	return racer{
			run:    func(ticks ecs.Tick) error { return run.RunUntil(run.World.Tick() + ticks) },
			events: func() uint64 { return run.World.Counts().Delivered },
		}, func(f *figures) {
			digest := fmt.Sprintf("%016x", uint64(run.End().Digest))
			f.Digest, f.Tick = &digest, run.World.Tick()
		}, nil
}

// script is PHOLD as the scenario that comes with sim: the coarse model, with
// draws of its own.
func (o *benchFlags) script() (*scheduler.Run, error) {
	s, err := scenario.Load(testdata.FS, "scenarios/phold.star", scenario.Options{
		Seed: o.seed, Flags: map[string]string{"nodes": strconv.FormatUint(o.nodes, 10)},
	})
	if err != nil {
		return nil, err
	}
	return s.Run, nil
}

func limitRacer(m bench.PHOLD) racer {
	l := m.Limit()
	return racer{
		run:    func(ticks ecs.Tick) error { l.RunUntil(l.Tick + ticks); return nil },
		events: func() uint64 { return l.Events },
	}
}

// lap is how many events took how long.
type lap struct {
	events uint64
	took   time.Duration
}

func (l lap) plus(m lap) lap { return lap{l.events + m.events, l.took + m.took} }

// rate is events a second.
func (l lap) rate() float64 { return float64(l.events) / max(l.took, 1).Seconds() }

func timed(r racer, ticks ecs.Tick) (lap, error) {
	before, began := r.events(), time.Now()
	err := r.run(ticks)
	return lap{r.events() - before, time.Since(began)}, err
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
