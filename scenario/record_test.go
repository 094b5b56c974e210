// Proves that a trace of a scenario is all of it: straight, replayed, restored
// from every snapshot in the trace, forked and run on, the digests are the
// same, for every scenario that comes with Orrery and one that uses what state
// a script can have; and that events and exports come out as they went in.
package scenario

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"orrery/ecs"
	"orrery/scheduler/trace"
)

// recorded runs a scenario up to a tick, and returns its trace and how it ended.
func recorded(t testing.TB, s *Scenario, until ecs.Tick) (*trace.File, string) {
	t.Helper()
	var b bytes.Buffer
	c := s.Recording()
	c.Every = s.Run.World.Time(until) / 5
	r, err := trace.NewRecorder(&b, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run.RunUntil(until); err != nil {
		t.Fatal(err)
	}
	sum := s.Run.End()
	if err := r.Close(&sum); err != nil {
		t.Fatal(err)
	}
	f, err := trace.Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || f.Cut() != "" {
		t.Fatal(err, f.Cut())
	}
	return f, fmt.Sprintf("%016x", uint64(sum.Digest))
}

func TestDeterminismOfTraces(t *testing.T) {
	for _, x := range sources() {
		t.Run(x.name, func(t *testing.T) {
			f, want := recorded(t, x.load(t, 5), x.until)
			if n, err := trace.Verify(f, x.load(t, 5).Run); err != nil || n < 3 {
				t.Fatalf("%d digests, %v", n, err)
			}
			moments := f.Moments(x.load(t, 5).Run)
			if len(moments) < 2 {
				t.Fatalf("snapshots at %v", moments)
			}
			for _, at := range moments {
				s := x.load(t, 5)
				if _, err := f.Replay(s.Run, at, x.until); err != nil {
					t.Fatalf("from %d: %v", at, err)
				}
				if got := fmt.Sprintf("%016x", uint64(s.Run.End().Digest)); got != want {
					t.Errorf("from the snapshot at %d the run ends with %s, want %s", at, got, want)
				}
			}
			middle := moments[len(moments)/2] + 3
			s := x.load(t, 5)
			if _, err := f.Replay(s.Run, middle, middle); err != nil {
				t.Fatal(err)
			}
			fork, got := recorded(t, s, x.until)
			if got != want {
				t.Errorf("forked at %d the run ends with %s, want %s", middle, got, want)
			}
			if _, err := trace.Verify(fork, x.load(t, 5).Run); err != nil {
				t.Errorf("the fork's own trace: %v", err)
			}
		})
	}
}

func TestWhatIsNotedInATrace(t *testing.T) {
	s := labSeeded(t, 1, `
def go(me):
    me.n += 1
    note("all", none = None, yes = True, big = 1 << 70, part = 0.5, odd = float("nan"), text = "a\"b", list = [1, (2, "x")], map = {"k": 1, 2: me}, wait = duration("3ms"), on = struct(a = 1))
    print("n is", me.n)

n = nodes("n", 2, program(state = {"n": 0, "f": 0.5, "up": False, "box": []}, on_start = go))
export("n", "f", "up", "box", of = n)
run(until = "10ms")
`)
	f, _ := recorded(t, s, 10)
	var got []string
	if err := f.Each(trace.Events, 0, 0, func(m *trace.Entry) error { got = append(got, string(m.Data)); return nil }); err != nil {
		t.Fatal(err)
	}
	want := `{"tick":0,"time_s":0.0,"node":"n[0]","kind":"all","fields":{"big":1180591620717411303424,"list":[1,[2,"x"]],"map":{"$dict":[["k",1],[2,"n[0]"]]},"none":null,"odd":"nan","on":{"a":1},"part":0.5,"text":"a\"b","wait":"3ms","yes":true}}`
	if len(got) != 4 || got[0] != want || !strings.Contains(got[1], `"kind":"print","fields":{"text":"n is 1"}`) {
		t.Errorf("%s\nwant %s", strings.Join(got, "\n"), want)
	}
	err := f.Each("columns/0", 0, 0, func(m *trace.Entry) error {
		frame, err := trace.ParseFrame(m.Data)
		if err != nil {
			return err
		}
		if len(frame.Columns) != 3 || frame.Rows != 2 || frame.Value(0, 1) != int64(1) || frame.Value(1, 1) != 0.5 || frame.Value(2, 0) != false {
			t.Errorf("%+v", frame)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
