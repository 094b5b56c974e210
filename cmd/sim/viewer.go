package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"orrery/ecs"
	"orrery/netsync"
	"orrery/netsync/zmq"
)

// viewerFlags are those of commands that attach to a run.
type viewerFlags struct {
	requests, keys, name string
	timeout              time.Duration
}

func (o *viewerFlags) declare(f *pflag.FlagSet) {
	o.declareAccess(f)
	f.DurationVar(&o.timeout, "timeout", 5*time.Second, "how long to wait for a run to answer")
}

// declareAccess declares where a run is, and who may reach it.
func (o *viewerFlags) declareAccess(f *pflag.FlagSet) {
	f.StringVar(&o.requests, "requests", "", "the `endpoint` of requests, if it is not one port above, or PATH.requests")
	f.StringVar(&o.keys, "curve-keys", "", "the `directory` with your keys, and the run's server.key: see sim keygen")
	f.StringVar(&o.name, "as", "viewer", "with --curve-keys: whose keys, as sim keygen wrote them")
}

// attached is a run that somebody looks at.
type attached struct {
	ctx      context.Context
	frames   *zmq.Client
	requests *zmq.Client
	keys     *zmq.ClientKeys
	timeout  time.Duration
	asked    uint64
	replicas map[string]*netsync.Replica
	over     bool // the latest clock says so
}

// attach connects to a run's endpoints.
func (o *viewerFlags) attach(e *edge, endpoint string) (*attached, error) {
	if o.timeout <= 0 {
		return nil, wrongUsage("--timeout %s: nothing answers in no time; 5s is the default", o.timeout)
	}
	if _, err := beside(endpoint); err != nil {
		return nil, err // no endpoint at all
	}
	a, err := o.keyed(e)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(e.ctx, o.timeout)
	defer cancel()
	if a.frames, err = dial(ctx, e, zmq.DialConfig{Endpoint: endpoint, Type: "SUB", Keys: a.keys}); err != nil {
		return nil, err
	}
	if err := o.attachRequests(ctx, e, a, endpoint); err != nil {
		a.frames.Close()
		return nil, err
	}
	return a, nil
}

// keyed is somebody who has not attached yet.
func (o *viewerFlags) keyed(e *edge) (*attached, error) {
	a := &attached{ctx: e.ctx, timeout: o.timeout, replicas: map[string]*netsync.Replica{}}
	if o.keys == "" {
		return a, nil
	}
	var err error
	if a.keys, err = zmq.LoadClientKeys(o.keys, o.name); err != nil {
		return nil, wrongUsage("--curve-keys %s: %w", quote(o.keys), err)
	}
	return a, nil
}

// attachRequests connects to the endpoint of requests that belongs to one of
// frames.
func (o *viewerFlags) attachRequests(ctx context.Context, e *edge, a *attached, endpoint string) (err error) {
	at := o.requests
	if at == "" {
		if at, err = beside(endpoint); err != nil {
			return err
		}
	}
	a.requests, err = dial(ctx, e, zmq.DialConfig{Endpoint: at, Type: "DEALER", Keys: a.keys})
	return err
}

// dial connects, and waits for a run that has not begun yet.
func dial(ctx context.Context, e *edge, c zmq.DialConfig) (*zmq.Client, error) {
	for {
		client, err := zmq.Dial(ctx, c)
		var slow net.Error
		switch {
		case err == nil:
			return client, nil
		case ctx.Err() != nil && !e.interrupted(), errors.As(err, &slow) && slow.Timeout():
			return nil, fmt.Errorf("nothing is published at %s: %w", c.Endpoint, err)
		case e.interrupted():
			return nil, fmt.Errorf("interrupted, and not connected to %s yet", c.Endpoint)
		case !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, fs.ErrNotExist):
			return nil, err
		}
		e.sleep(ctx, 50*time.Millisecond)
	}
}

// schema is what the run shows.
func (a *attached) schema() (s netsync.Schema, err error) {
	reply, _, err := a.ask(netsync.Request{Do: netsync.DoSchema})
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(reply.OK, &s); err != nil {
		return s, fmt.Errorf("the run's schema: %w", err)
	}
	return s, nil
}

// exported are the tables of a schema but for the engine's own.
func exported(s *netsync.Schema) (topics []string) {
	for _, t := range s.Tables {
		if !strings.HasPrefix(t.Topic, netsync.TopicColumns+".") {
			topics = append(topics, t.Topic)
		}
	}
	return topics
}

// labelsOf are the names of values, by column.
func labelsOf(t *netsync.TableSchema) map[string][]string {
	all := map[string][]string{}
	for _, c := range t.Columns {
		all[c.Name] = c.Labels
	}
	return all
}

func (a *attached) close() {
	a.frames.Close()
	a.requests.Close()
}

