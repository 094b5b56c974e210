//go:build !race

// Holds a station to what it promises viewers that are too slow, of libzmq by
// pyzmq: who stops reading is cut off, which is said; who reads slowly is given
// the newest, told how much it missed, and has the last state in the end; its
// small topic comes beside the big one; and one that reads misses nothing
// unannounced meanwhile. It is about time, of which the race detector leaves too
// little: what it would look at, the tests of the station do.
package publish

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"orrery/ecs"
)

func looker(t *testing.T, what, endpoint string) *bufio.Scanner {
	c := exec.Command("/usr/bin/python3", "-B", "testdata/slow.py", "../../../../clients/python", what, endpoint)
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
	return bufio.NewScanner(out)
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

func TestSlowViewers(t *testing.T) {
	var mu sync.Mutex
	var said []string
	m := newMeadowSaying(t, 100_000, func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		said = append(said, fmt.Sprintf(format, args...))
	})
	isCut := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Contains(strings.Join(said, "\n"), "viewers cut off: 1, the last because peer takes nothing")
	}
	endpoint, _ := m.station.Endpoints()
	looker(t, "stops", endpoint)
	lines := looker(t, "slow", endpoint)
	var s slowly
	told := make(chan error, 1)
	slow, once := make(chan struct{}), sync.Once{} // it has read as slowly as it does
	go func() {
		for lines.Scan() {
			if err := s.take(lines.Bytes()); err != nil {
				told <- err
				return
			}
			if s.frames == 15 {
				once.Do(func() { close(slow) })
			}
		}
		told <- lines.Err()
	}()
	for deadline, done := time.Now().Add(2*time.Minute), false; !done || !isCut(); {
		m.step()
		select {
		case <-slow:
			done = true
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("who stops is cut: %v; who is slow has read: %v; said: %q", isCut(), done, said)
		}
	}
	m.grown = time.Now().Add(time.Hour) // nothing changes any more
	want := m.digest()
	m.close()
	if err := <-told; err != nil {
		t.Fatal(err)
	}
	if !s.ended || s.last.CRC != want {
		t.Errorf("in the end (%v) it has %08x at tick %d, and the world had %08x at %d", s.ended, s.last.CRC, s.last.Tick, want, m.run.World.Tick())
	}
	if s.missed == 0 || s.clocks < 5 {
		t.Errorf("it has %d frames, %d clocks, and was told that %d frames were left out", s.frames, s.clocks, s.missed)
	}
	t.Logf("%d frames, %d clocks, %d left out and announced; said %q", s.frames, s.clocks, s.missed, said)
}
