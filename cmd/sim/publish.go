package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"orrery/cmd/sim/internal/publish"
	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
	"orrery/scenario"
	"orrery/scheduler"
	"orrery/scheduler/trace"
)

// publishFlags say whether viewers are let in, and which.
type publishFlags struct {
	endpoint, requests, keys string
	viewers                  int
	stay, watch              bool
}

func (o *publishFlags) declare(f *pflag.FlagSet) {
	f.StringVar(&o.endpoint, "publish", "", "let viewers attach at this `endpoint`, as tcp://127.0.0.1:5570 or ipc:///run/user/1000/orrery/a")
	f.StringVar(&o.requests, "requests", "", "with --publish: the `endpoint` of requests; one port above, or PATH.requests, if not given")
	f.StringVar(&o.keys, "curve-keys", "", "with --publish: encrypt, and let in those whose keys lie in this `directory`: see sim keygen")
	f.IntVar(&o.viewers, "wait", 0, "with --publish: begin when so `many` viewers have subscribed")
	f.BoolVar(&o.stay, "stay", false, "with --publish: stay after the end, for viewers to look at it, until interrupted")
	f.BoolVar(&o.watch, "watch-only", false, "with --publish: viewers may look, and not act")
}

// check refuses what means nothing without --publish.
func (o *publishFlags) check() error {
	if o.endpoint == "" && (o.requests != "" || o.keys != "" || o.viewers != 0 || o.stay || o.watch) {
		return wrongUsage("--requests, --curve-keys, --wait, --stay and --watch-only are for a run that is published: --publish tcp://127.0.0.1:5570")
	}
	if o.viewers < 0 {
		return wrongUsage("--wait %d: a number of viewers is not below 0", o.viewers)
	}
	return nil
}

// beside is the endpoint of requests that belongs to one of frames.
func beside(endpoint string) (string, error) {
	if path, ok := strings.CutPrefix(endpoint, "ipc://"); ok {
		return "ipc://" + path + ".requests", nil
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		return "", wrongUsage("%s: an endpoint is tcp://HOST:PORT or ipc://PATH", quote(endpoint))
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 65535 {
		return "", wrongUsage("%s: a port is 0 to 65534; 0 lets the system choose", quote(endpoint))
	}
	if n > 0 {
		n++
	}
	return "tcp://" + net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}

// live is a run as those see it who attach to it.
type live struct {
	station *publish.Station
	until   ecs.Tick
	pace    float64
	paused  bool
	steps   ecs.Tick // the tick up to which it goes while paused; 0: it stands
	run     *scheduler.Run
	cuts    uint64 // the latest label of one, without cutLabel
	replays bool   // what was, on which nobody acts

	begin   ecs.Tick           // the first moment to go to
	start   *ecs.Snapshot      // the run as it began; nil: nobody may act
	waiting []*publish.Command // not carried out yet
	going   *publish.Command   // the run leaves for the goal; nil: it does not
	goal    ecs.Tick
	hurry   ecs.Tick // the tick up to which no pace holds

	scenario *scenario.Scenario
	waits    []*waiting // in order of coming
	outcomes []outcome  // of acts that were pending
	dues     []due      // at the end of a tick
	label    uint64     // the latest
	acted    bool       // something was done to the run from outside
	awaits   bool       // viewers, to begin
	owed     ecs.Tick   // up to which it goes before it ends, -1 if nowhere: clients were told what is done then
	kept     keptActs
}

// liveSlice is how long a published run goes on between two looks at what
// viewers want: a fraction of the time between two frames.
const liveSlice = 4 * time.Millisecond

// begin publishes a run, if it is to be.
func (o *publishFlags) begin(e *edge, s *scenario.Scenario) (*live, error) {
	if o.endpoint == "" {
		return nil, nil
	}
	c := publish.Config{Frames: o.endpoint, Requests: o.requests, Watch: o.watch, Say: e.say, World: worldOf(s)}
	c.Run = fmt.Sprintf("%s-%x-%08x", s.Name, s.Run.World.Seed(), e.draw())
	var err error
	if c.Requests == "" {
		if c.Requests, err = beside(o.endpoint); err != nil {
			return nil, err
		}
	}
	if o.keys != "" {
		if c.Keys, err = zmq.LoadServerKeys(o.keys); err != nil {
			return nil, wrongUsage("--curve-keys %s: %w", quote(o.keys), err)
		}
	}
	e.err = &shared{to: e.err} // the station says of viewers what it has to
	l := &live{owed: -1, run: s.Run, scenario: s, begin: max(0, s.Run.World.Tick()), kept: keptActs{mostActs: maxActs, mostBytes: maxActBytes}}
	l.startLabels()
	if !o.watch {
		l.start = new(ecs.Snapshot)
		s.Run.Snapshot(l.start)
	}
	s.Run.Outside.Tell(l.told)
	if l.station, err = publish.Open(c); err != nil {
		return nil, cannotPublish(&c, err)
	}
	frames, requests := l.station.Endpoints()
	e.say("published at %s, requests at %s", frames, requests)
	return l, nil
}

// cannotPublish says which endpoint could not be opened, and what to do.
func cannotPublish(c *publish.Config, err error) error {
	flag := "--publish " + quote(c.Frames)
	if errors.Is(err, publish.ErrRequests) {
		flag = "--requests " + quote(c.Requests)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s: somebody listens there; take another, as tcp://127.0.0.1:0, for which the system chooses: %w", flag, err)
	}
	return wrongUsage("%s: %w", flag, err)
}

// shared is a writer for several goroutines.
type shared struct {
	mu sync.Mutex
	to io.Writer
}

func (s *shared) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(b)
}

