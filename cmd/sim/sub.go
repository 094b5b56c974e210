package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"orrery/netsync"
)

var subCommand = command{
	name: "sub", args: "ENDPOINT [FIELD…]",
	brief: "print what a published run shows, as it changes",
	about: `A line of JSON a frame, until the run ends or you interrupt. A FIELD is
NODES.FIELD[@GROUP][/RATE], where * stands for any part of a name and RATE is as
10hz or 100ticks, or the begin of a topic: clock, checks, measures, params, feeds,
events/, series/, columns/, keys/. Without one it prints the columns that the
scenario exports. Values are in the order of the rows, which keys/ has by name.

With --messages it prints messages as they are sent and dropped, a line each:
those that --kind, --node and --link select, all but timers without them, and
no more a second than --per-second says. Of others it says how many were left out.

Exit: 0 the run has ended or you interrupted, 1 it could not be reached, or has
gone before its end.`,
	examples: []example{
		{"sim sub tcp://127.0.0.1:5570", "what the scenario exports"},
		{"sim sub tcp://127.0.0.1:5570 'client[*].sent/5hz'", "a field of some nodes, five times a second"},
		{"sim sub tcp://127.0.0.1:5570 events/ checks", "what nodes note, and what holds"},
		{"sim sub tcp://127.0.0.1:5570 --messages --kind vote --node 'store[*]'", "votes from and to stores"},
	},
	flags: func(f *pflag.FlagSet) action {
		var o subFlags
		o.declare(f)
		f.IntVar(&o.count, "count", 0, "end after so `many` lines")
		o.messages.declare(f)
		return o.run
	},
}

type subFlags struct {
	viewerFlags
	count    int
	clock    bool // is asked for
	messages messageFlags
}

func (o *subFlags) run(e *edge, args []string) error {
	if len(args) == 0 {
		return wrongUsage("sub needs the endpoint of a run: sim sub tcp://127.0.0.1:5570")
	}
	if o.count < 0 {
		return wrongUsage("--count %d: a number of lines is not below 0; 0 prints all", o.count)
	}
	if err := o.messages.check(args[1:]); err != nil {
		return err
	}
	topics, selections, err := split(args[1:])
	if err != nil {
		return err
	}
	if o.messages.on {
		selections = append(selections, netsync.Selection{Messages: &o.messages.selection})
	}
	a, err := o.attach(e, args[0])
	if err != nil {
		return err
	}
	defer a.close()
	for _, s := range selections {
		asked, err := a.export(s)
		if err != nil {
			return err
		}
		topics = append(topics, asked...)
	}
	if len(topics) == 0 {
		schema, err := a.schema()
		if topics = exported(&schema); err != nil {
			return err
		}
		if len(topics) == 0 {
			return fmt.Errorf("the scenario of this run exports nothing; name what to print: sim sub %s '*.*', or clock", quote(args[0]))
		}
	}
	o.clock = slices.Contains(topics, netsync.TopicClock)
	if !o.clock {
		topics = append(topics, netsync.TopicClock) // it tells an end from a run that is gone
	}
	for _, t := range topics {
		if err := a.frames.Subscribe(t); err != nil {
			return err
		}
	}
	return o.print(e, a)
}

// print prints what comes. A run that ends closes the connection: no error.
func (o *subFlags) print(e *edge, a *attached) error {
	stop := a.untilInterrupt()
	defer stop()
	for n := 0; o.count == 0 || n < o.count; n++ {
		s, err := a.next()
		if err != nil {
			return a.ended(e, err)
		}
		if s.Topic == netsync.TopicClock && !o.clock {
			n--
			continue
		}
		if o.messages.on {
			more, err := o.messages.print(e, s, max(0, o.count-n))
			if err != nil {
				return err
			}
			n += more - 1
			continue
		}
		s.Value = s.value(nil)
		if err := e.printJSON(s); err != nil {
			return err
		}
		if err := e.out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// split tells topics from selections of fields.
func split(args []string) (topics []string, selections []netsync.Selection, err error) {
	for _, text := range args {
		if isTopic(text) {
			topics = append(topics, text)
			continue
		}
		s, err := netsync.ParseSelection(text)
		if err != nil {
			return nil, nil, wrongUsage("%w", err)
		}
		selections = append(selections, s)
	}
	return topics, selections, nil
}

func isTopic(text string) bool {
	for _, t := range []string{netsync.TopicColumns, netsync.TopicRows, netsync.TopicKeys, netsync.TopicEvents, netsync.TopicSeries, netsync.TopicSample} {
		if strings.HasPrefix(text, t) {
			return true
		}
	}
	switch text {
	case netsync.TopicSchema, netsync.TopicClock, netsync.TopicChecks, netsync.TopicParams, netsync.TopicMeasure, netsync.TopicFeeds:
		return true
	}
	return false
}

// export has fields published, and returns their topics.
func (a *attached) export(s netsync.Selection) ([]string, error) {
	reply, _, err := a.ask(netsync.Request{Do: netsync.DoExport, Export: &s})
	if err != nil {
		return nil, err
	}
	var got struct{ Topics []string }
	err = json.Unmarshal(reply.OK, &got)
	return got.Topics, err
}
