// Holds a station to its word while a hundred viewers join and leave at thirty
// frames a second, of a hundred thousand nodes a tenth of which change: no frame
// is left out without being announced, whatever the machine can carry, every
// replica is the world's by digest, and nothing is left in the end.
package publish

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"orrery/netsync"
)

var soak = flag.Duration("soak", 3*time.Second, "how long TestSoak goes on; 5m by hand")

const soakViewers = 100

type soaked struct {
	frames, missed, visits, keyframes, again atomic.Uint64
}

func TestSoak(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	m := newMeadow(t, 100_000)
	var (
		all   soaked
		group sync.WaitGroup
		over  = make(chan struct{})
	)
	for i := range soakViewers {
		group.Add(1)
		go func() {
			defer group.Done()
			draws := rand.New(rand.NewPCG(7, uint64(i)))
			time.Sleep(time.Duration(i) * 5 * time.Millisecond) // there may be 64 handshakes at once
			for {
				select {
				case <-over:
					return
				default:
				}
				stay := time.Duration(200+draws.IntN(3000)) * time.Millisecond
				if err := all.visit(m, stay, i%10 == 0); err != nil {
					t.Errorf("viewer %d: %v", i, err)
					return
				}
			}
		}()
	}
	for began := time.Now(); time.Since(began) < *soak; {
		m.step()
	}
	close(over)
	left := make(chan struct{})
	go func() { group.Wait(); close(left) }()
	for gone := false; !gone; {
		m.step()
		select {
		case <-left:
			gone = true
		default:
		}
	}
	frames := m.station.publishedFrames()
	m.close()
	if all.visits.Load() < soakViewers {
		t.Errorf("%d visits in all", all.visits.Load())
	}
	t.Logf("%d visits, %d frames (%d of them keyframes) of %d published, %d left out and announced, %d joins were refused and came again",
		all.visits.Load(), all.frames.Load(), all.keyframes.Load(), frames, all.missed.Load(), all.again.Load()+m.refused.Load())
}

// publishedFrames is how many frames the columns have had.
func (s *Station) publishedFrames() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.views[0].table.Seq()
}

// visit follows the columns for a while. Some keep a replica, which compares
// digests; that of all would fill the memory.
func (s *soaked) visit(m *meadow, stay time.Duration, keeps bool) error {
	k, err := m.join()
	if err != nil {
		return err
	}
	defer k.Close()
	replica, seq := netsync.NewReplica("columns/blade"), uint64(0)
	for began := time.Now(); time.Since(began) < stay; {
		f, h, err := next(k)
		if err != nil && seq == 0 {
			s.again.Add(1)
			return nil // its handshake was the oldest of too many: it comes again
		}
		if err != nil {
			return fmt.Errorf("after frame %d: %w", seq, err)
		}
		if !isColumns(f) {
			return fmt.Errorf("a frame of %s", f.Topic)
		}
		follows := seq > 0 && h.Seq == seq+1+h.Missed || seq == 0 && h.Kind == netsync.Keyframe
		if !follows || h.Missed > 0 && h.Kind != netsync.Keyframe {
			return fmt.Errorf("after frame %d comes %d, a %s that says %d were left out", seq, h.Seq, h.Kind, h.Missed)
		}
		if keeps {
			if verdict, err := replica.Apply(f); verdict != netsync.Applied {
				return fmt.Errorf("frame %d is %s: %w", h.Seq, verdict, err)
			}
		}
		if seq == 0 {
			s.visits.Add(1)
		}
		seq = h.Seq
		s.frames.Add(1)
		s.missed.Add(h.Missed)
		if h.Kind == netsync.Keyframe {
			s.keyframes.Add(1)
		}
	}
	return nil
}
