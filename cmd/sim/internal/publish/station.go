package publish

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// A Config says where a run is published, and to whom.
type Config struct {
	Frames   string          // endpoint of frames, as tcp://127.0.0.1:5570
	Requests string          // endpoint of requests
	Keys     *zmq.ServerKeys // nil: no CURVE, and this machine only
	Run      string          // names the run, another one each time
	Watch    bool            // nobody may act
	World    World
	Say      func(format string, args ...any) // of viewers that come and go, and limits that are hit; nil: nobody hears
}

// places is how many viewers there may be, and how many clients. It is their
// connections that are limited: the hub has as many places, and the desk room for
// clients that have left and are forgotten after others were answered.
const places = 256

// frameEvery is how often the station asks for the state of the world.
const frameEvery = time.Second / 30

// A Station publishes a run. What it has is behind one lock, which is not held
// while columns and rows are written, so that no viewer waits for what another
// one is given; the simulation's thread does not take it while the run goes on.
// Topics change on the station's goroutine alone: it may read them without.
type Station struct {
	config    Config
	tap       *Tap
	publisher *zmq.Publisher
	requests  *zmq.Requests
	began     time.Time
	stop      chan struct{}
	stopped   chan struct{}
	carried   outcomes
	here      sync.Map // zmq.ID of clients: for who runs the world

	mu       sync.Mutex
	hub      *netsync.Hub
	desk     *netsync.Desk
	topics   topics
	views    []*view
	samples  samples
	asks     int // exports by request so far
	taken    int // requests so far
	parts    []netsync.Part
	viewers  map[zmq.ID]*netsync.Viewer
	most     int // of viewers that wanted something at a time
	clients  map[zmq.ID]*netsync.Client
	ordered  bool // an order is under way
	asked    time.Duration
	pending  []*Command
	tick     ecs.Tick
	clock    Clock
	due      []*netsync.Table
	writing  map[*netsync.Draft]*writing
	promises []promise
	refused  complaint
	cut      complaint // viewers
	dropped  complaint // clients
	limited  complaint // their requests
	ignored  complaint // subscriptions
}

// ErrRequests says that it is the endpoint of requests that Open could not open.
var ErrRequests = errors.New("requests")

// Open begins to publish.
func Open(c Config) (*Station, error) {
	s, err := newStation(c)
	if err != nil {
		return nil, err
	}
	if s.publisher, err = zmq.ListenPublisher(zmq.PublisherConfig{Endpoint: c.Frames, Keys: c.Keys, Next: s.next, Limits: zmq.Limits{Connections: places}, Subscriptions: netsync.MaxPrefixes, PrefixBytes: netsync.MaxTopic}); err != nil {
		return nil, err
	}
	if s.requests, err = zmq.ListenRequests(zmq.RequestsConfig{Endpoint: c.Requests, Keys: c.Keys, RefuseReply: s.refuse, Limits: zmq.Limits{Connections: places}}); err != nil {
		s.publisher.Close()
		return nil, fmt.Errorf("%w: %w", ErrRequests, err)
	}
	go s.serve()
	return s, nil
}

// newStation makes one that nobody can reach yet.
func newStation(c Config) (*Station, error) {
	if c.Say == nil {
		c.Say = func(string, ...any) {}
	}
	s := &Station{
		config: c, tap: newTap(c.World), began: time.Now(), stop: make(chan struct{}), stopped: make(chan struct{}),
		viewers: map[zmq.ID]*netsync.Viewer{}, clients: map[zmq.ID]*netsync.Client{}, asked: -frameEvery,
		writing: map[*netsync.Draft]*writing{},
		carried: outcomes{ready: make(chan struct{}, 1)},
		refused: complaint{what: "connections refused"}, cut: complaint{what: "viewers cut off"},
		dropped: complaint{what: "clients cut off"}, limited: complaint{what: "requests refused"}, ignored: complaint{what: "subscriptions left out"},
	}
	if err := s.open(); err != nil {
		return nil, err
	}
	return s, nil
}

// open makes the topics of what the world has.
func (s *Station) open() (err error) {
	s.hub, err = netsync.NewHub(netsync.Config{Run: s.config.Run, Viewers: places})
	if err != nil {
		return err
	}
	w := s.config.World.Run.World
	s.desk = netsync.NewDesk(s.hub, netsync.DeskConfig{TickNS: int64(w.Config().TickLength), Watch: s.config.Watch, Clients: 2 * places})
	if err := s.topics.open(s.hub, &s.config.World); err != nil {
		return err
	}
	for _, from := range sourcesOf(&s.config.World) {
		names, _ := from.source.keys(w)
		rate := netsync.Rate{}
		if from.name == servicesTable {
			rate.Every = measuresEvery // it looks at every call
		}
		if _, err := s.add(from.name, from.source, names, rate, s.tap.epoch); err != nil {
			return err
		}
	}
	s.parts = partsOf(&s.config.World)
	s.describe()
	return nil
}

