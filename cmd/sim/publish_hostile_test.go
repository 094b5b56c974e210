// Holds sim run --publish, as a process, against clients that mean ill. Judged
// are: a good viewer's frames, each of which follows the one before or says how
// many it left out, and of which there are enough in seconds of the run, or a third
// as many as another one has of a run beside it that nobody attacks: a machine that
// has other things to do gives few to both; the run's digest; the process's memory at its peak; its descriptors;
// what it says, with which nobody may fill a log. Requests go on being answered.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/netsync/zmq/hostile"
)

// hostileBound is what the process may take at its peak, resident: two
// endpoints' connections and handshakes, 54 MiB by netsync/zmq's doc.go, and the
// 16 MiB of requests that may wait, all twice as garbage counts until it is
// collected; and 56 MiB for the run, its program and Go.
const hostileBound = memoryFactor * 196 << 20

func TestHostileClientsOfARun(t *testing.T) {
	t.Run("NULL", func(t *testing.T) {
		t.Parallel()
		underAttack(t, hostile.Attacks, 14*time.Second, nil, nil)
	})
	t.Run("CURVE", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "keys")
		if _, err := zmq.Keygen(dir, "ada"); err != nil {
			t.Fatal(err)
		}
		keys, err := zmq.LoadClientKeys(dir, "ada")
		if err != nil {
			t.Fatal(err)
		}
		underAttack(t, curveAttacks(t, keys), 4*time.Second, keys, []string{"--curve-keys", dir})
	})
}

func curveAttacks(t *testing.T, good *zmq.ClientKeys) []hostile.Attack {
	return []hostile.Attack{
		{Name: "wrong keys", Run: func(a *hostile.Arena) {
			a.Each(50, func(i int) {
				keys := &zmq.ClientKeys{KeyPair: zmq.NewKeyPair(), Server: good.Server}
				if i%2 == 0 {
					keys.Server = zmq.NewKeyPair().Public
				}
				for address, as := range map[string]string{a.Publisher: "SUB", a.Requests: "DEALER"} {
					if k, err := zmq.Dial(t.Context(), zmq.DialConfig{Endpoint: "tcp://" + address, Type: as, Keys: keys}); err == nil {
						t.Error("a stranger got in")
						k.Close()
					}
				}
			})
		}},
		{Name: "wrong mechanism", Run: func(a *hostile.Arena) {
			a.Each(50, func(int) { a.Raw(a.Publisher, 100*time.Millisecond, hostile.Begin("SUB"), []byte("\x00\x01\x01")) })
		}},
		{Name: "garbage for HELLO", Run: func(a *hostile.Arena) {
			a.Each(100, func(i int) {
				garbage := bytes.Repeat([]byte{byte(i)}, 194)
				a.Raw(a.Requests, 100*time.Millisecond, hostile.Greeting("CURVE", false), hostile.Command("HELLO", garbage))
			})
		}},
		hostile.Named("10,000 connect and close"),
	}
}

