package publish

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"orrery/ecs"
)

// threadTime is what this thread has had of a processor, whatever else the
// machine does.
func threadTime(b *testing.B) time.Duration {
	const thisThread = 1 // RUSAGE_THREAD, see getrusage(2)
	var u syscall.Rusage
	if err := syscall.Getrusage(thisThread, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSimulationThread is what publishing 100,000 nodes with four fields at
// 30 Hz takes of the simulation's thread, in percent of a core, by viewers.
func BenchmarkSimulationThread(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	percent := map[int][]float64{}
	counts := []int{0, 1, 20}
	for range 5 {
		for _, viewers := range counts {
			percent[viewers] = append(percent[viewers], tapped(b, viewers, time.Second))
		}
	}
	for b.Loop() {
	}
	for _, viewers := range counts {
		slices.Sort(percent[viewers])
		b.ReportMetric(percent[viewers][2], fmt.Sprintf("%%/%d-viewers", viewers))
	}
}

func tapped(b *testing.B, viewers int, wanted time.Duration) float64 {
	m := newMeadow(b, 100_000)
	defer m.close()
	var group sync.WaitGroup
	defer group.Wait()
	var frames sync.WaitGroup
	for range viewers {
		k, err := m.join()
		if err != nil {
			b.Fatal(err)
		}
		defer k.Close()
		group.Add(1)
		frames.Add(3)
		go func() {
			defer group.Done()
			for n := 0; ; n++ {
				if _, _, err := next(k); err != nil {
					return
				}
				if n < 3 {
					frames.Done()
				}
			}
		}()
	}
	all := make(chan struct{})
	go func() { frames.Wait(); close(all) }()
	for begun := false; !begun; {
		m.step()
		select {
		case <-all:
			begun = true
		default:
		}
	}
	var spent time.Duration
	m.served = func(call func()) {
		before := threadTime(b)
		call()
		spent += threadTime(b) - before
	}
	began := time.Now()
	for time.Since(began) < wanted {
		m.step()
	}
	return 100 * spent.Seconds() / time.Since(began).Seconds()
}

// BenchmarkLateJoiner compares how long a keyframe of a million nodes with four
// fields is on its way to who just subscribed with a copy of as many bytes from
// one TCP connection's end to the other, in turn, and gives the ratio of the
// medians.
func BenchmarkLateJoiner(b *testing.B) {
	m := newMeadow(b, 1_000_000)
	defer m.close()
	m.grown = time.Now().Add(time.Hour) // nothing changes
	present, err := m.join()            // so that there is a state to give
	if err != nil {
		b.Fatal(err)
	}
	defer present.Close()
	received := make(chan int, 1)
	go func() {
		f, _, _ := next(present)
		received <- len(f.Body)
	}()
	size := 0
	for size == 0 {
		m.step()
		select {
		case size = <-received:
		default:
		}
	}
	var ours, raw []float64
	for range 7 {
		ours = append(ours, joinLate(b, m, size).Seconds())
		raw = append(raw, copied(b, size).Seconds())
	}
	for b.Loop() {
	}
	slices.Sort(ours)
	slices.Sort(raw)
	b.ReportMetric(1000*ours[3], "ms")
	b.ReportMetric(1000*raw[3], "raw-ms")
	b.ReportMetric(ours[3]/raw[3], "ratio")
}

// joinLate makes a state that nobody has had a keyframe of, and joins.
func joinLate(b *testing.B, m *meadow, size int) time.Duration {
	for tick := m.run.World.Tick(); m.shownAt() <= tick; {
		m.step()
	}
	began := time.Now()
	k, err := m.join()
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	f, h, err := next(k)
	if err != nil || len(f.Body) != size {
		b.Fatalf("%d bytes, %+v, %v", len(f.Body), h, err)
	}
	return time.Since(began)
}

// shownAt is the tick that viewers have.
func (m *meadow) shownAt() ecs.Tick {
	m.station.mu.Lock()
	defer m.station.mu.Unlock()
	return m.station.tick
}

// copied sends bytes from memory to memory.
func copied(b *testing.B, size int) time.Duration {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	from := make([]byte, size)
	go func() {
		c, err := l.Accept()
		if err == nil {
			c.Write(from)
			c.Close()
		}
	}()
	began := time.Now()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	to := make([]byte, size)
	if _, err := io.ReadFull(c, to); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// BenchmarkStall is how long the simulation's thread is held up at most by one
// look at what viewers want, of a million nodes with four fields: with one viewer
// that stays, and with two more that come and go all the time, each of which
// needs a keyframe. Beside the time by the clock, which other programs add to, it
// gives the thread's own; and how long who stays waits at most for a frame.
func BenchmarkStall(b *testing.B) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for b.Loop() {
	}
	for _, joiners := range []int{0, 2} {
		s := stalled(b, joiners, 10*time.Second)
		slices.Sort(s.wall)
		slices.Sort(s.own)
		slices.Sort(s.gaps)
		for name, all := range map[string][]time.Duration{"stall": s.wall, "own": s.own, "gap": s.gaps} {
			b.ReportMetric(1000*all[len(all)-1].Seconds(), fmt.Sprintf("ms-longest-%s/%d-joining", name, joiners))
			b.ReportMetric(1000*all[len(all)/2].Seconds(), fmt.Sprintf("ms-median-%s/%d-joining", name, joiners))
		}
		b.ReportMetric(float64(s.joins), fmt.Sprintf("joins/%d-joining", joiners))
	}
}

type stalls struct {
	wall, own []time.Duration // of looks that found something wanted
	gaps      []time.Duration // between frames of who stays
	joins     int64
}

func stalled(b *testing.B, joiners int, wanted time.Duration) *stalls {
	m := newMeadow(b, 1_000_000)
	defer m.close()
	var s stalls
	var group sync.WaitGroup
	var joins atomic.Int64
	over := make(chan struct{})
	stays, err := m.join()
	if err != nil {
		b.Fatal(err)
	}
	group.Add(1)
	go func() {
		defer group.Done()
		for last := (time.Time{}); ; last = time.Now() {
			if _, _, err := next(stays); err != nil {
				return
			}
			if !last.IsZero() {
				s.gaps = append(s.gaps, time.Since(last))
			}
		}
	}()
	for range joiners {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-over:
					return
				default:
				}
				k, err := m.join()
				if err != nil {
					return
				}
				if _, _, err := next(k); err == nil {
					joins.Add(1)
				}
				k.Close()
			}
		}()
	}
	m.served = func(call func()) {
		if m.station.tap.waiting.Load() == nil {
			return
		}
		began, before := time.Now(), threadTime(b)
		call()
		s.wall, s.own = append(s.wall, time.Since(began)), append(s.own, threadTime(b)-before)
	}
	for began := time.Now(); time.Since(began) < wanted; {
		m.step()
	}
	close(over)
	ended := make(chan struct{})
	go func() { stays.Close(); group.Wait(); close(ended) }()
	for done := false; !done; {
		m.step()
		select {
		case <-ended:
			done = true
		default:
		}
	}
	s.joins = joins.Load()
	return &s
}