// add exports one more table, whose rows have names in an epoch.
func (s *Station) add(name string, from source, names []string, rate netsync.Rate, epoch uint64) (*view, error) {
	t, err := s.hub.Table(name, from.columns(), rate)
	if err != nil {
		return nil, err
	}
	t.SetKeys(names, s.tick)
	v := &view{table: t, source: from, epoch: epoch}
	s.views = append(s.views, v)
	return v, nil
}

// describe brings the schema up to date.
func (s *Station) describe() {
	schema := s.desk.Know(s.parts, s.tick)
	s.topics.setSchema(schema, s.tick)
}

// Tap is what the simulation's thread serves.
func (s *Station) Tap() *Tap { return s.tap }

// Endpoints are where viewers and clients connect, with ports that were chosen.
func (s *Station) Endpoints() (frames, requests string) {
	return s.publisher.Endpoint(), s.requests.Endpoint()
}

// Subscribers is how many viewers wanted something at a time, at most: who has left
// again, before anybody looked, was there.
func (s *Station) Subscribers() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count() // a topic may have come up since
	return s.most
}

// count takes note of how many viewers want something now.
func (s *Station) count() {
	n := 0
	for _, v := range s.viewers {
		if v.Topics() > 0 {
			n++
		}
	}
	s.most = max(s.most, n)
}

// Close shows viewers the last state of the world, which stands still, and
// leaves nothing open. It is for the simulation's thread.
func (s *Station) Close(last Clock) error {
	close(s.stop)
	<-s.stopped
	s.flush(last)
	err := s.publisher.Close()
	if failed := s.requests.Close(); err == nil {
		err = failed
	}
	return err
}

// flush publishes whatever differs from what viewers have, and refuses what is
// not done any more.
func (s *Station) flush(last Clock) {
	s.mu.Lock()
	s.meet()
	s.reply()
	s.answer()
	s.mu.Unlock()
	s.keepPromises()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish(last)
	for _, c := range s.pending {
		c.Done(s.tick, nil, Refuse(netsync.CodeRefused, "the run has ended", "sim run --stay keeps it, to be looked at"))
	}
	s.reply()
	s.publisher.Wake()
}

// mostOrders bounds how often the last state of the world is asked for beside
// what comes in parts: it is there after three times, unless something is wrong.
const mostOrders = 8

// finish publishes the last state of the world: all of it, so that it may take
// several orders. If a table's rows are others, the first brings their names.
func (s *Station) finish(last Clock) {
	select {
	case o := <-s.tap.filled:
		s.take(o)
	default:
		if o := s.tap.waiting.Swap(nil); o != nil {
			s.pending, s.samples.drop = append(o.commands, s.pending...), append(o.drop, s.samples.drop...)
		}
	}
	for n := 0; n < mostOrders && !s.hub.Settled(); n++ {
		s.tick = max(0, s.config.World.Run.World.Tick())
		s.due = s.hub.Flush(s.now(), s.tick, s.due[:0])
		o := s.newOrder()
		s.tap.fill(o, last)
		s.take(o)
		if o.more() {
			n--
		}
	}
	for _, late := range []netsync.Nanos{0, netsync.Second} { // no more subscriptions come
		s.due = s.hub.Flush(s.now()+late, s.tick, s.due[:0])
	}
}

func (s *Station) now() netsync.Nanos { return netsync.Nanos(time.Since(s.began)) }

// serve is the station's goroutine.
func (s *Station) serve() {
	defer close(s.stopped)
	timer := time.NewTimer(frameEvery)
	defer timer.Stop()
	for {
		s.mu.Lock()
		s.meet()
		s.reply()
		s.answer()
		wait := s.order()
		s.mu.Unlock()
		s.keepPromises()
		timer.Reset(wait)
		select {
		case <-s.stop:
			return
		case <-timer.C:
		case <-s.publisher.Ready():
		case <-s.requests.Ready():
		case <-s.carried.ready:
		case o := <-s.tap.filled:
			s.mu.Lock()
			s.begin(o)
			s.mu.Unlock()
			s.write(o)
			s.mu.Lock()
			s.commit(o)
			s.mu.Unlock()
			s.publisher.Wake()
		}
	}
}

// next is what a viewer's connection is sent when it can take a frame.
func (s *Station) next(id zmq.ID) ([][]byte, bool) {
	given, w, ok := s.given(id)
	if !ok {
		return nil, false
	}
	s.finishWriting(w)
	return given.Frame().Parts(), true
}

