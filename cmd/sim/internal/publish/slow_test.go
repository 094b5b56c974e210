// Holds a station to what it promises viewers that are too slow, of libzmq by
// pyzmq: who stops reading is cut off, which is said; who reads slowly is given
// the newest, told how much it missed, and has the last state in the end; its
// small topic comes beside the big one; and one that reads misses nothing
// unannounced meanwhile.
package publish

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"orrery/ecs"
	"orrery/netsync/zmq"
)

// looker starts a viewer. It is told by what is written to it, and tells by
// lines.
func looker(t *testing.T, what, endpoint string) (io.WriteCloser, *bufio.Scanner) {
	c := exec.Command("/usr/bin/python3", "-B", "testdata/slow.py", "../../../../clients/python", what, endpoint)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return in, bufio.NewScanner(out)
}

// digest is what the columns are.
func (m *meadow) digest() (sum uint32) {
	for _, f := range m.state.Fields() {
		var column []byte
		for row := range m.state.Rows() {
			column = binary.LittleEndian.AppendUint64(column, uint64(m.state.Int64At(row, f.Offset)))
		}
		sum = crc32.Update(sum, crc32.IEEETable, column)
	}
	return sum
}

// slowly is what a slow looker has said.
type slowly struct {
	frames, clocks, missed uint64
	last                   struct {
		Seq, Missed uint64
		Tick        ecs.Tick
		CRC         uint32
	}
	ended bool
}

func (s *slowly) take(line []byte) error {
	var is struct {
		Seq, Missed uint64
		Tick        ecs.Tick
		CRC         uint32
		Clock       *ecs.Tick
		Ended       bool
	}
	if err := json.Unmarshal(line, &is); err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	if is.Clock != nil {
		s.clocks++
		s.ended = is.Ended
		return nil
	}
	if s.frames > 0 && is.Seq != s.last.Seq+1+is.Missed-s.last.Missed {
		return fmt.Errorf("after %+v comes %+v: a gap that was not announced", s.last, is)
	}
	s.frames++
	s.missed = is.Missed
	s.last.Seq, s.last.Missed, s.last.Tick, s.last.CRC = is.Seq, is.Missed, is.Tick, is.CRC
	return nil
}

// keen is a viewer that reads.
type keen struct {
	frames atomic.Int64
	over   chan error
}

func newKeen(t *testing.T, m *meadow) *keen {
	k, err := m.join()
	if err != nil {
		t.Fatal(err)
	}
	w := &keen{over: make(chan error, 1)}
	t.Cleanup(func() { k.Close() })
	go func() { w.over <- w.follow(k) }()
	return w
}

func (w *keen) follow(k *zmq.Client) error {
	for seq := uint64(0); ; w.frames.Add(1) {
		_, h, err := next(k)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if seq > 0 && h.Seq != seq+1+h.Missed {
			return fmt.Errorf("after frame %d comes %d, which says that %d were left out", seq, h.Seq, h.Missed)
		}
		seq = h.Seq
	}
}

// A slow viewer reads a frame in the time in which a keen one has four, so that
// what the sockets hold for it is used up however fast the machine is.
func TestSlowViewers(t *testing.T) {
	const slower, paced = 4, 16
	var mu sync.Mutex
	var said []string
	at := "ipc://" + filepath.Join(t.TempDir(), "own", "meadow") // the least that sockets hold
	m := newMeadowOf(t, 20_000, Config{Frames: at, Requests: at + ".requests", Say: func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, fmt.Sprintf(format, args...))
	}})
	isCut := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(strings.Join(said, "\n"), "viewers cut off: 1, the last because peer takes nothing")
	}
	looker(t, "stops", at)
	tell, lines := looker(t, "slow", at)
	good := newKeen(t, m)
	var s slowly
	told := make(chan error, 1)
	var read, beside atomic.Int64 // frames, and clocks
	go func() {
		for lines.Scan() {
			if err := s.take(lines.Bytes()); err != nil {
				told <- err
				return
			}
			read.Store(int64(s.frames))
			beside.Store(int64(s.clocks))
		}
		told <- lines.Err()
	}()
	// Lines; the good one's frames, and the time, when the last was written.
	allowed, since, then := int64(0), int64(0), time.Now()
	for deadline := time.Now().Add(4 * time.Minute); read.Load() <= paced+5 || beside.Load() < 5 || !isCut(); {
		m.step()
		switch n := good.frames.Load(); {
		case read.Load() <= allowed || allowed > paced:
			since, then = n, time.Now()
		case allowed == paced:
			allowed++
			tell.Close() // it reads all from now on
		case n >= since+slower || time.Since(then) > 2*time.Second: // or it would be cut itself
			allowed, since, then = allowed+1, n, time.Now()
			fmt.Fprintln(tell)
		}
		if time.Now().After(deadline) {
			t.Fatalf("who stops is cut: %v; the slow one has read %d frames and %d clocks, the good one %d; said: %q", isCut(), read.Load(), beside.Load(), good.frames.Load(), said)
		}
	}
	m.grown = time.Now().Add(time.Hour) // nothing changes any more
	want := m.digest()
	m.close()
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if err := <-good.over; err != nil {
		t.Errorf("the good one: %v", err)
	}
	if !s.ended || s.last.CRC != want {
		t.Errorf("in the end (%v) it has %08x at tick %d, and the world had %08x at %d", s.ended, s.last.CRC, s.last.Tick, want, m.run.World.Tick())
	}
	if s.missed == 0 {
		t.Errorf("it has %d of %d frames, and was told of none that was left out", s.frames, good.frames.Load())
	}
	t.Logf("%d frames, %d clocks, %d left out and announced, the good one %d; said %q", s.frames, s.clocks, s.missed, good.frames.Load(), said)
}
