// Proves what no script can: how a command meets an interrupt, a terminal and a
// clock, all three played here.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/scenario/value"
	"orrery/scheduler"
)

// played is an edge whose clock moves only when asked, or when somebody sleeps.
type played struct {
	edge
	stdout, stderr bytes.Buffer
	clock          time.Duration
	asked          int             // how often the time was
	onAsk          func(p *played) // called each time
}

func play(t *testing.T) *played {
	p := &played{}
	ctx, stop := context.WithCancel(t.Context())
	t.Cleanup(stop)
	p.edge = edge{
		ctx: ctx, in: strings.NewReader(""), out: bufio.NewWriter(&p.stdout), err: &p.stderr,
		getenv: func(string) string { return "" },
		draw:   func() uint64 { return 42 },
	}
	p.sleep = func(_ context.Context, d time.Duration) { p.clock += max(d, 0) }
	p.now = func() time.Duration {
		p.asked++
		p.clock += time.Microsecond
		if p.onAsk != nil {
			p.onAsk(p)
		}
		return p.clock
	}
	return p
}

// interrupt cancels the context as Ctrl-C does.
func (p *played) interrupt() {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	p.ctx = ctx
}

const token = `
def take(me, m):
    me.rounds += 1
    count("hops")
    measure("waited", now() - m.sent)
    me.send(me.neighbours[0], "token", sent = now())

member = program(state = {"rounds": 0}, on = {"token": take})
members = nodes("member", flag("nodes", 5), member)
ring(members, latency = "10ms", one_way = True)
at("0s", send(members[0], "token", sent = duration("0s")))
always("nobody waits", lambda: max(members.rounds) - min(members.rounds) <= 1)
series("rounds", lambda: sum(members.rounds), every = "100ms")
run(until = "1s")
`

// written writes a scenario, and returns its name.
func written(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "token.star")
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestInterrupt(t *testing.T) {
	p := play(t)
	p.onAsk = func(p *played) {
		if p.asked == 400 {
			p.interrupt()
		}
	}
	name := written(t, token)
	if code := p.run([]string{"run", name, "--pace", "1"}); code != exitFailed {
		t.Errorf("exit code %d, want %d", code, exitFailed)
	}
	out, said := p.stdout.String(), p.stderr.String()
	for _, want := range []string{", interrupted\n", "undecided  always", "digest    ", "--until "} {
		if !strings.Contains(out, want) {
			t.Errorf("the summary has no %q:\n%s", want, out)
		}
	}
	if !strings.Contains(said, "sim: interrupted at ") {
		t.Errorf("stderr: %s", said)
	}
	line := out[strings.Index(out, "again     sim ")+len("again     sim "):]
	q := play(t)
	if code := q.run(strings.Fields(line)); code != exitFine {
		t.Fatalf("the line that reproduces it ends with %d: %s", code, q.stderr.String())
	}
	if a, b := lineOf(out, "digest"), lineOf(q.stdout.String(), "digest"); a != b {
		t.Errorf("interrupted: %s; reproduced: %s", a, b)
	}
}

func lineOf(text, name string) string {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, name) {
			return line
		}
	}
	return ""
}

func TestInterruptBeforeAnything(t *testing.T) {
	p := play(t)
	p.interrupt()
	if code := p.run([]string{"run", written(t, token), "--json"}); code != exitFailed {
		t.Errorf("exit code %d: %s", code, p.stderr.String())
	}
	var o struct {
		Interrupted bool
		Tick        ecs.Tick
	}
	if err := json.Unmarshal(p.stdout.Bytes(), &o); err != nil || !o.Interrupted || o.Tick > 0 {
		t.Errorf("%v: %s", err, p.stdout.String())
	}
}

// A paced run sleeps while nothing is due, and reaches its end by the clock.
func TestPace(t *testing.T) {
	p := play(t)
	if code := p.run([]string{"run", written(t, token), "--pace", "50", "--seed", "1"}); code != exitFine {
		t.Fatalf("exit code %d: %s", code, p.stderr.String())
	}
	if wall := p.clock; wall < 20*time.Millisecond || wall > 25*time.Millisecond {
		t.Errorf("a second at a pace of 50 took %v", wall)
	}
}

// How a run is driven changes nothing in it.
func TestPaceChangesNothing(t *testing.T) {
	name := written(t, token)
	digest := func(args ...string) string {
		p := play(t)
		if code := p.run(append([]string{"run", name, "--seed", "1", "--quiet"}, args...)); code != exitFine {
			t.Fatalf("exit code %d: %s", code, p.stderr.String())
		}
		return lineOf(p.stdout.String(), "digest")
	}
	want := digest()
	for _, pace := range []string{"3", "77.7", "1e6"} {
		if got := digest("--pace", pace); got != want {
			t.Errorf("pace %s: %s, want %s", pace, got, want)
		}
	}
}

func TestProgressBar(t *testing.T) {
	p := play(t)
	p.terminal = true
	if code := p.run([]string{"run", written(t, token), "--pace", "0.5"}); code != exitFine {
		t.Fatal(code)
	}
	said := p.stderr.String()
	if !strings.Contains(said, "\rsim: [############............]  50%, 500ms of 1s") {
		t.Errorf("no bar at 50%%: %q", said)
	}
	if !regexp.MustCompile(`of 1s *\r +\r`).MatchString(said) {
		t.Errorf("the bar was not taken away: %q", said)
	}
	q := play(t)
	q.terminal = true
	if q.run([]string{"run", written(t, token), "--pace", "0.5", "--quiet"}); q.stderr.Len() > 0 {
		t.Errorf("--quiet, and yet: %q", q.stderr.String())
	}
}