func (s *Station) given(id zmq.ID) (netsync.Given, *writing, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.viewers[id]
	if v == nil {
		return netsync.Given{}, nil, false
	}
	g, ok := v.Take()
	return g, s.lend(g.Draft()), ok
}

// meet takes note of viewers that came, went, or want something else.
func (s *Station) meet() {
	for _, e := range s.publisher.Events() {
		switch e.Kind {
		case zmq.Joined:
			v, err := s.hub.Join()
			if err != nil {
				s.config.Say("viewer %s is shown nothing: %v", e.Remote, err)
				continue
			}
			s.viewers[e.Viewer] = v
		case zmq.Left:
			if v := s.viewers[e.Viewer]; v != nil {
				v.Leave()
				delete(s.viewers, e.Viewer)
			}
			s.cut.leave(e)
		case zmq.Subscribed:
			if v := s.viewers[e.Viewer]; v != nil {
				first := v.Topics() == 0
				if err := v.Subscribe(e.Topic); err != nil {
					s.ignored.add(1, "because of %v", err)
				}
				if first {
					s.count()
				}
				s.publisher.Wake(e.Viewer)
			}
		case zmq.Unsubscribed:
			if v := s.viewers[e.Viewer]; v != nil {
				v.Unsubscribe(e.Topic)
			}
		case zmq.Refused:
			s.refuseConnection(e)
		}
	}
	now := time.Now()
	for _, c := range []*complaint{&s.refused, &s.cut, &s.dropped, &s.limited, &s.ignored} {
		c.tell(now, s.config.Say)
	}
}

func (s *Station) refuseConnection(e zmq.Event) {
	if !isGone(e.Err) { // else it closed before it said who it is
		s.refused.add(e.Count, "from %s: %v", e.Remote, e.Err)
	}
}

// leave complains of one that did not leave by itself.
func (c *complaint) leave(e zmq.Event) {
	if e.Err != nil && !isGone(e.Err) {
		c.add(1, "because %v", e.Err)
	}
}

