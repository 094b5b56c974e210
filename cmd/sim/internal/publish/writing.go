package publish

import (
	"sync"

	"orrery/netsync"
	"orrery/netsync/zmq"
)

// A writing is a frame that is written outside of the station's lock, by the
// first who wants it: the others who do wait for that, and nobody else.
type writing struct {
	draft *netsync.Draft
	once  sync.Once
	who   int // wants it; behind the lock
}

// lend has a draft written by who calls finish without the lock; of none there
// is nothing to write.
func (s *Station) lend(d *netsync.Draft) *writing {
	if d == nil {
		return nil
	}
	w := s.writing[d]
	if w == nil {
		w = &writing{draft: d}
		s.writing[d] = w
	}
	d.Lend()
	w.who++
	return w
}

// finishWriting writes what was lent, and returns it. It is called without the
// lock.
func (s *Station) finishWriting(w *writing) {
	if w == nil {
		return
	}
	w.once.Do(w.draft.Write)
	s.mu.Lock()
	defer s.mu.Unlock()
	w.draft.Return()
	if w.who--; w.who == 0 {
		delete(s.writing, w.draft)
	}
}

// A promise is a reply that waits for its frame.
type promise struct {
	to      zmq.Request
	parts   [][]byte
	frame   *netsync.Draft
	written *writing // nil: it is
}

// keepPromises sends the replies that wait for frames. It is called without the
// lock, by whose goroutine the station is.
func (s *Station) keepPromises() {
	for _, p := range s.promises {
		s.finishWriting(p.written)
		s.requests.Reply(p.to, append(p.parts, p.frame.Frame().Parts()...))
	}
	clear(s.promises) // frames may be large
	s.promises = s.promises[:0]
}