// An idle world is driven through years in a moment.
func TestDriverSkipsIdleTime(t *testing.T) {
	p := play(t)
	d := driver{run: scheduler.New(ecs.Config{}), until: 1 << 50}
	if err := d.drive(&p.edge); err != nil || d.run.World.Tick() != d.until {
		t.Errorf("tick %d, %v", d.run.World.Tick(), err)
	}
	if p.asked > 10 {
		t.Errorf("the clock was asked %d times", p.asked)
	}
}

// jsonShape is what other programs rely on: it may only grow.
var jsonShape = []string{
	"again", "calls", "checks", "counts", "digest", "interrupted", "links", "measures", "messages", "nodes", "rounded", "scenario", "seed",
	"series", "tick", "time_s", "timers", "wall_s", "warnings",
}

func TestJSONShape(t *testing.T) {
	p := play(t)
	if code := p.run([]string{"run", written(t, token), "--json", "--seed", "18446744073709551615"}); code != exitFine {
		t.Fatalf("exit code %d: %s", code, p.stderr.String())
	}
	if n := bytes.Count(p.stdout.Bytes(), []byte("\n")); n != 1 {
		t.Errorf("%d lines, want one", n)
	}
	var o map[string]any
	d := json.NewDecoder(&p.stdout)
	d.UseNumber()
	if err := d.Decode(&o); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(jsonShape, slices.Sorted(maps.Keys(o))); d != "" {
		t.Error(d)
	}
	if o["seed"] != json.Number("18446744073709551615") {
		t.Errorf("seed %v", o["seed"])
	}
	keys := func(v any) string { return strings.Join(slices.Sorted(maps.Keys(v.(map[string]any))), " ") }
	for _, tc := range []struct {
		what string
		in   any
		want string
	}{
		{"calls", o["calls"], "answered failed gone made under_way"},
		{"failed", o["calls"].(map[string]any)["failed"], "cancelled corrupted crashed failed no link no provider queue full timeout unknown service"},
		{"messages", o["messages"], "delivered dropped in_flight sent"},
		{"dropped", o["messages"].(map[string]any)["dropped"], "cut down gone held late loss no link queue stale"},
		{"a check", o["checks"].([]any)[0], "asked kind name outcome tick time_s"},
		{"counts", o["counts"], "hops"},
		{"a measure", o["measures"].(map[string]any)["waited"], "count max mean min p50 p90 p99 unit"},
		{"a series", o["series"].([]any)[0], "name tick value"},
	} {
		if got := keys(tc.in); got != tc.want {
			t.Errorf("%s has %s, want %s", tc.what, got, tc.want)
		}
	}
	if unit := o["measures"].(map[string]any)["waited"].(map[string]any)["unit"]; unit != "ns" {
		t.Errorf("unit %q", unit)
	}
	// What is a float is spelled as one, whatever its value.
	check := o["checks"].([]any)[0].(map[string]any)
	floats := []any{o["time_s"], o["wall_s"], o["measures"].(map[string]any)["waited"].(map[string]any)["mean"], check["time_s"]}
	floats = append(floats, o["series"].([]any)[0].(map[string]any)["value"].([]any)...)
	for i, v := range floats {
		if v != nil && !strings.ContainsAny(string(v.(json.Number)), ".e") {
			t.Errorf("float %d is %v", i, v)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// Results that cannot be written are no success.
func TestFullDisk(t *testing.T) {
	p := play(t)
	p.out = bufio.NewWriter(full{})
	if code := p.run([]string{"version"}); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if got := p.stderr.String(); got != "sim: results could not be written: no space left on device\n" {
		t.Errorf("stderr %q", got)
	}
}

// A panic of ours is no error of the user's.
func TestPanic(t *testing.T) {
	p := play(t)
	p.draw = func() uint64 { panic("planted") }
	if code := p.run([]string{"run", written(t, token)}); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	if !strings.HasPrefix(p.stderr.String(), "sim: a fault of sim, please report it: planted\n") {
		t.Errorf("stderr %q", p.stderr.String())
	}
}

func TestPaper(t *testing.T) {
	for _, tc := range []struct {
		env   map[string]string
		ascii bool
	}{
		{nil, false},
		{map[string]string{"LANG": "en_US.UTF-8"}, false},
		{map[string]string{"LANG": "C.utf8"}, false},
		{map[string]string{"LANG": "C"}, true},
		{map[string]string{"LANG": "de_DE.ISO-8859-1"}, true},
		{map[string]string{"LANG": "C", "LC_ALL": "C.UTF-8"}, false},
		{map[string]string{"LANG": "C.UTF-8", "LC_CTYPE": "POSIX"}, true},
		{map[string]string{"LANG": "C.UTF-8", "TERM": "linux"}, true},
	} {
		p := play(t)
		p.getenv = func(name string) string { return tc.env[name] }
		if got := paper(&p.edge, false).ASCII; got != tc.ascii {
			t.Errorf("%v: ASCII %v, want %v", tc.env, got, tc.ascii)
		}
	}
}

func TestRoughly(t *testing.T) {
	for _, tc := range []struct{ d, want value.Duration }{
		{0, 0}, {1, 1}, {999, 999}, {1004, 1000}, {1005, 1010}, {123456789, 123000000}, {999999, 1000000}, {-1236, -1240},
		{1<<63 - 1, 9220000000000000000}, {-1 << 63, -9220000000000000000},
	} {
		if got := roughly(tc.d); got != tc.want {
			t.Errorf("%d is roughly %d, want %d", tc.d, got, tc.want)
		}
	}
}