// underAttack runs a scenario that goes on for as long as the attacks may, and
// stays for those that a slow machine leaves for later.
func underAttack(t *testing.T, attacks []hostile.Attack, most time.Duration, keys *zmq.ClientKeys, more []string) {
	until := fmt.Sprintf("run(until = %q)", most+time.Second)
	name := written(t, strings.Replace(published, `run(until = "2s")`, until, 1))
	sim := startSim(t, append([]string{name, "--seed", "1", "--publish", "tcp://127.0.0.1:0", "--pace", "1", "--wait", "1", "--stay", "--quiet"}, more...)...)
	beside := startSim(t, name, "--seed", "1", "--publish", "tcp://127.0.0.1:0", "--pace", "1", "--wait", "1", "--quiet")
	spared := goodViewer(t, beside, nil)
	good := goodViewer(t, sim, keys)
	began := time.Now()
	over := began.Add(most)
	said := make(chan string, 1)
	go func() { // what is said of the attacks must not fill a pipe
		b, _ := io.ReadAll(sim.said)
		said <- string(b)
	}()
	before := sim.open(t)
	for _, a := range attacks {
		frames, answers := good.frames.Load(), good.answers.Load()
		at := time.Now()
		a.Run(&hostile.Arena{
			Publisher: strings.TrimPrefix(sim.frames, "tcp://"), Requests: strings.TrimPrefix(sim.requests, "tcp://"), Over: over,
		})
		for deadline := time.Now().Add(time.Minute); good.frames.Load() == frames || good.answers.Load() == answers; time.Sleep(time.Millisecond) {
			if now := time.Now(); now.After(over) || now.After(deadline) {
				break // the count of frames tells
			}
		}
		t.Logf("%s: %s, %d frames, %d answers", a.Name, time.Since(at).Round(time.Millisecond), good.frames.Load()-frames, good.answers.Load()-answers)
	}
	for deadline := time.Now().Add(time.Minute); sim.open(t) > before && time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
	}
	left, peak := sim.open(t)-before, sim.peak(t)
	select { // the summary is printed when the run ends, and then it stays
	case <-sim.out.printed:
	case <-time.After(time.Until(began.Add(most + 2*time.Minute))):
	}
	if err := sim.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	beside.wait()
	<-spared.over
	<-good.over
	text := <-said
	if err := sim.command.Wait(); err != nil {
		t.Errorf("it ends with %v: %.2000s", err, text)
	}
	if left > 0 {
		t.Errorf("%d descriptors are left open", left)
	}
	if len(text) > 64<<10 {
		t.Errorf("it says %d bytes of who attacks, beginning with %.300s", len(text), text)
	}
	if peak > hostileBound {
		t.Errorf("it took %d MiB, over the bound of %d MiB", peak>>20, hostileBound>>20)
	}
	if rate, other := good.rate(), spared.rate(); rate < min(leastRate, other/3) {
		t.Errorf("the good viewer got %.1f frames a second of the run, and not %d; who nobody attacks got %.1f", rate, leastRate, other)
	}
	t.Logf("%d frames in %s, %d missed and announced, %d answers, peak %d MiB, %d bytes said", good.frames.Load(), good.lasted, good.missed, good.answers.Load(), peak>>20, len(text))
	alone := play(t)
	alone.run([]string{"run", name, "--seed", "1", "--quiet"})
	if watched := lineOf(sim.out.String(), "digest"); watched == "" || watched != lineOf(alone.stdout.String(), "digest") {
		t.Errorf("attacked: %s; alone: %s", watched, lineOf(alone.stdout.String(), "digest"))
	}
}

// open is how many descriptors the process has.
func (r *running) open(t *testing.T) int {
	list, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", r.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// peak is the most that the process had resident, in bytes.
func (r *running) peak(t *testing.T) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	n, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n << 10
}

// A goodFellow follows columns and asks for the schema, until the run ends.
type goodFellow struct {
	frames, answers atomic.Int64
	missed          uint64
	lasted          time.Duration // of the run, as frames tell
	over            chan struct{}
}

// rate is how many frames there were in a second of the run.
func (g *goodFellow) rate() float64 {
	if g.lasted == 0 {
		return 0
	}
	return float64(g.frames.Load()) / g.lasted.Seconds()
}

func (g *goodFellow) isOver() bool {
	select {
	case <-g.over:
		return true
	default:
		return false
	}
}

func goodViewer(t *testing.T, sim *running, keys *zmq.ClientKeys) *goodFellow {
	dial := func(endpoint, as string) *zmq.Client {
		k, err := zmq.Dial(t.Context(), zmq.DialConfig{Endpoint: endpoint, Type: as, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { k.Close() })
		return k
	}
	g := &goodFellow{over: make(chan struct{})}
	frames, requests := dial(sim.frames, "SUB"), dial(sim.requests, "DEALER")
	if err := frames.Subscribe("columns/member"); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(g.over)
		g.follow(t, frames)
	}()
	go func() {
		for id := uint64(1); !g.isOver(); id++ {
			if requests.Send([][]byte{netsync.AppendRequest(nil, netsync.Request{Version: netsync.Version, ID: id, Do: netsync.DoSchema})}) != nil {
				return
			}
			if _, err := requests.Receive(); err != nil {
				return
			}
			g.answers.Add(1)
			time.Sleep(50 * time.Millisecond)
		}
	}()
	return g
}

func (g *goodFellow) follow(t *testing.T, k *zmq.Client) {
	replica := netsync.NewReplica("columns/member")
	first, seq := ecs.Tick(-1), uint64(0)
	for {
		parts, err := k.Receive()
		if err != nil {
			return // the run's end; if it is not, there are too few frames
		}
		f, err := netsync.ParseFrame(parts)
		if err != nil {
			t.Error(err)
			return
		}
		missed := replica.Missed()
		if verdict, err := replica.Apply(f); verdict != netsync.Applied {
			t.Errorf("a frame is %s: %v", verdict, err)
			return
		}
		left := replica.Missed() - missed
		if seq > 0 && replica.Seq() != seq+1+left {
			t.Errorf("after frame %d comes %d, which says that %d were left out", seq, replica.Seq(), left)
		}
		if first < 0 {
			first = replica.Tick()
		}
		seq = replica.Seq()
		g.missed, g.lasted = replica.Missed(), time.Duration(replica.Tick()-first)*time.Millisecond
		g.frames.Add(1)
	}
}
