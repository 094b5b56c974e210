// Proves that a trace is the run it is of: the same bytes for the same run
// whatever happens around it, every digest met again by a run made anew, from
// the start and from every snapshot, and a run that went another way found out.
package trace_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/foxglove/mcap/go/mcap"
	"github.com/google/go-cmp/cmp"

	"orrery/ecs"
	"orrery/scheduler"
	"orrery/scheduler/trace"
	"orrery/systems"
)

var kinds = []trace.Compression{trace.Zstd, trace.LZ4, trace.None}

func TestSameRunSameBytes(t *testing.T) {
	for _, kind := range kinds {
		want := record(t, newChatter(1, 0), kind, 800, nil)
		for _, procs := range []int{1, 4} {
			before := runtime.GOMAXPROCS(procs)
			tails := 0
			got := record(t, newChatter(1, 0), kind, 800, func(r *trace.Recorder) { tails += len(r.Tail()) })
			runtime.GOMAXPROCS(before)
			if !bytes.Equal(want, got) {
				t.Errorf("%q, GOMAXPROCS %d, flushed after every tick (%d bytes): another file", kind, procs, tails)
			}
		}
		if bytes.Equal(want, record(t, newChatter(2, 0), kind, 800, nil)) {
			t.Errorf("%q: another seed makes the same file", kind)
		}
	}
}

// Being recorded changes nothing in a run.
func TestRecordingOnlyLooks(t *testing.T) {
	c := newChatter(1, 0)
	record(t, c, trace.Zstd, 400, nil)
	d := newChatter(1, 0)
	for d.Next() <= 200 {
		d.Step()
	}
	d.At(201, systems.Action{Verb: systems.Message, Target: d.nodes[5], Kind: d.hello, A: 77})
	if err := d.RunUntil(400); err != nil {
		t.Fatal(err)
	}
	if got, want := c.World.Digest(), d.End().Digest; got != want {
		t.Errorf("recorded, the run ends with %016x, and else with %016x", got, want)
	}
}

func TestVerify(t *testing.T) {
	for _, kind := range kinds {
		f := open(t, record(t, newChatter(1, 0), kind, 800, nil))
		if n, err := trace.Verify(f, newChatter(1, 0).Run); err != nil || n < 290 {
			t.Errorf("%q: %d digests, %v", kind, n, err)
		}
		moments := f.Moments(newChatter(1, 0).Run)
		if len(moments) < 6 {
			t.Fatalf("snapshots at %v", moments)
		}
		for _, at := range append(moments, 0, 150, 799) {
			c := newChatter(1, 0)
			n, err := f.Replay(c.Run, at, 800)
			if err != nil || n == 0 && at < 799 {
				t.Errorf("%q from %d: %d digests, %v", kind, at, n, err)
			}
			if got := fmt.Sprintf("%016x", uint64(c.End().Digest)); got != ends(t, f)["digest"] {
				t.Errorf("from %d the run ends with %s", at, got)
			}
		}
	}
}

func ends(t *testing.T, f *trace.File) map[string]string {
	t.Helper()
	end, err := f.Metadata("end")
	if err != nil {
		t.Fatal(err)
	}
	return end
}

// A run that is not the trace's is found out in the tick in which it parts, and
// where the trace has values, they say in what: its columns, or, without, the
// next snapshot. Checkpoints say which tables.
func TestDivergence(t *testing.T) {
	c := newChatter(1, 0)
	bare := c.config(trace.Zstd)
	bare.Columns = nil
	var b bytes.Buffer
	if _, err := trace.Record(&b, bare, 800); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		f       *trace.File
		most    ecs.Tick // up to which it is found
		snippet string
	}{
		{"columns", open(t, record(t, newChatter(1, 0), trace.Zstd, 800, nil)), 490, "walker.state of walker[3]: Steps: "},
		{"snapshots", open(t, b.Bytes()), 500, "walker.state of walker["},
	} {
		_, err := trace.Verify(tc.f, newChatter(1, 420).Run)
		var m *trace.Mismatch
		if !errors.As(err, &m) || m.Tick < 420 || m.Tick > 500 || m.Found != nil {
			t.Fatal(err)
		}
		if err := tc.f.Locate(m, func() (*scheduler.Run, error) { return newChatter(1, 420).Run, nil }); err != nil {
			t.Fatal(err)
		}
		t.Log(m)
		if m.Found == nil || m.Found.Tick < 420 || m.Found.Tick > tc.most || !strings.Contains(m.Error(), tc.snippet) || m.Found.A == m.Found.B {
			t.Errorf("%s: %v", tc.name, m)
		}
		if m.PartsTick != 800 || !slices.Contains(m.Parts, "walker.state") {
			t.Errorf("%s: parts %v differ at tick %d", tc.name, m.Parts, m.PartsTick)
		}
		if _, err = trace.Verify(tc.f, newChatter(2, 0).Run); !errors.As(err, &m) || m.Tick > 30 {
			t.Errorf("another seed: %v", err)
		}
	}
}

// At checkpoints a difference is found that no message shows, and is said to
// have arisen after the one before.
func TestDivergenceOfStateAlone(t *testing.T) {
	var b bytes.Buffer
	c := newChatter(1, 0)
	if _, err := trace.Record(&b, trace.Config{Run: c.Run}, 20_000); err != nil {
		t.Fatal(err)
	}
	f := open(t, b.Bytes())
	silent := func() (*scheduler.Run, error) {
		c := newChatter(1, 0)
		c.silent = 15_000
		return c.Run, nil
	}
	run, _ := silent()
	_, err := trace.Verify(f, run)
	var m *trace.Mismatch
	if !errors.As(err, &m) {
		t.Fatal(err)
	}
	if err := f.Locate(m, silent); err != nil {
		t.Fatal(err)
	}
	t.Log(m)
	if m.Same < 1 || m.Same >= 15_000 || m.PartsTick < 15_000 || len(m.Parts) != 1 || m.Parts[0] != "walker.state" || m.Found == nil || m.Found.Node != "walker[3]" || m.Found.Field != "Far" {
		t.Errorf("%+v", m)
	}
}

