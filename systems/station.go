package systems

import (
	"fmt"

	"orrery/ecs"
	"orrery/ecs/random"
)

// MaxServed is how many requests may be in service, or wait for it, in a world.
const MaxServed = 1 << 20

// Serving is how a provider serves a service that takes time.
type Serving struct {
	Slots int // requests in service at once, 1 or more
	Queue int // requests that may wait; -1: as many as come
}

// stationRow is where a node serves one of its services: slots, and a queue in
// order of arrival. As a link does, it computes in nanoseconds and rounds up to
// a tick when an answer is sent: what begins when a slot is free begins at that
// nanosecond, so that ticks do not add up.
type stationRow struct {
	Service    uint64
	Freed      ecs.Nanoseconds // when the slot that was freed last was
	Armed      ecs.Tick        // when its timer fires
	Served     uint64          // requests answered
	Refused    uint64          // for want of room
	Node       ecs.Node
	Head, Tail int32 // of what waits: one more than a row
	First      int32 // of what is in service, in order of Ends
	Busy       int32
	Queued     int32
	slot
	_ [4]byte
}

func (r *stationRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// jobRow is a request at a station.
type jobRow struct {
	ID   ecs.EnvelopeID
	Ref  uint64
	A    uint64 // the argument; a hash if it is bytes
	Came ecs.Nanoseconds
	Ends ecs.Nanoseconds // once it is in service
	From ecs.Node
	Node ecs.Node
	slot
	_ [4]byte
}

func (r *jobRow) place() (*slot, ecs.Node) { return &r.slot, r.Node }

// payloadRow is where the bytes of a job's argument lie.
type payloadRow struct{ At ecs.Kept }

type stations struct {
	pool     pool[stationRow, *stationRow]
	jobs     pool[jobRow, *jobRow]
	payloads *ecs.Rows[payloadRow] // a row for each job
	count    int                   // of jobs
	calls    index                 // (caller, what the reply says it answers) to jobs
	payload  []byte                // of the job in hand
	figures  []stationFigures
}

// stationFigures are what is measured of a service, at all stations.
type stationFigures struct {
	service uint64
	waited  Distribution
	refused Counter
}

func newStations(w *ecs.World) stations {
	s := stations{
		pool: newPool[stationRow](w, "station"), jobs: newPool[jobRow](w, "job"),
		payloads: ecs.NewRows[payloadRow](w, "job.payload"),
	}
	s.payloads.Table().OutsideDigest()
	return s
}

// OpenStations declares the kind that services that take time need, and returns
// it: that of the timer by which they end. As for [Services.Open], a world
// without has it not.
func (s *Services) OpenStations() ecs.Kind {
	s.Open()
	if s.turn == 0 {
		s.turn = s.world.TimerKind("(service ends)")
	}
	return s.turn
}

// MeasureStations has the stations of a service measured: how long requests
// wait, and how many find the queue full. In a fork they are already.
func (s *Services) MeasureStations(name string) {
	key := ServiceKey(name)
	if s.figuresOf(key) != nil {
		return
	}
	waited, refused := s.measures.Distribution(name+": time in queue"), s.measures.Counter(name+": queue full")
	s.stations.figures = append(s.stations.figures, stationFigures{key, waited, refused})
}

func (s *Services) figuresOf(service uint64) *stationFigures {
	for i := range s.stations.figures {
		if f := &s.stations.figures[i]; f.service == service {
			return f
		}
	}
	return nil
}

// Turn is what a station has to do next with a request: to begin with it, for
// which [Services.Begin] is told how long it takes, or, if Ends, to answer it.
type Turn struct {
	Request Request
	Ends    bool
	row     int
}

// Event is what the draws of a turn are keyed by: several may come by one event.
func (t *Turn) Event() ecs.EnvelopeID {
	what := uint64(0x626567)
	if t.Ends {
		what = 0x656e64
	}
	return ecs.EnvelopeID(random.Mix(uint64(t.Request.ID)^what) >> 12)
}

// Enter takes a request of the i-th event's node to the station of a service,
// or answers that its queue is full. A copy of one that waits there or is in
// service, which a link has made, is left alone: it is served once. [Services.Turn] is to be asked before, so
// that slots are free whose time is up, and after.
func (s *Services) Enter(b *ecs.Batch, i int, r Request, service uint64, with Serving) {
	n := b.Node(i)
	if s.stations.calls.find(uint64(r.From), r.ref) >= 0 {
		return
	}
	k := s.station(n, service)
	if k < 0 {
		k = s.stations.pool.take()
		row := s.stations.pool.rows.Edit(k)
		row.Service, row.Node = service, n
		s.stations.pool.own(k)
	}
	st := s.stations.pool.rows.Edit(k)
	if int(st.Busy)+int(st.Queued) >= with.Slots && with.Queue >= 0 && int(st.Queued) >= with.Queue {
		st.Refused++
		if f := s.figuresOf(service); f != nil {
			s.measures.Count(f.refused, 1)
		}
		s.Fail(b, i, r, QueueFull, 0)
		return
	}
	row := s.newJob(n)
	job := s.stations.jobs.rows.Edit(row)
	job.ID, job.Ref, job.A, job.From, job.Node = r.ID, r.ref, r.A, r.From, n
	job.Came = s.world.Time(b.Tick)
	s.stations.calls.put(uint64(r.From), r.ref, row)
	if r.Payload != nil {
		s.stations.payloads.Edit(row).At, job.A = s.world.Keep(r.Payload)
	}
	if st.Tail == 0 {
		st.Head = int32(row) + 1
	} else {
		s.stations.jobs.rows.Edit(int(st.Tail) - 1).Next = int32(row) + 1
	}
	st.Tail = int32(row) + 1
	st.Queued++
}

func (s *Services) newJob(n ecs.Node) int {
	if s.stations.count == MaxServed {
		panic(&ecs.LimitError{Limit: "requests that wait to be served", Max: MaxServed, Where: s.world.NodeName(n) + ", which is asked for another"})
	}
	s.stations.count++
	row := s.stations.jobs.take()
	if row == s.stations.payloads.Len() {
		s.stations.payloads.Add(payloadRow{})
	}
	return row
}

// station returns the row of a node's station, or -1.
func (s *Services) station(n ecs.Node, service uint64) int {
	k := s.stations.pool.first(n)
	for k >= 0 && s.stations.pool.rows.At(k).Service != service {
		k = s.stations.pool.next(k)
	}
	return k
}

// StationOf returns the service whose station a timer of [Services.OpenStations]
// is of.
func (s *Services) StationOf(e *ecs.Envelope) uint64 {
	if k := int(e.A); k < s.stations.pool.rows.Len() {
		if r := s.stations.pool.rows.At(k); r.Node == e.To {
			return r.Service
		}
	}
	return 0
}

// Turn returns what the station of a service of the i-th event's node has to do
// next, false if there is nothing by now; then its timer is set for when there
// is. What ends comes in the order of its nanosecond. A service that is
// withheld begins nothing: what waits is to be answered at once.
func (s *Services) Turn(b *ecs.Batch, i int, service uint64, with Serving) (t Turn, ok bool) {
	k := s.station(b.Node(i), service)
	if k < 0 {
		return t, false
	}
	st, jobs, now := s.stations.pool.rows.Edit(k), s.stations.jobs.rows, s.world.Time(b.Tick)
	if st.Queued > 0 && int(st.Busy) < with.Slots {
		return s.next(st), true
	}
	if st.First == 0 {
		return t, false
	}
	row := int(st.First) - 1
	job := jobs.At(row)
	if job.Ends > now {
		s.armStation(b, i, k, job.Ends)
		return t, false
	}
	st.First, st.Freed = job.Next, job.Ends
	st.Busy--
	st.Served++
	t.row, t.Request, t.Ends = row, s.jobRequest(row), true
	s.dropJob(row)
	return t, true
}

// next takes the first that waits out of a station's queue. Until it is known
// how long it takes it is the first in service.
func (s *Services) next(st *stationRow) (t Turn) {
	row := int(st.Head) - 1
	t.row, t.Request = row, s.jobRequest(row)
	job := s.stations.jobs.rows.Edit(row)
	st.Queued--
	if st.Head = job.Next; st.Head == 0 {
		st.Tail = 0
	}
	if s.providers.find(st.Service, uint64(st.Node)) < 0 {
		s.dropJob(row)
		t.Ends = true
		return t
	}
	job.Next, st.First = st.First, int32(row)+1
	st.Busy++
	return t
}

// Begin has the request of a turn be in service for a time from when there was
// a slot for it.
func (s *Services) Begin(b *ecs.Batch, i int, service uint64, t *Turn, time ecs.Nanoseconds) {
	k := s.station(b.Node(i), service)
	st, jobs := s.stations.pool.rows.Edit(k), s.stations.jobs.rows
	job := jobs.Edit(t.row)
	st.First = job.Next
	begins := max(job.Came, st.Freed)
	job.Ends = begins + time
	if f := s.figuresOf(service); f != nil {
		_ = s.measures.Measure(f.waited, int64(begins-job.Came), Duration, "") // its unit is one
	}
	before := int32(0)
	for at := st.First; at != 0 && jobs.At(int(at)-1).Ends <= job.Ends; at = jobs.At(int(at) - 1).Next {
		before = at
	}
	if before == 0 {
		job.Next, st.First = st.First, int32(t.row)+1
		return
	}
	job.Next = jobs.At(int(before) - 1).Next
	jobs.Edit(int(before) - 1).Next = int32(t.row) + 1
}

// jobRequest is the request of a job; its payload is good until the next is
// asked for.
func (s *Services) jobRequest(row int) Request {
	job := s.stations.jobs.rows.At(row)
	r := Request{ID: job.ID, From: job.From, A: job.A, ref: job.Ref}
	if at := s.stations.payloads.At(row).At; at != 0 {
		s.stations.payload = append(s.stations.payload[:0], s.world.Kept(at)...)
		r.A, r.Payload = 0, s.stations.payload
	}
	return r
}

func (s *Services) dropJob(row int) {
	job := s.stations.jobs.rows.At(row)
	s.stations.calls.drop(uint64(job.From), job.Ref)
	s.world.Unkeep(s.stations.payloads.At(row).At)
	*s.stations.payloads.Edit(row) = payloadRow{}
	s.stations.jobs.give(row)
	s.stations.count--
}

// armStation has a station's timer fire when the first in service ends, unless
// it does by then. A timer that was to fire earlier and has not was lost while
// the node was paused.
func (s *Services) armStation(b *ecs.Batch, i int, k int, ends ecs.Nanoseconds) {
	st := s.stations.pool.rows.Edit(k)
	at := s.world.TicksCeil(ends)
	if st.Armed <= at && st.Armed > b.Tick {
		return
	}
	st.Armed = at
	b.Out = append(b.Out, ecs.Send{
		To: st.Node, Cause: uint16(i), Kind: s.turn, Delay: at - b.Tick, A: uint64(k), B: uint64(b.Life(i).Incarnation) << 32,
	})
}

// forgetStations drops what a node that has ended was serving, and what waited,
// and tells who asked.
func (s *Services) forgetStations(n ecs.Node) {
	for k := s.stations.pool.first(n); k >= 0; k = s.stations.pool.first(n) {
		st := *s.stations.pool.rows.At(k)
		for _, at := range []int32{st.First, st.Head} {
			for at != 0 {
				job := s.stations.jobs.rows.At(int(at) - 1)
				next := job.Next
				s.refuse(job.ID, n, job.From, job.Ref)
				s.dropJob(int(at) - 1)
				at = next
			}
		}
		s.stations.pool.drop(k)
	}
}

// Station is what there is of a node's station.
type Station struct {
	Busy, Queued    int    // now
	Served, Refused uint64 // in this incarnation
}

// Station returns what there is of the station of a node's service: nothing
// before the first request.
func (s *Services) Station(n ecs.Node, service uint64) Station {
	k := s.station(n, service)
	if k < 0 {
		return Station{}
	}
	r := s.stations.pool.rows.At(k)
	return Station{int(r.Busy), int(r.Queued), r.Served, r.Refused}
}

func (s *stations) rebuild() {
	s.pool.rebuild()
	s.jobs.free, s.count = 0, 0
	s.calls.clear()
	for i := range s.jobs.rows.Len() {
		switch r := s.jobs.rows.At(i); {
		case r.Used != 0:
			s.count++
			s.calls.put(uint64(r.From), r.Ref, i)
		case r.Prev == 0:
			s.jobs.free = int32(i) + 1
		}
	}
}

// validate panics if a program says how to serve in a way that cannot be.
func (w Serving) validate(program, service string) {
	if w.Slots < 1 || w.Queue < -1 || w.Queue > MaxServed {
		panic(fmt.Sprintf("systems: program %q serves %q with %d slots and a queue of %d; at least 1, and -1 to %d", program, service, w.Slots, w.Queue, MaxServed))
	}
}
