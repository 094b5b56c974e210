package scenario

import (
	"fmt"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"go.starlark.net/starlark"

	"orrery/ecs"
)

// volley is what both sides of BenchmarkMessage run.
const volley = `
def ping(me, m):
    me.seen += 1
    if m.hops > me.most:
        me.most = m.hops
    me.send(m.source, "ping", hops = m.hops + 1)
`

// pairs is volley between pairs of nodes: each has one message under way.
const pairs = volley + `
NODES = flag("nodes", 1000)

def serve(me, m):
    me.send(players[me.index ^ 1], "ping", hops = 0)

player = program(state = {"seen": 0, "most": 0}, on = {"serve": serve, "ping": ping})
players = nodes("player", NODES, player)
network(players, latency = "10ms", jitter = "20ms")
at("0s", send(players, "serve"))
`

// BenchmarkMessage handles a message by a script, all in: link, envelope,
// payload, state, digest. The metric is the ratio to a bare call of the same
// function by the interpreter, on stand-ins that do nothing, in turn.
func BenchmarkMessage(b *testing.B) {
	for _, nodes := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) { benchMessage(b, nodes) })
	}
}

func benchMessage(b *testing.B, nodes int) {
	run := mustLoad(b, pairs, map[string]string{"nodes": fmt.Sprint(nodes)}).Run
	bare := newBare(b)
	race(b, func(ticks int) uint64 {
		before := run.World.Counts().Delivered
		if err := run.RunUntil(run.World.Tick() + ecs.Tick(ticks)); err != nil {
			b.Fatal(err)
		}
		return run.World.Counts().Delivered - before
	}, func(calls uint64) {
		for range calls {
			bare.call(b)
		}
	})
}

// race runs one and the other in turn, b.N ticks and as many calls as that had
// messages, so that a machine that changes its speed changes both.
func race(b *testing.B, run func(ticks int) uint64, limit func(calls uint64)) {
	var own, other time.Duration
	var messages uint64
	run(50) // let tables and caches grow
	b.ReportAllocs()
	b.ResetTimer()
	for left := b.N; left > 0; left -= 10 {
		began := time.Now()
		n := run(min(10, left))
		own += time.Since(began)
		b.StopTimer()
		began = time.Now()
		limit(n)
		other += time.Since(began)
		b.StartTimer()
		messages += n
	}
	b.ReportMetric(float64(own.Nanoseconds())/float64(messages), "ns/message")
	b.ReportMetric(float64(own)/float64(other), "ratio")
}

// BenchmarkPHOLD is the scenario's rate, for comparison with the same model in
// other simulators: see bench/README.md.
func BenchmarkPHOLD(b *testing.B) {
	for _, nodes := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			s, err := Load(os.DirFS("../testdata"), "scenarios/phold.star", Options{Seed: 1, Flags: map[string]string{"nodes": fmt.Sprint(nodes)}})
			if err != nil {
				b.Fatal(err)
			}
			w := s.Run.World
			if err := s.Run.RunUntil(100); err != nil {
				b.Fatal(err)
			}
			before := w.Counts().Delivered
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Run.RunUntil(w.Tick() + 10); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(w.Counts().Delivered-before), "ns/event")
		})
	}
}

func mustLoad(b testing.TB, source string, flags map[string]string) *Scenario {
	s, err := Load(fstest.MapFS{"x.star": {Data: []byte(source)}}, "x.star", Options{Seed: 1, Flags: flags})
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// bare calls a function of a script with stand-ins.
type bare struct {
	thread *starlark.Thread
	fn     starlark.Value
	args   starlark.Tuple
}

func newBare(b testing.TB) *bare {
	thread := &starlark.Thread{}
	globals, err := starlark.ExecFileOptions(dialect, thread, "volley", volley, nil)
	if err != nil {
		b.Fatal(err)
	}
	me := &standIn{send: starlark.NewBuiltin("send", func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error) {
		return starlark.None, nil
	})}
	return &bare{thread, globals["ping"], starlark.Tuple{me, &standIn{hops: 1, source: me}}}
}

func (c *bare) call(b testing.TB) {
	if _, err := starlark.Call(c.thread, c.fn, c.args, nil); err != nil {
		b.Fatal(err)
	}
}

// standIn is a node or a message that does nothing but hold its fields.
type standIn struct {
	seen, most, hops int
	source           starlark.Value
	send             starlark.Value
}

func (*standIn) String() string        { return "stand-in" }
func (*standIn) Type() string          { return "stand-in" }
func (*standIn) Freeze()               {}
func (*standIn) Truth() starlark.Bool  { return true }
func (*standIn) Hash() (uint32, error) { return 0, nil }
func (*standIn) AttrNames() []string   { return nil }

func (s *standIn) Attr(name string) (starlark.Value, error) {
	switch name {
	case "seen":
		return starlark.MakeInt(s.seen), nil
	case "most":
		return starlark.MakeInt(s.most), nil
	case "hops":
		return starlark.MakeInt(s.hops), nil
	case "source":
		return s.source, nil
	case "send":
		return s.send, nil
	}
	return nil, nil
}

func (s *standIn) SetField(name string, v starlark.Value) error {
	n, err := starlark.AsInt32(v)
	if name == "seen" {
		s.seen = n
	} else {
		s.most = n
	}
	return err
}