// isGone reports whether a connection just ended at the other end, as those of
// programs do that end.
func isGone(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// order asks the tap for what is due, and returns how long nothing will be.
func (s *Station) order() time.Duration {
	now := s.now()
	if s.ordered {
		return frameEvery
	}
	since := time.Duration(now) - s.asked
	nobody := len(s.viewers) == 0 && !s.samples.busy()
	if len(s.pending) == 0 && (nobody || since < frameEvery) {
		if nobody {
			return time.Second
		}
		return frameEvery - since
	}
	s.due = s.hub.Due(now, s.tick, s.due[:0])
	s.due = s.hub.Due(now, s.tick+1, s.due[:0]) // it may have gone on
	if s.clock.Ended {                          // which viewers wait to be told
		s.due = s.hub.Flush(now, s.tick, s.due[:0])
	}
	o := s.newOrder()
	o.commands, s.pending = s.pending, nil
	s.ordered, s.asked = true, time.Duration(now)
	s.tap.waiting.Store(o)
	return frameEvery
}

// newOrder is for the tables that are due, and all else.
func (s *Station) newOrder() *order {
	o := &order{asked: s.now()}
	for _, t := range s.due {
		for _, v := range s.views {
			if v.table == t {
				o.fillings = append(o.fillings, filling{view: v, image: v.blank()})
			}
		}
	}
	s.topics.want(o, s.clock.Ended)
	s.samples.want(o)
	return o
}

// take publishes what the tap has found: as of when it was asked for, so that
// how long the tap took does not make frames rarer.
func (s *Station) take(o *order) {
	s.begin(o)
	s.write(o)
	s.commit(o)
}

// begin is what of take comes before frames are written.
func (s *Station) begin(o *order) {
	if s.isPast(o) {
		s.drop(o)
		return
	}
	s.fork(o.epoch, o.clock.Tick)
	s.ordered, s.tick, s.clock = false, o.clock.Tick, o.clock
	s.clock.Viewers = len(s.viewers)
	s.desk.At(s.tick)
	for i := range o.fillings {
		f := &o.fillings[i]
		if f.moved {
			f.view.rename(f.keys, s.tick)
			o.renamed = true
			continue
		}
		p, err := f.view.publish(o.asked, f.image)
		if p != nil {
			o.publications = append(o.publications, p)
		}
		if err != nil && !f.view.said {
			f.view.said = true
			s.config.Say("%v", err)
		}
	}
}

// write writes frames, without the lock.
func (s *Station) write(o *order) {
	for _, p := range o.publications {
		p.Write()
	}
}

// commit has viewers get what an order has brought.
func (s *Station) commit(o *order) {
	if s.isPast(o) {
		return
	}
	for _, p := range o.publications {
		p.Commit()
	}
	if o.renamed {
		s.describe()
		s.asked = -frameEvery // at once, now that the sizes are known
	}
	s.slow(o.inFlight)
	s.topics.take(o, &s.clock, o.asked)
	s.samples.take(o, o.asked)
	if o.clock.Ended {
		s.hub.End(s.tick)
		s.due = s.hub.Flush(o.asked, s.tick, s.due[:0])
		if o.more() {
			s.asked = -frameEvery // the run waits for nothing any more
		}
		return
	}
	s.due = s.hub.Due(o.asked, s.tick, s.due[:0])
	if o.more() && (o.clock.Pace > 0 || o.clock.Paused) { // there is time for it
		s.asked = -frameEvery
	}
}

// more reports whether there is more to give out than an order takes.
func (o *order) more() bool {
	return len(o.found.events) == someEvents || len(o.found.points) == somePoints
}

// slow has links and networks published the more rarely the more there is to be
// counted.
func (s *Station) slow(inFlight int) {
	for _, v := range s.views {
		switch v.source.(type) {
		case *linkSource, *networkSource:
			v.table.SetRate(netsync.Rate{Every: countingEvery(inFlight)})
		}
	}
}

// refuse tells a client of a limit that its request met before anyone read it. It
// is called by the client's goroutine.
func (s *Station) refuse(request [][]byte, err error) [][]byte {
	s.mu.Lock()
	tick := s.tick
	s.mu.Unlock()
	return refusalAt(tick, request, err)
}

func refusalAt(tick ecs.Tick, request [][]byte, err error) [][]byte {
	e := Refuse(netsync.CodeLimit, err.Error(), "send less at a time")
	return netsync.Reply{Version: netsync.Version, ID: requestID(request), Tick: tick, Error: e}.Parts()
}

// requestID is the id of a request of whatever parts, 0 if it has none.
func requestID(parts [][]byte) uint64 {
	if len(parts) == 0 {
		return 0
	}
	return netsync.RequestID(parts[0])
}

// answer replies to requests, and keeps those that act for the tap. Requests are
// taken before events: who has made one and is unknown after them left before
// anyone knew it, and nothing will ever say so. Those of who has left since are
// answered before it is forgotten, so that what it asked for is done.
func (s *Station) answer() {
	requests := s.requests.Take()
	events := s.requests.Events()
	for _, e := range events {
		if e.Kind == zmq.Joined {
			s.clients[e.Viewer] = nil // it has a place at the desk once it asks
			s.here.Store(e.Viewer, nil)
		}
	}
	for _, r := range requests {
		s.taken++
		if c, known := s.clients[r.Client]; known {
			s.answerOne(c, r)
		}
	}
	for _, e := range events {
		switch e.Kind {
		case zmq.Left:
			s.forget(e.Viewer)
			s.dropped.leave(e)
		case zmq.Refused:
			s.refuseConnection(e)
		case zmq.Limited:
			s.limited.add(e.Count, "because %v", e.Err)
		}
	}
}

// forget ends what is a client's that has left.
func (s *Station) forget(id zmq.ID) {
	if c := s.clients[id]; c != nil {
		c.Leave()
		s.removeViews(func(v *view) bool { return v.asked == id })
		s.removeSamples(func(a *asking) bool { return a.asked == id })
	}
	delete(s.clients, id)
	s.here.Delete(id)
}

// answerOne replies to a request of a client, nil if it is its first.
func (s *Station) answerOne(c *netsync.Client, r zmq.Request) {
	if c == nil {
		var err error
		if c, err = s.desk.Join(); err != nil {
			s.requests.Reply(r, refusalAt(s.tick, r.Parts, err))
			return
		}
		s.clients[r.Client] = c
	}
	if len(r.Parts) != 1 {
		e := Refuse(netsync.CodeMalformed, fmt.Sprintf("a request of %d parts", len(r.Parts)), "send one JSON object in one part")
		s.requests.Reply(r, netsync.Reply{Version: netsync.Version, ID: requestID(r.Parts), Tick: s.tick, Error: e}.Parts())
		return
	}
	reply, frame := c.Reply(s.now(), r.Parts[0])
	if frame != nil {
		p := promise{to: r, parts: reply, frame: frame}
		if !frame.IsWritten() {
			p.written = s.lend(frame)
		}
		s.promises = append(s.promises, p)
		return
	}
	if reply != nil {
		s.requests.Reply(r, reply)
		return
	}
	r.Parts = nil // it has been read, and may wait for long
	for _, command := range s.desk.Take(nil) {
		s.pending = append(s.pending, &Command{Request: command.Request, station: s, command: command, from: r})
	}
}
