package publish

import (
	"sync"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// A Command is what a client wants done. The simulation's thread carries it out
// between ticks and says so with Done; the station then replies.
type Command struct {
	netsync.Request
	station *Station
	command netsync.Command
	from    zmq.Request
	made    []made  // of an export: what it selects
	sample  *sample // of an export of messages
}

// Done says that a command took effect at a tick, or why it could not. A nil
// result is an empty one. It waits for nobody: the station replies.
func (c *Command) Done(tick ecs.Tick, result any, failed *netsync.Error) {
	c.station.carried.put(outcome{c, tick, result, failed})
}

// Client is who sent a command.
func (c *Command) Client() Client { return Client{c.station, c.from.Client} }

// A Client is somebody who asks for things.
type Client struct {
	station *Station
	id      zmq.ID
}

// Left reports whether a client has left, so that nobody waits for what comes of
// what it has asked for.
func (c Client) Left() bool {
	if c.station == nil {
		return false
	}
	_, here := c.station.here.Load(c.id)
	return !here
}

// outcome is what came of a command.
type outcome struct {
	*Command
	tick   ecs.Tick
	result any
	failed *netsync.Error
}

// outcomes are those that the station has not replied yet. They have a lock of
// their own, which is held for an append: the station's is held for longer.
type outcomes struct {
	mu    sync.Mutex
	list  []outcome
	ready chan struct{}
}

func (o *outcomes) put(x outcome) {
	o.mu.Lock()
	o.list = append(o.list, x)
	o.mu.Unlock()
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

func (o *outcomes) take() []outcome {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.list
	o.list = nil
	return list
}

// reply replies to what was carried out, and makes or removes the tables that
// exports ask for.
func (s *Station) reply() {
	for _, o := range s.carried.take() {
		if o.failed == nil {
			switch o.Do {
			case netsync.DoExport:
				o.result, o.failed = s.export(o.Command)
			case netsync.DoUnexport:
				o.failed = s.unexport(o.Command)
			case netsync.DoGo: // so that what is asked next is answered of this epoch
				if at, ok := o.result.(Arrival); ok {
					s.fork(at.Epoch, o.tick)
				}
			}
		}
		if o.failed != nil {
			o.result = nil
		}
		s.requests.Reply(o.from, s.desk.Done(o.command, o.tick, o.result, o.failed))
	}
}

// Refuse is the error of what a run does not allow, or cannot.
func Refuse(code, text, cure string) *netsync.Error {
	return &netsync.Error{Code: code, Text: text, Cure: cure}
}