// worldOf is what a scenario shows.
func worldOf(s *scenario.Scenario) publish.World {
	r := s.Recording()
	w := publish.World{Run: s.Run, Columns: r.Columns, EventCount: s.EventCount, Events: s.EventsFrom, Unit: s.Unit, Value: s.ValueJSON, Message: s.MessageJSON}
	w.Parts = actable(s)
	for _, x := range s.Series {
		w.Series = append(w.Series, x.Name)
	}
	return w
}

// serve gives viewers what they wait for, between ticks, and does what they
// ask. It reports whether the run may go on, and up to which tick.
func (l *live) serve(e *edge, d *driver) (until ecs.Tick, ok bool) {
	if l == nil {
		return d.until, true
	}
	if l.paused && l.steps > 0 && d.run.World.Tick() >= l.steps {
		l.steps = 0
	}
	if l.hurry > 0 && d.run.World.Tick() >= l.hurry {
		l.hurry = 0
		l.setPace(e, d, l.pace)
	}
	l.pay(d.run.World.Tick())
	l.waiting = append(l.waiting, l.station.Tap().Serve(l.clock(false))...)
	for len(l.waiting) > 0 && !l.isLeaving() {
		c := l.waiting[0]
		l.waiting = l.waiting[1:]
		l.carryOut(e, d, c)
	}
	l.hold()
	switch {
	case l.isLeaving():
		return 0, false
	case !l.paused:
		return d.until, true
	case l.steps > 0:
		return min(l.steps, d.until), true
	}
	return 0, false
}

func (l *live) clock(ended bool) publish.Clock {
	return publish.Clock{Until: l.until, Pace: trace.Float(l.pace), Paused: l.paused, Ended: ended}
}

// await waits for viewers, so that they see the run from its beginning, or for
// one that goes elsewhere.
func (l *live) await(e *edge, d *driver, viewers int) {
	if l == nil || viewers == 0 {
		return
	}
	l.awaits = true
	for l.station.Subscribers() < viewers && !e.interrupted() && !l.isLeaving() && !l.hurries() {
		l.serve(e, d)
		e.sleep(e.ctx, liveSlice)
	}
	l.awaits = false
}

// end shows viewers the last state and lets them go, or stays with them. What
// came of the run is printed by then.
func (l *live) end(e *edge, stay bool) error {
	if l == nil {
		return nil
	}
	l.giveUp()
	if err := e.out.Flush(); err != nil {
		return err
	}
	if stay {
		l.stay(e)
	}
	l.refuseAll()
	if err := l.station.Close(l.clock(true)); err != nil {
		return fmt.Errorf("viewers could not be let go: %w", err)
	}
	return nil
}

// stay stays with viewers after the end, until the user interrupts, or until one
// of them wants to go back in a replay.
func (l *live) stay(e *edge) {
	for !e.interrupted() && !l.isLeaving() {
		l.waiting = append(l.waiting, l.station.Tap().Serve(l.clock(true))...)
		for len(l.waiting) > 0 && !l.isLeaving() {
			c := l.waiting[0]
			l.waiting = l.waiting[1:]
			l.afterwards(c)
		}
		if !l.isLeaving() {
			e.sleep(e.ctx, 5*liveSlice)
		}
	}
}

// refuseAll refuses what is not carried out any more.
func (l *live) refuseAll() {
	if l.going != nil {
		l.waiting = append([]*publish.Command{l.going}, l.waiting...)
	}
	for _, c := range l.waiting {
		c.Done(max(0, l.run.World.Tick()), nil, publish.Refuse(netsync.CodeRefused, "the run has ended", "run it again, and ask while it goes on"))
	}
	l.going, l.waiting = nil, nil
}
