// Holds clients in Python and node to the world's own digests while it does what
// they cannot foresee: a replay, or a run, goes to other moments, and a publisher
// is killed and another one binds its endpoint.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"orrery/ecs"
)

// travelled is what a client says of a frame.
type travelled struct {
	Run   string
	Epoch uint64
	Tick  ecs.Tick
	CRC   uint32
}

// traveller is a client that goes places.
type traveller struct {
	t       *testing.T
	command *exec.Cmd
	lines   *bufio.Scanner
	want    map[ecs.Tick]uint32
}

func travel(t *testing.T, kind, endpoint string, want map[ecs.Tick]uint32, places ...string) *traveller {
	t.Helper()
	program, client, script := "/usr/bin/python3", filepath.Join(house, "clients", "python"), "testdata/peers/travel.py"
	if kind == "node" {
		program, client, script = "node", filepath.Join(house, "clients", "js"), "testdata/peers/travel.js"
	}
	c := exec.Command(program, append([]string{script, client, kind, endpoint}, places...)...)
	c.Env = append(os.Environ(), "NODE_PATH="+nodePath(), "PYTHONDONTWRITEBYTECODE=1")
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return &traveller{t, c, bufio.NewScanner(out), want}
}

// four are the frames up to the next move, each as the world was at its tick.
func (v *traveller) four() (all [4]travelled) {
	v.t.Helper()
	for i := range all {
		if !v.lines.Scan() {
			v.t.Fatalf("the client ends after %+v", all[:i])
		}
		f := &all[i]
		if err := json.Unmarshal(v.lines.Bytes(), f); err != nil {
			v.t.Fatal(err)
		}
		if sum, ok := v.want[f.Tick]; !ok || sum != f.CRC {
			v.t.Errorf("at tick %d of epoch %d it has digest %08x, and the world had %08x", f.Tick, f.Epoch, f.CRC, sum)
		}
		if i > 0 && (f.Run != all[0].Run || f.Epoch != all[0].Epoch || f.Tick <= all[i-1].Tick) {
			v.t.Errorf("after %+v comes %+v, and nobody went anywhere", all[i-1], *f)
		}
	}
	return all
}

var travellers = []string{"python", "plain", "node"}

func TestClientsGoInAReplay(t *testing.T) {
	name := written(t, published)
	want := columnDigests(t, name)
	trace := filepath.Join(t.TempDir(), "a.mcap")
	play(t).run([]string{"run", name, "--seed", "1", "--quiet", "--trace", trace})
	for _, kind := range travellers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			sim := startCommand(t, "replay", trace, "--publish", ipcAt(t), "--pace", "0.05", "--wait", "1", "--stay")
			goPlaces(t, sim, kind, want, true)
		})
	}
}

func TestClientsGoInARun(t *testing.T) {
	name := written(t, published)
	want := columnDigests(t, name)
	for _, kind := range travellers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			trace := filepath.Join(t.TempDir(), "run.mcap")
			sim := startSim(t, name, "--seed", "1", "--quiet", "--trace", trace, "--publish", ipcAt(t), "--pace", "0.05", "--wait", "1", "--stay")
			goPlaces(t, sim, kind, want, false)
			if _, err := os.Stat(filepath.Join(filepath.Dir(trace), "run.3.mcap")); err != nil {
				t.Error(err)
			}
		})
	}
}

// goPlaces has a client go on, back, back to the start, and on.
func goPlaces(t *testing.T, sim *running, kind string, want map[ecs.Tick]uint32, replays bool) {
	places, epochs := []int{700, 300, 0, 900}, []uint64{1, 2, 3, 3} // a run that goes on goes on in its epoch
	if replays {
		epochs = []uint64{2, 3, 4, 5}
	}
	var texts []string
	for _, at := range places {
		texts = append(texts, fmt.Sprint(at))
	}
	v := travel(t, kind, sim.frames, want, texts...)
	before := v.four()[3]
	for i, at := range places {
		frames := v.four()
		first := frames[0]
		if first.Run != before.Run || first.Epoch != epochs[i] {
			t.Errorf("after %+v and going to %d comes %+v, and not epoch %d", before, at, first, epochs[i])
		}
		if first.Epoch > before.Epoch && first.Tick < ecs.Tick(at) {
			t.Errorf("after going to %d it is at %d", at, first.Tick)
		}
		before = frames[3]
	}
	if err := v.command.Wait(); err != nil {
		t.Error(err)
	}
	if err := sim.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest, _ := io.ReadAll(sim.said)
	sim.command.Wait() // interrupted, before or after its end
	t.Logf("%s%s", rest, sim.out.String())
}

func TestClientsSeeARestart(t *testing.T) {
	name := written(t, published)
	want := columnDigests(t, name)
	for _, kind := range travellers {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := ipcAt(t)
			start := func() *running {
				return startSim(t, name, "--seed", "1", "--quiet", "--publish", at, "--pace", "0.05", "--wait", "1")
			}
			sim := start()
			v := travel(t, kind, at, want, "300", "restart")
			first := v.four()[0]
			v.four()
			sim.command.Process.Kill() // it says goodbye to nobody
			sim.command.Wait()
			start()
			again := v.four()[0]
			if again.Run == first.Run || again.Epoch != 1 {
				t.Errorf("after %+v and a restart comes %+v", first, again)
			}
		})
	}
}