// ask sends a request and waits for its reply.
func (a *attached) ask(r netsync.Request) (netsync.Reply, *netsync.Frame, error) {
	a.asked++
	r.Version, r.ID = netsync.Version, a.asked
	defer a.limit(a.requests)()
	if err := a.requests.Send([][]byte{netsync.AppendRequest(nil, r)}); err != nil {
		return netsync.Reply{}, nil, err
	}
	for {
		parts, err := a.requests.Receive()
		if err != nil {
			return netsync.Reply{}, nil, fmt.Errorf("no reply to %s: %w", r.Do, a.unanswered(err))
		}
		reply, frame, err := netsync.ParseReply(parts)
		switch {
		case err != nil:
			return netsync.Reply{}, nil, err
		case reply.ID != r.ID && reply.ID != 0:
			continue
		case reply.Error != nil:
			return netsync.Reply{}, nil, fmt.Errorf("%s: %w", r.Do, reply.Error)
		}
		return reply, frame, nil
	}
}

// unanswered is why a connection ended on which a reply was waited for.
func (a *attached) unanswered(err error) error {
	switch {
	case a.ctx.Err() != nil:
		return errors.New("interrupted")
	case errors.Is(err, net.ErrClosed):
		return fmt.Errorf("none within %s", a.timeout)
	case errors.Is(err, io.EOF):
		return errors.New("the run is gone")
	}
	return err
}

// limit ends a connection that gives nothing for too long, or at an interrupt.
func (a *attached) limit(c *zmq.Client) (done func()) {
	timer := time.AfterFunc(a.timeout, func() { c.Close() })
	stop := context.AfterFunc(a.ctx, func() { c.Close() })
	return func() { timer.Stop(); stop() }
}

// untilInterrupt ends the connection of frames when the user interrupts.
func (a *attached) untilInterrupt() (stop func() bool) {
	return context.AfterFunc(a.ctx, func() { a.frames.Close() })
}

// ended is the error of a connection that has ended, if it is one: the last clock
// of a run says that it has.
func (a *attached) ended(e *edge, err error) error {
	switch {
	case e.interrupted() || a.over:
		return nil
	case errors.Is(err, io.EOF):
		return errors.New("the run is gone, and has not said that it ends: it was killed, or crashed")
	case errors.Is(err, syscall.ECONNRESET):
		return fmt.Errorf("cut off: a run that is killed does so, or one of which too little is read; print less, or at a /RATE: %w", err)
	}
	return err
}

// seen is what came: a table as it is now, or a value.
type seen struct {
	Topic  string          `json:"topic"`
	Tick   ecs.Tick        `json:"tick"`
	Epoch  uint64          `json:"epoch,omitempty"` // from the second on
	Missed uint64          `json:"missed,omitempty"`
	Value  json.RawMessage `json:"value"`
	table  *netsync.Replica
	base   uint64 // of a log: items that came before
}

// next waits for the next frame and applies it. What does not follow is asked
// for whole.
func (a *attached) next() (*seen, error) {
	for {
		parts, err := a.frames.Receive()
		if err != nil {
			return nil, err
		}
		f, err := netsync.ParseFrame(parts)
		if err != nil {
			return nil, err
		}
		s, err := a.take(f)
		if s != nil || err != nil {
			return s, err
		}
	}
}

func (a *attached) take(f netsync.Frame) (*seen, error) {
	h, err := netsync.ParseHeader(f.Header, len(f.Body))
	if err != nil {
		return nil, err
	}
	s := &seen{Topic: f.Topic, Tick: h.Tick, Missed: h.Missed, base: h.Base}
	if h.Epoch > 1 {
		s.Epoch = h.Epoch
	}
	if !strings.HasPrefix(f.Topic, netsync.TopicColumns) {
		if !json.Valid(f.Body) {
			return nil, fmt.Errorf("%s: no JSON", f.Topic)
		}
		if f.Topic == netsync.TopicClock {
			var clock struct{ Ended bool }
			if err := json.Unmarshal(f.Body, &clock); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Topic, err)
			}
			a.over = clock.Ended
		}
		s.Value = f.Body
		return s, nil
	}
	r := a.replicas[f.Topic]
	if r == nil {
		r = netsync.NewReplica(f.Topic)
		a.replicas[f.Topic] = r
	}
	s.table = r
	switch verdict, err := r.Apply(f); {
	case verdict == netsync.Applied:
		return s, nil
	case verdict == netsync.Refused:
		return nil, err
	case verdict == netsync.Stale:
		return nil, nil
	}
	_, whole, err := a.ask(netsync.Request{Do: netsync.DoKeyframe, Topic: f.Topic})
	if err != nil || whole == nil {
		return nil, errors.Join(err, fmt.Errorf("%s: there is a gap", f.Topic))
	}
	return a.take(*whole)
}

// value is what was seen as JSON: of a table its columns.
func (s *seen) value(labels map[string][]string) json.RawMessage {
	if s.table != nil {
		return s.table.AppendJSON(nil, labels)
	}
	return s.Value
}