func TestFork(t *testing.T) {
	f := open(t, record(t, newChatter(1, 0), trace.Zstd, 800, nil))
	child := newChatter(1, 0)
	if _, err := f.Replay(child.Run, 250, 250); err != nil || child.World.Tick() != 250 {
		t.Fatal(err, child.World.Tick())
	}
	child.World.Reseed(9)
	g := open(t, record(t, child, trace.Zstd, 500, nil))
	if g.Begin() != 250 {
		t.Errorf("the fork begins at %d", g.Begin())
	}
	if n, err := trace.Verify(g, newChatter(1, 0).Run); err != nil || n < 80 {
		t.Errorf("the fork's own trace: %d digests, %v", n, err)
	}
	if ends(t, g)["digest"] == ends(t, f)["digest"] {
		t.Error("another seed changed nothing")
	}
}

func TestTopics(t *testing.T) {
	f := open(t, record(t, newChatter(1, 0).withFigures(), trace.None, 400, nil))
	count := map[string]int{}
	var first []string
	err := f.Each("", 0, 0, func(m *trace.Entry) error {
		if count[m.Topic]++; count[m.Topic] == 1 && m.Encoding == "json" {
			first = append(first, m.Topic+" "+string(m.Data))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"inputs": 1, "faults": 3, "events": 5, "checks": 1, "series": 41, "digests": 5, "checkpoints": 1, "counts": 4, "measures": 32, "snapshots": 4, "columns/0": 57}
	if diff := cmp.Diff(want, count); diff != "" {
		t.Error(diff)
	}
	wantFirst := []string{
		`events {"tick":0,"time_s":0.0,"node":"walker[1]","kind":"hundred","fields":{"n":0}}`,
		`series {"tick":0,"time_s":0.0,"series":"steps","value":0.0}`,
		`counts {"tick":100,"time_s":0.1,"name":"heard","value":30}`,
		`measures {"tick":100,"time_s":0.1,"name":"far","unit":"","count":30,"min":1,"mean":`,
		`faults {"tick":50,"time_s":0.05,"verb":"crash","nodes":["walker[2]"]}`,
	}
	for _, w := range wantFirst {
		if !strings.Contains(strings.Join(first, "\n"), w) {
			t.Errorf("no %s in\n%s", w, strings.Join(first, "\n"))
		}
	}
	sources, err := f.Sources()
	if err != nil || len(sources) != 2 || sources[0].Name != "a.star" || string(sources[0].Data) != "hello" {
		t.Error(sources, err)
	}
	if nodes := f.Nodes("columns/0"); len(nodes) != 7 || nodes[6] != "walker[6]" {
		t.Error(nodes)
	}
}

// Columns are what the nodes held, when frames are put together.
func TestColumns(t *testing.T) {
	c := newChatter(1, 0)
	steps := map[ecs.Tick]int64{}
	b := record(t, c, trace.Zstd, 600, func(*trace.Recorder) { steps[c.World.Tick()] = ecs.State[walker](c.World, c.nodes[4]).Steps })
	now, frames := int64(0), 0
	err := open(t, b).Each("columns/0", 0, 0, func(m *trace.Entry) error {
		f, err := trace.ParseFrame(m.Data)
		if err != nil {
			return err
		}
		for row := range f.Rows {
			node := row
			column := 0
			if f.Kind == "delta" {
				node, column = int(f.Value(0, row).(uint64)), 1
			}
			if node == 4 {
				now = f.Value(column, row).(int64)
			}
		}
		if frames++; now != steps[f.Tick] {
			t.Errorf("tick %d: %d steps in the trace, and %d were made", f.Tick, now, steps[f.Tick])
		}
		return nil
	})
	if err != nil || frames < 65 {
		t.Error(frames, err)
	}
}

// Other people's reader finds the same: by index and without, with every sum
// checked.
func TestTheLibraryReadsIt(t *testing.T) {
	for _, kind := range kinds {
		b := record(t, newChatter(1, 0), kind, 400, nil)
		r, err := mcap.NewReader(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		info, err := r.Info()
		if err != nil {
			t.Fatal(err)
		}
		for _, indexed := range []bool{true, false} {
			r, err := mcap.NewReader(bytes.NewReader(b)) // one that has not been at the end
			if err != nil {
				t.Fatal(err)
			}
			it, err := r.Messages(mcap.UsingIndex(indexed))
			if err != nil {
				t.Fatal(err)
			}
			n := uint64(0)
			for {
				s, channel, _, err := it.NextInto(nil)
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if n++; channel.MessageEncoding == "json" && (s == nil || s.Encoding != "jsonschema") {
					t.Fatalf("topic %s is JSON without a schema", channel.Topic)
				}
			}
			if n == 0 || n != info.Statistics.MessageCount {
				t.Errorf("%q, by index %v: %d messages of %d", kind, indexed, n, info.Statistics.MessageCount)
			}
		}
		a, err := r.GetAttachmentReader(info.AttachmentIndexes[0].Offset)
		if err != nil || a.Name != "a.star" {
			t.Fatal(err)
		}
		lexer, err := mcap.NewLexer(bytes.NewReader(b), &mcap.LexerOptions{ValidateChunkCRCs: true, ComputeAttachmentCRCs: true})
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, _, err = lexer.Next(nil)
		}
		if err != io.EOF {
			t.Error(err)
		}
	}
}
