package publish

import (
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
}

// Done says that a command took effect at a tick, or why it could not. A nil
// result is an empty one.
func (c *Command) Done(tick ecs.Tick, result any, failed *netsync.Error) {
	s := c.station
	s.mu.Lock()
	reply := s.desk.Done(c.command, tick, result, failed)
	s.mu.Unlock()
	s.requests.Reply(c.from, reply)
}

// Refuse is the error of what a run does not allow, or cannot.
func Refuse(code, text, cure string) *netsync.Error {
	return &netsync.Error{Code: code, Text: text, Cure: cure}
}
