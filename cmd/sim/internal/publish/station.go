package publish

import (
	"errors"
	"fmt"
	"sync"
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
